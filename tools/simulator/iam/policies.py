"""Simulator: identity policies: what the policies of a user or role let it do.

An action must be allowed by the policies attached to the caller, and also by its permissions
boundary and its session policy if it has them. An explicit Deny goes before everything. What the
simulator cannot judge counts as a Deny that applies and as an Allow that does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.simulator.iam.policy_conditions import Context, UnsupportedConditionError, holds, like

Document = Mapping[str, Any]

# Keys whose absence from a context means something, because AWS too leaves them out of such a
# request. A condition on any other key that the context lacks is one that we cannot judge.
_ABSENT = frozenset(
    {
        "aws:calledvia",
        "aws:ec2instancesourcevpc",
        "aws:multifactorauthpresent",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "sts:externalid",
    }
)


@dataclass(frozen=True)
class Decision:
    """Whether an action is allowed; why not, in AWS's words."""

    allowed: bool
    reason: str = ""


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
        effects, problems = _effects(documents, action, resource, context)
        hint = "".join(f" {problem}" for problem in sorted(problems))
        if "Deny" in effects:
            return Decision(allowed=False, reason=f"with an explicit deny in an {name}{hint}")
        if "Allow" not in effects:
            return Decision(
                allowed=False, reason=f"because no {name} allows the {action} action{hint}"
            )
    return Decision(allowed=True)


def _effects(
    documents: Iterable[Document], action: str, resource: str, context: Context
) -> tuple[set[str], set[str]]:
    """The effects of the statements that apply, and what could not be judged on the way."""
    effects, problems = set(), set()
    for document in documents:
        for statement in listed(document.get("Statement")):
            if not _concerns(statement, action, resource):
                continue
            effect = str(statement.get("Effect"))
            try:
                if _conditions_hold(statement.get("Condition") or {}, context):
                    effects.add(effect)
            except UnsupportedConditionError as problem:
                problems.add(str(problem))
                effects |= {effect} & {"Deny"}
    return effects, problems


def _concerns(statement: Document, action: str, resource: str) -> bool:
    return _names(statement, "Action", action.lower(), str.lower) and _names(
        statement, "Resource", resource, str
    )


def _names(statement: Document, element: str, found: str, spelt: Any) -> bool:
    negated = f"Not{element}" in statement
    patterns = listed(statement.get(f"Not{element}" if negated else element))
    return any(like(spelt(str(pattern)), found) for pattern in patterns) != negated


def _conditions_hold(condition: Document, context: Context) -> bool:
    for keys in condition.values():
        for key in keys:
            if key.lower() not in context and key.lower() not in _ABSENT:
                raise UnsupportedConditionError(f"The simulator does not know the value of {key}.")
    return holds(condition, context)


def listed(value: Any) -> list[Any]:
    """A JSON value that may be one thing or a list of them, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def parsed(document: str | Document) -> Document:
    """A policy document, which moto keeps as text or, from CloudFormation, as an object."""
    found: Document = json.loads(document) if isinstance(document, str) else document
    return found
