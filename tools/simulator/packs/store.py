"""Simulator: the conformance packs that there are, and what becomes of them."""

from __future__ import annotations

import secrets
import string
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from moto.utilities.utils import get_partition

_ALPHABET = string.ascii_lowercase + string.digits


def identifier(length: int) -> str:
    """Answer an id as AWS Config makes them up."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass
class Pack:
    """A conformance pack in one account and Region; `rules` are the full names of its rules."""

    account: str
    region: str
    name: str
    template: str
    parameters: dict[str, str]
    request: dict[str, Any]  # what is only shown again
    owner: str | None = None  # the organization's pack that brought it
    id: str = field(default_factory=lambda: f"conformance-pack-{identifier(9)}")
    stack: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    requested: float = field(default_factory=time.time)
    completed: float | None = None
    rules: list[str] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """The pack's ARN."""
        return f"{self._prefix('config')}:conformance-pack/{self.name}/{self.id}"

    @property
    def stack_arn(self) -> str:
        """The ARN of the stack by which AWS Config makes the rules."""
        return (
            f"{self._prefix('cloudformation')}:stack/"
            f"awsconfigconforms-{self.name}-{self.id}/{self.stack}"
        )

    def _prefix(self, service: str) -> str:
        return f"arn:{get_partition(self.region)}:{service}:{self.region}:{self.account}"

    def ended(self, state: str, reason: str = "") -> None:
        """Note how the making or changing of the pack has ended."""
        self.state, self.reason, self.completed = state, reason, time.time()


@dataclass
class OrganizationPack:
    """A pack that an organization puts into its accounts; `members` are its packs there."""

    account: str  # which has put it
    region: str
    name: str
    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    suffix: str = field(default_factory=lambda: identifier(8))
    state: str = "CREATE_IN_PROGRESS"
    updated: float = field(default_factory=time.time)
    members: dict[str, Pack] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The pack's ARN."""
        prefix = f"arn:{get_partition(self.region)}:config:{self.region}:{self.account}"
        return f"{prefix}:organization-conformance-pack/{self.name}-{self.suffix}"

    @property
    def member_name(self) -> str:
        """The name of the pack in each account."""
        return f"OrgConformsPack-{self.name}-{self.suffix}"


lock = threading.RLock()
_packs: dict[tuple[str, str], dict[str, Pack]] = defaultdict(dict)
_organization_packs: dict[tuple[str, str], dict[str, OrganizationPack]] = defaultdict(dict)


def packs(account: str, region: str) -> dict[str, Pack]:
    """Answer the packs of an account in a Region, by name."""
    return _packs[account, region]


def organization_packs(account: str, region: str) -> dict[str, OrganizationPack]:
    """Answer the organization packs that an account has put in a Region, by name."""
    return _organization_packs[account, region]


def all_organization_packs(accounts: tuple[str, ...]) -> list[OrganizationPack]:
    """Answer the organization packs that these accounts have put, in any Region."""
    return [
        pack
        for (account, _), found in list(_organization_packs.items())
        if account in accounts
        for pack in list(found.values())
    ]


def reset() -> None:
    """Forget every pack."""
    _packs.clear()
    _organization_packs.clear()
