"""Simulator: the resource types that stacks may have, in one table.

They are those that the templates of this project have, and those of rdk's.
"""

from tools.simulator.cloudformation.types import keeping, running
from tools.simulator.cloudformation.types.base import TYPES

__all__ = ["TYPES", "keeping", "running"]
