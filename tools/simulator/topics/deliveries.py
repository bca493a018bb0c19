"""Simulator: what SNS does with a message it took: filters, queues, emails, and who gets any.

Subscriptions by email get nothing before the owner of the address confirms. Here every owner does
so at once, unless `PUT /simulator/topics` says otherwise.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends

from tools.simulator import inbox, queues
from tools.simulator.control import ControlError, Log, on_reset, route
from tools.simulator.iam import policy_actions
from tools.simulator.iam.resource_policies import service
from tools.simulator.refusals import RefusedError

SERVICE = "sns.amazonaws.com"
_EMAIL = ("email", "email-json")
_moto_subscribe = SNSBackend.subscribe
_moto_set_topic_attribute = SNSBackend.set_topic_attribute
_owners = {"confirm": True}
_messages = Log("/topics", topic=lambda entry: (entry["topic"],))
on_reset(lambda: _owners.update(confirm=True))


def _subscriptions() -> list[Subscription]:
    # moto keeps a subscription with the account that made it, which may not be the topic's.
    backends = [one for regions in list(sns_backends.values()) for one in regions.values()]
    return [one for backend in backends for one in list(backend.subscriptions.values())]


def subscriptions(topic: Topic, *, confirmed: bool = True) -> list[Subscription]:
    """Return a topic's subscriptions: those that get its messages, or those that wait."""
    return [
        one
        for one in _subscriptions()
        if one.topic is topic and one.attributes["PendingConfirmation"] is not confirmed
    ]


@route("PUT", "/topics")
def change(body: dict[str, Any]) -> dict[str, Any]:
    """Have the owners of email addresses confirm what waits and what comes, or not: `confirm`."""
    if not isinstance(body.get("confirm"), bool):
        raise ControlError("confirm is true or false.")
    _owners["confirm"] = body["confirm"]
    for subscription in _subscriptions() if body["confirm"] else []:
        subscription.attributes["PendingConfirmation"] = False
    return dict(_owners)


@dataclass(frozen=True)
class _Delivery:
    """One message on its way to one subscriber; `text` is the subscriber's part of it."""

    subscription: Subscription
    message_id: str
    text: str
    subject: str | None
    attributes: dict[str, Any]

    def run(self) -> dict[str, str]:
        """Deliver, and return what became of it."""
        endpoint = {"protocol": self.subscription.protocol, "endpoint": self.subscription.endpoint}
        matcher = self.subscription._filter_policy_matcher  # noqa: SLF001 -- moto has no other way
        if matcher is not None and not matcher.matches(self.attributes, self.text):
            return endpoint | {"outcome": "filtered out"}
        try:
            self._send()
        except RefusedError as problem:  # SNS has taken the message: its publisher hears nothing
            return endpoint | {"outcome": "failed", "code": problem.code, "reason": str(problem)}
        return endpoint | {"outcome": "delivered"}

    def _send(self) -> None:
        protocol = self.subscription.protocol
        if protocol in _EMAIL:
            text = self.text if protocol == "email" else self._envelope()
            inbox.deliver(self.subscription, self.message_id, self.subject, text)
        elif protocol == "sqs":
            topic = self.subscription.topic
            who = service(SERVICE, topic.arn, topic.account_id)
            queues.send(self.subscription.endpoint, who, self._for_queue())
        else:
            raise RefusedError("NOT_SIMULATED", f"No endpoint of {protocol} can be reached.")

    def _for_queue(self) -> queues.Message:
        if str(self.subscription.attributes.get("RawMessageDelivery", "")).lower() != "true":
            return queues.Message(self._envelope())
        typed = {
            name: {"DataType": one["Type"], "StringValue": one["Value"]}
            for name, one in self.attributes.items()
        }
        return queues.Message(self.text, typed)

    def _envelope(self) -> str:
        document = self.subscription.get_post_data(
            self.text, self.message_id, self.subject, self.attributes
        )
        return json.dumps(document, indent=2)


def _part(message: str, structure: str | None, protocol: str) -> str:
    """Return what subscribers by this protocol get of the message."""
    if structure != "json":
        return message
    parts = json.loads(message)
    wanted = parts.get(protocol)
    return str(wanted if isinstance(wanted, str) else parts["default"])  # others are ignored


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
        text = _part(message, options.get("message_structure"), to.protocol)
        deliveries.append(_Delivery(to, message_id, text, subject, attributes).run())
    _messages.add(
        {
            "topic": self.arn,
            "message_id": message_id,
            "subject": subject,
            "message": message,
            "attributes": attributes,
            "deliveries": deliveries,
        }
    )
    return message_id


def _subscribe(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    known = set(self.subscriptions)
    subscription = _moto_subscribe(self, topic_arn, endpoint, protocol)
    if protocol in _EMAIL and subscription.arn not in known:
        subscription.attributes["PendingConfirmation"] = not _owners["confirm"]
    return subscription


def _set_attribute(self: SNSBackend, topic_arn: str, name: str, value: str) -> None:
    if name == "policy" and policy_actions.refused("sns", value):
        raise InvalidParameterValue(
            "Invalid parameter: Policy statement action out of service scope!"
        )
    _moto_set_topic_attribute(self, topic_arn, name, value)


def _counted(*, confirmed: bool) -> property:
    """Make what moto's GetTopicAttributes answers, and nothing in moto ever counts."""

    def begin(_topic: Topic, _zero: int) -> None:
        """Leave moto its initial zero."""

    return property(lambda topic: len(subscriptions(topic, confirmed=confirmed)), begin)


def install() -> None:
    """Deliver in moto's place, have SNS ask for a confirmation, and count who has given one."""
    Topic.publish = _publish  # type: ignore[method-assign,assignment]
    SNSBackend.subscribe = _subscribe  # type: ignore[method-assign]
    SNSBackend.set_topic_attribute = _set_attribute  # type: ignore[method-assign]
    Topic.subscriptions_confimed = _counted(confirmed=True)  # type: ignore[assignment]
    Topic.subscriptions_pending = _counted(confirmed=False)  # type: ignore[assignment]
