"""Simulator: topics kept whole where moto loses something: by CloudFormation, and their policies."""

from __future__ import annotations

import json
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.sns.models import SNSBackend, Topic, sns_backends

from tools.simulator.topics.types import check_policy

_TOPIC_SETTINGS = ("DisplayName", "KmsMasterKeyId")
_moto_set_topic_attribute = SNSBackend.set_topic_attribute


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


def _has_attribute(_cls: type[Topic], /, attr: str) -> bool:
    return attr in {"TopicArn", "TopicName"}


def _get_attribute(self: Topic, attribute_name: str) -> str:
    return str(self.arn if attribute_name == "TopicArn" else self.name)


def _set_attribute(
    self: SNSBackend, topic_arn: str, attribute_name: str, attribute_value: str
) -> None:
    if attribute_name == "policy":
        check_policy(json.loads(attribute_value))
    _moto_set_topic_attribute(self, topic_arn, attribute_name, attribute_value)


def install() -> None:
    """Mend moto's topics."""
    Topic.create_from_cloudformation_json = classmethod(_create_topic)  # type: ignore[method-assign,assignment]
    Topic.update_from_cloudformation_json = classmethod(_update_topic)  # type: ignore[method-assign,assignment]
    Topic.has_cfn_attr = classmethod(_has_attribute)  # type: ignore[method-assign,assignment]
    Topic.get_cfn_attribute = _get_attribute  # type: ignore[method-assign]
    SNSBackend.set_topic_attribute = _set_attribute  # type: ignore[method-assign]
