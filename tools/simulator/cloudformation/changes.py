"""Simulator: creating, updating and deleting stacks, with AWS's statuses, events and roll-back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import Export

from tools.simulator.cloudformation import template_parameters
from tools.simulator.cloudformation.deployed import Deployed, ResourceError, remove
from tools.simulator.cloudformation.runs import StackRun
from tools.simulator.cloudformation.template_order import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.cloudformation.models import CloudFormationBackend, Stack


def _set_status(stack: Stack, status: str, reason: str | None = None) -> None:
    stack.status = status
    stack._add_stack_event(status, resource_status_reason=reason)  # noqa: SLF001 - moto's own


def exported(backend: CloudFormationBackend) -> dict[str, str]:
    """Return the values that stacks of this account and Region export."""
    return {name: export.value for name, export in backend.exports.items()}


def _adopt(stack: Stack, template: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """Make the stack answer for this template and these parameters."""
    stack.template_dict = template
    stack.description = template.get("Description")
    stack.parameters = dict(parameters)
    resource_map = stack.resource_map
    resource_map._template = template  # noqa: SLF001 - moto reads it for change sets
    resource_map._resource_json_map = template["Resources"]  # noqa: SLF001 - likewise
    resource_map.input_parameters = dict(parameters)
    found = template_parameters.values(template, parameters)
    resource_map.resolved_parameters = {
        name: ",".join(value) if isinstance(value, list) else value for name, value in found.items()
    }


def _publish(backend: CloudFormationBackend, stack: Stack, run: StackRun) -> None:
    outputs = run.outputs()
    _withdraw(backend, stack)
    for output in outputs:
        name = output["ExportName"]
        if name is None:
            continue
        if name in backend.exports:
            raise ResourceError(f"Export with name {name} is already exported by another stack")
        backend.exports[name] = Export(stack.stack_id, name, output["OutputValue"])
    stack.published = outputs


def _withdraw(backend: CloudFormationBackend, stack: Stack) -> None:
    for name, export in list(backend.exports.items()):
        if export.exporting_stack_id == stack.stack_id:
            del backend.exports[name]


def create(
    backend: CloudFormationBackend,
    stack: Stack,
    template: dict[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    """Make the stack's resources; on a failure remove them again: ROLLBACK_COMPLETE."""
    _adopt(stack, template, parameters)
    _set_status(stack, "CREATE_IN_PROGRESS", "User Initiated")
    run = StackRun(stack, template, parameters, exported(backend))
    try:
        run.bring_about()
        _publish(backend, stack, run)
    except ResourceError as error:
        reason = f"The following resource(s) failed to create: [{error}]. Rollback requested."
        _set_status(stack, "ROLLBACK_IN_PROGRESS", reason)
        _roll_back(stack, run, "ROLLBACK")
    else:
        _set_status(stack, "CREATE_COMPLETE")


def _roll_back(stack: Stack, run: StackRun, prefix: str) -> None:
    try:
        for one in run.put_back():
            remove(stack, one)
    except ResourceError as error:
        _set_status(stack, f"{prefix}_FAILED", str(error))
    else:
        _set_status(stack, f"{prefix}_COMPLETE")


def update(
    backend: CloudFormationBackend,
    stack: Stack,
    template: dict[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    """Bring the stack to another template or other parameters; on a failure go back."""
    old_template, old_parameters = stack.template_dict, dict(stack.parameters)
    new_values = template_parameters.values(template, parameters)
    old_values = template_parameters.values(old_template, old_parameters)
    if (template, new_values) == (old_template, old_values):
        raise ValidationError(message="No updates are to be performed.")
    _set_status(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    _adopt(stack, template, parameters)
    run = StackRun(stack, template, parameters, exported(backend))
    try:
        run.bring_about()
        _publish(backend, stack, run)
    except ResourceError as error:
        _set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", str(error))
        _adopt(stack, old_template, old_parameters)
        _go_back(backend, stack, run)
        return
    stack.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    kept = set(run.names())
    gone = [stack.deployed.pop(name) for name in list(stack.deployed) if name not in kept]
    _clean_up(stack, old_template, run.superseded + gone)
    _set_status(stack, "UPDATE_COMPLETE")


def _go_back(backend: CloudFormationBackend, stack: Stack, failed: StackRun) -> None:
    """Bring back what there was, and only then remove what was made: in AWS's order."""
    made = failed.put_back()
    try:
        run = StackRun(stack, stack.template_dict, stack.parameters, exported(backend))
        run.bring_about()
        for one in made:
            remove(stack, one)
    except ResourceError as error:
        _set_status(stack, "UPDATE_ROLLBACK_FAILED", str(error))
    else:
        _set_status(stack, "UPDATE_ROLLBACK_COMPLETE")


def _clean_up(stack: Stack, template: Mapping[str, Any], gone: list[Deployed]) -> None:
    order = ordered(template["Resources"])
    for one in sorted(gone, key=lambda one: order.index(one.name), reverse=True):
        try:
            remove(stack, one)
        except ResourceError:
            continue  # as in AWS: the event says it, the update is complete all the same


def delete(backend: CloudFormationBackend, stack: Stack) -> None:
    """Remove the stack's resources, last made first; DELETE_FAILED where one stays."""
    if stack.enable_termination_protection:
        raise ValidationError(
            message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    _set_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
    deployed: dict[str, Deployed] = stack.deployed
    failures = []
    for name in reversed(ordered(stack.template_dict.get("Resources") or {})):
        if name in deployed:
            try:
                remove(stack, deployed[name])
                del deployed[name]
            except ResourceError as error:
                failures.append(str(error))
    if failures:
        _set_status(stack, "DELETE_FAILED", f"Failed to delete: [{'; '.join(failures)}]")
        return
    _withdraw(backend, stack)
    _set_status(stack, "DELETE_COMPLETE")
    del backend.stacks[stack.stack_id]
    backend.deleted_stacks[stack.stack_id] = stack
