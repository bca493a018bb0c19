"""Simulator: which messages SNS takes: subject, size, structure, attributes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.sns.exceptions import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_BYTES = 262_144  # 256 KiB, attributes included
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")  # fewer than 100 printable ASCII characters, one line
_ATTRIBUTE_NAME = re.compile(r"(?!\.|AWS\.|Amazon\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")


def check(
    message: str | None,
    subject: str | None,
    structure: str | None,
    attributes: Mapping[str, Mapping[str, Any]],
) -> None:
    """Raise InvalidParameterValue for a message that SNS refuses."""
    if not message:
        raise InvalidParameterValue("Invalid parameter: Empty message")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise InvalidParameterValue("Invalid parameter: Subject")
    if len(message.encode()) + _attribute_bytes(attributes) > MAXIMUM_BYTES:
        raise InvalidParameterValue("Invalid parameter: Message too long")
    for name, value in attributes.items():
        _check_attribute(name, value)
    if structure is not None:
        _check_structure(structure, message)


def part(message: str, structure: str | None, protocol: str) -> str:
    """Return what subscribers by this protocol get of the message."""
    if structure != "json":
        return message
    parts = json.loads(message)
    wanted = parts.get(protocol)
    return str(wanted if isinstance(wanted, str) else parts["default"])  # others are ignored


def _check_structure(structure: str, message: str) -> None:
    if structure != "json":
        raise InvalidParameterValue("Invalid parameter: MessageStructure")
    prefix = "Invalid parameter: Message Structure - "
    try:
        parts = json.loads(message)
    except ValueError:
        raise InvalidParameterValue(f"{prefix}JSON message body failed to parse") from None
    if not isinstance(parts, dict) or not isinstance(parts.get("default"), str):
        raise InvalidParameterValue(f"{prefix}No default entry in JSON message body")


def _check_attribute(name: str, value: Mapping[str, Any]) -> None:
    if not _ATTRIBUTE_NAME.fullmatch(name):
        raise InvalidParameterValue(f"Invalid parameter: Message attribute name {name}")
    if not value.get("StringValue") and not value.get("BinaryValue"):
        raise InvalidParameterValue(
            f"The message attribute '{name}' must contain non-empty message attribute value."
        )


def _attribute_bytes(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    return sum(
        len(name.encode())
        + len(value.get("DataType", "").encode())
        + len((value.get("StringValue") or "").encode())
        + len(value.get("BinaryValue") or b"")
        for name, value in attributes.items()
    )
