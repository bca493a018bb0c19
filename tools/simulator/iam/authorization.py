"""Simulator: AWS's table of actions, with the resources that each takes.

`authorization.json` is made by `make authorization` and holds every action of the services in it.
"""

import functools
import json
import re
from pathlib import Path
from typing import NamedTuple

from tools.simulator.iam.policies import like

_TABLE = Path(__file__).with_name("authorization.json")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# What may have a slash in it, such as the id of a pack's rule; any other placeholder has none.
_SLASHED = re.compile(r"Alias|ConfigRuleId|LogGroupName|LogStreamName|ObjectName|\w+Path")
# What stands for them in a pattern: any characters, and any but a slash.
_ANY, _NAME = "*", "\0"


class UnknownActionError(Exception):
    """An action is not in the table: AWS does not have it, or the table lacks its service."""


class Action(NamedTuple):
    """An action of AWS, with what it takes.

    Its access level, the ARN formats of its resources, the condition keys beside those that every
    request has, and the actions that whoever calls it needs as well.
    """

    name: str
    access: str
    formats: tuple[str, ...]
    keys: tuple[str, ...]
    needs: tuple[str, ...]

    def takes(self, pattern: str) -> bool:
        """Return whether the pattern, or ARN, means resources that the action takes.

        One that takes none is about `*` alone: in AWS, no statement for anything else concerns it.
        """
        return pattern == "*" or any(_meet(pattern, each) for each in self.formats)


@functools.cache
def _actions() -> dict[str, Action]:
    """Every action, by its name in lower case: IAM ignores the case."""
    services = json.loads(_TABLE.read_text(encoding="utf-8"))["services"]
    return {
        f"{prefix}:{name}".lower(): Action(
            f"{prefix}:{name}",
            entry["access"],
            tuple(service["resources"][kind] for kind in entry["takes"]),
            tuple(entry.get("keys", ())),
            tuple(entry.get("needs", ())),
        )
        for prefix, service in services.items()
        for name, entry in service["actions"].items()
    }


def action(name: str) -> Action:
    """Return the action of that name, in any letter case, or raise UnknownActionError."""
    found = _actions().get(name.lower())
    if found is None:
        raise UnknownActionError(
            "tools/simulator/iam/authorization.json has no such action: AWS calls it otherwise, or the "
            "table has yet to learn its service (tools/authorization_data.py)."
        )
    return found


@functools.lru_cache(maxsize=4096)
def matching(pattern: str) -> tuple[Action, ...]:
    """Return the actions that a policy means by a name, which may have wildcards."""
    return tuple(each for name, each in _actions().items() if like(pattern.lower(), name))


@functools.lru_cache(maxsize=4096)
def _meet(pattern: str, arn_format: str) -> bool:
    """Return whether a resource of that format can be one that the pattern means."""
    granted, wanted = pattern.split(":", 5), _pattern_of(arn_format).split(":", 5)
    return len(granted) == len(wanted) and all(map(_overlap, granted, wanted))


@functools.cache
def _pattern_of(arn_format: str) -> str:
    return _PLACEHOLDER.sub(
        lambda found: _ANY if _SLASHED.fullmatch(found[1]) else _NAME, arn_format
    )


def _overlap(granted: str, wanted: str) -> bool:
    """Return whether some text fits both patterns, by reading them side by side."""
    seen: set[tuple[str, str]] = set()
    rests = [(granted, wanted)]
    while rests:
        mine, its = rest = rests.pop()
        if not mine.strip("*") and not its.strip(_ANY + _NAME):
            return True
        if rest not in seen:
            seen.add(rest)
            rests += _further(mine, its)
    return False


def _further(mine: str, its: str) -> list[tuple[str, str]]:
    """What is left of two patterns, in every way to read one character more."""
    if mine[:1] == "*":
        return [(mine[1:], its), (mine, its[1:])] if its else []
    if its[:1] in (_ANY, _NAME):
        held = bool(mine) and (its[0] == _ANY or mine[0] != "/")
        return [(mine, its[1:])] + ([(mine[1:], its)] if held else [])
    return [(mine[1:], its[1:])] if mine and its and mine[0] in ("?", its[0]) else []
