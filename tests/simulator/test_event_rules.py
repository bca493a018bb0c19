"""The simulator's EventBridge matches rules as AWS does; events can be lost, doubled and late."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.messaging import (
    EVENT,
    PATTERN,
    QUEUE_POLICY,
    TOPIC_POLICY,
    make_queue,
    make_rule,
    make_topic,
    outcomes,
    put_event,
    received,
)
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


def test_every_target_of_a_rule_gets_its_own_form_of_the_event(aws: Simulator) -> None:
    paths = {"name": "$.detail.name"}
    transformer = {"InputTemplate": '"Cluster <name>."', "InputPathsMap": paths}
    make_rule(
        aws,
        {"Arn": make_topic(aws, TOPIC_POLICY), "InputTransformer": transformer},
        {"Arn": make_queue(aws, QUEUE_POLICY), "InputPath": "$.detail"},
    )
    put_event(aws)
    (message,) = received(aws)
    assert json.loads(message["Body"]) == EVENT["detail"]
    assert [entry["message"] for entry in aws.call("GET", "/topics")] == ['"Cluster n."']


@pytest.mark.parametrize(
    "pattern", [PATTERN | {"detail": {"state": ["WAITING"]}}, {"source": ["aws.config"]}]
)
def test_a_rule_that_does_not_match_gets_nothing(aws: Simulator, pattern: dict[str, Any]) -> None:
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)}, pattern=pattern)
    put_event(aws)
    assert outcomes(aws) == []


def test_a_rule_that_is_off_gets_nothing(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)})
    aws.client("events").disable_rule(Name="r")
    put_event(aws)
    assert outcomes(aws) == []


def test_only_aws_may_put_events_of_aws(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)}, pattern={"source": ["mine", "aws.emr"]})
    entries = [
        {"Source": source, "DetailType": "T", "Detail": "{}"} for source in ("aws.emr", "mine")
    ]
    answer = aws.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    (message,) = received(aws)
    assert json.loads(message["Body"])["source"] == "mine"
    assert json.loads(message["Body"])["id"] == answer["Entries"][1]["EventId"]


def test_a_rule_has_five_targets_at_most(aws: Simulator) -> None:
    queue = make_queue(aws, QUEUE_POLICY)
    with pytest.raises(ClientError) as caught:
        make_rule(aws, *({"Arn": queue} for _ in range(6)))
    assert caught.value.response["Error"]["Code"] == "LimitExceededException"


def test_put_targets_refuses_a_bad_transformer(aws: Simulator) -> None:
    transformer = {"InputTemplate": "no quotes"}
    with pytest.raises(ClientError) as caught:
        make_rule(aws, {"Arn": make_queue(aws), "InputTransformer": transformer})
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_events_can_be_lost_doubled_and_late(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)})
    aws.call("PUT", "/events", drop=True)
    put_event(aws)
    assert received(aws) == []
    aws.call("PUT", "/events", drop=False, duplicates=2, delay=0.2)
    put_event(aws)
    assert aws.call("GET", "/events")[-1]["deliveries"] == []
    ids = {json.loads(message["Body"])["id"] for message in received(aws)}
    assert len(ids) == 1
    assert [one["copies"] for one in aws.call("GET", "/events")] == [0, 3]


def test_events_can_come_out_of_order(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_topic(aws, TOPIC_POLICY)})
    aws.call("PUT", "/events", shuffle=True)
    for number in range(6):
        put_event(aws, detail={"n": number})
    aws.settle()
    came = [json.loads(entry["message"])["detail"]["n"] for entry in aws.call("GET", "/topics")]
    assert sorted(came) == list(range(6))
    assert came != sorted(came)
