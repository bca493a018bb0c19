"""The simulator's EventBridge delivers where AWS would, and says why it did not."""

import json
from typing import Any

import pytest

from tests.simulator.messaging import (
    EVENT,
    FROM_RULE,
    QUEUE_POLICY,
    REGION,
    RULE_ARN,
    TOPIC_POLICY,
    admit,
    make_key,
    make_queue,
    make_rule,
    make_topic,
    outcomes,
    policy,
    put_event,
    received,
)
from tests.simulator.throwaway import ACCOUNT, make_function
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


def admit_events(aws: Simulator, source: str = RULE_ARN) -> None:
    aws.client("lambda").add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )


def test_an_event_has_everything_that_aws_puts_into_it(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)})
    put_event(aws)
    (message,) = received(aws)
    event = json.loads(message["Body"])
    assert event.pop("id")
    assert event.pop("time").endswith("Z")
    assert event == EVENT | {
        "version": "0",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [],
    }


def test_a_function_runs_with_the_event_if_its_policy_admits_the_rule(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_function(aws, ECHO)})
    admit_events(aws)
    put_event(aws)
    assert outcomes(aws) == [("delivered", None)]
    (run,) = aws.call("GET", "/invocations")
    assert run["payload"]["detail"] == EVENT["detail"]


@pytest.mark.parametrize("source", [None, RULE_ARN + "-other"])
def test_a_function_that_does_not_admit_the_rule_is_not_run(
    aws: Simulator, source: str | None
) -> None:
    make_rule(aws, {"Arn": make_function(aws, ECHO)})
    if source:
        admit_events(aws, source)
    put_event(aws)
    assert outcomes(aws) == [("lost", "NO_PERMISSIONS")]
    assert aws.call("GET", "/invocations") == []


@pytest.mark.parametrize(
    ("rule", "admitted", "delivered"),
    [
        ("SNS's default policy does not admit EventBridge", None, False),
        ("a policy with the rule's ARN does", TOPIC_POLICY, True),
        (
            "one with another rule's ARN does not",
            admit(
                "events",
                "sns:Publish",
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/other*"}},
            ),
            False,
        ),
        (
            "one with the account does",
            admit(
                "events",
                "sns:Publish",
                Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            ),
            True,
        ),
        ("one for another service does not", admit("cloudwatch", "sns:Publish"), False),
        (
            "one with a condition that nobody here can judge does not",
            admit(
                "events",
                "sns:Publish",
                Condition={"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
            ),
            False,
        ),
    ],
)
def test_a_topic_gets_the_event_if_its_policy_admits_the_rule(
    aws: Simulator, rule: str, admitted: dict[str, Any] | None, delivered: bool
) -> None:
    make_rule(aws, {"Arn": make_topic(aws, admitted)})
    put_event(aws)
    assert [one[0] for one in outcomes(aws)] == ["delivered" if delivered else "lost"], rule
    assert bool(aws.call("GET", "/topics")) is delivered, rule


def test_a_deny_goes_before_an_allow(aws: Simulator) -> None:
    both = admit("events", "sns:Publish")
    both["Statement"] += policy("*", "sns:Publish", Effect="Deny")["Statement"]
    make_rule(aws, {"Arn": make_topic(aws, both)})
    put_event(aws)
    assert outcomes(aws) == [("lost", "NO_PERMISSIONS")]


def test_a_topic_under_the_aws_managed_key_gets_nothing(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_topic(aws, TOPIC_POLICY, KmsMasterKeyId="alias/aws/sns")})
    put_event(aws)
    assert outcomes(aws) == [("lost", "KMSAccessDenied")]


@pytest.mark.parametrize(
    ("rule", "statements", "delivered"),
    [
        ("the account's own statement is not for services", [], False),
        ("the key admits EventBridge", [{}], True),
        ("conditions on the source never hold", [{"Condition": FROM_RULE}], False),
    ],
)
def test_a_topic_under_a_customer_key_needs_the_keys_policy(
    aws: Simulator, rule: str, statements: list[dict[str, Any]], delivered: bool
) -> None:
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    key = make_key(aws, *(admit("events", use, **statement) for statement in statements))
    make_rule(aws, {"Arn": make_topic(aws, TOPIC_POLICY, KmsMasterKeyId=key)})
    put_event(aws)
    assert [one[0] for one in outcomes(aws)] == ["delivered" if delivered else "lost"], rule


@pytest.mark.parametrize(("admitted", "outcome"), [(False, "lost"), (True, "delivered")])
def test_an_encrypted_queue_needs_its_key_to_admit_eventbridge(
    aws: Simulator, admitted: bool, outcome: str
) -> None:
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    key = make_key(aws, *([admit("events", use)] if admitted else []))
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY, KmsMasterKeyId=key)})
    put_event(aws)
    assert [one[0] for one in outcomes(aws)] == [outcome]
