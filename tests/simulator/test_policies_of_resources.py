"""Policies of tables, topics and queues count for everybody, and AWS refuses some of them."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import create, described, queue, text, with_properties
from tests.simulator.test_iam import ACCOUNT, ROLE, TRUST, allow, code, document
from tests.simulator.throwaway import session
from tools.simulator.control_client import SimulatorError

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "t",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
URL_OF = "{}/" + ACCOUNT + "/q"
NOT_FROM_INSTANCES = {"Null": {"aws:Ec2InstanceSourceVpc": "false"}}
NOT_BUT_BY_A_STACK = {
    **NOT_FROM_INSTANCES,
    "ForAllValues:StringNotEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"},
}


def deny(*actions, **more):
    return {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*", **more}


def policy(*statements):
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}


@pytest.fixture
def clients(aws):
    """Make clients of a role with the given rights: from elsewhere, and from an instance."""
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }

    def make(*statements):
        iam = aws.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST, service))
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(*statements))
        aws.set_iam(enforce=True)
        keys = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
        found = aws.instance_credentials(ROLE)
        names = ("access_key_id", "secret_access_key", "session_token")
        mine = {f"aws_{name}": found[name] for name in names}
        return (
            lambda name: aws.client(name, **session(keys)),
            lambda name: aws.client(name, **mine),
        )

    return make


def test_only_what_an_instance_asks_for_comes_from_one(aws, clients):
    """Nor does a role that it assumes: that session is another."""
    aws.client("sqs").create_queue(QueueName="q")
    url = URL_OF.format(aws.url)
    document = policy(deny("sqs:SendMessage", Condition=NOT_FROM_INSTANCES))["PolicyDocument"]
    aws.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps(document)}
    )
    elsewhere, instance = clients(allow("sqs:*"), allow("sts:AssumeRole"))
    message = {"QueueUrl": url, "MessageBody": "m"}
    assert code(elsewhere("sqs").send_message, **message) is None
    assert code(instance("sqs").send_message, **message) == "AccessDenied"
    keys = instance("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    assert code(aws.client("sqs", **session(keys)).send_message, **message) is None


def test_an_instance_gets_only_roles_that_trust_ec2(aws):
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST))
    for role in (ROLE, ROLE + "x", "r"):
        with pytest.raises(SimulatorError, match=r"trust|ARN"):
            aws.instance_credentials(role)


def test_a_queue_keeps_its_policy_when_something_else_is_changed(aws):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    text_of = json.dumps(policy(deny("sqs:SendMessage"))["PolicyDocument"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text_of})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(kept["Policy"]) == json.loads(text_of)


@pytest.mark.parametrize("action", ["dynamodb:CreateTable", "dynamodb:Put*", "sns:Publish"])
def test_a_table_refuses_a_policy_that_names_what_dynamodb_does_not_take(aws, action):
    resources = {"T": with_properties(TABLE, ResourcePolicy=policy(deny(action)))}
    assert create(aws, text(resources)) == "ROLLBACK_COMPLETE"
    assert aws.client("dynamodb").list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    "actions", [["sqs:Shout"], ["sns:Publish"], [f"sqs:{'*' * n}" for n in range(1, 9)]]
)
def test_a_queue_refuses_a_policy_that_names_what_sqs_does_not_take(aws, actions):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    document = json.dumps(policy(deny(*actions))["PolicyDocument"])
    with pytest.raises(ClientError, match="Invalid value for the parameter Policy"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


def test_a_stack_is_made_with_the_rights_of_whoever_asks_for_it(aws, clients):
    _, instance = clients(allow("cloudformation:*"), allow("dynamodb:*"))
    guarded = with_properties(
        TABLE, ResourcePolicy=policy(deny("dynamodb:DeleteTable", Condition=NOT_BUT_BY_A_STACK))
    )
    cloudformation = instance("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=text({"T": guarded}))
    assert described(aws)["StackStatus"] == "CREATE_COMPLETE"
    body = text({"T": guarded, "Q": queue()})
    cloudformation.update_stack(StackName="s", TemplateBody=body)
    assert described(aws)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"  # it may make no queue
    assert code(instance("dynamodb").delete_table, TableName="t") == "AccessDeniedException"
    cloudformation.delete_stack(StackName="s")
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
