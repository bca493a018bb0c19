"""The simulator's alarms publish when somebody sets them, only where CloudWatch may."""

import pytest

from tests.simulator.messaging import admit, make_key, make_topic
from tests.simulator.throwaway import ACCOUNT

ALARM = {
    "AlarmName": "a",
    "AlarmDescription": "what to do",
    "Namespace": "Mine",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
ALARM_ARN = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:a"


def put_alarm(aws, *actions, **settings):
    """Make the alarm `a` with these actions."""
    aws.client("cloudwatch").put_metric_alarm(**(ALARM | settings), AlarmActions=list(actions))


def by_hand(aws, state="ALARM", name="a"):
    """Set the state of the one alarm, and return what became of its actions."""
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="Set by hand."
    )
    (alarm,) = aws.alarms()
    return alarm["actions"]


def test_a_new_alarm_knows_nothing_and_a_changed_one_keeps_its_state(aws):
    put_alarm(aws)
    assert aws.alarms()[0]["state"] == "INSUFFICIENT_DATA"
    by_hand(aws)
    put_alarm(aws, Threshold=2.0)
    assert aws.alarms()[0]["state"] == "ALARM"


@pytest.mark.parametrize(("service", "published"), [("cloudwatch", True), ("events", False)])
def test_an_alarm_publishes_where_the_topic_policy_admits_it(aws, service, published):
    mine = {"Condition": {"ArnLike": {"aws:SourceArn": ALARM_ARN[:-1] + "*"}}}
    put_alarm(aws, make_topic(aws, admit(service, "sns:Publish", **mine)))
    (action,) = by_hand(aws)
    assert action["outcome"] == ("published" if published else "failed")
    assert bool(aws.topics()) is published


def test_an_alarm_publishes_under_a_customer_key_that_admits_cloudwatch(aws):
    """And under no other, nor under the key that AWS manages."""
    put_alarm(aws, make_topic(aws, KmsMasterKeyId="alias/aws/sns"))
    assert by_hand(aws)[0]["code"] == "KMSAccessDenied"
    key = make_key(aws, admit("cloudwatch", ["kms:Decrypt", "kms:GenerateDataKey*"]))
    put_alarm(aws, make_topic(aws, name="open", KmsMasterKeyId=key))
    by_hand(aws, "OK")
    assert by_hand(aws)[0]["outcome"] == "published"


def test_people_get_the_alarm_as_text(aws):
    topic = make_topic(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    put_alarm(aws, topic)
    by_hand(aws)
    (mail,) = aws.inbox()
    assert mail["subject"] == 'ALARM: "a" in eu-west-1'
    assert "what to do" in mail["body"]
    assert "INSUFFICIENT_DATA -> ALARM" in mail["body"]
    put_alarm(aws, topic, AlarmName="a" * 200)  # SNS takes no subject as long as that
    aws.client("cloudwatch").delete_alarms(AlarmNames=["a"])
    assert by_hand(aws, name="a" * 200)[0]["outcome"] == "published"


def test_an_alarm_acts_when_its_state_changes_and_then_only(aws):
    put_alarm(aws, make_topic(aws), OKActions=[make_topic(aws, name="ok")])
    for state in ("ALARM", "ALARM", "OK", "ALARM"):
        by_hand(aws, state)
    assert [entry["topic"].split(":")[-1] for entry in aws.topics()] == ["t", "ok", "t"]
    put_alarm(aws, make_topic(aws), ActionsEnabled=False)
    by_hand(aws, "OK")
    assert by_hand(aws) == []
