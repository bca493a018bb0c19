"""Simulator: stack sets: moto's API over real stacks in other accounts and Regions.

| module | what it does |
|---|---|
| `targets` | which accounts a stack set is for; who may run one for an organization |
| `instances` | one stack of a set: made, changed, removed, and what became of it |
| `operations`, `automatic` | the operations on sets; automatic deployment |
"""

from __future__ import annotations

from tools.simulator.cloudformation.sets.operations import install

__all__ = ["install"]
