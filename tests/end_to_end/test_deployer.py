"""rdk-config/deployer-policy.json: whoever has it can deploy, change and remove the stack, and no more."""

import json
import re

import boto3
import pytest

from tests.test_tools import run
from tools.account import BUCKET, STACK, Account
from tools.package import ROOT
from tools.simulator.accounts import DEFAULT_ACCOUNT
from tools.simulator.iam.authorization import matching
from tools.simulator.iam.policies import listed

POLICY = json.loads(
    (ROOT / "rdk-config" / "deployer-policy.json")
    .read_text()
    .replace("111122223333", DEFAULT_ACCOUNT)
    .replace("example-code*", f"{BUCKET}*")
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def deployer(aws):
    """Runs make's commands as a role with that policy alone."""
    Account(aws).prepare()
    iam = aws.client("iam")
    made = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="deployer", PolicyName="deploy", PolicyDocument=json.dumps(POLICY))
    held = aws.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="deploying")[
        "Credentials"
    ]
    keys = {
        "AWS_ACCESS_KEY_ID": held["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": held["SecretAccessKey"],
        "AWS_SESSION_TOKEN": held["SessionToken"],
    }

    def deploy(*arguments):
        environment = aws.environment() | keys
        return run("tools.deploy", "--bucket", BUCKET, *arguments, **environment)

    deploy.client = boto3.Session(**{key.lower(): value for key, value in keys.items()}).client(
        "cloudformation", region_name="eu-west-1", endpoint_url=aws.url
    )
    return deploy


def test_it_suffices_to_make_change_and_remove_the_stack(deployer, aws):
    """With an email, tags, a change of parameters and a switch of the rules."""
    for given in (
        ["AlertEmail=oncall@example.com"],
        ["--tags", "team=sec", "Coverage=complete", "LogRetentionDays=30"],
        ["CreateRules=no", "Coverage=configured"],
    ):
        done = deployer(*given)
        assert (done.stderr, done.returncode) == ("", 0)
    deployer.client.delete_stack(StackName=STACK)
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []


def test_another_stack_is_not_its_business(deployer):
    refused = deployer("--stack", "payroll")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Cannot deploy: access denied: DescribeStacks")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("statement", POLICY["Statement"], ids=lambda one: one["Sid"])
def test_each_action_exists_and_takes_its_resource(statement):
    """In AWS a grant on a resource that an action does not take is none."""
    for name in listed(statement["Action"]):
        (action,) = matching(name)
        assert action.name == name
        assert any(action.takes(each) for each in listed(statement["Resource"]))
        if statement["Resource"] == "*":
            assert not action.formats or re.match("cloudformation:|sns:", name)
