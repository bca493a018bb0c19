"""Simulator: what policies say: statements, their conditions, and what a caller's own allow it.

An action must be allowed by the policies attached to the caller, and also by its permissions
boundary if it has one. An explicit Deny goes before everything. What the
simulator cannot judge counts as a Deny that applies and as an Allow that does not.
"""

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, str | tuple[str, ...]]  # a tuple: a key that has several values at once

# Keys whose absence from a context means something, because AWS too leaves them out of such a
# request. A condition on any other key that a caller's context lacks is one that we cannot judge.
_ABSENT = frozenset(
    {
        "aws:calledvia",
        "aws:ec2instancesourcevpc",
        "aws:multifactorauthpresent",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
    }
)
# What the values that a key has must be, all or any of them; a single one, without a word before.
_QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "": all,
    "ForAllValues": all,
    "ForAnyValue": any,
}
_read: Callable[[str], Document] = functools.lru_cache(1000)(json.loads)


class UnsupportedConditionError(Exception):
    """A condition says something that the simulator cannot judge."""


@dataclass(frozen=True)
class Decision:
    """Whether an action is allowed, or denied explicitly, or neither; why not, in AWS's words."""

    allowed: bool = False
    reason: str = ""
    denied: bool = False


@dataclass(frozen=True)
class Grants:
    """The documents that decide for a caller: what it is granted, and what limits that."""

    identity: tuple[Document, ...]
    limits: dict[str, Document] = field(default_factory=dict)


def decide(grants: Grants, action: str, resource: str, context: Context) -> Decision:
    """Return whether the caller may do the action to the resource; context keys in lower case."""
    layers = {"identity-based policy": grants.identity}
    layers |= {name: (document,) for name, document in grants.limits.items()}
    for name, documents in layers.items():
        every = [one for document in documents for one in listed(document.get("Statement"))]
        found, problems = effects(every, action, resource, context, absent=_ABSENT)
        hint = "".join(f" {problem}" for problem in sorted(problems))
        if "Deny" in found:
            return Decision(reason=f"with an explicit deny in an {name}{hint}")
        if "Allow" not in found:
            reason = f"because no {name} allows the {action} action{hint}"
            return Decision(reason=reason)
    return Decision(allowed=True)


def effects(
    statements: Iterable[Document],
    action: str,
    resource: str,
    context: Context,
    absent: frozenset[str] | None = None,
) -> tuple[set[str], set[str]]:
    """Return the effects of the statements that apply, and what could not be judged on the way.

    `absent` are the keys that may be missing from the context; None: any.
    """
    found, problems = set(), set()
    for statement in statements:
        if not _names(statement, "Action", action) or not _names(statement, "Resource", resource):
            continue
        effect = str(statement.get("Effect"))
        try:
            if holds(statement.get("Condition") or {}, context, absent):
                found.add(effect)
        except UnsupportedConditionError as problem:
            problems.add(str(problem))
            found |= {effect} & {"Deny"}
    return found, problems


def _names(statement: Document, element: str, found: str) -> bool:
    negated = f"Not{element}" in statement
    patterns = listed(statement.get(f"Not{element}" if negated else element))
    if element == "Action":
        return any(like(str(one).lower(), found.lower()) for one in patterns) != negated
    return any(like(str(one), found) for one in patterns) != negated


def holds(condition: Document, context: Context, absent: frozenset[str] | None = None) -> bool:
    """Return whether every operator of a Condition holds; keys of the context are in lower case."""
    pairs = [(name, key, each[key]) for name, each in condition.items() for key in each]
    for _, key, _ in pairs:
        if absent is not None and key.lower() not in context.keys() | absent:
            raise UnsupportedConditionError(f"The simulator does not know the value of {key}.")
    return all(
        _operator_holds(name, key, [_text(one) for one in listed(values)], context)
        for name, key, values in pairs
    )


def _operator_holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    found = context.get(key.lower())
    if operator == "Null":
        return (found is None) == (values == ["true"])
    quantifier, _, single = operator.rpartition(":")
    name = single.removesuffix("IfExists")
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if test is None or quantifier not in _QUANTIFIERS:
        raise UnsupportedConditionError(f"The simulator cannot judge the operator {operator}.")
    if any("${" in value for value in values):
        raise UnsupportedConditionError(f"The simulator knows no policy variables ({key}).")
    if not quantifier and isinstance(found, tuple):
        raise UnsupportedConditionError(f"{key} has several values, {operator} is about one.")
    if found is None and not quantifier:  # a negated operator holds where the key is missing
        return negated or name != single
    each = (found,) if isinstance(found, str) else found or ()
    results = [any(test(value, one) for value in values) != negated for one in each]
    return _QUANTIFIERS[quantifier](results)


@functools.lru_cache(10_000)
def like(pattern: str, text: str) -> bool:
    """Match IAM's wildcards: `*` for any characters, `?` for one."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _arn_like(pattern: str, text: str) -> bool:
    wanted, found = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(found) == 6 and all(map(like, wanted, found))


def _equal_ignoring_case(wanted: str, found: str) -> bool:
    return wanted.lower() == found.lower()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equal_ignoring_case,
}


def listed(value: Any) -> list[Any]:
    """A JSON value that may be one thing or a list of them, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def parsed(document: str | Document | None) -> Document:
    """A policy document, which moto keeps as text or as an object; empty where there is none."""
    if isinstance(document, str):
        return _read(document) if document else {}
    return document or {}
