"""Simulator: what is known of callers beside their policies: their keys, their organization."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends

from tools.simulator import accounts, identity
from tools.simulator.control import ControlError, on_reset, route

_organizations: dict[str, frozenset[str]] = {}
on_reset(_organizations.clear)


class KeyRefusedError(Exception):
    """AWS does not take an access key: by its error for query protocols, and that for JSON ones."""

    def __init__(self, query_code: str, json_code: str, message: str) -> None:
        super().__init__(message)
        self.query_code = query_code
        self.json_code = json_code


def check_key(key_id: str, account: str) -> None:
    """Raise KeyRefusedError unless somebody has this access key, and may use it still.

    Nobody looks at signatures: whoever names a key is taken for its owner.
    """
    if accounts.account_of_administrator(key_id):
        return
    role = identity.assumed_role(key_id, account)
    if role is not None and role.expiration < utcnow():
        message = "The security token included in the request is expired"
        raise KeyRefusedError("ExpiredToken", "ExpiredTokenException", message)
    users = list(iam_backends[account]["global"].users.values())
    keys = [key for user in users for key in user.access_keys if key.status == "Active"]
    if role is None and key_id not in {key.access_key_id for key in keys}:
        message = "The security token included in the request is invalid."
        raise KeyRefusedError("InvalidClientTokenId", "UnrecognizedClientException", message)


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
