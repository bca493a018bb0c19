"""Simulator: the resource types that stacks may have, in one table.

They are those that the templates of this project have, and those of rdk's.
"""

from tools.simulator.cloudformation.types import keeping, running

TYPES = {**keeping.TYPES, **running.TYPES}
