"""Simulator: subscriptions by email, which nobody gets anything from before their owner confirms.

Here every owner does so at once, unless `PUT /simulator/topics` says otherwise.
"""

from __future__ import annotations

from typing import Any

from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends

from tools.simulator.control import ControlError, on_reset, route

_EMAIL = ("email", "email-json")
_moto_subscribe = SNSBackend.subscribe
_owners = {"confirm": True}


def subscriptions(topic: Topic, *, confirmed: bool = True) -> list[Subscription]:
    """Return a topic's subscriptions: those that get its messages, or those that wait."""
    # moto keeps a subscription with the account that made it, which may not be the topic's.
    region = topic.sns_backend.region_name
    backends = [backends.get(region) for backends in list(sns_backends.values())]
    return [
        subscription
        for backend in backends
        if backend is not None
        for subscription in list(backend.subscriptions.values())
        if subscription.topic is topic
        and subscription.attributes["PendingConfirmation"] is not confirmed
    ]


@route("PUT", "/topics")
def change(body: dict[str, Any]) -> dict[str, Any]:
    """Have the owners of email addresses confirm what waits and what comes, or not: `confirm`."""
    if not isinstance(body.get("confirm"), bool):
        raise ControlError("confirm is true or false.")
    _owners["confirm"] = body["confirm"]
    if body["confirm"]:
        for backend in [
            each for regions in list(sns_backends.values()) for each in regions.values()
        ]:
            for subscription in list(backend.subscriptions.values()):
                subscription.attributes["PendingConfirmation"] = False
    return dict(_owners)


def _subscribe(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    known = set(self.subscriptions)
    subscription = _moto_subscribe(self, topic_arn, endpoint, protocol)
    if protocol in _EMAIL and subscription.arn not in known:
        subscription.attributes["PendingConfirmation"] = not _owners["confirm"]
    return subscription


def _counted(*, confirmed: bool) -> property:
    """Make what moto's GetTopicAttributes answers, and nothing in moto ever counts."""

    def count(topic: Topic) -> int:
        return len(subscriptions(topic, confirmed=confirmed))

    def begin(_topic: Topic, _zero: int) -> None:
        """Leave moto its initial zero."""

    return property(count, begin)


def _forget() -> None:
    _owners["confirm"] = True


def install() -> None:
    """Have SNS ask for a confirmation, and count who has given one."""
    SNSBackend.subscribe = _subscribe  # type: ignore[method-assign]
    Topic.subscriptions_confimed = _counted(confirmed=True)  # type: ignore[assignment]
    Topic.subscriptions_pending = _counted(confirmed=False)  # type: ignore[assignment]
    on_reset(_forget)
