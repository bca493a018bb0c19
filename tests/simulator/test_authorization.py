"""AWS's table of actions: what it says of an action, and which patterns mean what one takes."""

import pytest

from tools.simulator.iam.authorization import UnknownActionError, action, matching

HOME = "eu-west-1:123456789012"
LOG = f"arn:aws:logs:{HOME}:log-group:/aws/lambda/f"
RULE = f"arn:aws:config:{HOME}:config-rule"
OF_A_PACK = "aws-service-rule/config-conforms.amazonaws.com/config-rule-0a1b2c"
TABLE = f"arn:aws:dynamodb:{HOME}:table"


def test_an_action_is_found_in_any_letter_case():
    """As IAM reads a policy."""
    assert action("CONFIG:describeconfigrules").name == "config:DescribeConfigRules"
    assert action("config:DescribeConfigRules").access == "List"
    with pytest.raises(UnknownActionError, match="has no such action"):
        action("config:DescribeRules")


def test_a_wildcard_means_all_actions_that_fit():
    """And nothing where none does."""
    names = {each.name for each in matching("kms:generatedatakey*")}
    assert {"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"} <= names
    assert {each.name for each in matching("tag:?etResources")} == {"tag:GetResources"}
    assert matching("tag:Publish*") == ()


@pytest.mark.parametrize(
    ("name", "pattern", "taken"),
    [
        ("elasticmapreduce:DescribeCluster", f"arn:aws:elasticmapreduce:{HOME}:cluster/j-1", True),
        ("elasticmapreduce:DescribeCluster", "arn:*:elasticmapreduce:*:*:*", True),
        ("elasticmapreduce:DescribeCluster", f"arn:aws:elasticmapreduce:{HOME}:cl?ster/j-*", True),
        ("elasticmapreduce:DescribeCluster", "*", True),
        ("elasticmapreduce:DescribeCluster", f"arn:aws:elasticmapreduce:{HOME}:studio/*", False),
        ("elasticmapreduce:DescribeCluster", f"arn:aws:emr:{HOME}:cluster/*", False),
        ("elasticmapreduce:DescribeCluster", "j-1", False),
        ("elasticmapreduce:ListClusters", "*", True),
        ("elasticmapreduce:ListClusters", f"arn:aws:elasticmapreduce:{HOME}:cluster/*", False),
        ("config:DescribeConfigRules", f"{RULE}/*", False),
        ("config:StartConfigRulesEvaluation", f"{RULE}/config-rule-0a1b2c", True),
        ("config:StartConfigRulesEvaluation", f"{RULE}/{OF_A_PACK}", True),
        ("dynamodb:Query", f"{TABLE}/t/index/i", True),
        ("dynamodb:PutItem", f"{TABLE}/t", True),
        ("dynamodb:PutItem", f"{TABLE}/t/index/i", False),
        ("dynamodb:PutItem", f"{TABLE}/*", True),
        ("dynamodb:PutItem", f"{TABLE}/t/", False),
        ("s3:GetObject", "arn:aws:s3:::b/folder/key", True),
        ("s3:GetObject", "arn:aws:s3:::b", False),
        ("s3:ListBucket", "arn:aws:s3:::b", True),
        ("logs:CreateLogGroup", LOG, True),
        ("logs:PutLogEvents", LOG, False),
        ("logs:PutLogEvents", f"{LOG}:*", True),
        ("logs:PutLogEvents", f"{LOG}:log-stream:2026/01/01/[$LATEST]0a1b", True),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/path/r", True),
    ],
)
def test_a_pattern_means_what_the_action_takes_or_it_does_not(name, pattern, taken):
    """Names stop at a slash, but for those in which AWS has one."""
    assert action(name).takes(pattern) is taken
