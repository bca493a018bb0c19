"""What the tests of forgers and pipelines share: processes on EC2 instances, with a role of theirs."""

import json
import re
from typing import Any

from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from tools.simulator.client import Simulator

TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
# As IAM says it of a policy that is the resource's own, whichever service asks.
DENIED = re.compile(r"not authorized to perform: [\w:]+ on resource: \S+ with an explicit deny in a resource-based policy")  # fmt: skip


def role(simulator: Simulator, name: str, managed: str, account: str = DEFAULT_ACCOUNT) -> str:
    """Make a role that EC2 gives to instances; return its ARN."""
    iam = simulator.client("iam", account=account)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{managed}")
    return str(made["Arn"])


class Instance:
    """A process on an instance with a role: clients with the credentials that it finds there."""

    def __init__(self, simulator: Simulator, role_arn: str) -> None:
        self._simulator = simulator
        self._keys = simulator.instance_credentials(role_arn)

    def client(self, service: str, region: str = DEFAULT_REGION) -> Any:
        """Return a client that signs with them."""
        return self._simulator.client(
            service,
            region,
            aws_access_key_id=self._keys["access_key_id"],
            aws_secret_access_key=self._keys["secret_access_key"],
            aws_session_token=self._keys["session_token"],
        )
