"""Simulator: the order in which a template's resources are made: what depends comes after."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACEHOLDER = re.compile(r"\$\{([^!{}][^{}]*)\}")


def dependencies(resource: Mapping[str, Any]) -> set[str]:
    """Return the names that a resource refers to: resources, parameters, pseudo parameters."""
    explicit = resource.get("DependsOn") or []
    names = {explicit} if isinstance(explicit, str) else set(explicit)
    return names | set(_references(resource.get("Properties") or {}))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                yield from _substitutions(item)
            else:
                yield from _references(item)


def _substitutions(argument: Any) -> Iterator[str]:
    text, given = argument if isinstance(argument, list) else (argument, {})
    yield from _references(given)
    for name in _PLACEHOLDER.findall(text):
        if name.strip() not in given:
            yield name.strip().split(".")[0]


def ordered(resources: Mapping[str, Any]) -> list[str]:
    """Return the resources' names, each after those that it needs; refuse a circle."""
    waiting = {
        name: {one for one in dependencies(resource) if one in resources}
        for name, resource in resources.items()
    }
    done: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if needs <= set(done)]
        if not ready:
            circle = ", ".join(sorted(waiting))
            raise ValidationError(message=f"Circular dependency between resources: [{circle}]")
        for name in ready:
            del waiting[name]
        done += ready
    return done
