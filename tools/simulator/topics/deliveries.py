"""Simulator: what SNS does with a message it took: filters, queues, emails, and who gets any.

Subscriptions by email get nothing before the owner of the address confirms. Here every owner does
so at once, unless `PUT /simulator/topics` says otherwise.
"""

import email.utils
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends

from tools.simulator import queues
from tools.simulator.control import Log, steered
from tools.simulator.iam.resource_policies import RefusedError, service

SERVICE = "sns.amazonaws.com"
_EMAIL = ("email", "email-json")
_moto_subscribe = SNSBackend.subscribe
_SENDER = "no-reply@sns.amazonaws.com"
# What SNS puts below every email.
_FOOTER = (
    "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or "
    "visit the link below to unsubscribe:\n"
    "https://sns.{region}.amazonaws.com/unsubscribe.html?{link}\n\n"
    "Please do not reply directly to this email.\n"
)
_emails = Log("/inbox", to=lambda mail: (mail["to"],), topic=lambda mail: (mail["topic_arn"],))
_messages = Log("/topics", topic=lambda entry: (entry["topic"],))


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


@dataclass
class Settings:
    """Whether the owners of email addresses confirm what waits, and what comes."""

    confirm: bool = True


def _confirm() -> None:
    for subscription in _subscriptions() if settings.confirm else []:
        subscription.attributes["PendingConfirmation"] = False


settings = steered("/topics", Settings(), _confirm)


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
            _email(self.subscription, self.message_id, self.subject, text)
        elif protocol == "sqs":
            topic = self.subscription.topic
            who = service(SERVICE, topic.arn, topic.account_id)
            queues.send(self.subscription.endpoint, who, *self._for_queue())
        else:
            raise RefusedError("NOT_SIMULATED", f"No endpoint of {protocol} can be reached.")

    def _for_queue(self) -> tuple[str, queues.Attributes]:
        if str(self.subscription.attributes.get("RawMessageDelivery", "")).lower() != "true":
            return self._envelope(), {}
        typed = {
            name: {"DataType": one["Type"], "StringValue": one["Value"]}
            for name, one in self.attributes.items()
        }
        return self.text, typed

    def _envelope(self) -> str:
        document = self.subscription.get_post_data(
            self.text, self.message_id, self.subject, self.attributes
        )
        return json.dumps(document, indent=2)


def _email(subscription: Subscription, message_id: str, subject: str | None, body: str) -> None:
    """Put an email into the inbox of the subscription's endpoint; its `text` is all of it."""
    topic = subscription.topic
    if subscription.protocol == "email":
        link = urlencode({"SubscriptionArn": subscription.arn, "Endpoint": subscription.endpoint})
        body += _FOOTER.format(region=topic.sns_backend.region_name, link=link)
    mail = {
        "from": email.utils.formataddr((topic.display_name or "AWS Notifications", _SENDER)),
        "to": subscription.endpoint,
        "subject": subject or "AWS Notification Message",
        "date": email.utils.formatdate(time.time()),
    }
    head = "".join(f"{name.title()}: {text}\n" for name, text in mail.items())
    more = {"topic_arn": topic.arn, "message_id": message_id, "text": f"{head}\n{body}"}
    _emails.add(mail | {"body": body} | more)


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
        subscription.attributes["PendingConfirmation"] = not settings.confirm
    return subscription


def _counted(*, confirmed: bool) -> property:
    """Make what moto's GetTopicAttributes answers, and nothing in moto ever counts."""
    return property(
        lambda topic: len(subscriptions(topic, confirmed=confirmed)),
        lambda _topic, _zero: None,  # with which moto begins
    )


def install() -> None:
    """Deliver in moto's place, have SNS ask for a confirmation, and count who has given one."""
    Topic.publish = _publish  # type: ignore[method-assign,assignment]
    SNSBackend.subscribe = _subscribe  # type: ignore[method-assign]
    Topic.subscriptions_confimed = _counted(confirmed=True)  # type: ignore[assignment]
    Topic.subscriptions_pending = _counted(confirmed=False)  # type: ignore[assignment]
