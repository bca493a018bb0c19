"""Simulator: who may assume a role, and the credentials that an EC2 instance has of one."""

from dataclasses import replace
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from tools.simulator import accounts, identity
from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.iam import resource_policies
from tools.simulator.iam.policies import listed, parsed
from tools.simulator.identity import Caller

_INSTANCE, _VPC = "i-0a1b2c3d4e5f60718", "vpc-0a1b2c3d4e5f60718"
_vpcs: dict[str, str] = {}
on_reset(_vpcs.clear)


def admits(role_arn: str, caller: Caller, external_id: str | None) -> bool:
    """Return whether the role's trust policy admits a caller, with the external id that it gives."""
    who = resource_policies.caller(caller.arn, caller.account, caller.role_arn)
    if external_id is not None:
        who = replace(who, context={**who.context, "sts:externalid": external_id})
    return _admits(role_arn, who)


def admits_service(role_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """Return whether the role's trust policy admits an AWS service acting for that source."""
    return _admits(role_arn, resource_policies.service(service, source_arn, source_account))


def _admits(role_arn: str, who: resource_policies.Principal) -> bool:
    backend = iam_backends[role_arn.split(":")[4]][role_arn.split(":")[1]]
    try:
        role = backend.get_role_by_arn(role_arn)
    except NotFoundException:
        return False
    # A trust policy names no resource: it is the role's own.
    statements = [
        {**statement, "Resource": "*"}
        for statement in listed(parsed(role.assume_role_policy_document).get("Statement"))
    ]
    policy = {"Statement": statements}
    return resource_policies.decide(policy, who, "sts:AssumeRole", role_arn).allowed


def vpc_of(access_key_id: str) -> str | None:
    """Return the VPC of the instance that was given this access key; None for any other key.

    What is asked for with it carries `aws:Ec2InstanceSourceVpc`; no other session does, nor does one
    that an instance gets by AssumeRole.
    """
    return _vpcs.get(access_key_id)


@route("POST", "/instance-credentials")
def give(body: dict[str, Any]) -> dict[str, Any]:
    """Give an instance the credentials of a role that EC2 may assume: `{"role": "arn:..."}`."""
    role, region = body.get("role"), body.get("region", accounts.DEFAULT_REGION)
    if not isinstance(role, str) or ":role/" not in role:
        raise ControlError("role must be the ARN of a role.")
    account = role.split(":")[4]
    instance = f"arn:{role.split(':')[1]}:ec2:{region}:{account}:instance/{_INSTANCE}"
    if not admits_service(role, "ec2.amazonaws.com", instance, account):
        raise ControlError(f"{role} does not exist, or does not trust ec2.amazonaws.com.")
    made = identity.assume_role(role, region, _INSTANCE)
    _vpcs[made.access_key_id] = _VPC
    return made._asdict()
