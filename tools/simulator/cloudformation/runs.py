"""Simulator: bringing a stack to what its template says, with AWS's statuses, events and roll-back."""

import copy
import secrets
import string
from collections.abc import Mapping
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError

from tools.simulator.cloudformation import template
from tools.simulator.cloudformation.template_evaluation import Evaluation, replacing
from tools.simulator.cloudformation.template_intrinsics import pseudo_parameters
from tools.simulator.cloudformation.types import TYPES
from tools.simulator.cloudformation.types.base import Deployed, Place

_NAME_LIMIT = 64  # of roles and functions, the shortest among the types that stacks name
_ALPHABET = string.ascii_uppercase + string.digits


class ResourceError(Exception):
    """A resource could not be made or changed; the message says why."""


class Stack(models.Stack):  # moto's answers go by the name of the class
    """A stack as moto describes it, over resources that the simulator makes."""

    def __init__(self, **given: Any) -> None:
        self.deployed: dict[str, Deployed] = {}
        self.published: list[dict[str, Any]] = []
        super().__init__(**given)
        self.place = Place(self.account_id, self.region_name)

    parse_template = staticmethod(template.parse)
    _create_resource_map = _create_output_map = lambda _self: None
    outputs = property(lambda self: self.published or None)
    stack_resources = property(lambda self: self.deployed.values())

    @property
    def stack_parameters(self) -> dict[str, str]:
        """Return each parameter's value, given or by default."""
        found = template.values(self.template_dict, self.parameters)
        return {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in found.items()
        }

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """Return the same as DescribeStacks has it."""
        values = self.stack_parameters if self.template_dict else {}
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]

    def evaluation(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        deployed: Mapping[str, Deployed],
    ) -> Evaluation:
        """Return a template of this stack with its parameters, over resources that are there."""
        pseudo = pseudo_parameters(*self.place, self.name, self.stack_id)
        return Evaluation(document, parameters, pseudo, deployed)

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Change the status, by an event."""
        self.status = status
        self._add_stack_event(status, resource_status_reason=reason)

    def note(self, name: str, status: str, reason: str = "", one: Deployed | None = None) -> None:
        """Add an event about a resource."""
        kind = one.resource_type if one else self.template_dict["Resources"][name]["Type"]
        self.events.append(
            models.Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=name,
                physical_resource_id=one.physical_id if one else "",
                resource_type=kind,
                resource_status=status,
                resource_status_reason=reason or None,
                resource_properties=None,
            )
        )

    def remove(self, one: Deployed) -> None:
        """Delete a resource, unless its policy retains it."""
        if one.retained:
            self.note(one.name, "DELETE_SKIPPED", one=one)
            return
        self.note(one.name, "DELETE_IN_PROGRESS", one=one)
        try:
            TYPES[one.resource_type].delete(self.place, one)
        except Exception as error:
            reason = _reason_of(error)
            self.note(one.name, "DELETE_FAILED", reason, one)
            raise ResourceError(f"{one.name}: {reason}") from error
        self.note(one.name, "DELETE_COMPLETE", one=one)


class _Run:
    """One run over a template's resources, with the values of one set of parameters."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._deployed = stack, stack.deployed
        self._evaluation = stack.evaluation(stack.template_dict, stack.parameters, stack.deployed)
        self._resources: Mapping[str, Any] = stack.template_dict["Resources"]
        self.superseded: list[Deployed] = []
        self._made: list[Deployed] = []

    def bring_about(self) -> None:
        """Make and change resources until they are as the template says, or raise ResourceError."""
        for name in self._evaluation.names():
            try:
                self._bring(name, self._resources[name])
            except Exception as error:
                old, reason = self._deployed.get(name), _reason_of(error)
                verb = "UPDATE" if old else "CREATE"
                self._stack.note(name, f"{verb}_FAILED", reason, old)
                raise ResourceError(f"{name}: {reason}") from error
        try:
            self._stack.published = self._evaluation.outputs()
        except ValidationError as error:
            raise ResourceError(str(error.message)) from error

    def _bring(self, name: str, resource: Mapping[str, Any]) -> None:
        properties = self._evaluation.properties(name)
        policy = str(resource.get("DeletionPolicy", "Delete"))
        old = self._deployed.get(name)
        if old is None:
            self._make(name, properties)
        elif old.resource_type != resource["Type"] or replacing(
            old.resource_type, changed(old.properties, properties)
        ):
            old.retained = resource.get("UpdateReplacePolicy") == "Retain"
            self.superseded.append(self._deployed.pop(name))
            self._make(name, properties)
        elif old.properties != properties:
            self._change(old, properties)
        self._deployed[name].retained = policy.startswith("Retain")

    def _make(self, name: str, properties: dict[str, Any]) -> None:
        self._stack.note(name, "CREATE_IN_PROGRESS")
        resource_type = self._resources[name]["Type"]
        row = TYPES[resource_type]
        given = properties.get(row.named) or _generated_name(self._stack.name, name)
        made = row.create(self._stack.place, given, copy.deepcopy(properties))
        one = Deployed(
            name, resource_type, properties, made.physical_id, made.attributes, retained=False
        )
        self._deployed[name] = one
        self._made.append(one)
        self._stack.note(name, "CREATE_COMPLETE", one=one)

    def _change(self, old: Deployed, properties: dict[str, Any]) -> None:
        self._stack.note(old.name, "UPDATE_IN_PROGRESS", one=old)
        given = copy.deepcopy(properties)
        TYPES[old.resource_type].update(self._stack.place, old, given)
        old.properties = properties
        self._stack.note(old.name, "UPDATE_COMPLETE", one=old)

    def put_back(self) -> list[Deployed]:
        """Put back what this run had set aside; return what it made, which is no more the stack's."""
        for one in self._made:
            if self._deployed.get(one.name) is one:
                del self._deployed[one.name]
            policy = self._resources[one.name].get("DeletionPolicy")
            one.retained = policy == "Retain"  # RetainExceptOnCreate is not
        for old in self.superseded:
            self._deployed[old.name] = old
        return self._made[::-1]


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the properties that differ."""
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def is_same(stack: Stack, document: dict[str, Any], parameters: Mapping[str, Any]) -> bool:
    """Return whether a template and the values of its parameters are those that the stack has."""
    old = stack.template_dict
    new_values = template.values(document, parameters)
    return document == old and new_values == template.values(old, stack.parameters)


def create(stack: Stack, document: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """Make the stack's resources; on a failure remove them again: ROLLBACK_COMPLETE."""
    _adopt(stack, document, parameters)
    stack.set_status("CREATE_IN_PROGRESS", "User Initiated")
    run = _Run(stack)
    try:
        run.bring_about()
    except ResourceError as error:
        reason = f"The following resource(s) failed to create: [{error}]. Rollback requested."
        stack.set_status("ROLLBACK_IN_PROGRESS", reason)
        _end(stack, "ROLLBACK", run.put_back())
    else:
        stack.set_status("CREATE_COMPLETE")


