"""Simulator: the resource types of SNS, SQS and EventBridge."""

from __future__ import annotations

from typing import Any

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    deletion,
    policy_text,
)

_TOPIC = ("DisplayName", "KmsMasterKeyId")
_SUBSCRIPTION = ("Endpoint", "Protocol", "TopicArn")
_QUEUE = ("DelaySeconds", "MessageRetentionPeriod", "SqsManagedSseEnabled")
_RULE = ("Description", "EventPattern", "Targets")


def _create_topic(place: Place, name: str, given: Properties) -> Made:
    made = place.client("sns").create_topic(Name=name, Attributes=chosen(given, _TOPIC))
    return Made(made["TopicArn"], {"TopicArn": made["TopicArn"], "TopicName": name})


def _update_topic(place: Place, old: Deployed, given: Properties) -> None:
    for name in _TOPIC:
        if given.get(name) != old.properties.get(name):
            place.client("sns").set_topic_attributes(
                TopicArn=old.physical_id, AttributeName=name, AttributeValue=given.get(name, "")
            )


def _put_topic_policy(place: Place, name: str, given: Properties) -> Made:
    policy = policy_text(given["PolicyDocument"])
    for arn in given["Topics"]:
        place.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy
        )
    return Made(name, {"Id": name})


def _delete_topic_policy(place: Place, one: Deployed) -> None:
    """Have the account's own principals admitted, as by the policy that a topic begins with."""
    owner = {"StringEquals": {"AWS:SourceOwner": place.account}}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}}
    statement |= {"Action": ["SNS:Publish", "SNS:Subscribe"], "Condition": owner}
    for arn in one.properties["Topics"]:
        policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]}
        _put_topic_policy(place, one.name, {"PolicyDocument": policy, "Topics": [arn]})


def _subscribe(place: Place, _name: str, given: Properties) -> Made:
    request = chosen(given, _SUBSCRIPTION)
    answer = place.client("sns").subscribe(**request, ReturnSubscriptionArn=True)
    return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


def _create_queue(place: Place, name: str, given: Properties) -> Made:
    client = place.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=_attributes(given))["QueueUrl"]
    return Made(url, {"Arn": place.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _update_queue(place: Place, old: Deployed, given: Properties) -> None:
    client = place.client("sqs")
    client.set_queue_attributes(QueueUrl=old.physical_id, Attributes=_attributes(given))


def _attributes(given: Properties) -> dict[str, str]:
    return {name: text_of(value) for name, value in chosen(given, _QUEUE).items()}


def _put_queue_policy(place: Place, name: str, given: Properties) -> Made:
    policy = policy_text(given["PolicyDocument"])
    for url in given["Queues"]:
        place.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Made(name, {"Id": name})


def _delete_queue_policy(place: Place, one: Deployed) -> None:
    _put_queue_policy(place, one.name, {"PolicyDocument": "", **chosen(one.properties, ["Queues"])})


def _put_rule(place: Place, name: str, given: Properties) -> Made:
    client = place.client("events")
    pattern = policy_text(given["EventPattern"])
    description = given.get("Description", "")
    arn = client.put_rule(Name=name, EventPattern=pattern, Description=description)["RuleArn"]
    answer = client.put_targets(Rule=name, Targets=given["Targets"])
    if answer["FailedEntryCount"]:
        raise ValueError(f"Targets were refused: {answer['FailedEntries']}")
    return Made(name, {"Arn": arn})


def _update_rule(place: Place, old: Deployed, given: Properties) -> None:
    _put_rule(place, old.physical_id, given)
    _remove_targets(place, old, kept=given)


def _delete_rule(place: Place, one: Deployed) -> None:
    _remove_targets(place, one, kept={})
    place.client("events").delete_rule(Name=one.physical_id)


def _remove_targets(place: Place, rule: Deployed, kept: Properties) -> None:
    old, new = (
        {target["Id"] for target in each.get("Targets") or []} for each in (rule.properties, kept)
    )
    if old - new:
        place.client("events").remove_targets(Rule=rule.physical_id, Ids=sorted(old - new))


TYPES = {
    "AWS::SNS::Topic": ResourceType(
        create=_create_topic,
        update=_update_topic,
        delete=deletion("sns", "delete_topic", "TopicArn"),
        named="TopicName",
        honoured=frozenset({*_TOPIC, "TopicName"}),
    ),
    "AWS::SNS::TopicPolicy": ResourceType(
        create=_put_topic_policy,
        delete=_delete_topic_policy,
        honoured=frozenset({"PolicyDocument", "Topics"}),
    ),
    "AWS::SNS::Subscription": ResourceType(
        create=_subscribe,
        delete=deletion("sns", "unsubscribe", "SubscriptionArn"),
        honoured=frozenset(_SUBSCRIPTION),
    ),
    "AWS::SQS::Queue": ResourceType(
        create=_create_queue,
        update=_update_queue,
        delete=deletion("sqs", "delete_queue", "QueueUrl"),
        named="QueueName",
        honoured=frozenset({*_QUEUE, "QueueName"}),
    ),
    "AWS::SQS::QueuePolicy": ResourceType(
        create=_put_queue_policy,
        delete=_delete_queue_policy,
        honoured=frozenset({"PolicyDocument", "Queues"}),
    ),
    "AWS::Events::Rule": ResourceType(
        create=_put_rule,
        update=_update_rule,
        delete=_delete_rule,
        named="Name",
        honoured=frozenset({*_RULE, "Name"}),
    ),
}
