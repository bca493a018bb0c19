"""The journal: every call with its caller and its end."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.throwaway import session


def test_a_call_is_written_down_with_where_by_whom_and_with_what(aws):
    aws.client("emr", "us-east-1", "222222222222").list_clusters(ClusterStates=["WAITING"])
    [call] = aws.journal()
    assert call["service"] == "emr"
    assert call["operation"] == "ListClusters"
    assert (call["account"], call["region"]) == ("222222222222", "us-east-1")
    assert call["parameters"] == {"ClusterStates": ["WAITING"]}
    assert (call["status"], call["error"]) == (200, None)


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code"),
    [
        ("emr", "describe_cluster", {"ClusterId": "j-1"}, "InvalidRequestException"),
        ("iam", "get_role", {"RoleName": "r"}, "NoSuchEntity"),
        ("lambda", "get_function", {"FunctionName": "f"}, "ResourceNotFoundException"),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "k"}, "NoSuchBucket"),
    ],
)
def test_the_error_code_is_told_for_every_protocol(aws, service, operation, request_, code):
    with pytest.raises(ClientError):
        getattr(aws.client(service), operation)(**request_)
    [call] = aws.journal()
    assert call["error"] == code
    assert call["status"] >= 400
    assert call["operation"].lower() == operation.replace("_", "")


def test_the_role_is_named_when_a_role_calls(aws):
    sts = aws.client("sts")
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/path/r", RoleSessionName="me")
    aws.client("sns", **session(role["Credentials"])).list_topics()
    assert [call["operation"] for call in aws.journal(role="r")] == ["ListTopics"]


def test_it_is_filtered_by_service_and_by_operation_and_can_be_emptied(aws):
    emr = aws.client("emr")
    emr.list_clusters()
    emr.list_security_configurations()
    aws.client("sns").list_topics()
    assert len(aws.journal("emr")) == 2
    assert [c["operation"] for c in aws.journal("emr", "ListClusters")] == ["ListClusters"]
    aws.clear_journal()
    assert aws.journal() == []
