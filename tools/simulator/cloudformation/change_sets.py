"""Simulator: change sets: what a stack's next step would add, modify, replace and remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import ChangeSet

from tools.simulator.cloudformation import runs, template, template_parameters
from tools.simulator.cloudformation.template_evaluation import replacing
from tools.simulator.cloudformation.template_intrinsics import contains_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNCHANGED = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)


@dataclass(frozen=True)
class _Change:
    """What becomes of one resource, under the names that moto's answer takes."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None
    replacement: str | None = None


def proposed(stack: runs.Stack, document: Mapping[str, Any], **request: Any) -> ChangeSet:
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


def execute(change_set: ChangeSet) -> None:
    """Do what ExecuteChangeSet does."""
    stack, given = change_set.stack, change_set.parameters
    document = template.parse(change_set.template)
    if change_set.change_set_type == "CREATE":
        runs.create(stack, document, given)
    elif (document, template_parameters.values(document, given)) == (
        stack.template_dict,
        template_parameters.values(stack.template_dict, stack.parameters),
    ):  # tags alone
        stack.status = "UPDATE_COMPLETE"
    else:
        runs.update(stack, document, given)
    done = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"
    if done:
        stack.template = change_set.template
        stack.tags = change_set.tags or stack.tags


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
        makes_new = replacing(resource_type, changed)
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
