"""Simulator: AWS Organizations, as far as others ask for it: which account is in which one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.simulator import work
from tools.simulator.control import ControlError, on_reset, route


@dataclass(frozen=True)
class Organization:
    """An organization: all its accounts, the one that manages it, and those that it trusts to."""

    id: str
    accounts: tuple[str, ...]
    management: str
    delegated: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The id of its root, which holds every account."""
        return f"r-{self.id.removeprefix('o-')[:4]}"

    def is_run_by(self, account: str) -> bool:
        """Tell whether the account manages it, or may act as if it did."""
        return account == self.management or account in self.delegated


# Called with an organization, the accounts that have joined it and those that have left.
Hook = Callable[[Organization, list[str], list[str]], None]

_organizations: dict[str, Organization] = {}
_hooks: list[Hook] = []


def on_membership(hook: Hook) -> Hook:
    """Register what is to be done, in the background, when accounts join or leave."""
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


@route("PUT", "/organization")
def put(body: dict[str, Any]) -> dict[str, Any]:
    """Make an organization of these accounts: `{"id": "o-...", "accounts": [...]}`, or change it.

    `management` names the account that manages it, the first one if nothing is said; `delegated`
    lists its delegated administrators. The answer also tells the id of its root.
    """
    made = _read(body)
    old = _organizations.get(made.id)
    before = old.accounts if old else ()
    _organizations[made.id] = made
    joined = [account for account in made.accounts if account not in before]
    left = [account for account in before if account not in made.accounts]
    work.submit(_tell, made, joined, left)
    return {
        "id": made.id,
        "accounts": list(made.accounts),
        "management": made.management,
        "delegated": list(made.delegated),
        "root": made.root,
    }


def _tell(made: Organization, joined: list[str], left: list[str]) -> None:
    for hook in _hooks:
        hook(made, joined, left)


def _read(body: dict[str, Any]) -> Organization:
    identifier, accounts = body.get("id"), body.get("accounts")
    if not isinstance(identifier, str) or not identifier.startswith("o-"):
        raise ControlError("id must be the id of an organization, such as o-a1b2c3d4e5.")
    if not isinstance(accounts, list) or not accounts:
        raise ControlError("accounts must be a list of account ids.")
    management, delegated = body.get("management", accounts[0]), body.get("delegated", [])
    if not {management, *delegated} <= set(accounts):
        raise ControlError("management and delegated must be among the accounts.")
    for account in accounts:
        if organization_of(account) not in {None, identifier}:
            raise ControlError(f"{account} is in the organization {organization_of(account)}.")
    return Organization(identifier, tuple(accounts), management, tuple(delegated))


def organization(account: str) -> Organization | None:
    """Answer the organization that the account is a member of."""
    return next((one for one in _organizations.values() if account in one.accounts), None)


def organization_of(account: str) -> str | None:
    """Answer the id of the organization that the account is a member of."""
    found = organization(account)
    return found.id if found else None


@on_reset
def forget() -> None:
    """Drop every organization."""
    _organizations.clear()
