"""SNS: what it refuses, whom it brings messages to, and the inbox, as a person gets its emails."""

import email.utils
import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.messaging import (
    REGION,
    admit,
    make_key,
    make_queue,
    make_topic,
    policy,
    received,
)
from tests.simulator.throwaway import ACCOUNT, make_role, session

ME = "me@example.com"


def refusal(aws, topic, account=None, **message):
    client = aws.client("sns", account=account, region=message.pop("region", REGION))
    with pytest.raises(ClientError) as caught:
        client.publish(TopicArn=topic, **({"Message": "m"} | message))
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    "subject",
    ["x" * 100, "two\nlines", "tab\there", "Ünicode", "", " leading", "del\x7f"],
)
def test_a_subject_that_is_long_or_not_one_printable_ascii_line_is_refused(aws, subject):
    assert refusal(aws, make_topic(aws), Subject=subject) == "InvalidParameter"


def test_a_message_is_measured_in_bytes_with_its_attributes(aws):
    topic = make_topic(aws)
    attribute = {"a": {"DataType": "String", "StringValue": "é"}}  # 1 + 6 + 2 bytes
    aws.client("sns").publish(
        TopicArn=topic, Message="x" * (262_144 - 9), MessageAttributes=attribute
    )
    too_long = {"Message": "x" * (262_144 - 8), "MessageAttributes": attribute}
    assert refusal(aws, topic, **too_long) == "InvalidParameter"
    assert refusal(aws, topic, Message="é" * 131_073) == "InvalidParameter"


@pytest.mark.parametrize("message", ["no json", "[]", '{"email": "x"}', '{"default": 1}'])
def test_structured_messages_need_a_default_text(aws, message):
    topic = make_topic(aws)
    assert refusal(aws, topic, Message=message, MessageStructure="json") == "InvalidParameter"


def test_an_empty_attribute_is_refused(aws):
    empty = {"a": {"DataType": "String", "StringValue": ""}}
    assert refusal(aws, make_topic(aws), MessageAttributes=empty) == "InvalidParameter"


def test_a_topic_is_published_to_in_its_own_region_only(aws):
    topic = make_topic(aws)
    assert refusal(aws, topic, region="us-east-1") == "InvalidParameter"


def test_a_policy_with_actions_that_topics_do_not_have_is_refused(aws):
    topic = make_topic(aws)
    for action in ("sns:*", "sns:PublishBatch", "sqs:SendMessage"):
        with pytest.raises(ClientError) as caught:
            aws.client("sns").set_topic_attributes(
                TopicArn=topic,
                AttributeName="Policy",
                AttributeValue=json.dumps(policy("*", action)),
            )
        assert "out of service scope" in str(caught.value)


def test_under_enforced_iam_a_role_needs_the_key_of_an_encrypted_topic(aws):
    topic = make_topic(aws, KmsMasterKeyId=make_key(aws))
    clients = []
    for name, actions in (("with", ["kms:GenerateDataKey", "kms:Decrypt"]), ("without", [])):
        arn = make_role(aws, name, "sns:Publish", *actions)
        clients.append(role_client(aws, arn))
    aws.call("PUT", "/iam", enforce=True)
    clients[0].publish(TopicArn=topic, Message="m")
    with pytest.raises(ClientError) as caught:
        clients[1].publish(TopicArn=topic, Message="m")
    assert caught.value.response["Error"]["Code"] == "KMSAccessDenied"


def role_client(aws, arn):
    document = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "sts:AssumeRole")
    del document["Statement"][0]["Resource"]
    aws.client("iam").update_assume_role_policy(
        RoleName=arn.rsplit("/", maxsplit=1)[-1], PolicyDocument=json.dumps(document)
    )
    given = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return aws.client("sns", **session(given))


def test_an_email_subscription_counts_and_gets_messages_once_it_is_confirmed(aws):
    topic, client = make_topic(aws), aws.client("sns")
    aws.confirm_emails(confirm=False)
    client.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"].rpartition("/")[2]
    assert counts(aws, topic) == ("1", "0")
    client.publish(TopicArn=topic, Message="nobody reads this")
    assert aws.inbox() == []

    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert counts(aws, topic) == ("1", "1")
    aws.confirm_emails()
    assert counts(aws, topic) == ("0", "2")
    client.publish(TopicArn=topic, Message="now")
    [email] = aws.inbox()
    assert email["body"].startswith("now\n")


def counts(aws, topic):
    found = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return found["SubscriptionsPending"], found["SubscriptionsConfirmed"]


def subscribe_queue(aws, topic, **attributes):
    queue = make_queue(
        aws,
        admit("sns", "sqs:SendMessage", Condition={"ArnEquals": {"aws:SourceArn": topic}}),
    )
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes
    )


def test_a_queue_gets_the_envelope_with_subject_and_attributes(aws):
    topic = make_topic(aws)
    subscribe_queue(aws, topic)
    array = {"reasons": {"DataType": "String.Array", "StringValue": '["A", "B"]'}}
    aws.client("sns").publish(
        TopicArn=topic,
        Message='{"default": "d", "sqs": "for machines"}',
        MessageStructure="json",
        Subject="s",
        MessageAttributes=array,
    )
    (message,) = received(aws)
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
    assert (envelope["Message"], envelope["Subject"]) == ("for machines", "s")
    assert envelope["MessageAttributes"] == {
        "reasons": {"Type": "String.Array", "Value": '["A", "B"]'}
    }


@pytest.mark.parametrize(
    ("value", "comes"), [('["A", "B"]', True), ('["C"]', False), ("[]", False)]
)
def test_a_filter_on_an_array_looks_for_any_of_its_members(aws, value, comes):
    topic = make_topic(aws)
    subscribe_queue(aws, topic, FilterPolicy=json.dumps({"reasons": ["B"]}))
    array = {"reasons": {"DataType": "String.Array", "StringValue": value}}
    aws.client("sns").publish(TopicArn=topic, Message="m", MessageAttributes=array)
    assert bool(received(aws)) is comes


def test_a_queue_that_does_not_admit_the_topic_gets_nothing_and_nobody_is_told(aws):
    topic = make_topic(aws)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue(aws))
    aws.client("sns").publish(TopicArn=topic, Message="m")
    assert received(aws) == []
    (entry,) = aws.call("GET", "/topics")
    assert entry["deliveries"][0]["outcome"] == "failed"
    assert entry["deliveries"][0]["code"] == "NO_PERMISSIONS"


def subscribe(aws, topic, to=ME, protocol="email"):
    answer = aws.client("sns").subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=to, ReturnSubscriptionArn=True
    )
    arn: str = answer["SubscriptionArn"]
    return arn


def test_an_email_has_the_email_part_and_sns_own_footer(aws):
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
