"""Topics, queues, rules and keys for tests of the simulator, with the policies they need."""

import json
from typing import Any

from tests.simulator.throwaway import ACCOUNT
from tools.simulator.client import Simulator

REGION = "eu-west-1"
RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"
PATTERN = {"source": ["aws.emr"], "detail-type": ["EMR Cluster State Change"]}
EVENT = {
    "source": "aws.emr",
    "detail-type": "EMR Cluster State Change",
    "detail": {"clusterId": "j-1", "name": "n", "state": "STARTING"},
}


def policy(principal: Any, action: str | list[str], **statement: Any) -> dict[str, Any]:
    """Make a policy of one statement, an Allow unless told otherwise."""
    one = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [one | statement]}


def admit(service: str, action: str | list[str], **statement: Any) -> dict[str, Any]:
    """Make a policy that admits a service."""
    return policy({"Service": f"{service}.amazonaws.com"}, action, **statement)


def make_topic(
    aws: Simulator, admitted: dict[str, Any] | None = None, name: str = "t", **attributes: str
) -> str:
    """Make a topic, with SNS's default policy if none is given, and return its ARN."""
    given = dict(attributes)
    if admitted:
        given["Policy"] = json.dumps(admitted)
    sns = aws.client("sns")
    arn: str = sns.create_topic(Name=name, Attributes=given)["TopicArn"]
    return arn


def make_queue(
    aws: Simulator, admitted: dict[str, Any] | None = None, name: str = "q", **attributes: str
) -> str:
    """Make a queue and return its ARN."""
    given = dict(attributes)
    if admitted:
        given["Policy"] = json.dumps(admitted)
    aws.client("sqs").create_queue(QueueName=name, Attributes=given)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def make_key(aws: Simulator, *statements: dict[str, Any]) -> str:
    """Make a customer key with the account's own statement and these, and return its ARN."""
    document = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*")
    for extra in statements:
        document["Statement"] += extra["Statement"]
    arn: str = aws.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]
    return arn


def received(aws: Simulator, name: str = "q") -> list[dict[str, Any]]:
    """Take the messages from a queue, once nothing moves any more."""
    aws.settle()
    url = f"{aws.url}/{ACCOUNT}/{name}"
    answer = aws.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def make_rule(aws: Simulator, *targets: dict[str, Any], pattern: Any = None) -> None:
    """Make the rule `r` with these targets."""
    events = aws.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps(pattern or PATTERN))
    numbered = [{"Id": f"t{number}", **target} for number, target in enumerate(targets)]
    events.put_targets(Rule="r", Targets=numbered)


def deliveries(aws: Simulator) -> list[dict[str, Any]]:
    """Return every delivery of every event, once nothing moves any more."""
    aws.settle()
    return [one for entry in aws.call("GET", "/events") for one in entry["deliveries"]]


FROM_RULE = {"ArnEquals": {"aws:SourceArn": RULE_ARN}}
QUEUE_POLICY = admit("events", "sqs:SendMessage", Condition=FROM_RULE)
TOPIC_POLICY = admit("events", "sns:Publish", Condition=FROM_RULE)


def put_event(aws: Simulator, **extra: Any) -> None:
    """Put the event, as EMR does."""
    aws.call("POST", "/events", **(EVENT | extra))


def outcomes(aws: Simulator) -> list[tuple[str, str | None]]:
    """Return how each delivery ended, with the code of a refusal."""
    return [(one["outcome"], one.get("code")) for one in deliveries(aws)]
