"""Simulator: CloudFormation's operations on stacks and change sets, each checked first."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.utils import generate_stack_id
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from tools.simulator import iam, identity
from tools.simulator.cloudformation import change_sets, template_check, template_document
from tools.simulator.cloudformation import changes as stack_changes
from tools.simulator.cloudformation.template_evaluation import pseudo_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from moto.cloudformation.responses import CloudFormationResponse

_MOST_IN_A_REQUEST, _MOST_IN_A_BUCKET = 51_200, 1_000_000  # bytes of a template
# Capabilities come with the request, which moto does not hand on.
_capabilities: ContextVar[frozenset[str] | None] = ContextVar("capabilities", default=None)


def check(
    backend: CloudFormationBackend, name: str, text: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the template, read and checked against AWS's schemas and these parameters."""
    template = template_document.parse(text)
    template_check.check(
        template,
        parameters,
        pseudo_parameters(backend.account_id, backend.region_name, name),
        capabilities=_capabilities.get(),
        exports=stack_changes.exported(backend),
    )
    return template


def create_stack(
    self: CloudFormationBackend,
    name: str,
    template: str,
    parameters: Mapping[str, Any],
    **more: Any,
) -> Stack:
    """Do what CreateStack does."""
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    given = dict(parameters)
    checked = check(self, name, template, given)
    stack = Stack(
        stack_id=generate_stack_id(name, self.region_name, self.account_id),
        name=name,
        template=template,
        parameters=given,
        account_id=self.account_id,
        region_name=self.region_name,
        **more,
    )
    self.stacks[stack.stack_id] = stack
    stack_changes.create(self, stack, checked, given)
    return stack


def update_stack(  # noqa: PLR0913, PLR0917 - as moto calls it
    self: CloudFormationBackend,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> Stack:
    """Do what UpdateStack does."""
    stack = self.get_stack(name)
    if not stack.status.endswith("_COMPLETE") or stack.status in {
        "ROLLBACK_COMPLETE",
        "DELETE_COMPLETE",
    }:
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )
    given = _resolved(stack, parameters)
    checked = check(self, stack.name, template, given)
    stack_changes.update(self, stack, checked, given)
    if stack.status == "UPDATE_COMPLETE":
        stack.template, stack.role_arn = template, role_arn
        stack.tags = stack.tags if tags is None else tags
    return stack


def _resolved(stack: Stack, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return parameters by name; a previous value may be the default of the previous template."""
    declared: Mapping[str, Any] = stack.template_dict.get("Parameters") or {}
    unknown = [
        one["ParameterKey"]
        for one in parameters
        if one.get("UsePreviousValue") and one["ParameterKey"] not in declared
    ]
    if unknown:
        raise ValidationError(
            message=f"Invalid input for parameter key {unknown[0]}. Cannot specify usePreviousValue"
            " as true for a parameter key not in the previous template"
        )
    held = {name: one["Default"] for name, one in declared.items() if "Default" in one}
    held |= stack.parameters
    return {
        one["ParameterKey"]: held[one["ParameterKey"]]
        if one.get("UsePreviousValue")
        else one["ParameterValue"]
        for one in parameters
    }


def leave_to_the_update(_response: CloudFormationResponse, *_request: Any) -> None:
    """Have the update itself find that it changes nothing, after it has looked at the status."""


def delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    """Do what DeleteStack does; a stack that is not there is deleted already."""
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            stack_changes.delete(self, stack)


def create_change_set(self: CloudFormationBackend, **request: Any) -> tuple[str, str]:
    """Do what CreateChangeSet does."""
    checked = check(self, request["stack_name"], request["template"], request["parameters"])
    return change_sets.create(self, checked, request)


@contextmanager
def _request_capabilities(response: CloudFormationResponse) -> Iterator[None]:
    given = response._get_param("Capabilities", []) or []  # noqa: SLF001 - moto's own way
    token = _capabilities.set(frozenset(given))
    try:
        yield
    finally:
        _capabilities.reset(token)


def with_capabilities(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operation, with the capabilities of its request known to `check`."""

    def answer(self: CloudFormationResponse) -> Any:
        body = self._get_param("TemplateBody") or ""
        if len(body.encode()) > _MOST_IN_A_REQUEST:
            raise ValidationError(
                message="1 validation error detected: Value at 'templateBody' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_MOST_IN_A_REQUEST}"
            )
        with _request_capabilities(self):
            return operation(self)

    return answer


def template_at(self: CloudFormationResponse, template_url: str) -> str:
    """Return the template that a TemplateURL means, or refuse what S3 would not give."""
    bucket, _, key = urlsplit(template_url).path.lstrip("/").partition("/")
    backend = s3_backends[self.current_account][self.partition]
    try:
        found = backend.get_object(bucket, key)
    except MissingBucket as problem:
        raise ValidationError(message="S3 error: The specified bucket does not exist") from problem
    if found is None:
        raise ValidationError(message="S3 error: The specified key does not exist.")
    caller = identity.caller(self.access_key)
    resource = f"arn:{self.partition}:s3:::{bucket}/{key}"
    if iam.enforced() and not iam.may_use(caller, "s3:GetObject", resource):
        raise ValidationError(message="S3 error: Access Denied")
    if found.size > _MOST_IN_A_BUCKET:
        raise ValidationError(message=f"Template may not exceed {_MOST_IN_A_BUCKET} bytes in size.")
    return str(found.value.decode())
