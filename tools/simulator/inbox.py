"""Simulator: the inbox, which holds the emails of SNS as a person gets them."""

import email.utils
import time
from urllib.parse import urlencode

from moto.sns.models import Subscription

from tools.simulator.control import Log

_SENDER = "no-reply@sns.amazonaws.com"
# What SNS puts below every email.
_FOOTER = (
    "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or "
    "visit the link below to unsubscribe:\n"
    "https://sns.{region}.amazonaws.com/unsubscribe.html?{link}\n\n"
    "Please do not reply directly to this email.\n"
)
_emails = Log("/inbox", to=lambda mail: (mail["to"],), topic=lambda mail: (mail["topic_arn"],))


def deliver(subscription: Subscription, message_id: str, subject: str | None, body: str) -> None:
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
