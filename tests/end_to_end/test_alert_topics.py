"""Where alerts go: a topic elsewhere under a key of its own, and filters that machines set."""

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.watched import Watched
from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"
SECURITY, REGION = "999988887777", "us-east-1"


def admit(principal, *actions):
    """Make a policy that lets somebody do something with what it belongs to."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def elsewhere(simulator):
    """A deployment whose alerts go to a topic under a KMS key, of another account and Region."""
    simulator.reset()
    functions = {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"}
    key = simulator.client("kms", REGION, SECURITY).create_key(
        Policy=admit(functions, "kms:GenerateDataKey", "kms:Decrypt"),
        BypassPolicyLockoutSafetyCheck=True,
    )["KeyMetadata"]["Arn"]
    sns = simulator.client("sns", REGION, SECURITY)
    settings = {"KmsMasterKeyId": key, "Policy": admit(functions, "sns:Publish")}
    topic = sns.create_topic(Name="security", Attributes=settings)["TopicArn"]
    watched = Watched(simulator)
    watched.prepare()
    watched.change(AlertTopicArn=topic, TopicKeyArn=key)
    watched.queue_url = watched.subscribe("alerts")
    return watched


def test_alerts_reach_an_existing_topic_of_another_account_and_region(elsewhere):
    """SNS is asked in the topic's own Region, by roles that may use the topic and its key."""
    assert elsewhere.outputs["AlertTopicArn"] == f"arn:aws:sns:{REGION}:{SECURITY}:security"
    cluster = elsewhere.launch_and_wait("far-away")
    elsewhere.configure("off", on=False)
    told = {message.document["resourceId"] for message in elsewhere.messages()}
    assert told == {cluster, "off"}
    assert elsewhere.sweep()["ok"]
    topics = elsewhere.simulator.client("sns").list_topics()["Topics"]
    assert len(topics) == 1
    assert "OperationsTopic" in topics[0]["TopicArn"]


def test_an_existing_topic_keeps_its_own_subscriptions(elsewhere):
    """The stack subscribes nobody to what it does not own; alarms still reach the person on call."""
    subscriptions = elsewhere.simulator.client("sns").list_subscriptions()["Subscriptions"]
    assert [each["TopicArn"] for each in subscriptions] == [elsewhere.outputs["OperationsTopicArn"]]


def test_a_topic_that_does_not_admit_the_functions_is_an_error_and_no_silence(elsewhere):
    """The deployment cannot see another account's policies; the first alert does."""
    sns = elsewhere.simulator.client("sns", REGION, SECURITY)
    topic = elsewhere.outputs["AlertTopicArn"]
    someone = {"AWS": f"arn:aws:iam::{SECURITY}:root"}
    admitted = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    for policy, is_delivered in ((admit(someone, "sns:Publish"), False), (admitted, True)):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        elsewhere.simulator.clear_invocations()
        elsewhere.launch_and_wait("far-away")
        runs = elsewhere.runs("LaunchCheckFunctionArn")
        assert runs[0]["ok"] is is_delivered
        assert len(elsewhere.messages()) == is_delivered


FILTERS = {
    "by Region": ({"region": [DEFAULT_REGION]}, ["bare", "hive", "off", "old"]),
    "by another Region": ({"region": ["us-east-1"]}, []),
    "by reason": ({"reasons": ["ENCRYPTION_OVERRIDDEN"]}, ["hive"]),
    "by one of several reasons": ({"reasons": ["RELEASE_WITHOUT_SUPPORT"]}, ["old"]),
    "by both": (
        {"region": [DEFAULT_REGION], "reasons": ["NO_SECURITY_CONFIGURATION"]},
        ["bare", "old"],
    ),
    "by who detected it": ({"detectedBy": [{"anything-but": ["LAUNCH_CHECK"]}]}, ["off"]),
}


def policy_of_the_page():
    """Return the filter policy that docs/alerts.md gives as its example."""
    return json.loads(re.search(r"```json\n(\{\"resourceType.*\})\n```", PAGE.read_text())[1])


@pytest.fixture(scope="module")
def filtered(simulator):
    """Alerts of every kind, and for each filter policy the names of what came to its queue."""
    watched = Watched.deployed(simulator)
    policies = {name: policy for name, (policy, _) in FILTERS.items()} | {
        "page": policy_of_the_page()
    }
    queues = {
        name: watched.subscribe(f"queue-{number}", FilterPolicy=json.dumps(policy))
        for number, (name, policy) in enumerate(policies.items())
    }
    good = watched.configure("good")
    hive = {"Classification": "hive-site", "Properties": {"hive.metastore.use.SSL": "false"}}
    watched.launch_and_wait("hive", good, applications=("Hive",), Configurations=[hive])
    watched.launch_and_wait("bare")
    watched.launch_and_wait("old", AmiVersion="3.11.0")
    watched.configure("off", on=False)
    return watched, queues


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_policy_passes_what_it_names(filtered, name):
    """Machines choose by message attributes; nobody has to read a document to throw it away."""
    watched, queues = filtered
    told = sorted(each.document["resourceName"] for each in watched.messages(queues[name]))
    assert told == FILTERS[name][1]


def test_the_filter_policy_of_the_page_does_what_it_says(filtered):
    """It passes clusters without any security configuration, and nothing else."""
    watched, queues = filtered
    watched.change(AcceptedOverrides="hive-site/hive.metastore.use.SSL")
    (resolved,) = [each for each in watched.messages() if each.document["kind"] == "resolved"]
    assert resolved.document["resourceName"] == "hive"
    told = {each.document["resourceName"] for each in watched.messages(queues["page"])}
    assert told == {"bare", "old"}
