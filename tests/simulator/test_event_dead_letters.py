"""What EventBridge could not deliver goes to the dead-letter queue, as far as that admits it."""

import json

from tests.simulator.messaging import (
    EVENT,
    QUEUE_POLICY,
    RULE_ARN,
    TOPIC_POLICY,
    deliveries,
    make_queue,
    make_rule,
    make_topic,
    put_event,
    received,
)
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


def test_what_was_refused_goes_to_the_targets_dead_letter_queue(aws: Simulator) -> None:
    topic = make_topic(aws)
    dead = make_queue(aws, QUEUE_POLICY)
    make_rule(aws, {"Arn": topic, "DeadLetterConfig": {"Arn": dead}})
    put_event(aws)
    (message,) = received(aws)
    assert json.loads(message["Body"])["detail"] == EVENT["detail"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told.pop("ERROR_MESSAGE")
    assert told == {"RULE_ARN": RULE_ARN, "TARGET_ARN": topic, "ERROR_CODE": "NO_PERMISSIONS"}


def test_a_dead_letter_queue_that_does_not_admit_the_rule_gets_nothing(aws: Simulator) -> None:
    make_rule(aws, {"Arn": make_topic(aws), "DeadLetterConfig": {"Arn": make_queue(aws)}})
    put_event(aws)
    (delivery,) = deliveries(aws)
    assert delivery["outcome"] == "lost"
    assert "does not admit" in delivery["dead_letter"]


def test_a_throttled_target_is_tried_again_and_then_given_up(aws: Simulator) -> None:
    aws.call("PUT", "/events", failures=2, retry_delay=0.01)
    topic, dead = make_topic(aws, TOPIC_POLICY), make_queue(aws, QUEUE_POLICY)
    target = {
        "Arn": topic,
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 2},
    }
    make_rule(aws, target)
    put_event(aws)
    assert [(one["outcome"], one["attempts"]) for one in deliveries(aws)] == [("delivered", 3)]
    aws.call("PUT", "/events", failures=3)
    put_event(aws)
    (message,) = received(aws)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THROTTLING"
    assert message["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "2"
