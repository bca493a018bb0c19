"""Simulator: EMR's switches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tools.simulator.control import ControlError, route


@dataclass(frozen=True)
class Settings:
    """auto_start: clusters go on from STARTING at once. validate: EMR refuses what AWS refuses."""

    auto_start: bool = True
    validate: bool = True


_state = {"settings": Settings()}


def current() -> Settings:
    """The switches as they stand."""
    return _state["settings"]


def clear() -> None:
    """Put every switch back."""
    _state["settings"] = Settings()


@route("GET", "/emr")
def read(_body: dict[str, Any]) -> dict[str, bool]:
    """The switches as they stand."""
    return asdict(current())


@route("PUT", "/emr")
def change(body: dict[str, Any]) -> dict[str, bool]:
    """Turn switches on or off; those that are not named stay."""
    known = {field.name for field in fields(Settings)}
    for name, value in body.items():
        if name not in known or not isinstance(value, bool):
            raise ControlError(
                f"{name}={value!r}: EMR has the switches {sorted(known)}, true or false."
            )
    _state["settings"] = replace(current(), **body)
    return read({})
