"""Simulator: CloudFormation makes resources with the rights of whoever asks for the stack.

Its calls are the caller's own and carry `aws:CalledVia`. Where IAM is not enforced, and for the
administrator, they are the administrator's.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tools.simulator import accounts, iam, identity
from tools.simulator.iam import signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from moto.cloudformation.responses import CloudFormationResponse

_SERVICE = "cloudformation.amazonaws.com"
_caller: ContextVar[str | None] = ContextVar("caller", default=None)


def client(service: str, account: str, region: str) -> Any:
    """Return a client that acts for whoever asks CloudFormation for something."""
    key_id = _caller.get()
    if key_id is None or not iam.enforced() or accounts.account_of_administrator(key_id):
        return identity.client(service, account, region)
    known = signatures.credentials_of(key_id, account)
    return identity.forwarding_client(service, region, known, _SERVICE)


@contextmanager
def _asked_by(key_id: str) -> Iterator[None]:
    token = _caller.set(key_id)
    try:
        yield
    finally:
        _caller.reset(token)


def in_the_name_of_the_caller(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operation, with its caller known to `client`."""

    def answer(self: CloudFormationResponse) -> Any:
        with _asked_by(self.access_key):
            return operation(self)

    return answer
