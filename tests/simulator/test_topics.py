"""The simulator's SNS refuses what AWS refuses."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.messaging import (
    REGION,
    make_key,
    make_topic,
    policy,
)
from tests.simulator.throwaway import ACCOUNT, make_role
from tools.simulator.client import Simulator
from tools.simulator.control_client import SimulatorError

OTHER = "210987654321"


def refusal(aws: Simulator, topic: str, account: str | None = None, **message: Any) -> str:
    client = aws.client("sns", account=account, region=message.pop("region", REGION))
    with pytest.raises(ClientError) as caught:
        client.publish(TopicArn=topic, **({"Message": "m"} | message))
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    "subject",
    ["x" * 100, "two\nlines", "tab\there", "Ünicode", "", " leading", "del\x7f"],
)
def test_a_subject_that_is_long_or_not_one_printable_ascii_line_is_refused(
    aws: Simulator, subject: str
) -> None:
    assert refusal(aws, make_topic(aws), Subject=subject) == "InvalidParameter"


def test_a_subject_of_99_printable_characters_is_taken(aws: Simulator) -> None:
    aws.client("sns").publish(TopicArn=make_topic(aws), Message="m", Subject="x" * 99)


def test_a_message_is_measured_in_bytes_with_its_attributes(aws: Simulator) -> None:
    topic = make_topic(aws)
    attribute = {"a": {"DataType": "String", "StringValue": "é"}}  # 1 + 6 + 2 bytes
    aws.client("sns").publish(
        TopicArn=topic, Message="x" * (262_144 - 9), MessageAttributes=attribute
    )
    too_long = {"Message": "x" * (262_144 - 8), "MessageAttributes": attribute}
    assert refusal(aws, topic, **too_long) == "InvalidParameter"
    assert refusal(aws, topic, Message="é" * 131_073) == "InvalidParameter"


@pytest.mark.parametrize("message", ["no json", "[]", '{"email": "x"}', '{"default": 1}'])
def test_structured_messages_need_a_default_text(aws: Simulator, message: str) -> None:
    topic = make_topic(aws)
    assert refusal(aws, topic, Message=message, MessageStructure="json") == "InvalidParameter"


def test_an_empty_attribute_is_refused(aws: Simulator) -> None:
    empty = {"a": {"DataType": "String", "StringValue": ""}}
    assert refusal(aws, make_topic(aws), MessageAttributes=empty) == "InvalidParameter"


def test_a_batch_is_held_to_the_same_rules(aws: Simulator) -> None:
    entries = [{"Id": "1", "Message": "m"}, {"Id": "2", "Message": "m", "Subject": "x" * 100}]
    with pytest.raises(ClientError):
        aws.client("sns").publish_batch(
            TopicArn=make_topic(aws), PublishBatchRequestEntries=entries
        )
    assert aws.call("GET", "/topics") == []


def test_a_topic_is_published_to_in_its_own_region_only(aws: Simulator) -> None:
    topic = make_topic(aws)
    assert refusal(aws, topic, region="us-east-1") == "InvalidParameter"


def test_a_topic_that_is_gone_is_not_found(aws: Simulator) -> None:
    topic = make_topic(aws)
    aws.client("sns").delete_topic(TopicArn=topic)
    assert refusal(aws, topic) == "NotFound"


def test_an_explicit_deny_in_the_topic_policy_counts_for_everybody(aws: Simulator) -> None:
    denied = policy("*", "SNS:Publish", Effect="Deny")
    assert refusal(aws, make_topic(aws, denied)) == "AuthorizationError"


def test_another_account_is_refused_unless_the_topic_policy_admits_it(aws: Simulator) -> None:
    topic = make_topic(aws)
    assert refusal(aws, topic, OTHER) == "AuthorizationError"
    admitted = policy({"AWS": f"arn:aws:iam::{OTHER}:root"}, "SNS:Publish", Resource=topic)
    aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(admitted)
    )
    aws.client("sns", account=OTHER).publish(TopicArn=topic, Message="m")


def test_an_account_of_the_organization_is_admitted_and_one_outside_is_not(
    aws: Simulator,
) -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-mine000000"}}
    topic = make_topic(aws, policy("*", "SNS:Publish", Condition=condition))
    assert refusal(aws, topic, OTHER) == "AuthorizationError"
    aws.call("PUT", "/organization", id="o-mine000000", accounts=[ACCOUNT, OTHER])
    aws.client("sns", account=OTHER).publish(TopicArn=topic, Message="m")
    assert refusal(aws, topic, "999999999999") == "AuthorizationError"


def test_an_account_is_in_one_organization_at_a_time(aws: Simulator) -> None:
    aws.set_organization("o-mine000000", [ACCOUNT])
    with pytest.raises(SimulatorError, match="o-mine000000"):
        aws.set_organization("o-another000", [ACCOUNT])


def test_a_policy_with_actions_that_topics_do_not_have_is_refused(aws: Simulator) -> None:
    topic = make_topic(aws)
    for action in ("sns:*", "sns:PublishBatch", "sqs:SendMessage"):
        with pytest.raises(ClientError) as caught:
            aws.client("sns").set_topic_attributes(
                TopicArn=topic,
                AttributeName="Policy",
                AttributeValue=json.dumps(policy("*", action)),
            )
        assert "out of service scope" in str(caught.value)


def test_under_enforced_iam_a_role_needs_the_key_of_an_encrypted_topic(aws: Simulator) -> None:
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


def test_the_aws_managed_key_asks_nothing_of_a_role_of_the_account(aws: Simulator) -> None:
    topic = make_topic(aws, KmsMasterKeyId="alias/aws/sns")
    client = role_client(aws, make_role(aws, "mine", "sns:Publish"))
    aws.call("PUT", "/iam", enforce=True)
    client.publish(TopicArn=topic, Message="m")


def test_the_aws_managed_key_shuts_other_accounts_out(aws: Simulator) -> None:
    admitted = policy({"AWS": OTHER}, "SNS:Publish")
    topic = make_topic(aws, admitted, KmsMasterKeyId="alias/aws/sns")
    assert refusal(aws, topic, OTHER) == "KMSAccessDenied"


def test_a_key_that_does_not_exist_is_reported(aws: Simulator) -> None:
    assert refusal(aws, make_topic(aws, KmsMasterKeyId="alias/none")) == "KMSNotFound"


def role_client(aws: Simulator, arn: str) -> Any:
    document = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "sts:AssumeRole")
    del document["Statement"][0]["Resource"]
    aws.client("iam").update_assume_role_policy(
        RoleName=arn.rsplit("/", maxsplit=1)[-1], PolicyDocument=json.dumps(document)
    )
    given = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return aws.client(
        "sns",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def test_an_email_subscription_counts_and_gets_messages_once_it_is_confirmed(
    aws: Simulator,
) -> None:
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
    with pytest.raises(SimulatorError, match="confirm is true or false"):
        aws.call("PUT", "/topics", confirm="perhaps")


def counts(aws: Simulator, topic: str) -> tuple[str, str]:
    found = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return found["SubscriptionsPending"], found["SubscriptionsConfirmed"]
