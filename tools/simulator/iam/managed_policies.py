"""Simulator: AWS's managed policies, the same objects in every account.

moto would make all 1,582 of them for each account, at every start and every reset.
"""

import functools
import json

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy

from tools.simulator import accounts


@functools.cache
def _published(region: str) -> dict[str, ManagedPolicy]:
    made = [
        AWSManagedPolicy.from_data(name, accounts.DEFAULT_ACCOUNT, region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    ]
    return {policy.arn: policy for policy in made}


def install() -> None:
    """Give every account those policies."""
    IAMBackend._init_managed_policies = lambda self: dict(_published(self.region_name))  # noqa: SLF001
