"""Simulator: which CloudFormation types and properties the simulator honours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Support:
    """What the simulator makes of a type: properties honoured, and harmless ones with a reason."""

    honoured: frozenset[str]
    harmless: Mapping[str, str] = field(default_factory=dict)


_supported: dict[str, Support] = {}


def register(
    resource_type: str, honoured: Iterable[str], harmless: Mapping[str, str] | None = None
) -> None:
    """Say that the simulator has this type, and what it does with its properties."""
    _supported[resource_type] = Support(frozenset(honoured), harmless or {})


def support_of(resource_type: str) -> Support | None:
    """Return what the simulator makes of the type; None if it does not have it."""
    return _supported.get(resource_type)
