"""The simulator's SNS brings messages where AWS would, and tells nobody when it cannot."""

import json

import pytest

from tests.simulator.messaging import (
    admit,
    make_queue,
    make_topic,
    received,
)
from tools.simulator.client import Simulator

OTHER = "210987654321"


def subscribe_queue(aws: Simulator, topic: str, **attributes: str) -> None:
    queue = make_queue(
        aws,
        admit("sns", "sqs:SendMessage", Condition={"ArnEquals": {"aws:SourceArn": topic}}),
    )
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes
    )


def test_a_queue_gets_the_envelope_with_subject_and_attributes(aws: Simulator) -> None:
    topic = make_topic(aws)
    subscribe_queue(aws, topic)
    array = {"reasons": {"DataType": "String.Array", "StringValue": '["A", "B"]'}}
    aws.client("sns").publish(
        TopicArn=topic,
        Message='{"default": "d", "sqs": "for machines"}',
        MessageStructure="json",
        Subject="s",
        MessageAttributes=array,
    )
    (message,) = received(aws)
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
    assert (envelope["Message"], envelope["Subject"]) == ("for machines", "s")
    assert envelope["MessageAttributes"] == {
        "reasons": {"Type": "String.Array", "Value": '["A", "B"]'}
    }


def test_raw_delivery_gives_the_message_and_its_attributes_alone(aws: Simulator) -> None:
    topic = make_topic(aws)
    subscribe_queue(aws, topic, RawMessageDelivery="true")
    attribute = {"a": {"DataType": "String", "StringValue": "1"}}
    aws.client("sns").publish(TopicArn=topic, Message="raw", MessageAttributes=attribute)
    (message,) = received(aws)
    assert message["Body"] == "raw"
    assert message["MessageAttributes"]["a"]["StringValue"] == "1"


@pytest.mark.parametrize(
    ("value", "comes"), [('["A", "B"]', True), ('["B"]', True), ('["C"]', False), ("[]", False)]
)
def test_a_filter_on_an_array_looks_for_any_of_its_members(
    aws: Simulator, value: str, comes: bool
) -> None:
    topic = make_topic(aws)
    subscribe_queue(aws, topic, FilterPolicy=json.dumps({"reasons": ["B"]}))
    array = {"reasons": {"DataType": "String.Array", "StringValue": value}}
    aws.client("sns").publish(TopicArn=topic, Message="m", MessageAttributes=array)
    assert bool(received(aws)) is comes


def test_a_queue_that_does_not_admit_the_topic_gets_nothing_and_nobody_is_told(
    aws: Simulator,
) -> None:
    topic = make_topic(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue(aws))
    aws.client("sns").publish(TopicArn=topic, Message="m")
    assert received(aws) == []
    (entry,) = aws.call("GET", "/topics")
    assert entry["deliveries"][0]["outcome"] == "failed"
    assert entry["deliveries"][0]["code"] == "NO_PERMISSIONS"


def test_what_cannot_be_delivered_goes_to_the_subscriptions_own_dead_letter_queue(
    aws: Simulator,
) -> None:
    topic = make_topic(aws)
    dead = make_queue(aws, admit("sns", "sqs:SendMessage"), "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    aws.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=make_queue(aws),
        Attributes={"RedrivePolicy": redrive},
    )
    aws.client("sns").publish(TopicArn=topic, Message="m")
    (message,) = received(aws, "dead")
    assert json.loads(message["Body"])["Message"] == "m"
