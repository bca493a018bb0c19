"""The topic: what SNS gets, in a form that it takes, and what its refusal is taken for."""

import json
from bisect import bisect_left

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from emr_in_transit.alerting.messages import (
    MESSAGE_LIMIT,
    attributes,
    document,
    email,
    fits,
    message,
    subject,
)
from emr_in_transit.aws.errors import PublishError
from emr_in_transit.aws.topic import Topic, topic_region
from emr_in_transit.judgement.verdict import Finding, verdict_of
from tests.support.builders import (
    ACCOUNT,
    BARE,
    GOOD,
    OLD,
    REGION,
    Inbox,
    alert,
    client,
    judged,
    many,
    on,
    unreachable,
    violating,
)

ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
# What SNS takes (SNS API, Publish).
SNS_TAKES = 256 * 1024
HOSTILE = 'a"b\n<b>\ud800\U0001f525\u202e' * 10


@pytest.fixture
def inbox():
    with mock_aws():
        yield Inbox()


def test_machines_get_the_document_and_people_the_text(inbox):
    """By email comes what a person reads; by every other protocol JSON."""
    Topic(client("sns"), inbox.arn).publish(message(alert()))
    assert inbox.documents == [document(alert())]
    assert inbox.emails == [email(alert())]


@pytest.mark.parametrize("told", [alert(), alert(judged(GOOD)), alert(*many(12))])
def test_sns_gets_subject_structure_and_typed_attributes(told):
    """A list is a String.Array, which is JSON; every value is a text that is not empty."""
    sent = []

    def remember(params, **_):
        sent.append(params)

    with Stubber(client("sns")) as stubber:
        stubber.add_response(
            "publish",
            {},
            {
                "TopicArn": ARN,
                "Subject": subject(told),
                "Message": ANY,
                "MessageStructure": "json",
                "MessageAttributes": ANY,
            },
        )
        with on("sns", "provide-client-params.sns.Publish", remember):
            Topic(client("sns"), ARN).publish(message(told))
    assert sent[0]["Message"] == message(told).body
    typed = sent[0]["MessageAttributes"]
    assert typed.keys() == attributes(told).keys()
    assert {name: each["DataType"] for name, each in typed.items()} == {
        "account": "String",
        "region": "String",
        "resourceType": "String",
        "complianceType": "String",
        "reasons": "String.Array",
        "detectedBy": "String",
    }
    assert all(each["StringValue"] for each in typed.values())
    assert json.loads(typed["reasons"]["StringValue"]) == (
        ["NONE"] if told.kind == "resolved" else [BARE.value]
    )


def test_a_filter_policy_picks_messages_by_reason(inbox):
    """A team subscribes to what it can fix."""
    queue = client("sqs").create_queue(QueueName="team")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    client("sns").subscribe(
        TopicArn=inbox.arn,
        Protocol="sqs",
        Endpoint=arn["Attributes"]["QueueArn"],
        Attributes={
            "FilterPolicy": json.dumps({"reasons": [OLD.value], "region": [REGION]}),
            "RawMessageDelivery": "true",
        },
    )
    topic = Topic(client("sns"), inbox.arn)
    for reasons, alert_id in [([BARE], "a"), ([BARE, OLD], "b"), ([OLD], "c")]:
        topic.publish(message(alert(judged(violating(*reasons)), alert_id=alert_id)))
    got = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(each["Body"])["alertId"] for each in got] == ["b", "c"]


def test_names_that_no_encoding_has_reach_machines_as_they_are(inbox):
    """Half of a surrogate pair cannot be sent as it is; as an escape it can."""
    told = alert(judged(name=HOSTILE))
    assert message(told).body.isascii()
    Topic(client("sns"), inbox.arn).publish(message(told))
    assert inbox.documents[0]["resourceName"] == HOSTILE


def wide(count):
    """Make a digest over so many clusters of which each has much to say."""
    verdict = verdict_of([Finding(BARE, "detail " * 20)], "")
    return alert(*many(count, verdict, name=HOSTILE, launched_by="a" * 200))


def test_what_fits_is_within_what_sns_takes_with_its_attributes():
    """The limit holds for the message as it is sent, in bytes, attributes included."""
    count = bisect_left(range(500), 1, lo=10, key=lambda n: not fits(message(wide(n)))) - 1
    told = wide(count)
    assert fits(message(told))
    assert len(message(told).body.encode()) <= MESSAGE_LIMIT
    assert len(message(wide(count + 1)).body.encode()) > MESSAGE_LIMIT
    longest = json.dumps(dict.fromkeys(("account", "region"), "x" * 200))
    assert MESSAGE_LIMIT + len(subject(told)) + len(longest) * 8 < SNS_TAKES


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (ARN, REGION),
        ("arn:aws-cn:sns:cn-north-1:444455556666:alerts", "cn-north-1"),
        ("arn:aws:sns:us-east-1:444455556666:alerts.fifo", "us-east-1"),
    ],
)
def test_the_region_of_a_topic_is_that_of_its_arn(arn, region):
    """SNS publishes only there, wherever the function runs."""
    assert topic_region(arn) == region


@pytest.mark.parametrize("code", ["AuthorizationError", "Throttled", "KMSAccessDenied", "NotFound"])
def test_a_refusal_is_a_publish_error(code):
    """It names the cause, so that the log and the alarm lead to it."""
    with Stubber(client("sns")) as stubber:
        stubber.add_client_error("publish", code, "no")
        with pytest.raises(PublishError, match=f"Publish: {code}: no"):
            Topic(client("sns"), ARN).publish(message(alert()))


def test_no_answer_is_a_publish_error():
    """A network that is down is told as what it is."""
    with unreachable("sns"), pytest.raises(PublishError, match="EndpointConnectionError"):
        Topic(client("sns"), ARN).publish(message(alert()))


@pytest.mark.parametrize(("confirmed", "nobody"), [(0, True), (1, False), (2, False)])
def test_a_topic_without_a_confirmed_subscription_has_no_reader(inbox, confirmed, nobody):
    """SNS takes the message, and delivers it to nobody."""
    inbox.count(confirmed=confirmed)
    assert Topic(client("sns"), inbox.arn).has_no_reader() is nobody


def test_what_sns_does_not_tell_of_readers_holds_nothing_back(caplog):
    """The topic of another account, an outage, half an answer: the alert goes out."""
    caplog.set_level("INFO")
    with Stubber(client("sns")) as stubber:
        stubber.add_client_error("get_topic_attributes", "AuthorizationError")
        stubber.add_response(
            "get_topic_attributes", {"Attributes": {"SubscriptionsPending": "1"}}, {"TopicArn": ARN}
        )
        topic = Topic(client("sns"), ARN)
        assert [topic.has_no_reader() for _ in range(2)] == [False, False]
    with unreachable("sns"):
        assert topic.has_no_reader() is False
    first, second, third = (each.why for each in caplog.records)
    assert first.startswith("GetTopicAttributes: AuthorizationError")
    assert second == "GetTopicAttributes: answered without 'SubscriptionsConfirmed'"
    assert "EndpointConnectionError" in third
