"""Account check: what a resource's policy says to a role or a service; what is not known is a doubt.

The order is IAM's: an explicit Deny, else an Allow, else nothing (IAM User Guide, policy evaluation
logic). A statement that may or may not apply, by a condition on what nobody here knows, is a doubt.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What a request of a function's role, or of a service for this account, never carries.
_ABSENT = ("aws:calledvia", "aws:ec2instancesourcevpc", "aws:multifactorauthpresent")


class Verdict(StrEnum):
    """What a policy says."""

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"  # neither: what else the caller is granted decides, in its own account


class Decision(NamedTuple):
    """The verdict; with `doubts`, the condition keys because of which it may be another one."""

    verdict: Verdict
    doubts: tuple[str, ...] = ()


class Principal(NamedTuple):
    """Who asks: all names by which a policy may mean it, and the condition keys of its requests.

    A key with None is known to be absent; one that is not there is not known.
    """

    name: str
    account: str
    kind: str  # the member of Principal that names it: AWS or Service
    names: frozenset[str]
    context: Mapping[str, str | None]

    def with_keys(self, **keys: str) -> Principal:
        """Return the same with more keys, whose colons are written as underscores."""
        more = {key.replace("_", ":"): value for key, value in keys.items()}
        return self._replace(context={**self.context, **more})


def role(arn: str) -> Principal:
    """Return a role, as services see it that its function calls."""
    partition, account = arn.split(":")[1], arn.split(":")[4]
    context = {
        "aws:principalaccount": account,
        "aws:principalarn": arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:sourceowner": account,
        "aws:viaawsservice": "false",
    }
    absent = dict.fromkeys((*_ABSENT, "aws:sourceaccount", "aws:sourcearn"))
    names = frozenset({"*", arn, account, f"arn:{partition}:iam::{account}:root"})
    return Principal(arn, account, "AWS", names, {**absent, **context})


def service(name: str, source: str, account: str) -> Principal:
    """Return a service that acts for a resource of an account; source "" is one without a name."""
    context = {
        "aws:principalisawsservice": "true",
        "aws:securetransport": "true",
        "aws:sourceaccount": account,
        "aws:sourcearn": source or None,
    }
    names = frozenset({"*", name})
    return Principal(name, account, "Service", names, {**dict.fromkeys(_ABSENT), **context})


def decide(policy: Mapping[str, Any], who: Principal, action: str, resource: str) -> Decision:
    """Return what a policy says of a principal, an action and a resource."""
    applying: dict[str, bool] = {"Allow": False, "Deny": False}
    doubts: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for statement in _listed(policy.get("Statement")):
        effect = str(statement.get("Effect"))
        applies, unknown = _applies(statement, who, action, resource)
        applying[effect] = applying.get(effect, False) or applies
        doubts.setdefault(effect, []).extend(unknown)
    if applying["Deny"]:
        return Decision(Verdict.DENIED)
    allowed = Verdict.ALLOWED if applying["Allow"] else Verdict.SILENT
    open_allows = [] if applying["Allow"] else doubts["Allow"]
    return Decision(allowed, tuple(sorted({*doubts["Deny"], *open_allows})))


def _applies(
    statement: Mapping[str, Any], who: Principal, action: str, resource: str
) -> tuple[bool, list[str]]:
    """Return whether a statement applies, and because of what it may; both are empty where it does not."""
    named = _names(statement, "Action", action.lower(), str.lower)
    if not named or not _names(statement, "Resource", resource, str):
        return False, []
    if "Principal" not in statement:
        return False, ["NotPrincipal"]
    if not _means(statement["Principal"], who):
        return False, []
    unknown = []
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            holds = _holds(operator, _texts(values), key.lower(), who.context)
            if holds is False:
                return False, []
            unknown += [key] if holds is None else []
    return not unknown, unknown


def _names(
    statement: Mapping[str, Any], element: str, found: str, spelt: Callable[[str], str]
) -> bool:
    negated = f"Not{element}" in statement
    patterns = _listed(statement.get(f"Not{element}" if negated else element))
    return any(_like(spelt(str(each)), found) for each in patterns) != negated


def _means(principal: Any, who: Principal) -> bool:
    if principal == "*":
        return True
    everybody = "*" in _listed(principal.get("AWS"))
    return everybody or bool(who.names & {*_listed(principal.get(who.kind))})


def _holds(
    operator: str, values: list[str], key: str, context: Mapping[str, str | None]
) -> bool | None:
    """Return whether a condition holds; None where that depends on what is not known."""
    quantifier, _, single = operator.rpartition(":")
    plain = single.removesuffix("IfExists")
    negated = "Not" in plain
    test = _TESTS.get(plain.replace("Not", ""))
    if key not in context:
        return None
    found = context[key]
    if operator == "Null":
        return (found is None) == (values == ["true"])
    if test is None or any("${" in each for each in values):
        return None
    if found is None:
        return quantifier == "ForAllValues" or (quantifier == "" and (negated or plain != single))
    return any(test(each, found) for each in values) != negated


def _like(pattern: str, text: str) -> bool:
    """Return whether a text fits a pattern, in which * stands for any characters and ? for one."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _arn_like(pattern: str, text: str) -> bool:
    wanted, found = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(found) and all(map(_like, wanted, found))


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "StringEquals": lambda wanted, found: wanted == found,
    "StringEqualsIgnoreCase": lambda wanted, found: wanted.lower() == found.lower(),
    "StringLike": _like,
}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _texts(values: Any) -> list[str]:
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in _listed(values)]
