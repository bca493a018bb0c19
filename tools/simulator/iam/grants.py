"""Simulator: callers, as moto's IAM and STS hold them: their keys, and the policies that decide."""

import functools
import json
from typing import Any

from moto.core.utils import utcnow
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, iam_backends

from tools.simulator import accounts, identity
from tools.simulator.iam import resource_policies
from tools.simulator.iam.policies import Document, Grants, parsed
from tools.simulator.iam.trust import vpc_of

ADMINISTRATOR = Grants(({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},))


def refusal_of(key_id: str, account: str) -> tuple[str, str, str] | None:
    """Return why AWS does not take an access key; None if somebody has it, and may use it still.

    That is its error for query protocols, that for JSON ones, and a message. Nobody looks at
    signatures: whoever names a key is taken for its owner.
    """
    if accounts.account_of_administrator(key_id):
        return None
    role = identity.assumed_role(key_id, account)
    if role is not None and role.expiration < utcnow():
        message = "The security token included in the request is expired"
        return "ExpiredToken", "ExpiredTokenException", message
    users = list(iam_backends[account]["global"].users.values())
    keys = [key for user in users for key in user.access_keys if key.status == "Active"]
    if role is None and key_id not in {key.access_key_id for key in keys}:
        message = "The security token included in the request is invalid."
        return "InvalidClientTokenId", "UnrecognizedClientException", message
    return None


def of_caller(caller: identity.Caller) -> Grants:
    """The documents that decide for whoever signed a request."""
    if accounts.account_of_administrator(caller.access_key_id):
        return ADMINISTRATOR
    if caller.role_arn:
        return of_role(caller.role_arn)
    user = iam_backends[caller.account]["global"].get_user_from_access_key_id(caller.access_key_id)
    return Grants(tuple(_documents(user)) if user else ())


def of_role(role_arn: str) -> Grants:
    """The documents that decide for a role; none for one that does not exist."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    try:
        role = backend.get_role_by_arn(role_arn)
    except NotFoundException:
        return Grants(())
    return Grants(tuple(_documents(role)), _boundary(backend, role.permissions_boundary_arn))


def context_of(caller: identity.Caller, region: str) -> dict[str, Any]:
    """The condition keys that every request of a caller has."""
    who = resource_policies.caller(caller.arn, caller.account, caller.role_arn)
    vpc = vpc_of(caller.access_key_id)
    return {
        **who.context,
        "aws:requestedregion": region,
        "aws:viaawsservice": "false",
        **({"aws:ec2instancesourcevpc": vpc} if vpc else {}),
    }


def _documents(holder: Any) -> list[Document]:
    """The inline and attached policies of a role or user."""
    attached = [_default_version(policy) for policy in holder.managed_policies.values()]
    return [parsed(document) for document in holder.policies.values()] + attached


def _default_version(policy: ManagedPolicy) -> Document:
    return next(parsed(version.document) for version in policy.versions if version.is_default)


def _boundary(backend: IAMBackend, arn: str | None) -> dict[str, Document]:
    if not arn:
        return {}
    policy = backend.managed_policies.get(arn)
    return {"permissions boundary": _default_version(policy) if policy else {}}


@functools.cache
def _published(region: str) -> dict[str, ManagedPolicy]:
    """AWS's managed policies: moto would make all 1,582 for each account, at every reset."""
    made = [
        AWSManagedPolicy.from_data(name, accounts.DEFAULT_ACCOUNT, region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    ]
    return {policy.arn: policy for policy in made}


def install() -> None:
    """Give every account AWS's managed policies, the same objects."""
    IAMBackend._init_managed_policies = lambda self: dict(_published(self.region_name))  # noqa: SLF001
