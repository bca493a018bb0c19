"""Parameters of the stack that make no sense together are refused, by name, before anything is made."""

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.organization import TEMPLATE, as_list, as_taken
from tools.account import BUCKET, Account

CODE = {"CodeBucket": "lambda-code", "CodeKey": "rule.zip"}
WITHOUT_EFFECT = {
    "RuleTriggers": "Together",
    "Coverage": "complete",
    "ExemptionTagKey": "encryption-exempt",
    "CertificateExpiryDays": "7",
    "AllowedCertificateProviders": "PEM",
    "ApprovedSecurityConfigurations": "strict-*",
    "AcceptedOverrides": "hive-site/hive.metastore.use.SSL",
    "OverrideScope": "instances",
}


def refusal(aws, **parameters):
    """Return why the stack is not made."""
    Account(aws).prepare()
    with pytest.raises(ClientError) as caught:
        aws.client("cloudformation").create_stack(
            StackName="s",
            **as_taken(TEMPLATE, aws.client("s3"), BUCKET),
            Parameters=as_list(CODE | parameters),
            Capabilities=["CAPABILITY_IAM"],
        )
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_what_shapes_the_rules_is_refused_where_a_pack_brings_them(aws, name):
    """It would have no effect, and nobody would see that."""
    message = refusal(aws, CreateRules="no", **{name: WITHOUT_EFFECT[name]})
    assert "With CreateRules=no" in message
    assert name.lower() in message.lower()


def test_a_tag_that_no_user_can_set_is_refused(aws):
    """AWS keeps such keys to itself, so no cluster could ever be exempt."""
    assert "ExemptionTagKey" in refusal(aws, ExemptionTagKey="AWS:exempt")
