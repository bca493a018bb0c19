"""Simulator: the inbox, which holds the emails of SNS as a person gets them."""

from __future__ import annotations

import email.utils
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tools.simulator.control import on_reset, route

if TYPE_CHECKING:
    from moto.sns.models import Subscription

_SENDER = "no-reply@sns.amazonaws.com"
_lock = threading.Lock()
_emails: list[Email] = []


@dataclass(frozen=True)
class Email:
    """One email, in its recipient's inbox."""

    sender: str
    to: str
    subject: str
    date: str
    body: str
    topic_arn: str
    message_id: str

    def text(self) -> str:
        """Show the email as a mail program does."""
        head = f"From: {self.sender}\nTo: {self.to}\nSubject: {self.subject}\nDate: {self.date}\n\n"
        return head + self.body


def deliver(subscription: Subscription, message_id: str, subject: str | None, body: str) -> Email:
    """Put an email into the inbox of the subscription's endpoint."""
    topic = subscription.topic
    made = Email(
        sender=email.utils.formataddr((topic.display_name or "AWS Notifications", _SENDER)),
        to=subscription.endpoint,
        subject=subject or "AWS Notification Message",
        date=email.utils.formatdate(time.time()),
        body=body + _footer(subscription) if subscription.protocol == "email" else body,
        topic_arn=topic.arn,
        message_id=message_id,
    )
    with _lock:
        _emails.append(made)
    return made


def emails(to: str | None = None, topic_arn: str | None = None) -> list[Email]:
    """Return the emails so far, oldest first: all, or those to one address or from one topic."""
    with _lock:
        kept = list(_emails)
    return [one for one in kept if to in {None, one.to} and topic_arn in {None, one.topic_arn}]


@route("GET", "/inbox")
def show(query: dict[str, Any]) -> list[dict[str, str]]:
    """List the emails, each also as one text; `to` and `topic` narrow them down."""
    found = emails(query.get("to"), query.get("topic"))
    return [{"from": one.sender, **asdict(one), "text": one.text()} for one in found]


@route("DELETE", "/inbox")
def empty(_query: dict[str, Any]) -> dict[str, int]:
    """Throw all emails away."""
    count = len(emails())
    forget()
    return {"deleted": count}


def forget() -> None:
    """Empty the inbox."""
    with _lock:
        _emails.clear()


def install() -> None:
    """Make a reset empty the inbox."""
    on_reset(forget)


def _footer(subscription: Subscription) -> str:
    # What SNS puts below every email: an unsubscribe link, and that nobody reads the answers.
    region = subscription.topic.sns_backend.region_name
    link = urlencode({"SubscriptionArn": subscription.arn, "Endpoint": subscription.endpoint})
    return (
        "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or "
        "visit the link below to unsubscribe:\n"
        f"https://sns.{region}.amazonaws.com/unsubscribe.html?{link}\n\n"
        "Please do not reply directly to this email.\n"
    )
