"""Simulator: which policy documents decide for a caller, as moto's IAM and STS hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends

from tools.simulator import accounts, identity
from tools.simulator.iam.instances import vpc_of
from tools.simulator.iam.organizations import organization_of
from tools.simulator.iam.policies import Document, Grants, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALL: Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NOTHING: Document = {"Statement": []}


def of_caller(caller: identity.Caller) -> Grants:
    """The documents that decide for whoever signed a request."""
    if accounts.account_of_administrator(caller.access_key_id):
        return Grants((_ALL,))
    if caller.role_arn is None:
        return _of_user(caller)
    grants = of_role(caller.role_arn)
    session = identity.assumed_role(caller.access_key_id, caller.account)
    if session is not None and session.policy:
        return Grants(grants.identity, grants.limits | {"session policy": parsed(session.policy)})
    return grants


def of_role(role_arn: str) -> Grants:
    """The documents that decide for a role; none for one that does not exist."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    try:
        role = backend.get_role_by_arn(role_arn)
    except NotFoundException:
        return Grants(())
    documents = [parsed(document) for document in role.policies.values()]
    documents += _managed(role.managed_policies.values())
    return Grants(tuple(documents), _boundary(backend, role.permissions_boundary_arn))


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
    backend = _backend(caller.account)
    user = backend.get_user_from_access_key_id(caller.access_key_id)
    if user is None:
        return Grants(())
    documents = [parsed(document) for document in user.policies.values()]
    documents += _managed(user.managed_policies.values())
    for group in backend.get_groups_for_user(user.name):
        documents += [parsed(document) for document in group.policies.values()]
        documents += _managed(group.managed_policies.values())
    return Grants(tuple(documents))


def _managed(policies: Iterable[Any]) -> list[Document]:
    return [_default_version(policy) for policy in policies]


def _default_version(policy: ManagedPolicy) -> Document:
    return next(parsed(version.document) for version in policy.versions if version.is_default)


def _boundary(backend: IAMBackend, arn: str | None) -> dict[str, Document]:
    if not arn:
        return {}
    known = arn in backend.managed_policies
    document = _default_version(backend.managed_policies[arn]) if known else _NOTHING
    return {"permissions boundary": document}


def _backend(account: str) -> IAMBackend:
    return iam_backends[account]["global"]
