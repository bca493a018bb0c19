"""Simulator: account numbers and the administrator's access key of each account.

Free of moto, so that clients can name an account without loading the simulator.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"
ADMINISTRATOR = "simulator-administrator"

_PREFIX = "AKIASIM0"  # with the 12 digits of the account it has the 20 characters of an access key
_KEY = re.compile(rf"{_PREFIX}(\d{{12}})")


class AccessKey(NamedTuple):
    """An access key: its id and its secret."""

    access_key_id: str
    secret_access_key: str


def administrator_key(account: str = DEFAULT_ACCOUNT) -> AccessKey:
    """The administrator's access key of an account: always the same, never refused."""
    key_id = f"{_PREFIX}{account}"
    return AccessKey(key_id, hashlib.sha256(key_id.encode()).hexdigest()[:40])


def account_of_administrator(access_key_id: str) -> str | None:
    """The account whose administrator has this key, or None if it is no administrator's key."""
    match = _KEY.fullmatch(access_key_id)
    return match.group(1) if match else None
