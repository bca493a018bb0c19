"""The simulator's inbox shows emails as a person gets them from SNS."""

import email.utils
import json

from tests.simulator.messaging import make_topic
from tools.simulator.client import Simulator

ME = "me@example.com"


def subscribe(aws: Simulator, topic: str, to: str = ME, protocol: str = "email") -> str:
    answer = aws.client("sns").subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=to, ReturnSubscriptionArn=True
    )
    arn: str = answer["SubscriptionArn"]
    return arn


def test_an_email_has_the_email_part_and_sns_own_footer(aws: Simulator) -> None:
    topic = make_topic(aws, DisplayName="Alerts")
    subscription = subscribe(aws, topic)
    parts = json.dumps({"default": "{}", "email": "Dear all,\n\nlook here."})
    aws.client("sns").publish(
        TopicArn=topic, Message=parts, MessageStructure="json", Subject="Look"
    )
    (mail,) = aws.call("GET", "/inbox")
    assert (mail["from"], mail["to"]) == ("Alerts <no-reply@sns.amazonaws.com>", ME)
    assert mail["subject"] == "Look"
    assert email.utils.parsedate_to_datetime(mail["date"])
    head, _, footer = mail["body"].partition("\n\n--\n")
    assert head == "Dear all,\n\nlook here."
    assert subscription.split(":")[-1] in footer
    assert mail["text"].startswith("From: Alerts <no-reply@sns.amazonaws.com>\nTo: me@example.com")
    assert mail["text"].endswith(mail["body"])


def test_without_a_subject_and_an_email_part_sns_puts_its_own(aws: Simulator) -> None:
    topic = make_topic(aws)
    subscribe(aws, topic)
    aws.client("sns").publish(TopicArn=topic, Message="plain")
    (mail,) = aws.call("GET", "/inbox")
    assert mail["subject"] == "AWS Notification Message"
    assert mail["from"] == "AWS Notifications <no-reply@sns.amazonaws.com>"
    assert mail["body"].startswith("plain\n\n--\n")


def test_email_json_is_the_envelope_for_machines(aws: Simulator) -> None:
    topic = make_topic(aws)
    subscribe(aws, topic, protocol="email-json")
    aws.client("sns").publish(TopicArn=topic, Message="m")
    (mail,) = aws.call("GET", "/inbox")
    assert json.loads(mail["body"])["Message"] == "m"


def test_a_filter_keeps_emails_out_of_the_inbox(aws: Simulator) -> None:
    topic = make_topic(aws)
    aws.client("sns").set_subscription_attributes(
        SubscriptionArn=subscribe(aws, topic),
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"kind": ["wanted"]}),
    )
    for kind in ("unwanted", "wanted"):
        attribute = {"kind": {"DataType": "String", "StringValue": kind}}
        aws.client("sns").publish(TopicArn=topic, Message=kind, MessageAttributes=attribute)
    assert [mail["body"].split("\n")[0] for mail in aws.call("GET", "/inbox")] == ["wanted"]


def test_the_inbox_can_be_searched_and_emptied(aws: Simulator) -> None:
    topic = make_topic(aws)
    for address in (ME, "you@example.com"):
        subscribe(aws, topic, address)
    aws.client("sns").publish(TopicArn=topic, Message="m")
    assert [mail["to"] for mail in aws.call("GET", "/inbox", to=ME)] == [ME]
    assert len(aws.call("GET", "/inbox", topic=topic)) == 2
    assert aws.call("GET", "/inbox", topic="arn:other") == []
    assert aws.call("DELETE", "/inbox") == {"deleted": 2}
    assert aws.call("GET", "/inbox") == []
