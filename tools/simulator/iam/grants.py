"""Simulator: which policy documents decide for a caller, as moto's IAM and STS hold them."""

from __future__ import annotations

from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends

from tools.simulator import accounts, identity
from tools.simulator.iam.callers import organization_of
from tools.simulator.iam.policies import Document, Grants, parsed
from tools.simulator.iam.trust import vpc_of

_ALL: Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NOTHING: Document = {"Statement": []}


def of_caller(caller: identity.Caller) -> Grants:
    """The documents that decide for whoever signed a request."""
    if accounts.account_of_administrator(caller.access_key_id):
        return Grants((_ALL,))
    if caller.role_arn is None:
        return _of_user(caller)
    return of_role(caller.role_arn)


def of_role(role_arn: str) -> Grants:
    """The documents that decide for a role; none for one that does not exist."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    try:
        role = backend.get_role_by_arn(role_arn)
    except NotFoundException:
        return Grants(())
    return Grants(tuple(_documents(role)), _boundary(backend, role.permissions_boundary_arn))


def context_of(caller: identity.Caller, region: str) -> dict[str, str]:
    """The condition keys that every request of a caller has."""
    context = {
        "aws:principalaccount": caller.account,
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
        "aws:requestedregion": region,
        "aws:securetransport": "true",  # as at AWS's endpoints; this server speaks plain HTTP
        "aws:viaawsservice": "false",
    }
    organization, vpc = organization_of(caller.account), vpc_of(caller.access_key_id)
    context |= {"aws:principalorgid": organization} if organization else {}
    return context | ({"aws:ec2instancesourcevpc": vpc} if vpc else {})


def _of_user(caller: identity.Caller) -> Grants:
    backend = iam_backends[caller.account]["global"]
    user = backend.get_user_from_access_key_id(caller.access_key_id)
    holders = [user, *backend.get_groups_for_user(user.name)] if user else []
    return Grants(tuple(document for holder in holders for document in _documents(holder)))


def _documents(holder: Any) -> list[Document]:
    """The inline and attached policies of a role, user or group."""
    attached = [_default_version(policy) for policy in holder.managed_policies.values()]
    return [parsed(document) for document in holder.policies.values()] + attached


def _default_version(policy: ManagedPolicy) -> Document:
    return next(parsed(version.document) for version in policy.versions if version.is_default)


def _boundary(backend: IAMBackend, arn: str | None) -> dict[str, Document]:
    if not arn:
        return {}
    known = arn in backend.managed_policies
    document = _default_version(backend.managed_policies[arn]) if known else _NOTHING
    return {"permissions boundary": document}
