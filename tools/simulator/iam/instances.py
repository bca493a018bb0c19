"""Simulator: credentials of EC2 instances, as a job on a cluster finds them on its node.

What is asked for with them carries `aws:Ec2InstanceSourceVpc`; no other session does, nor does one that
they get by AssumeRole.
"""

from __future__ import annotations

from typing import Any

from tools.simulator import accounts, identity
from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.iam import trust

_INSTANCE, _VPC = "i-0a1b2c3d4e5f60718", "vpc-0a1b2c3d4e5f60718"
_vpcs: dict[str, str] = {}


def vpc_of(access_key_id: str) -> str | None:
    """Return the VPC of the instance that was given this access key; None for any other key."""
    return _vpcs.get(access_key_id)


@route("POST", "/instance-credentials")
def give(body: dict[str, Any]) -> dict[str, Any]:
    """Give an instance the credentials of a role that EC2 may assume: `{"role": "arn:..."}`."""
    role, region = body.get("role"), body.get("region", accounts.DEFAULT_REGION)
    if not isinstance(role, str) or ":role/" not in role:
        raise ControlError("role must be the ARN of a role.")
    account = role.split(":")[4]
    instance = f"arn:{role.split(':')[1]}:ec2:{region}:{account}:instance/{_INSTANCE}"
    if not trust.admits_service(role, "ec2.amazonaws.com", instance, account):
        raise ControlError(f"{role} does not exist, or does not trust ec2.amazonaws.com.")
    made = identity.assume_role(role, region, _INSTANCE)
    _vpcs[made.access_key_id] = _VPC
    return made._asdict()


on_reset(_vpcs.clear)
