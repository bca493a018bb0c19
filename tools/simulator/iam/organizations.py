"""Simulator: which accounts are in which organization, for the conditions of policies that ask."""

from typing import Any

from tools.simulator.control import ControlError, on_reset, route

_organizations: dict[str, frozenset[str]] = {}
on_reset(_organizations.clear)


@route("PUT", "/organization")
def put(body: dict[str, Any]) -> dict[str, Any]:
    """Make an organization of these accounts: `{"id": "o-...", "accounts": [...]}`, or change it."""
    identifier, members = body.get("id"), body.get("accounts")
    if not isinstance(identifier, str) or not identifier.startswith("o-"):
        raise ControlError("id must be the id of an organization, such as o-a1b2c3d4e5.")
    if not isinstance(members, list) or not members:
        raise ControlError("accounts must be a list of account ids.")
    for account in members:
        if organization_of(account) not in {None, identifier}:
            raise ControlError(f"{account} is in the organization {organization_of(account)}.")
    _organizations[identifier] = frozenset(members)
    return {"id": identifier, "accounts": members}


def organization_of(account: str) -> str | None:
    """Return the id of the organization that the account is in."""
    return next((one for one, members in _organizations.items() if account in members), None)
