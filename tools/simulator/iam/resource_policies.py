"""Simulator: policies of resources and roles, judged for AWS services and for people.

Their conditions may ask for an organization, so which accounts are in one stands here as well.
"""

from dataclasses import dataclass
from typing import Any

from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.iam.policies import Context, Decision, Document, effects, listed, parsed

_organizations: dict[str, frozenset[str]] = {}
on_reset(_organizations.clear)


class RefusedError(Exception):
    """A message, an event or an invocation was refused: the code of the refusal and the reason."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


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
        "aws:securetransport": "true",  # as at AWS's endpoints; this server speaks plain HTTP
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


def decide(policy: Document | str | None, who: Principal, action: str, resource: str) -> Decision:
    """Return what the policy says of this principal, action and resource; Deny goes first."""
    statements = [
        one for one in listed(parsed(policy).get("Statement")) if _names_principal(one, who)
    ]
    found, _ = effects(statements, action, resource, who.context)
    return Decision(allowed=found == {"Allow"}, denied="Deny" in found)


def _names_principal(statement: Document, who: Principal) -> bool:
    principal: Any = statement.get("Principal")
    if principal is None:  # NotPrincipal: a Deny with it would mean almost everybody
        return "NotPrincipal" in statement and statement.get("Effect") == "Deny"
    if principal == "*":
        return True
    named = {*listed(principal.get("AWS"))}
    if who.is_service:
        return "*" in named or who.name in listed(principal.get("Service"))
    return bool({"*", *who.arns} & named)


@route("PUT", "/organization")
def put(body: dict[str, Any]) -> dict[str, Any]:
    """Make an organization of these accounts: `{"id": "o-...", "accounts": [...]}`, or change it."""
    identifier, members = body.get("id"), body.get("accounts")
    if not isinstance(identifier, str) or not isinstance(members, list):
        raise ControlError("id must be that of an organization, accounts a list of account ids.")
    _organizations[identifier] = frozenset(members)
    return {"id": identifier, "accounts": members}


def organization_of(account: str) -> str | None:
    """Return the id of the organization that the account is in."""
    return next((one for one, members in _organizations.items() if account in members), None)
