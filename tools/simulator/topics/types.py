"""Simulator: what stacks make of SNS: topics, whose updates moto loses, subscriptions, policies."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.core.utils import camelcase_to_underscores
from moto.sns.models import Subscription, Topic, sns_backends

from tools.simulator.cloudformation.resources import StackResource
from tools.simulator.topics.deliveries import check_policy

_TOPIC_SETTINGS = ("DisplayName", "KmsMasterKeyId")
_SUBSCRIPTION_SETTINGS: dict[str, Any] = {  # with what holds where nothing is said; scope first
    "FilterPolicyScope": "MessageAttributes",
    "FilterPolicy": "",
    "RawMessageDelivery": False,
}
HONOURED: dict[str, frozenset[str]] = {
    "AWS::SNS::Topic": frozenset({*_TOPIC_SETTINGS, "Subscription", "Tags", "TopicName"}),
    "AWS::SNS::TopicPolicy": frozenset({"PolicyDocument", "Topics"}),
    "AWS::SNS::Subscription": frozenset(
        {*_SUBSCRIPTION_SETTINGS, "Endpoint", "Protocol", "Region", "TopicArn"}
    ),
}


class SubscriptionResource(StackResource, CloudFormationModel):
    """An AWS::SNS::Subscription of a stack; Ref answers its ARN."""

    TYPE = "AWS::SNS::Subscription"
    ATTRIBUTES = {"Arn": "physical_resource_id"}  # noqa: RUF012 -- StackResource annotates it

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.physical_resource_id = str(subscription.arn)

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Subscribe."""
        backend = sns_backends[account][properties.get("Region", region)]
        subscription = backend.subscribe(
            properties["TopicArn"], properties["Endpoint"], properties["Protocol"]
        )
        return cls(subscription).update(name, properties, account, region)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change the settings; whom it tells of what cannot change."""
        if properties["TopicArn"] != self.subscription.topic_arn:
            return super().update(name, properties, account, region)
        backend = sns_backends[account][properties.get("Region", region)]
        for setting, default in _SUBSCRIPTION_SETTINGS.items():
            value = properties.get(setting, default)
            text = json.dumps(value) if isinstance(value, dict) else value
            backend.set_subscription_attributes(self.subscription.arn, setting, text)
        return self

    def delete(self, account: str, region: str) -> None:  # noqa: ARG002 -- the topic knows its Region
        """Unsubscribe."""
        backend = sns_backends[account][self.subscription.topic.sns_backend.region_name]
        backend.unsubscribe(self.subscription.arn)


class TopicPolicyResource(StackResource, CloudFormationModel):
    """An AWS::SNS::TopicPolicy of a stack; Ref answers a generated name."""

    TYPE = "AWS::SNS::TopicPolicy"
    ATTRIBUTES = {"Id": "physical_resource_id"}  # noqa: RUF012 -- StackResource annotates it

    def __init__(self, name: str, topics: list[Topic]) -> None:
        self.physical_resource_id = name
        self.topics = topics

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:  # noqa: ARG003 -- the ARNs say it
        """Put the policy on each topic."""
        check_policy(properties["PolicyDocument"])
        topics = [
            sns_backends[account][arn.split(":")[3]].get_topic(arn) for arn in properties["Topics"]
        ]
        for topic in topics:
            topic.policy = json.dumps(properties["PolicyDocument"])
        return cls(name, topics)

    def delete(self, account: str, region: str) -> None:  # noqa: ARG002 -- the topics know theirs
        """Put the default policies back."""
        for topic in self.topics:
            default = Topic(topic.name, topic.sns_backend)  # type: ignore[abstract] # moto's own way
            topic.policy = default.policy


def _create_topic(
    _cls: type[Topic],
    /,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_: Any,
) -> Topic:
    properties = cloudformation_json["Properties"]
    backend = sns_backends[account_id][region_name]
    settings = {name: properties[name] for name in _TOPIC_SETTINGS if name in properties}
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    topic = backend.create_topic(resource_name, settings, tags)
    for inline in properties.get("Subscription", []):
        backend.subscribe(topic.arn, inline["Endpoint"], inline["Protocol"])
    return topic


def _update_topic(
    cls: type[Topic],
    /,
    original_resource: Topic,
    new_resource_name: str,
    cloudformation_json: dict[str, Any],
    **where: str,
) -> Topic:
    # moto makes a topic anew on every update, and loses its policy and its subscriptions.
    properties = cloudformation_json["Properties"]
    if properties.get("TopicName", original_resource.name) != original_resource.name:
        original_resource.delete(where["account_id"], where["region_name"])
        return _create_topic(cls, new_resource_name, cloudformation_json, **where)
    for name in _TOPIC_SETTINGS:
        setattr(original_resource, camelcase_to_underscores(name), properties.get(name, ""))
    return original_resource


def install() -> None:
    """Mend moto's topics."""
    Topic.create_from_cloudformation_json = classmethod(_create_topic)  # type: ignore[method-assign,assignment]
    Topic.update_from_cloudformation_json = classmethod(_update_topic)  # type: ignore[method-assign,assignment]
    Topic.has_cfn_attr = classmethod(lambda _cls, attr: attr in {"TopicArn", "TopicName"})  # type: ignore[method-assign,assignment]
    Topic.get_cfn_attribute = lambda self, name: self.arn if name == "TopicArn" else self.name  # type: ignore[method-assign]
