"""Simulator: change sets: what a stack's next step would add, modify, replace and remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack

from tools.simulator.cloudformation import changes as stack_changes
from tools.simulator.cloudformation import template_document, template_parameters
from tools.simulator.cloudformation.template_intrinsics import (
    UNKNOWN,
    Intrinsics,
    contains_unknown,
)
from tools.simulator.cloudformation.template_order import ordered
from tools.simulator.cloudformation.template_schema import coerce, replacing_properties, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from moto.cloudformation.models import ChangeSet

    from tools.simulator.cloudformation.deployed import Deployed

_UNCHANGED = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
_moto_create = CloudFormationBackend.create_change_set


@dataclass(frozen=True)
class ResourceChange:
    """What becomes of one resource, under the names that moto's answer takes."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None
    replacement: str | None = None


def create(
    backend: CloudFormationBackend, template: dict[str, Any], request: dict[str, Any]
) -> tuple[str, str]:
    """Do what CreateChangeSet does, with a template that has been checked."""
    name, kind = request["stack_name"], request["change_set_type"]
    for stack in [each for each in backend.stacks.values() if each.name == name]:
        if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{name}] already exists and cannot be created again with the "
                f"changeSet [{request['change_set_name']}]."
            )
        if kind == "CREATE":  # a new change set for a stack that has none of its resources yet
            del backend.stacks[stack.stack_id]
        else:
            _check_updatable(stack)
    made = _moto_create(backend, **request)
    stack, change_set = backend.stacks[made[1]], backend.change_sets[made[0]]
    before = (stack.template_dict or {}) if kind == "UPDATE" else {}
    prediction = _Prediction(
        stack, template, request["parameters"], stack_changes.exported(backend)
    )
    change_set.changes = list(prediction.changes())
    change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
    change_set.status_reason = None
    retagged = bool(request.get("tags")) and request["tags"] != stack.tags
    same_outputs = before.get("Outputs") == template.get("Outputs")
    if kind == "UPDATE" and same_outputs and not change_set.changes and not retagged:
        change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        change_set.status_reason = _UNCHANGED
    return made


def _check_updatable(stack: Stack) -> None:
    if not stack.status.endswith("_COMPLETE") or stack.status == "ROLLBACK_COMPLETE":
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def execute(
    backend: CloudFormationBackend, change_set_name: str, stack_name: str | None = None
) -> None:
    """Do what ExecuteChangeSet does."""
    change_set = backend.describe_change_set(change_set_name)
    if change_set is None or change_set.execution_status != "AVAILABLE":
        raise ValidationError(message=f"ChangeSet [{change_set_name}] cannot be executed")
    stack = backend.stacks[change_set.stack_id]
    if stack_name not in {None, stack.name, stack.stack_id}:
        raise ValidationError(message=f"ChangeSet [{change_set_name}] is not one of {stack_name}")
    _run(backend, stack, change_set)
    done = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"
    if done:
        stack.template = change_set.template
        stack.tags = change_set.tags or stack.tags


def _run(backend: CloudFormationBackend, stack: Stack, change_set: ChangeSet) -> None:
    template = template_document.parse(change_set.template)
    if change_set.change_set_type == "CREATE":
        stack_changes.create(backend, stack, template, change_set.parameters)
        return
    new, old = (
        (document, template_parameters.values(document, parameters))
        for document, parameters in (
            (template, change_set.parameters),
            (stack.template_dict, stack.parameters),
        )
    )
    if new == old:  # tags alone
        stack.status = "UPDATE_COMPLETE"
        return
    stack_changes.update(backend, stack, template, change_set.parameters)


class _Prediction:
    """A template over the resources that a stack has, with what will be made anew unknown."""

    def __init__(
        self,
        stack: Stack,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        exports: Mapping[str, str],
    ) -> None:
        self._stack = stack
        self._resources: Mapping[str, Any] = template["Resources"]
        self._values = stack.pseudo_parameters() | template_parameters.values(template, parameters)
        self._anew: set[str] = set()
        self._intrinsics = Intrinsics(
            lambda name: self._values.get(name, self._known(name, _physical_id)),
            lambda name, attribute: self._known(
                name, lambda one: one.model.get_cfn_attribute(attribute)
            ),
            template.get("Mappings") or {},
            exports=exports,
            region=stack.region_name,
        )
        named = template.get("Conditions") or {}
        self._intrinsics.conditions = {
            name: self._intrinsics.holds(one, named) for name, one in named.items()
        }

    def _known(self, name: str, read: Callable[[Deployed], Any]) -> Any:
        anew = name in self._anew or name not in self._stack.deployed
        return UNKNOWN if anew else read(self._stack.deployed[name])

    def changes(self) -> Iterator[ResourceChange]:
        """Yield what becomes of each resource that does not stay as it is."""
        wanted = [
            name
            for name in ordered(self._resources)
            if self._intrinsics.conditions.get(self._resources[name].get("Condition"), True)
        ]
        for name in wanted:
            found = self._change(name, self._resources[name])
            if found:
                yield found
        for name, one in self._stack.deployed.items():
            if name not in wanted:
                yield ResourceChange("Remove", name, one.resource_type, one.physical_id)

    def _change(self, name: str, resource: Mapping[str, Any]) -> ResourceChange | None:
        resource_type = resource["Type"]
        old = self._stack.deployed.get(name)
        if old is None:
            return ResourceChange("Add", name, resource_type)
        schema = schema_of(resource_type, self._stack.region_name) or {}
        given = self._intrinsics.resolve(resource.get("Properties") or {})
        new = coerce(given, schema, schema)
        keys = set(old.properties) | set(new)
        changed = {key for key in keys if old.properties.get(key) != new.get(key)}
        if not changed and old.resource_type == resource_type:
            return None
        replacing = changed & replacing_properties(schema)
        certain = any(not contains_unknown(new.get(key)) for key in replacing)
        replacement = "True" if certain or old.resource_type != resource_type else "False"
        if replacing and not certain:
            replacement = "Conditional"
        if replacement != "False":
            self._anew.add(name)
        return ResourceChange("Modify", name, resource_type, old.physical_id, replacement)


def _physical_id(one: Deployed) -> str:
    return one.physical_id
