"""Policies of IAM that say what the command needs; see the --permissions of its verbs.

What stands on ``*`` in them is what IAM grants on no narrower resource (Service Authorization
Reference); GetCallerIdentity needs no permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Statement = dict[str, Any]


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    """Return the policy of these statements."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def statement(sid: str, actions: Iterable[str], resource: str) -> Statement:
    """Return a statement that allows these actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}
