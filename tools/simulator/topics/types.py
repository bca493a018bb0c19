"""Simulator: CloudFormation's types of SNS: subscriptions and topic policies."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Subscription, Topic, sns_backends

from tools.simulator.cloudformation.resources import StackResource
from tools.simulator.iam.policy_actions import refused

HONOURED: dict[str, frozenset[str]] = {
    "AWS::SNS::Topic": frozenset(
        {"DisplayName", "KmsMasterKeyId", "Subscription", "Tags", "TopicName"}
    ),
    "AWS::SNS::TopicPolicy": frozenset({"PolicyDocument", "Topics"}),
    "AWS::SNS::Subscription": frozenset(
        {
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "Region",
            "TopicArn",
        }
    ),
}
_SUBSCRIPTION_SETTINGS: dict[str, Any] = {  # with what holds where nothing is said; scope first
    "FilterPolicyScope": "MessageAttributes",
    "FilterPolicy": "",
    "RawMessageDelivery": False,
    "RedrivePolicy": "",
}


class SubscriptionResource(StackResource, CloudFormationModel):
    """An AWS::SNS::Subscription of a stack; Ref answers its ARN."""

    TYPE = "AWS::SNS::Subscription"
    ATTRIBUTES = {"Arn": "physical_resource_id"}  # noqa: RUF012 -- StackResource annotates it

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription

    @property
    def physical_resource_id(self) -> str:
        """The subscription's ARN."""
        return str(self.subscription.arn)

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:  # noqa: ARG003 -- no names here
        """Subscribe."""
        backend = sns_backends[account][properties.get("Region", region)]
        subscription = backend.subscribe(
            properties["TopicArn"], properties["Endpoint"], properties["Protocol"]
        )
        for setting in _SUBSCRIPTION_SETTINGS:
            if setting in properties:
                value = properties[setting]
                text = json.dumps(value) if isinstance(value, dict) else value
                backend.set_subscription_attributes(subscription.arn, setting, text)
        return cls(subscription)

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


def check_policy(policy: dict[str, Any]) -> None:
    """Raise InvalidParameterValue for a topic policy that SNS refuses."""
    if refused("sns", policy):
        raise InvalidParameterValue(
            "Invalid parameter: Policy statement action out of service scope!"
        )