def update(stack: Stack, document: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """Bring the stack to another template or other parameters; on a failure go back."""
    if is_same(stack, document, parameters):
        raise ValidationError(message="No updates are to be performed.")
    old = (stack.template_dict, stack.parameters)
    stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
    _adopt(stack, document, parameters)
    run = _Run(stack)
    try:
        run.bring_about()
    except ResourceError as error:
        stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
        _adopt(stack, *old)
        # What there was is brought back first, and only then what was made is removed, as in AWS.
        _end(stack, "UPDATE_ROLLBACK", run.put_back(), again=True)
        return
    stack.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    kept = stack.evaluation(document, parameters, stack.deployed).names()
    gone = [stack.deployed.pop(name) for name in list(stack.deployed) if name not in kept]
    order = template.ordered(old[0]["Resources"])
    for one in sorted(run.superseded + gone, key=lambda one: order.index(one.name), reverse=True):
        try:
            stack.remove(one)
        except ResourceError:
            continue  # as in AWS: the event says it, the update is complete all the same
    stack.set_status("UPDATE_COMPLETE")


def _adopt(stack: Stack, document: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """Make the stack answer for this template and these parameters."""
    stack.template_dict, stack.parameters = document, dict(parameters)
    stack.description = document.get("Description")


def _end(stack: Stack, prefix: str, made: list[Deployed], *, again: bool = False) -> None:
    """Remove what a run has made; `again`: after what there was before is as it was."""
    try:
        if again:
            _Run(stack).bring_about()
        for one in made:
            stack.remove(one)
    except ResourceError as error:
        stack.set_status(f"{prefix}_FAILED", str(error))
    else:
        stack.set_status(f"{prefix}_COMPLETE")


def delete(backend: models.CloudFormationBackend, stack: Stack) -> None:
    """Remove the stack's resources, last made first; DELETE_FAILED where one stays."""
    stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
    failures = []
    for name in reversed(template.ordered(stack.template_dict.get("Resources") or {})):
        if name in stack.deployed:
            try:
                stack.remove(stack.deployed[name])
                del stack.deployed[name]
            except ResourceError as error:
                failures.append(str(error))
    if failures:
        stack.set_status("DELETE_FAILED", f"Failed to delete: [{'; '.join(failures)}]")
        return
    stack.set_status("DELETE_COMPLETE")
    backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)


def _reason_of(error: Exception) -> str:
    """Return an error's words, whatever kind of moto or botocore error it is."""
    for attribute in ("message", "description"):
        text = getattr(error, attribute, None)
        if isinstance(text, str) and text:
            return text
    return f"{type(error).__name__}: {error}"


def _generated_name(stack_name: str, name: str) -> str:
    """Return a name that CloudFormation would generate; of long ones both parts stay."""
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    parts = f"{stack_name}-{name}"
    room = _NAME_LIMIT - len(suffix) - 1
    if len(parts) > room:
        parts = f"{stack_name[: room // 2]}-{name[: room - room // 2 - 1]}"
    return f"{parts}-{suffix}"
