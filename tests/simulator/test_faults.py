"""Scripted faults: they meet the calls they name, as often as they say, in botocore's terms."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from tests.simulator.throwaway import session
from tools.simulator.client import SimulatorError


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("emr", "list_clusters", {}),  # json 1.1
        ("dynamodb", "list_tables", {}),  # json 1.0
        ("sqs", "list_queues", {}),  # json 1.0, with the codes of the query protocol
        ("cloudwatch", "list_metrics", {}),
        ("sns", "list_topics", {}),  # query
        ("lambda", "list_functions", {}),  # rest-json
        ("s3", "list_buckets", {}),  # rest-xml
        ("resourcegroupstaggingapi", "get_resources", {}),
    ],
)
def test_botocore_reads_code_message_and_status_for_every_protocol(
    aws, service, operation, request_
):
    aws.add_fault(service, code="ThrottlingException", message="Slow <down>", status=429)
    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service), operation)(**request_)
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["Error"]["Message"] == "Slow <down>"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_fault_skips_the_first_calls_strikes_so_often_and_counts(aws):
    aws.add_fault("emr", "ListClusters", code="ThrottlingException", after=1, times=2)
    emr = aws.client("emr")
    outcomes = []
    for _ in range(5):
        try:
            emr.list_clusters()
            outcomes.append("ok")
        except ClientError:
            outcomes.append("refused")
    assert outcomes == ["ok", "refused", "refused", "ok", "ok"]
    [fault] = aws.faults()
    assert fault["hits"] == 2


def test_a_fault_meets_only_the_operation_the_body_and_the_service_it_names(aws):
    aws.add_fault("elasticmapreduce", "DescribeCluster", body_contains="j-BAD", code="ServerError")
    emr = aws.client("emr")
    emr.list_clusters()
    with pytest.raises(ClientError, match="ServerError"):
        emr.describe_cluster(ClusterId="j-BAD")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        emr.describe_cluster(ClusterId="j-GOOD")


def test_a_fault_can_be_for_one_role_alone(aws):
    aws.add_fault("emr", role_contains="role/victim", code="AccessDeniedException")
    aws.client("emr").list_clusters()
    keys = aws.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/victim", RoleSessionName="me"
    )["Credentials"]
    victim = aws.client("emr", **session(keys))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        victim.list_clusters()


def test_a_fault_can_drop_the_connection_or_only_delay(aws):
    emr = aws.client("emr")
    aws.add_fault("emr", reset=True, times=1)
    with pytest.raises(ConnectionClosedError):
        emr.list_clusters()
    assert [call["error"] for call in aws.journal("emr")] == ["ConnectionDropped"]
    aws.add_fault("emr", delay=0.3, times=1)
    started = time.monotonic()
    emr.list_clusters()
    assert time.monotonic() - started >= 0.3


def test_a_broken_body_is_a_parser_error_in_xml_and_an_empty_answer_in_json(aws):
    aws.add_fault("sns", malformed=True)
    with pytest.raises(ResponseParserError):
        aws.client("sns").list_topics()
    aws.add_fault("emr", malformed=True)
    assert "Clusters" not in aws.client("emr").list_clusters()


def test_a_fault_that_says_nothing_or_is_misspelt_is_refused(aws):
    with pytest.raises(SimulatorError, match="needs one of"):
        aws.add_fault("emr")
    with pytest.raises(SimulatorError, match="has no opertion"):
        aws.add_fault("emr", opertion="x", code="y")


def test_faults_are_gone_when_cleared(aws):
    aws.add_fault("emr", code="ThrottlingException")
    aws.clear_faults()
    aws.client("emr").list_clusters()
    assert aws.faults() == []


def test_a_call_can_take_effect_although_its_answer_is_lost(aws):
    aws.add_fault("sqs", "CreateQueue", reset=True, lost_answer=True, times=1)
    sqs = aws.client("sqs")
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="made")
    assert len(sqs.list_queues()["QueueUrls"]) == 1
    with pytest.raises(SimulatorError, match="An answer is lost to one of"):
        aws.add_fault("sqs", delay=0.1, lost_answer=True)


def test_a_call_that_is_delayed_goes_on_when_the_faults_are_taken_away(aws):
    aws.add_fault("emr", "ListClusters", delay=30)
    started = time.monotonic()
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(aws.client("emr").list_clusters)
        while not aws.faults()[0]["hits"]:
            assert time.monotonic() - started < 20
        aws.clear_faults()
        assert call.result()["Clusters"] == []
    assert time.monotonic() - started < 20
