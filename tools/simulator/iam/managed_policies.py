"""Simulator: AWS's managed policies, each loaded when somebody names it.

moto can load all 1,582 of them, which costs time at every start and every reset.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy

_list_policies = IAMBackend.list_policies


@functools.cache
def _published() -> dict[str, dict[str, Any]]:
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return policies


class _Policies(dict[str, ManagedPolicy]):
    """An account's managed policies by ARN; AWS's own come in when they are looked up."""

    def __init__(self, backend: IAMBackend) -> None:
        super().__init__()
        self._backend = backend

    def __contains__(self, arn: object) -> bool:
        return self.load(str(arn))

    def __missing__(self, arn: str) -> ManagedPolicy:
        if not self.load(arn):
            raise KeyError(arn)
        return self[arn]

    def load_all(self) -> None:
        """Bring every one of AWS's policies in."""
        for name, data in _published().items():
            arn = f"arn:{self._backend.partition}:iam::aws:policy{data['Path']}{name}"
            self.load(arn)

    def load(self, arn: str) -> bool:
        """Bring one of AWS's policies in; False if there is no such policy."""
        if super().__contains__(arn):
            return True
        if ":iam::aws:policy/" not in arn:
            return False
        name = arn.rsplit("/", 1)[-1]
        data = _published().get(name)
        if data is None:
            return False
        policy = AWSManagedPolicy.from_data(
            name, self._backend.account_id, self._backend.region_name, data
        )
        if policy.arn != arn:
            return False
        self[arn] = policy
        return True


def _managed_policies(backend: IAMBackend) -> dict[str, ManagedPolicy]:
    return _Policies(backend)


def _list_all(backend: IAMBackend, *args: Any, **kwargs: Any) -> Any:
    if isinstance(backend.managed_policies, _Policies):
        backend.managed_policies.load_all()
    return _list_policies(backend, *args, **kwargs)


def _loading(original: Any) -> Any:
    """The same method, after the policy that it names has come in: moto looks through them all."""

    @functools.wraps(original)
    def method(backend: IAMBackend, policy_arn: str, *args: Any, **kwargs: Any) -> Any:
        if isinstance(backend.managed_policies, _Policies):
            backend.managed_policies.load(policy_arn)
        return original(backend, policy_arn, *args, **kwargs)

    return method


@functools.cache
def install() -> None:
    """Put the lazy policies in the place of moto's."""
    IAMBackend._init_managed_policies = _managed_policies  # noqa: SLF001 -- moto offers no other way
    IAMBackend.list_policies = _list_all
    for name in ("attach_role_policy", "attach_user_policy", "attach_group_policy"):
        setattr(IAMBackend, name, _loading(getattr(IAMBackend, name)))
