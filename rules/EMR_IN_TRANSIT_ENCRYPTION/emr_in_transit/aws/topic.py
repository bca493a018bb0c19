"""AWS adapter: publishes messages to an SNS topic."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from emr_in_transit.aws.errors import AWS_ERRORS, PublishError, explain

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from emr_in_transit.alerting.messages import Message

PERMISSIONS = ("sns:GetTopicAttributes", "sns:Publish")
# Where the topic is under a key of KMS, which SNS uses on behalf of the publisher.
KEY_PERMISSIONS = ("kms:Decrypt", "kms:GenerateDataKey")

logger = logging.getLogger(__name__)


def topic_region(arn: str) -> str:
    """Return the Region of a topic; SNS publishes only there."""
    return arn.split(":")[3]


class Topic:
    """One SNS topic."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def has_no_reader(self) -> bool:
        """Return whether SNS would deliver to nobody: no subscription is confirmed.

        Those that nobody confirms go after two days, so none that waits means nothing. What SNS
        does not tell counts as a reader: no error of this call holds an alert back.
        """
        try:
            counts = self._client.get_topic_attributes(TopicArn=self._arn)["Attributes"]
            confirmed = counts["SubscriptionsConfirmed"]
        except AWS_ERRORS as error:
            # The topic of another account need not tell this one.
            why = explain("GetTopicAttributes", error)
        except KeyError as error:
            why = f"GetTopicAttributes: answered without {error}"
        else:
            return confirmed == "0"
        logger.info("subscriptions not read", extra={"why": why})
        return False

    def publish(self, message: Message) -> None:
        """Publish a message; raise PublishError when SNS does not take it."""
        try:
            self._client.publish(
                TopicArn=self._arn,
                Subject=message.subject,
                Message=message.body,
                MessageStructure="json",
                MessageAttributes={
                    name: _attribute(value) for name, value in message.attributes.items()
                },
            )
        except AWS_ERRORS as error:
            raise PublishError(explain("Publish", error)) from error


def _attribute(value: str | list[str]) -> MessageAttributeValueTypeDef:
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    return {"DataType": "String.Array", "StringValue": json.dumps(value)}
