"""Simulator: CloudFormation's types of SQS."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.utilities.utils import get_partition

from tools.simulator.cloudformation.types.base import ApiResource, chosen, tags_of


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value) if isinstance(value, (dict, bool)) else str(value)
        for name, value in attributes.items()
    }


class Queue(ApiResource, CloudFormationModel):
    """An AWS::SQS::Queue; Ref answers its URL."""

    TYPE = "AWS::SQS::Queue"
    SERVICE = "sqs"
    NAME_PROPERTY = "QueueName"
    _ATTRIBUTES = frozenset(
        {
            "DelaySeconds",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "VisibilityTimeout",
        }
    )
    HONOURED = _ATTRIBUTES | {"QueueName", "Tags"}

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the queue."""
        client = cls.client(account, region)
        attributes = _texts(chosen(properties, cls._ATTRIBUTES))
        url = client.create_queue(QueueName=name, Attributes=attributes, tags=tags_of(properties))[
            "QueueUrl"
        ]
        arn = f"arn:{get_partition(region)}:sqs:{region}:{account}:{name}"
        return cls(url, properties, Arn=arn, QueueName=name, QueueUrl=url)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:  # noqa: ARG002 - its URL names it
        """Change the attributes."""
        self.client(account, region).set_queue_attributes(
            QueueUrl=self.physical_resource_id,
            Attributes=_texts(chosen(properties, self._ATTRIBUTES)),
        )
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the queue."""
        self.client(account, region).delete_queue(QueueUrl=self.physical_resource_id)


class QueuePolicy(ApiResource, CloudFormationModel):
    """An AWS::SQS::QueuePolicy; Ref answers a generated id."""

    TYPE = "AWS::SQS::QueuePolicy"
    SERVICE = "sqs"
    HONOURED = frozenset({"PolicyDocument", "Queues"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the policy on each queue."""
        client = cls.client(account, region)
        for url in properties["Queues"]:
            client.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": json.dumps(properties["PolicyDocument"])}
            )
        return cls(name, properties, Id=name)

    def delete(self, account: str, region: str) -> None:
        """Take the policy from each queue."""
        client = self.client(account, region)
        for url in self.properties["Queues"]:
            client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
