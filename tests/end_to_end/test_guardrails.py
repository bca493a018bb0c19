"""A stack under an enterprise's guardrails does what it does without them, and leaves its evidence."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.organization import MEMBERS, TEMPLATE, Organization
from tools.account import STACK

PATH = "/guarded/emr/"
VPC = {
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "SecurityGroupIds": "sg-01234567",
}
LOG_KEY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "CloudWatchLogsEncrypts",
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{MEMBERS[0]}:log-group:*"
                }
            },
        }
    ],
}
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def organization(simulator):
    """One member, whose stack has all that guardrails may ask for."""
    made = Organization(simulator, MEMBERS[:1], RolePath=PATH)
    boundary = simulator.client("iam", account=MEMBERS[0]).create_policy(
        PolicyName="boundary", PolicyDocument=json.dumps(ANYTHING)
    )["Policy"]["Arn"]
    key = simulator.client("kms", account=MEMBERS[0]).create_key(Policy=json.dumps(LOG_KEY))
    made.guardrails = {
        "PermissionsBoundaryArn": boundary,
        "RolePath": PATH,
        "LogKeyArn": key["KeyMetadata"]["Arn"],
    } | VPC
    made.deploy("eu-west-1", **made.guardrails)
    (made.place,) = made.places
    return made


def roles(place):
    found = place.client("iam").list_roles(PathPrefix=PATH)["Roles"]
    return {
        each["RoleName"]: place.client("iam").get_role(RoleName=each["RoleName"])["Role"]
        for each in found
    }


def test_roles_log_groups_and_functions_are_as_the_guardrails_ask(organization):
    """Each of them, so that no check of an organization finds one that is not."""
    place, asked = organization.place, organization.guardrails
    assert len(roles(place)) == 2
    for role in roles(place).values():
        boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert boundary == asked["PermissionsBoundaryArn"]
    groups = place.client("logs").describe_log_groups()["logGroups"]
    assert [group["kmsKeyId"] for group in groups] == [asked["LogKeyArn"]] * 2
    functions = place.client("lambda").list_functions()["Functions"]
    assert len(functions) == 2
    for function in functions:
        assert ",".join(function["VpcConfig"]["SubnetIds"]) == VPC["SubnetIds"]
        assert function["VpcConfig"]["SecurityGroupIds"] == [VPC["SecurityGroupIds"]]


def test_a_violation_is_recorded_and_told_as_without_them(organization):
    """The roles reach the central topic, which admits those of the path alone."""
    cluster = organization.place.launch("bare")
    organization.simulator.settle(60)
    assert [run["ok"] for run in organization.simulator.schedule()] == [True]
    organization.simulator.settle(60)
    assert organization.place.verdicts() == {cluster: "NON_COMPLIANT"}
    assert organization.told() == {(MEMBERS[0], "eu-west-1", cluster): 1}


def test_a_role_elsewhere_in_the_organization_may_not_publish(organization):
    """Though its own policy lets it, and though the organization is the same."""
    iam = organization.place.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    for path, admitted in (("/", False), ("/guarded/", False), (f"{PATH}more/", True)):
        name = f"somebody-{len(path)}"
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(ANYTHING))
        session = organization.place.client("sts").assume_role(
            RoleArn=made["Role"]["Arn"], RoleSessionName="somebody"
        )["Credentials"]
        sns = organization.simulator.client(
            "sns",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )
        if admitted:
            sns.get_topic_attributes(TopicArn=organization.topic)
            continue
        with pytest.raises(ClientError, match="AuthorizationError"):
            sns.publish(TopicArn=organization.topic, Message="m")


CERTIFICATES = "arn:aws:s3:::certificates"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SubnetIds": VPC["SubnetIds"]}, "SubnetIds needs SecurityGroupIds"),
        ({"SecurityGroupIds": "sg-01234567"}, "SecurityGroupIds needs SubnetIds"),
        ({"OperationsTopicName": ""}, "OperationsTopicAccount needs OperationsTopicName"),
        ({"OperationsTopicAccount": ""}, "OperationsTopicName needs OperationsTopicAccount"),
        ({"RolePath": "guarded"}, "must begin and end with a slash"),
        ({"PermissionsBoundaryArn": "boundary"}, "must be empty or the ARN of a managed policy"),
        ({"SubnetIds": "subnet-1, subnet-2"}, "comma-separated list of at most 16"),
        ({"CertificateBundles": "check"}, "CertificateBundles=check needs CertificateBuckets"),
        ({"CertificateBuckets": CERTIFICATES}, "CertificateBuckets needs CertificateBundles=check"),
        ({"CertificateKeyArn": KEY}, "CertificateKeyArn needs CertificateBundles=check"),
    ],
)
def test_half_of_a_guardrail_is_refused_before_anything_is_made(organization, given, message):
    """The message says which half is missing, or what the value has to be."""
    with pytest.raises(ClientError, match=message):
        organization.place.stack(TEMPLATE, "half", **organization.parameters(**given))


def test_what_the_stack_leaves_is_its_evidence_and_nothing_else(organization):
    """The ledger and the logs outlive it; it can be made anew beside them."""
    place = organization.place
    ledger, log = (place.outputs[name] for name in ("LedgerTable", "RuleLogGroupName"))
    place.cloudformation.delete_stack(StackName=STACK)

    assert place.client("dynamodb").list_tables()["TableNames"] == [ledger]
    groups = place.client("logs").describe_log_groups()["logGroups"]
    assert log in {each["logGroupName"] for each in groups}
    assert place.client("logs").filter_log_events(logGroupName=log)["events"]
    assert place.config.describe_config_rules()["ConfigRules"] == []
    assert place.client("lambda").list_functions()["Functions"] == []
    assert place.client("sqs").list_queues().get("QueueUrls", []) == []
    assert place.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    organization.deploy("eu-west-1", **organization.guardrails)
    assert organization.places[0].outputs["LedgerTable"] != ledger
