"""Simulator: CloudFormation's operations on stacks and change sets, each checked first."""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id

from tools.simulator import iam, identity
from tools.simulator.cloudformation import change_sets, runs, template, template_evaluation
from tools.simulator.cloudformation.template_intrinsics import pseudo_parameters
from tools.simulator.cloudformation.types.base import Place, caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_IN_A_REQUEST, _MOST_IN_A_BUCKET = 51_200, 1_000_000  # bytes of a template
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
    self.change_sets[key] = change_sets.proposed(stack, document, change_set_id=key, **request)
    return key, stack.stack_id


def _execute_change_set(
    self: CloudFormationBackend, change_set_name: str, **_stack: str | None
) -> None:
    change_set = self.describe_change_set(change_set_name)
    if change_set is None or change_set.execution_status != "AVAILABLE":
        raise ValidationError(message=f"ChangeSet [{change_set_name}] cannot be executed")
    change_sets.execute(change_set)


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
        if iam.enforced() and not iam.may_use(who, "s3:GetObject", resource):
            raise ValidationError(message="S3 error: Access Denied")
        found = Place(who.account, self.region).client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as problem:
        raise ValidationError(
            message=f"S3 error: {problem.response['Error']['Message']}"
        ) from problem
    if found["ContentLength"] > _MOST_IN_A_BUCKET:
        raise ValidationError(message=f"Template may not exceed {_MOST_IN_A_BUCKET} bytes in size.")
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
    for name in (
        *("create_stack", "update_stack", "delete_stack"),
        *("create_change_set", "execute_change_set", "get_template_summary"),
    ):
        operation = getattr(CloudFormationResponse, name)
        setattr(CloudFormationResponse, name, _as_asked(operation))
