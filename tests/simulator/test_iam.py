"""IAM enforcement: callers may do what their policies say, on what they say, and nothing else."""

import json

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.simulator.throwaway import session

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "sts:AssumeRole",
}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def as_role(aws):
    """Make clients of a role with the given statements, IAM being enforced."""

    def make(*statements, **role):
        iam = aws.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST), **role)
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(*statements))
        aws.set_iam(enforce=True)
        keys = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
        return lambda service, region="eu-west-1": aws.client(service, region, **session(keys))

    return make


def code(call, **request):
    """The error code of a call; None if it is served."""
    try:
        call(**request)
    except ClientError as problem:
        return problem.response["Error"]["Code"]
    return None


def test_the_administrator_of_any_account_keeps_every_right(aws):
    aws.set_iam(enforce=True)
    for account in (ACCOUNT, "222222222222"):
        for service, operation in (
            ("emr", "list_clusters"),
            ("s3", "list_buckets"),
            ("iam", "list_roles"),
        ):
            assert code(getattr(aws.client(service, account=account), operation)) is None


@pytest.mark.parametrize(
    ("service", "operation", "refused"),
    [
        ("emr", "list_clusters", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("sns", "list_topics", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused(aws, service, operation, refused):
    aws.set_iam(enforce=True)
    unknown = aws.client(service, aws_access_key_id="AKIAUNKNOWNUNKNOWN00")
    assert code(getattr(unknown, operation)) == refused


def test_a_request_without_a_signature_is_refused(aws):
    anonymous = {"config": Config(signature_version=UNSIGNED)}
    assert code(aws.client("s3", **anonymous).list_buckets) is None
    aws.set_iam(enforce=True)
    assert code(aws.client("s3", **anonymous).list_buckets) == "MissingAuthenticationToken"


def make_resources(aws):
    """The same resources twice: `good`, which the role may use, and `bad`."""
    aws.client("s3", "us-east-1").create_bucket(Bucket="good")
    aws.client("s3", "us-east-1").create_bucket(Bucket="bad")
    for name in ("good", "bad"):
        aws.client("sns").create_topic(Name=name)
        aws.client("sqs").create_queue(QueueName=name)
        aws.client("logs").create_log_group(logGroupName=name)
        aws.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


ITEM = {"k": {"S": "x"}}
SCOPED = {  # service: resource of the Allow, operation, request by name, error code
    "sns": (
        "arn:aws:sns:eu-west-1:123456789012:good",
        "publish",
        lambda name: {"TopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:{name}", "Message": "é & x"},
        "AuthorizationError",
    ),
    "sqs": (
        "arn:aws:sqs:eu-west-1:123456789012:good",
        "send_message",
        lambda name: {"QueueUrl": f"http://localhost/{ACCOUNT}/{name}", "MessageBody": "x"},
        "AccessDenied",
    ),
    "dynamodb": (
        "arn:aws:dynamodb:eu-west-1:123456789012:table/good",
        "batch_get_item",
        lambda name: {"RequestItems": {name: {"Keys": [ITEM]}}},
        "AccessDeniedException",
    ),
    "logs": (
        "arn:aws:logs:eu-west-1:123456789012:log-group:good:*",
        "create_log_stream",
        lambda name: {"logGroupName": name, "logStreamName": "2026/01/01/[$LATEST]abc"},
        "AccessDeniedException",
    ),
    "s3": (
        "arn:aws:s3:::good/*",
        "put_object",
        lambda name: {"Bucket": name, "Key": "a b/ü+c=1", "Body": b"x" * 70000},
        "AccessDenied",
    ),
}


@pytest.mark.parametrize("service", SCOPED)
def test_an_allow_for_one_resource_does_not_serve_its_neighbour(aws, as_role, service):
    make_resources(aws)
    resource, operation, request_, refused = SCOPED[service]
    call = getattr(as_role(allow(f"{service}:*", resource))(service), operation)
    assert code(call, **request_("good")) is None
    assert code(call, **request_("bad")) == refused


RULES = f"arn:aws:config:eu-west-1:{ACCOUNT}:config-rule/*"
NO_RESOURCE = [  # service, operation, the most that a statement can name of what it seems to be about
    ("config", "describe_config_rules", RULES),
    ("emr", "list_clusters", f"arn:aws:elasticmapreduce:eu-west-1:{ACCOUNT}:cluster/*"),
    ("resourcegroupstaggingapi", "get_resources", "arn:aws:*"),
    ("sns", "list_topics", f"arn:aws:sns:eu-west-1:{ACCOUNT}:*"),
]


@pytest.mark.parametrize(("service", "operation", "resource"), NO_RESOURCE)
def test_an_action_that_takes_no_resource_is_allowed_on_everything_alone(
    aws, as_role, service, operation, resource
):
    """AWS asks for it on `*`, which no narrower statement allows, nor denies."""
    call = getattr(as_role(allow("*", resource))(service), operation)
    with pytest.raises(ClientError, match=r"on resource: \* because no identity-based policy"):
        call()
    narrow = allow("*", resource) | {"Effect": "Deny"}
    statements = document(allow("*"), narrow)
    aws.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=statements)
    assert code(call) is None


def test_an_object_is_missing_only_for_who_may_list_and_read_only_with_its_key(aws, as_role):
    """S3 tells nobody else that nothing is there, and uses the key on behalf of the reader."""
    s3, key = aws.client("s3"), aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket="certs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket="certs", Key="secret", Body=b"x", **encrypted)
    s3.put_object(Bucket="certs", Key="plain", Body=b"x")
    reads = allow("s3:GetObject", "arn:aws:s3:::certs/*")
    lists = allow("s3:ListBucket", "arn:aws:s3:::certs")
    through = {"StringLike": {"kms:ViaService": "s3.*"}}
    decrypts = allow("kms:Decrypt", key, Condition=through)

    reader = as_role(reads)("s3")
    found = {
        name: code(reader.get_object, Bucket="certs", Key=name)
        for name in ("plain", "secret", "none")
    }
    assert found == {"plain": None, "secret": "AccessDenied", "none": "AccessDenied"}
    policy = document(reads, lists, decrypts)
    aws.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy)
    assert code(reader.get_object, Bucket="certs", Key="secret") is None
    assert code(reader.get_object, Bucket="certs", Key="none") == "NoSuchKey"


def test_an_action_that_aws_does_not_have_is_refused_whatever_the_policy_says(aws, as_role):
    """It is a gap of the simulator: AWS asks for another action there, which it cannot name."""
    make_resources(aws)
    put = [{"Put": {"TableName": "good", "Item": ITEM}}]
    gap = "dynamodb:TransactWriteItems: tools/simulator/iam/authorization.json has no such action"
    with pytest.raises(ClientError, match=gap):
        as_role(allow("*"))("dynamodb").transact_write_items(TransactItems=put)
    assert code(aws.client("dynamodb").transact_write_items, TransactItems=put) is None


def test_managed_policies_and_boundaries_count(aws, as_role):
    clients = as_role(allow("sns:*"))
    arn = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
    assert code(clients("sqs").list_queues) == "AccessDenied"
    aws.client("iam").attach_role_policy(RoleName="r", PolicyArn=arn)
    assert code(clients("sqs").list_queues) is None
    aws.client("iam").put_role_permissions_boundary(RoleName="r", PermissionsBoundary=arn)
    assert code(clients("sqs").list_queues) is None
    assert code(clients("sns").list_topics) == "AuthorizationError"


@pytest.mark.parametrize(
    ("principal", "admitted"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, True),
        ({"AWS": "arn:aws:iam::222222222222:root"}, False),
        ({"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_role_is_assumed_only_by_whom_its_trust_policy_admits(aws, principal, admitted):
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document(trust))
    aws.set_iam(enforce=True)
    outcome = code(aws.client("sts").assume_role, RoleArn=ROLE, RoleSessionName="me")
    assert outcome == (None if admitted else "AccessDenied")


def test_the_message_names_caller_action_and_resource_as_aws_does(as_role):
    emr = as_role(allow("sns:*"))("emr")
    with pytest.raises(ClientError) as refused:
        emr.list_clusters()
    assert refused.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/r/me is not authorized to perform: "
        "elasticmapreduce:ListClusters on resource: * because no identity-based policy allows "
        "the elasticmapreduce:ListClusters action"
    )
