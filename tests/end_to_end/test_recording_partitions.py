"""The same template in AWS's other partitions, where every ARN and some hosts are other ones."""

import json

import pytest

from tests.end_to_end.recording import QUICK
from tools.account import CONFIGURATION_RULE, RULE, Account

OFF = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_the_rule_judges_records_and_alerts_there_too(aws, partition, region):
    """With IAM enforced, by the roles that the template gives: nothing in it names a partition."""
    aws.set_functions(time_scale=QUICK)
    account = Account(aws, region)
    account.prepare()
    outputs = account.deploy()
    account.emr.create_security_configuration(Name="off", SecurityConfiguration=OFF)
    cluster = account.launch("etl", "off")
    aws.settle()
    aws.schedule(RULE)

    arns = [each for each in outputs.values() if each.startswith("arn:")]
    assert {each.split(":")[1] for each in arns} == {partition}
    assert account.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"
    assert account.results(CONFIGURATION_RULE)["off"]["ComplianceType"] == "NON_COMPLIANT"
    assert len(aws.topics(outputs["AlertTopicArn"])) == 2, "the cluster, and its configuration"
    assert [each for each in aws.journal() if "Denied" in str(each["error"])] == []
