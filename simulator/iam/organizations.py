"""Simulator: AWS Organizations, as far as policies ask for it: which account is in which one."""

from __future__ import annotations

from typing import Any

from simulator.control import ControlError, on_reset, route

_members: dict[str, str] = {}  # account -> organization


@route("PUT", "/organization")
def put(body: dict[str, Any]) -> dict[str, Any]:
    """Make an organization of these accounts: `{"id": "o-...", "accounts": [...]}`."""
    organization, accounts = body.get("id"), body.get("accounts")
    if not isinstance(organization, str) or not organization.startswith("o-"):
        raise ControlError("id must be the id of an organization, such as o-a1b2c3d4e5.")
    if not isinstance(accounts, list):
        raise ControlError("accounts must be a list of account ids.")
    for account in [known for known, of in _members.items() if of == organization]:
        del _members[account]
    _members.update({str(account): organization for account in accounts})
    return {"id": organization, "accounts": accounts}


def organization_of(account: str) -> str | None:
    """Answer the id of the organization that the account is a member of."""
    return _members.get(account)


@on_reset
def forget() -> None:
    """Drop every organization."""
    _members.clear()
