"""What enterprises ask of a stack: keys, boundaries, paths, VPCs, evidence that outlives it."""

import json

import pytest

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    create,
    described,
    history,
    queue,
    text,
    update,
    with_properties,
)
from tools.simulator.client import Simulator

VPC = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
LOGS = {"Service": "logs.eu-west-1.amazonaws.com"}
BAD = with_properties(FUNCTION, Code={"S3Bucket": "no-such-bucket", "S3Key": "k"})


def failure(aws: Simulator) -> str:
    """Return the reason for which the first resource of the stack failed."""
    return next(reason for _, status, reason in history(aws) if status.endswith("_FAILED"))


def role_with(*statements: dict[str, object]) -> dict[str, object]:
    """Return a function's role with one inline policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return with_properties(ROLE, Policies=[{"PolicyName": "p", "PolicyDocument": document}])


def allow(resource: str, *actions: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@pytest.mark.parametrize("missing", ["Create", "Describe", "Delete"])
def test_a_function_in_a_vpc_needs_a_role_that_may_make_its_interfaces(aws, missing):
    """Lambda looks before it takes the function, and names the action."""
    aws.set_iam(enforce=True)
    function = with_properties(FUNCTION, FunctionName="f", VpcConfig=VPC)
    on_all = allow("*", "ec2:DescribeNetworkInterfaces")
    on_some = allow(
        "arn:aws:ec2:eu-west-1:123456789012:*/*",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
    )
    template = text({"Function": function, "Role": role_with(on_all, on_some)})
    lacking = template.replace(f"ec2:{missing}", "ec2:Attach")
    assert create(aws, lacking) == "ROLLBACK_COMPLETE"
    assert f"does not have permissions to call {missing}NetworkInterface" in failure(aws)
    assert create(aws, template, "t") == "CREATE_COMPLETE"
    found = aws.client("lambda").get_function_configuration(FunctionName="f")["VpcConfig"]
    assert {key: found[key] for key in VPC} == VPC


def test_a_function_leaves_its_vpc_when_the_template_says_so_no_more(aws):
    function = with_properties(FUNCTION, FunctionName="f", VpcConfig=VPC)
    create(aws, text({"Function": function, "Role": ROLE}))
    outside = with_properties(function, VpcConfig=None)
    assert update(aws, text({"Function": outside, "Role": ROLE})) == "UPDATE_COMPLETE"
    found = aws.client("lambda").get_function_configuration(FunctionName="f")["VpcConfig"]
    assert found["SubnetIds"] == found["SecurityGroupIds"] == []


def test_subnets_without_security_groups_are_refused(aws):
    function = with_properties(FUNCTION, VpcConfig=VPC | {"SecurityGroupIds": []})
    assert create(aws, text({"Function": function, "Role": ROLE})) == "ROLLBACK_COMPLETE"
    assert "must coexist" in failure(aws)


def test_a_log_group_takes_a_key_whose_policy_admits_it(aws):
    """On creation and on an update; a key with the default policy does not."""
    kms = aws.client("kms")
    closed = kms.create_key()["KeyMetadata"]["Arn"]
    admitting = {"Effect": "Allow", "Principal": LOGS, "Action": "kms:*", "Resource": "*"}
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:g"
    admitting["Condition"] = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [admitting]})
    opened = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def group_under(key):
        properties = {"LogGroupName": "g", "KmsKeyId": key} if key else {"LogGroupName": "g"}
        return text({"Group": {"Type": "AWS::Logs::LogGroup", "Properties": properties}})

    def key_of_group():
        (found,) = aws.client("logs").describe_log_groups()["logGroups"]
        return found.get("kmsKeyId")

    assert create(aws, group_under(closed), "closed") == "ROLLBACK_COMPLETE"
    assert create(aws, group_under(opened)) == "CREATE_COMPLETE"
    assert key_of_group() == opened
    assert update(aws, group_under(closed)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "not allowed to be used with LogGroup" in failure(aws)
    assert key_of_group() == opened
    assert update(aws, group_under(None)) == "UPDATE_COMPLETE"
    assert key_of_group() is None


def test_a_role_has_its_path_and_a_boundary_that_exists(aws):
    iam = aws.client("iam")
    missing = "arn:aws:iam::123456789012:policy/no-such"
    guarded = with_properties(ROLE, RoleName="r", Path="/a/b/", PermissionsBoundary=missing)
    assert create(aws, text({"Role": guarded})) == "ROLLBACK_COMPLETE"
    assert f"Scope ARN: {missing} does not exist" in failure(aws)
    assert iam.list_roles()["Roles"] == []

    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("*", "sns:Publish")]})
    made = iam.create_policy(PolicyName="bound", PolicyDocument=document)
    boundary = made["Policy"]["Arn"]
    template = text({"Role": with_properties(guarded, PermissionsBoundary=boundary)})
    assert create(aws, template, "t") == "CREATE_COMPLETE"
    role = iam.get_role(RoleName="r")["Role"]
    assert role["Arn"] == "arn:aws:iam::123456789012:role/a/b/r"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_who_may_read_a_role_may_by_its_arn_with_its_path(aws):
    """A grant on the path is one, as in AWS."""
    iam = aws.client("iam")
    trust = json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    )
    made = iam.create_role(RoleName="r", Path="/a/", AssumeRolePolicyDocument=trust)["Role"]
    own = allow("arn:aws:iam::123456789012:role/a/*", "iam:GetRole")
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document)
    aws.set_iam(enforce=True)
    session = aws.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")
    held = session["Credentials"]
    as_role = aws.client(
        "iam",
        aws_access_key_id=held["AccessKeyId"],
        aws_secret_access_key=held["SecretAccessKey"],
        aws_session_token=held["SessionToken"],
    )
    assert as_role.get_role(RoleName="r")["Role"]["Arn"] == made["Arn"]


def names(aws: Simulator) -> list[str]:
    urls = aws.client("sqs").list_queues().get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def test_what_is_retained_except_on_create_goes_with_a_stack_that_never_was(aws):
    """It stays when its stack is deleted, and not when its making is rolled back."""
    kept = {
        policy: queue(QueueName=policy) | {"DeletionPolicy": policy}
        for policy in ("Retain", "RetainExceptOnCreate")
    }
    last = {"Function": BAD | {"DependsOn": list(kept)}, "Role": ROLE}
    assert create(aws, text({**kept, **last})) == "ROLLBACK_COMPLETE"
    assert names(aws) == ["Retain"]
    aws.client("sqs").delete_queue(QueueUrl=aws.client("sqs").list_queues()["QueueUrls"][0])
    assert create(aws, text(kept), "t") == "CREATE_COMPLETE"
    aws.client("cloudformation").delete_stack(StackName="t")
    assert names(aws) == sorted(kept)


def test_what_is_replaced_stays_where_its_own_policy_says_so(aws):
    def queues(suffix):
        return text(
            {
                "Kept": queue(QueueName=f"kept-{suffix}") | {"UpdateReplacePolicy": "Retain"},
                "Gone": queue(QueueName=f"gone-{suffix}") | {"DeletionPolicy": "Retain"},
            }
        )

    create(aws, queues("1"))
    assert update(aws, queues("2")) == "UPDATE_COMPLETE"
    assert names(aws) == ["gone-2", "kept-1", "kept-2"]
    assert described(aws)["StackStatus"] == "UPDATE_COMPLETE"
