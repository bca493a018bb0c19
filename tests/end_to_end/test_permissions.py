"""Permissions: the roles of template.yml suffice, and each of their actions is needed."""

import pytest

from tests.end_to_end.roles import CONFIGURATIONS, GROUPS, STORIES, complaints, granted, without
from tests.end_to_end.watched import Watched
from tests.support.buckets import BUCKET, OBJECT, bundle

# What Lambda itself does with a role says nothing when it is refused: something is missing then.
MISSED = {
    "logs:CreateLogStream": "no log",
    "logs:PutLogEvents": "no log",
    "sqs:SendMessage": "no dead letter",
}
# What a function does only once in its life.
AT_START = {"logs:CreateLogStream", "config:DescribeConfigRules"}


@pytest.fixture(scope="module")
def deployment(simulator):
    """A deployment that uses all that the template offers, over clusters that it knows already."""
    simulator.reset()
    account = Watched(simulator)
    account.prepare()
    key = simulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3, where = simulator.client("s3"), {"LocationConstraint": account.region}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=bundle(), **encrypted)
    simulator.client("securityhub").enable_security_hub()
    account.change(
        TopicKeyArn=key,
        OverrideScope="instances",
        ExemptionTagKey="exempt",
        SecurityHubFindings="yes",
        CertificateBundles="check",
        CertificateBuckets=f"arn:aws:s3:::{BUCKET}",
        CertificateKeyArn=key,
    )
    account.queue_url = account.subscribe("alerts")
    for output in ("FunctionArn", "LaunchCheckFunctionArn"):  # one attempt shows what is missing
        simulator.client("lambda").put_function_event_invoke_config(
            FunctionName=account.outputs[output], MaximumRetryAttempts=0
        )
    account.configure("off", on=False)
    for name, each in CONFIGURATIONS.items():
        account.configure(name, CertificateProviderType="PEM", S3Object=f"s3://{BUCKET}/{each}")
    account.known = account.launch_and_wait("known", "off", Instances=GROUPS)
    return account


@pytest.mark.parametrize("role", STORIES)
def test_the_roles_of_the_template_suffice(deployment, role):
    """With IAM enforced nothing is refused, logged as failed, or missing."""
    assert complaints(deployment, role, f"all-{role}", deployment.known, cold=True) == set()
    told = {message.document["resourceName"] for message in deployment.messages()}
    held = {f"all-{role}-held"} if role == "RuleRole" else set()
    assert told == {f"all-{role}"} | held


@pytest.mark.parametrize(("role", "action"), granted())
def test_each_action_of_a_role_is_needed(deployment, role, action):
    """Without it something fails, and says which action is missing; or a log or a letter is."""
    with without(deployment, role, action):
        name, cold = f"{role}-{action}", action in AT_START
        found = complaints(deployment, role, name, deployment.known, cold=cold)
    assert MISSED.get(action, action) in found
