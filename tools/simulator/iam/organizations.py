"""Simulator: which accounts are in which organization, for the conditions of policies that ask."""

from __future__ import annotations

from typing import Any

from tools.simulator.control import ControlError, on_reset, route

_organizations: dict[str, frozenset[str]] = {}


@route("PUT", "/organization")
def put(body: dict[str, Any]) -> dict[str, Any]:
    """Make an organization of these accounts: `{"id": "o-...", "accounts": [...]}`, or change it."""
    identifier, accounts = body.get("id"), body.get("accounts")
    if not isinstance(identifier, str) or not identifier.startswith("o-"):
        raise ControlError("id must be the id of an organization, such as o-a1b2c3d4e5.")
    if not isinstance(accounts, list) or not accounts:
        raise ControlError("accounts must be a list of account ids.")
    for account in accounts:
        if organization_of(account) not in {None, identifier}:
            raise ControlError(f"{account} is in the organization {organization_of(account)}.")
    _organizations[identifier] = frozenset(accounts)
    return {"id": identifier, "accounts": accounts}


def organization_of(account: str) -> str | None:
    """Return the id of the organization that the account is in."""
    return next((one for one, accounts in _organizations.items() if account in accounts), None)


on_reset(_organizations.clear)
