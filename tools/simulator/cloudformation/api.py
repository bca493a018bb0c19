"""Simulator: CloudFormation's operations on stacks and change sets, each checked first.

A change set says what a stack's next step would add, modify, replace and remove.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from moto.cloudformation import responses
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id

from tools.simulator import iam, identity
from tools.simulator.cloudformation import runs, template, template_evaluation
from tools.simulator.cloudformation.template_intrinsics import contains_unknown, pseudo_parameters
from tools.simulator.cloudformation.types.base import Place, caller

_MOST_IN_A_REQUEST = 51_200  # bytes of a template
_UNCHANGED = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
# Capabilities come with the request, which moto does not hand on.
_capabilities: ContextVar[frozenset[str]] = ContextVar("capabilities", default=frozenset())


def _check(
    backend: CloudFormationBackend, name: str, text: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the template, read and checked with these parameters."""
    document = template.parse(text)
    pseudo = pseudo_parameters(backend.account_id, backend.region_name, name)
    template_evaluation.check(document, parameters, pseudo, _capabilities.get())
    return document


def _new(backend: CloudFormationBackend, name: str, **given: Any) -> runs.Stack:
    """Return a stack that has nothing yet."""
    stack = runs.Stack(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        account_id=backend.account_id,
        region_name=backend.region_name,
        **given,
    )
    backend.stacks[stack.stack_id] = stack
    return stack


def _require_updatable(stack: runs.Stack) -> None:
    if not stack.status.endswith("_COMPLETE") or stack.status == "ROLLBACK_COMPLETE":
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def _create_stack(
    self: CloudFormationBackend, name: str, template: str, parameters: dict[str, Any], **more: Any
) -> runs.Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    document = _check(self, name, template, parameters)
    stack = _new(self, name, template=template, parameters=parameters, **more)
    runs.create(stack, document, parameters)
    return stack


