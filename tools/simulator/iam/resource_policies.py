"""Simulator: policies of topics, queues and keys, judged for AWS services and for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.simulator.iam.organizations import organization_of
from tools.simulator.iam.policy_conditions import Context, UnsupportedConditionError, holds, like

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Principal:
    """Who asks: an AWS service on behalf of a resource, or a user or role of an account."""

    name: str  # "events.amazonaws.com", or the caller's ARN
    account: str  # of the source, or of the caller
    context: Context
    arns: tuple[str, ...] = ()  # all names by which a policy may mean a caller

    @property
    def is_service(self) -> bool:
        """Whether it is an AWS service."""
        return not self.arns


@dataclass(frozen=True)
class Decision:
    """What a policy says: `allowed`, or `denied` explicitly, or neither; and why."""

    allowed: bool = False
    denied: bool = False
    reasons: tuple[str, ...] = field(default=())


def service(name: str, source_arn: str, account: str, *, source_known: bool = True) -> Principal:
    """Make the principal of an AWS service, with the source conditions that it passes on."""
    context = {"aws:securetransport": "true", "aws:principalisawsservice": "true"}
    if source_known:
        context |= {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
        organization = organization_of(account)
        if organization:
            context["aws:sourceorgid"] = organization
    return Principal(name, account, context)


def caller(arn: str, account: str, role_arn: str | None = None) -> Principal:
    """Make the principal of a user or of an assumed role."""
    known = role_arn or arn
    context = {
        "aws:securetransport": "true",
        "aws:principalarn": known,
        "aws:principalaccount": account,
        "aws:principaltype": "AssumedRole" if role_arn else "User",
        "aws:principalisawsservice": "false",
        "aws:sourceowner": account,
    }
    organization = organization_of(account)
    if organization:
        context["aws:principalorgid"] = organization
    arns = (arn, known, account, f"arn:{known.split(':')[1]}:iam::{account}:root")
    return Principal(known, account, context, arns)


def decide(policy: Policy | str | None, who: Principal, action: str, resource: str) -> Decision:
    """Return what the policy says of this principal, action and resource; Deny goes first."""
    document = json.loads(policy) if isinstance(policy, str) and policy else policy or {}
    assert isinstance(document, Mapping)  # noqa: S101 -- json.loads may return anything
    statements = document.get("Statement", [])
    found = [
        _statement(statement, who, action, resource)
        for statement in (statements if isinstance(statements, list) else [statements])
    ]
    reasons = tuple(reason for decision in found for reason in decision.reasons)
    denied = any(decision.denied for decision in found)
    allowed = not denied and any(decision.allowed for decision in found)
    return Decision(allowed, denied, reasons)


def _statement(statement: Policy, who: Principal, action: str, resource: str) -> Decision:
    applies = _names_principal(statement, who) and _names(statement, "Action", action.lower())
    if not applies or not _names(statement, "Resource", resource):
        return Decision()
    denies = statement.get("Effect") == "Deny"
    try:
        if not holds(statement.get("Condition", {}), who.context):
            return Decision()
    except UnsupportedConditionError as problem:  # closed: no Allow, but every Deny
        return Decision(denied=denies, reasons=(str(problem),))
    return Decision(allowed=not denies, denied=denies)


def _names_principal(statement: Policy, who: Principal) -> bool:
    principal = statement.get("Principal")
    if principal is None:  # NotPrincipal: a Deny with it would mean almost everybody
        return "NotPrincipal" in statement and statement.get("Effect") == "Deny"
    if principal == "*":
        return True
    if who.is_service:
        return "*" in _listed(principal.get("AWS")) or who.name in _listed(principal.get("Service"))
    return bool({"*", *who.arns} & set(_listed(principal.get("AWS"))))


def _names(statement: Policy, what: str, found: str) -> bool:
    if f"Not{what}" in statement:
        return not _any_like(statement[f"Not{what}"], what, found)
    return _any_like(statement.get(what, []), what, found)


def _any_like(patterns: Any, what: str, found: str) -> bool:
    texts = _listed(patterns)
    return any(like(text.lower() if what == "Action" else text, found) for text in texts)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
