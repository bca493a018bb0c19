"""Topics, subscriptions, policies, rules and alarms of a stack do what those of the APIs do."""

import json
from typing import Any

import pytest

from tests.simulator.alarming import by_hand
from tests.simulator.messaging import EVENT, admit, deliveries, make_queue, received
from tests.simulator.messaging_stack import ME, QUEUE, template
from tests.simulator.throwaway import ACCOUNT
from tools.simulator.client import Simulator


@pytest.fixture
def outputs(aws: Simulator) -> dict[str, str]:
    """The outputs of the stack `s`, deployed."""
    make_queue(aws)
    open_queue(aws)
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template()))
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def open_queue(aws: Simulator) -> None:
    both = admit("events", "sqs:SendMessage")
    both["Statement"] += admit("sns", "sqs:SendMessage")["Statement"]
    aws.client("sqs").set_queue_attributes(
        QueueUrl=f"{aws.url}/{ACCOUNT}/q", Attributes={"Policy": json.dumps(both)}
    )


def update(aws: Simulator, **changes: Any) -> None:
    aws.client("cloudformation").update_stack(
        StackName="s", TemplateBody=json.dumps(template(**changes))
    )


def test_ref_and_getatt_answer_what_they_do_in_aws(aws: Simulator, outputs: dict[str, str]) -> None:
    assert outputs["Mail"].startswith(outputs["Topic"] + ":")
    assert outputs["Alarm"] == f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:a"
    found = aws.client("sns").get_subscription_attributes(SubscriptionArn=outputs["Mail"])
    assert found["Attributes"]["Endpoint"] == ME


@pytest.mark.usefixtures("outputs")
def test_the_rule_reaches_all_its_targets_each_in_its_form(aws: Simulator) -> None:
    aws.call("POST", "/events", **EVENT)
    assert [one["outcome"] for one in deliveries(aws)] == ["delivered", "delivered"]
    (mail,) = aws.call("GET", "/inbox")
    assert mail["body"].startswith('"Launched: j-1"\n')
    assert mail["from"] == "Alerts <no-reply@sns.amazonaws.com>"
    (message,) = received(aws)  # of the rule: the filtered subscription let nothing through
    assert json.loads(message["Body"])["source"] == "aws.emr"


def test_the_filter_of_a_subscription_is_honoured(aws: Simulator, outputs: dict[str, str]) -> None:
    for reason in ("A", "B"):
        array = {"reasons": {"DataType": "String.Array", "StringValue": json.dumps([reason])}}
        aws.client("sns").publish(
            TopicArn=outputs["Topic"], Message=reason, MessageAttributes=array
        )
    assert [message["Body"] for message in received(aws)] == ["A"]


def test_without_its_policy_the_topic_does_not_admit_the_rule(
    aws: Simulator, outputs: dict[str, str]
) -> None:
    update(aws, Policy=None)
    aws.call("POST", "/events", **EVENT)
    found = {one["target"]: one["outcome"] for one in deliveries(aws)}
    assert found == {outputs["Topic"]: "dead letter", QUEUE: "delivered"}


@pytest.mark.usefixtures("outputs")
def test_an_updated_topic_keeps_its_subscribers_and_its_policy(aws: Simulator) -> None:
    update(aws, Topic={"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Renamed"}})
    aws.call("POST", "/events", **EVENT)
    aws.settle()
    (mail,) = aws.call("GET", "/inbox")
    assert mail["from"] == "Renamed <no-reply@sns.amazonaws.com>"


@pytest.mark.usefixtures("outputs")
def test_the_alarm_of_the_stack_publishes(aws: Simulator) -> None:
    assert by_hand(aws) == [
        {
            "action": f"arn:aws:sns:eu-west-1:{ACCOUNT}:operations",
            "outcome": "published",
        }
    ]


@pytest.mark.usefixtures("outputs")
def test_a_deleted_stack_leaves_nothing(aws: Simulator) -> None:
    aws.client("cloudformation").delete_stack(StackName="s")
    aws.settle()
    sns = aws.client("sns")
    assert sns.list_topics()["Topics"] == []
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert aws.call("GET", "/alarms") == []
    assert aws.client("events").list_rules()["Rules"] == []


def test_an_updated_rule_keeps_its_name_and_has_its_new_targets_only(
    aws: Simulator, outputs: dict[str, str]
) -> None:
    events = aws.client("events")
    (name,) = events.list_rule_names_by_target(TargetArn=outputs["Topic"])["RuleNames"]
    before = events.describe_rule(Name=name)["Arn"]
    rule = template()["Resources"]["Rule"]
    rule["Properties"]["Targets"] = rule["Properties"]["Targets"][:1]
    update(aws, Rule=rule)
    aws.call("POST", "/events", **EVENT)
    assert [(one["rule"], one["target"]) for one in deliveries(aws)] == [(before, outputs["Topic"])]


def test_an_updated_subscription_is_the_same_one_with_its_new_settings(
    aws: Simulator, outputs: dict[str, str]
) -> None:
    filtered = template()["Resources"]["Filtered"]
    del filtered["Properties"]["FilterPolicy"]
    before = aws.client("sns").list_subscriptions()["Subscriptions"]
    update(aws, Filtered=filtered)
    assert aws.client("sns").list_subscriptions()["Subscriptions"] == before
    aws.client("sns").publish(TopicArn=outputs["Topic"], Message="unfiltered")
    assert [message["Body"] for message in received(aws)] == ["unfiltered"]