def _update_stack(  # noqa: PLR0913, PLR0917 - as moto calls it
    self: CloudFormationBackend,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> runs.Stack:
    stack = self.get_stack(name)
    _require_updatable(stack)
    given = _resolved(stack, parameters)
    runs.update(stack, _check(self, stack.name, template, given), given)
    if stack.status == "UPDATE_COMPLETE":
        stack.template, stack.role_arn = template, role_arn
        stack.tags = stack.tags if tags is None else tags
    return stack


def _resolved(stack: runs.Stack, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return parameters by name; a previous value may be the default of the previous template."""
    held, found = stack.stack_parameters, {}
    for one in parameters:
        name = one["ParameterKey"]
        if one.get("UsePreviousValue") and name not in held:
            raise ValidationError(
                message=f"Invalid input for parameter key {name}. Cannot specify usePreviousValue"
                " as true for a parameter key not in the previous template"
            )
        found[name] = held[name] if one.get("UsePreviousValue") else one["ParameterValue"]
    return found


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    """Do what DeleteStack does; a stack that is not there is deleted already."""
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            runs.delete(self, stack)


def _create_change_set(self: CloudFormationBackend, **request: Any) -> tuple[str, str]:
    name, kind = request.pop("stack_name"), request["change_set_type"]
    document = _check(self, name, request["template"], request["parameters"])
    stack = next((each for each in self.stacks.values() if each.name == name), None)
    if stack and kind == "UPDATE":
        _require_updatable(stack)
    elif stack and stack.status != "REVIEW_IN_PROGRESS":
        raise ValidationError(
            message=f"Stack [{name}] already exists and cannot be created again with the "
            f"changeSet [{request['change_set_name']}]."
        )
    elif stack:  # another change set for a stack that has none of its resources yet
        del self.stacks[stack.stack_id]
    if kind == "CREATE":
        given = {each: request[each] for each in ("parameters", "tags", "role_arn")}
        stack = _new(self, name, template={}, **given)
        stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
    if stack is None:
        raise ValidationError(name)
    key = generate_changeset_id(request["change_set_name"], self.region_name, self.account_id)
    self.change_sets[key] = _proposed(stack, document, change_set_id=key, **request)
    return key, stack.stack_id


def _execute_change_set(
    self: CloudFormationBackend, change_set_name: str, **_stack: str | None
) -> None:
    change_set = self.describe_change_set(change_set_name)
    if change_set is None or change_set.execution_status != "AVAILABLE":
        raise ValidationError(message=f"ChangeSet [{change_set_name}] cannot be executed")
    stack, given = change_set.stack, change_set.parameters
    document = template.parse(change_set.template)
    if change_set.change_set_type == "CREATE":
        runs.create(stack, document, given)
    elif runs.is_same(stack, document, given):  # tags alone
        stack.status = "UPDATE_COMPLETE"
    else:
        runs.update(stack, document, given)
    done = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"
    if done:
        stack.template = change_set.template
        stack.tags = change_set.tags or stack.tags


@dataclass(frozen=True)
class _Change:
    """What becomes of one resource, under the names that moto's answer takes."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None
    replacement: str | None = None


def _proposed(stack: runs.Stack, document: Mapping[str, Any], **request: Any) -> ChangeSet:
    """Return what CreateChangeSet makes of a template that has been checked."""
    change_set = ChangeSet(stack=stack, **request)
    change_set.changes = list(_changes(stack, document, request["parameters"]))
    change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
    retagged = bool(request["tags"]) and request["tags"] != stack.tags
    same_outputs = stack.template_dict.get("Outputs") == document.get("Outputs")
    is_update = request["change_set_type"] == "UPDATE"
    if is_update and same_outputs and not change_set.changes and not retagged:
        change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        change_set.status_reason = _UNCHANGED
    return change_set


def _changes(
    stack: runs.Stack, document: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[_Change]:
    """Yield what becomes of each resource that does not stay as it is."""
    kept = dict(stack.deployed)  # but for what will be made anew, of which nothing is known
    evaluation = stack.evaluation(document, parameters, kept)
    wanted = evaluation.names()
    for name in wanted:
        resource_type, old = evaluation.resources[name]["Type"], stack.deployed.get(name)
        if old is None:
            yield _Change("Add", name, resource_type)
            continue
        new = evaluation.properties(name)
        changed = runs.changed(old.properties, new)
        if not changed and old.resource_type == resource_type:
            continue
        makes_new = template_evaluation.replacing(resource_type, changed)
        if old.resource_type != resource_type or any(
            not contains_unknown(new.get(key)) for key in makes_new
        ):
            replacement = "True"
        else:
            replacement = "Conditional" if makes_new else "False"
        if replacement != "False":
            del kept[name]
        yield _Change("Modify", name, resource_type, old.physical_id, replacement)
    for name, one in stack.deployed.items():
        if name not in wanted:
            yield _Change("Remove", name, one.resource_type, one.physical_id)


def _as_asked(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operation, in its caller's name, with the capabilities of its request known."""

    def answer(self: CloudFormationResponse) -> Any:
        if len((self._get_param("TemplateBody") or "").encode()) > _MOST_IN_A_REQUEST:
            raise ValidationError(
                message="1 validation error detected: Value at 'templateBody' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_MOST_IN_A_REQUEST}"
            )
        return copy_context().run(known, self)

    def known(self: CloudFormationResponse) -> Any:
        _capabilities.set(frozenset(self._get_param("Capabilities", []) or []))
        caller.set(self.access_key)
        return operation(self)

    return answer


def _template_at(self: CloudFormationResponse, template_url: str) -> str:
    """Return the template that a TemplateURL means, or refuse what S3 would not give its caller."""
    bucket, _, key = urlsplit(template_url).path.lstrip("/").partition("/")
    resource, who = f"arn:{self.partition}:s3:::{bucket}/{key}", identity.caller(self.access_key)
    try:
        if iam.settings.enforce and not iam.may_use(who, "s3:GetObject", resource):
            raise ValidationError(message="S3 error: Access Denied")
        found = Place(who.account, self.region).client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as problem:
        raise ValidationError(
            message=f"S3 error: {problem.response['Error']['Message']}"
        ) from problem
    return str(found["Body"].read().decode())


def install() -> None:
    """Put all this in the place of what moto does."""
    for operation in (_create_stack, _update_stack, _delete_stack, _create_change_set):
        setattr(CloudFormationBackend, operation.__name__.removeprefix("_"), operation)
    CloudFormationBackend.execute_change_set = _execute_change_set
    CloudFormationResponse._get_stack_from_s3_url = _template_at  # noqa: SLF001
    # The update itself finds that it changes nothing, after it has looked at the status.
    CloudFormationResponse._validate_different_update = lambda *_: None  # noqa: SLF001
    ChangeSet._parse_template = ChangeSet.diff = lambda _self: None  # noqa: SLF001
    summary = responses.get_template_summary_response_from_template
    responses.get_template_summary_response_from_template = lru_cache(maxsize=16)(summary)
    for name in (
        *("create_stack", "update_stack", "delete_stack"),
        *("create_change_set", "execute_change_set", "get_template_summary"),
    ):
        operation = getattr(CloudFormationResponse, name)
        setattr(CloudFormationResponse, name, _as_asked(operation))
