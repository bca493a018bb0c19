"""Simulator: trust policies: who may assume a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from tools.simulator.iam import resource_policies
from tools.simulator.iam.policies import listed, parsed

if TYPE_CHECKING:
    from tools.simulator.identity import Caller

_ACTION = "sts:AssumeRole"


def admits(role_arn: str, caller: Caller, external_id: str | None = None) -> bool:
    """Return whether the role's trust policy admits a caller."""
    who = resource_policies.caller(caller.arn, caller.account, caller.role_arn)
    extra = {"sts:externalid": external_id} if external_id else {}
    known = resource_policies.Principal(who.name, who.account, {**who.context, **extra}, who.arns)
    return _admits(role_arn, known)


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
    return resource_policies.decide({"Statement": statements}, who, _ACTION, role_arn).allowed
