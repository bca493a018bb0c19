"""Simulator: the resource types that stacks may have, in one table.

They are those that the templates of this project have, and those of rdk's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.simulator.cloudformation.types import data, functions, messaging, monitoring, roles

if TYPE_CHECKING:
    from tools.simulator.cloudformation.types.base import ResourceType

TYPES: dict[str, ResourceType] = {
    **data.TYPES,
    **functions.TYPES,
    **messaging.TYPES,
    **monitoring.TYPES,
    **roles.TYPES,
}
