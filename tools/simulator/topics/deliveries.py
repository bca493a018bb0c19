"""Simulator: what SNS does with a message it took: filters, queues, functions, emails."""

from __future__ import annotations

import json
import threading
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.sns.models import Subscription, Topic

from tools.simulator import functions, inbox, queues
from tools.simulator.iam.resource_policies import Principal, service
from tools.simulator.refusals import RefusedError
from tools.simulator.topics import messages as topic_messages
from tools.simulator.topics.confirmations import subscriptions

SERVICE = "sns.amazonaws.com"
_KEPT = 5000
_lock = threading.Lock()
_journal: deque[dict[str, Any]] = deque(maxlen=_KEPT)


def journal(topic_arn: str | None = None) -> list[dict[str, Any]]:
    """Return each message with its deliveries, oldest first: of one topic or of all."""
    with _lock:
        return [entry for entry in _journal if topic_arn in {None, entry["topic"]}]


def forget() -> None:
    """Forget the messages."""
    with _lock:
        _journal.clear()


@dataclass(frozen=True)
class _Delivery:
    """One message on its way to one subscriber; `text` is the subscriber's part of it."""

    subscription: Subscription
    message_id: str
    text: str
    subject: str | None
    attributes: dict[str, Any]
    group_id: str | None

    def run(self) -> dict[str, str]:
        """Deliver, and return what became of it."""
        endpoint = {"protocol": self.subscription.protocol, "endpoint": self.subscription.endpoint}
        matcher = self.subscription._filter_policy_matcher  # noqa: SLF001 -- moto has no other way
        if matcher is not None and not matcher.matches(self.attributes, self.text):
            return endpoint | {"outcome": "filtered out"}
        try:
            self._send()
        except RefusedError as problem:  # SNS has taken the message: its publisher hears nothing
            failure = {"outcome": "failed", "code": problem.code, "reason": str(problem)}
            return endpoint | failure | self._redrive()
        return endpoint | {"outcome": "delivered"}

    def _send(self) -> None:
        protocol = self.subscription.protocol
        if protocol == "email":
            inbox.deliver(self.subscription, self.message_id, self.subject, self.text)
        elif protocol == "email-json":
            inbox.deliver(self.subscription, self.message_id, self.subject, self._envelope())
        elif protocol == "sqs":
            self._send_to_queue()
        elif protocol == "lambda":
            self._send_to_function()
        else:
            raise RefusedError("NOT_SIMULATED", f"No endpoint of {protocol} can be reached.")

    def _send_to_queue(self) -> None:
        raw = str(self.subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
        body = self.text if raw else self._envelope()
        attributes = _typed(self.attributes) if raw else {}
        message = queues.Message(body, attributes, self.group_id)
        queues.send(self.subscription.endpoint, self._who(), message)

    def _send_to_function(self) -> None:
        topic, endpoint = self.subscription.topic, self.subscription.endpoint
        if not functions.may_invoke(endpoint, SERVICE, topic.account_id, topic.arn):
            raise RefusedError("NO_PERMISSIONS", f"The policy of {endpoint} does not admit SNS.")
        message = {
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": topic.arn,
            "Subject": self.subject,
            "Message": self.text,
            "Timestamp": iso_8601_datetime_with_milliseconds(),
            "MessageAttributes": self.attributes,
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self.subscription.arn,
            "Sns": message,
        }
        functions.invoke_async(endpoint, {"Records": [record]})

    def _redrive(self) -> dict[str, str]:
        policy = self.subscription.attributes.get("RedrivePolicy")
        if not policy:
            return {}
        queue_arn = json.loads(policy)["deadLetterTargetArn"]
        try:
            queues.send(queue_arn, self._who(), queues.Message(self._envelope()))
        except RefusedError as problem:
            return {"dead_letter": f"refused: {problem}"}
        return {"dead_letter": queue_arn}

    def _who(self) -> Principal:
        topic = self.subscription.topic
        return service(SERVICE, topic.arn, topic.account_id)

    def _envelope(self) -> str:
        document = self.subscription.get_post_data(
            self.text, self.message_id, self.subject, self.attributes
        )
        return json.dumps(document, indent=2)


def _typed(attributes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "DataType": value["Type"],
            "BinaryValue" if value["Type"].startswith("Binary") else "StringValue": value["Value"],
        }
        for name, value in attributes.items()
    }


def _publish(
    self: Topic,
    message: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    **options: str | None,
) -> str:
    message_id, attributes = str(uuid.uuid4()), message_attributes or {}
    deliveries = []
    for to in subscriptions(self):
        text = topic_messages.part(message, options.get("message_structure"), to.protocol)
        group_id = options.get("group_id")
        delivery = _Delivery(to, message_id, text, subject, attributes, group_id)
        deliveries.append(delivery.run())
    entry = {
        "topic": self.arn,
        "message_id": message_id,
        "subject": subject,
        "message": message,
        "attributes": attributes,
        "deliveries": deliveries,
    }
    with _lock:
        _journal.append(entry)
    return message_id


def install() -> None:
    """Deliver in moto's place."""
    Topic.publish = _publish  # type: ignore[method-assign,assignment]
