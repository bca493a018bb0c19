"""The simulator's alarms publish only where CloudWatch may."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.alarming import ALARM_ARN, by_hand, put_alarm
from tests.simulator.messaging import (
    admit,
    make_key,
    make_topic,
)
from tools.simulator.client import Simulator


def test_a_new_alarm_knows_nothing_and_a_changed_one_keeps_its_state(aws: Simulator) -> None:
    put_alarm(aws)
    assert aws.call("GET", "/alarms")[0]["state"] == "INSUFFICIENT_DATA"
    by_hand(aws)
    put_alarm(aws, Threshold=2.0)
    assert aws.call("GET", "/alarms")[0]["state"] == "ALARM"


@pytest.mark.parametrize(
    ("rule", "admitted", "published"),
    [
        ("SNS's default policy admits the account's alarms", None, True),
        ("a policy for the alarm", admit("cloudwatch", "sns:Publish"), True),
        (
            "for this alarm by its ARN",
            admit(
                "cloudwatch",
                "sns:Publish",
                Condition={"ArnLike": {"aws:SourceArn": ALARM_ARN[:-1] + "*"}},
            ),
            True,
        ),
        (
            "for another account's alarms",
            admit(
                "cloudwatch",
                "sns:Publish",
                Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}},
            ),
            False,
        ),
        ("for EventBridge only", admit("events", "sns:Publish"), False),
    ],
)
def test_an_alarm_publishes_where_the_topic_policy_admits_it(
    aws: Simulator, rule: str, admitted: dict[str, Any] | None, published: bool
) -> None:
    put_alarm(aws, make_topic(aws, admitted))
    (action,) = by_hand(aws)
    assert action["outcome"] == ("published" if published else "failed"), rule
    assert bool(aws.call("GET", "/topics")) is published, rule


def test_an_alarm_cannot_publish_under_the_aws_managed_key(aws: Simulator) -> None:
    put_alarm(aws, make_topic(aws, KmsMasterKeyId="alias/aws/sns"))
    (action,) = by_hand(aws)
    assert (action["outcome"], action["code"]) == ("failed", "KMSAccessDenied")


def test_an_alarm_publishes_under_a_customer_key_that_admits_cloudwatch(aws: Simulator) -> None:
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    put_alarm(aws, make_topic(aws, KmsMasterKeyId=make_key(aws)))
    assert by_hand(aws)[0]["code"] == "KMSAccessDenied"
    key = make_key(aws, admit("cloudwatch", use))
    put_alarm(aws, make_topic(aws, name="open", KmsMasterKeyId=key))
    by_hand(aws, "OK")
    assert by_hand(aws)[0]["outcome"] == "published"


def test_people_get_the_alarm_as_text_and_machines_as_json(aws: Simulator) -> None:
    topic = make_topic(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    put_alarm(aws, topic)
    by_hand(aws)
    (mail,) = aws.call("GET", "/inbox")
    assert mail["subject"] == 'ALARM: "a" in Europe (Ireland)'
    assert "what to do" in mail["body"]
    assert "Set by hand." in mail["body"]
    document = json.loads(json.loads(aws.call("GET", "/topics")[0]["message"])["default"])
    assert (document["OldStateValue"], document["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert (document["AlarmArn"], document["Trigger"]["MetricName"]) == (ALARM_ARN, "m")


def test_a_long_name_does_not_keep_an_alarm_from_publishing(aws: Simulator) -> None:
    put_alarm(aws, make_topic(aws), AlarmName="a" * 200)
    (action,) = by_hand(aws, name="a" * 200)
    assert action["outcome"] == "published"


def test_an_alarm_acts_when_its_state_changes_and_then_only(aws: Simulator) -> None:
    put_alarm(aws, make_topic(aws), OKActions=[make_topic(aws, name="ok")])
    for state in ("ALARM", "ALARM", "OK", "ALARM"):
        by_hand(aws, state)
    topics = [entry["topic"].split(":")[-1] for entry in aws.call("GET", "/topics")]
    assert topics == ["t", "ok", "t"]


def test_an_alarm_whose_actions_are_off_publishes_nothing(aws: Simulator) -> None:
    put_alarm(aws, make_topic(aws), ActionsEnabled=False)
    assert by_hand(aws) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"Period": 45},
        {"Period": 1800, "EvaluationPeriods": 49},
        {"Period": 86_400, "EvaluationPeriods": 8},
        {"DatapointsToAlarm": 2},
        {"TreatMissingData": "sometimes"},
        {"OKActions": ["arn:aws:sns:us-east-1:123456789012:elsewhere"]},
        {"OKActions": ["no-arn"]},
        {"Unit": "Count"},
    ],
)
def test_an_alarm_that_aws_or_the_simulator_cannot_have_is_refused(
    aws: Simulator, settings: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        put_alarm(aws, **settings)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert aws.call("GET", "/alarms") == []
