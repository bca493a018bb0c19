"""Simulator: the resources that a stack has made, their events, their names and their end."""

from __future__ import annotations

import copy
import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import Event

if TYPE_CHECKING:
    from moto.cloudformation.models import Stack

_NAME_LIMIT = 64  # of roles and functions, the shortest among the types that stacks name
_ALPHABET = string.ascii_uppercase + string.digits


@dataclass
class Deployed:
    """A resource that a stack has made."""

    name: str
    resource_type: str
    properties: dict[str, Any]
    model: Any
    retained: bool

    @property
    def physical_id(self) -> str:
        """Return what Ref answers."""
        return str(self.model.physical_resource_id)


class ResourceError(Exception):
    """A resource could not be made or changed; the message says why."""


def reason_of(error: Exception) -> str:
    """Return an error's words, whatever kind of moto or botocore error it is."""
    for attribute in ("message", "description"):
        text = getattr(error, attribute, None)
        if isinstance(text, str) and text:
            return text
    return f"{type(error).__name__}: {error}"


def add_event(stack: Stack, one: Deployed | None, name: str, status: str, reason: str = "") -> None:
    """Add an event about a resource to the stack."""
    resource_type = one.resource_type if one else stack.template_dict["Resources"][name]["Type"]
    stack.events.append(
        Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=name,
            physical_resource_id=one.physical_id if one else "",
            resource_type=resource_type,
            resource_status=status,
            resource_status_reason=reason or None,
            resource_properties=None,
        )
    )


def remove(stack: Stack, one: Deployed) -> None:
    """Delete a resource, unless its policy retains it."""
    if one.retained:
        add_event(stack, one, one.name, "DELETE_SKIPPED")
        return
    add_event(stack, one, one.name, "DELETE_IN_PROGRESS")
    try:
        stack.resource_map._delete_resource(  # noqa: SLF001 - moto's own way to each type's deletion
            one.model, {"Type": one.resource_type, "Properties": copy.deepcopy(one.properties)}
        )
    except Exception as error:
        reason = reason_of(error)
        add_event(stack, one, one.name, "DELETE_FAILED", reason)
        raise ResourceError(f"{one.name}: {reason}") from error
    add_event(stack, one, one.name, "DELETE_COMPLETE")


def generated_name(stack_name: str, name: str) -> str:
    """Return a name that CloudFormation would generate; of long ones both parts stay."""
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    parts = f"{stack_name}-{name}"
    room = _NAME_LIMIT - len(suffix) - 1
    if len(parts) > room:
        parts = f"{stack_name[: room // 2]}-{name[: room - room // 2 - 1]}"
    return f"{parts}-{suffix}"
