"""Events are tried again, go to dead-letter queues, and run as the role and concurrency allow."""

import itertools
import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.throwaway import call, make_function, make_role
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


def test_an_error_of_an_event_is_tried_three_times_with_one_request_id(aws: Simulator) -> None:
    make_function(aws, "def handler(e, c): raise ValueError('no')")
    aws.call("PUT", "/functions", retry_delay=0.05)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload="{}")
    aws.settle()
    runs = aws.call("GET", "/invocations", function="f")
    assert [run["attempt"] for run in runs] == [1, 2, 3]
    assert len({run["id"] for run in runs}) == 1
    waits = [later["started"] - run["started"] for run, later in itertools.pairwise(runs)]
    assert waits[0] >= 0.05
    assert waits[1] >= 0.1


def test_an_event_that_failed_for_good_goes_to_queue_and_destination(aws: Simulator) -> None:
    sqs = aws.client("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "failed")]
    arns = [f"arn:aws:sqs:eu-west-1:123456789012:{name}" for name in ("dead", "failed")]
    source = "def handler(e, c): raise ValueError('no')"
    make_function(aws, source, DeadLetterConfig={"TargetArn": arns[0]})
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arns[1]}},
    )
    aws.call("PUT", "/functions", retry_delay=0)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload='{"a": 1}')
    aws.settle()
    assert len(aws.call("GET", "/invocations")) == 2
    (dead,) = sqs.receive_message(QueueUrl=urls[0], MessageAttributeNames=["All"])["Messages"]
    assert json.loads(dead["Body"]) == {"a": 1}
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"
    (failed,) = sqs.receive_message(QueueUrl=urls[1])["Messages"]
    record = json.loads(failed["Body"])
    assert record["requestPayload"] == {"a": 1}
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_a_function_without_concurrency_is_throttled(aws: Simulator) -> None:
    make_function(aws, ECHO)
    aws.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        call(aws)
    assert aws.call("GET", "/invocations") == []


def test_two_invocations_at_once_run_side_by_side_where_concurrency_allows(aws: Simulator) -> None:
    make_function(aws, "import time\ndef handler(e, c): time.sleep(0.5)")
    aws.call("PUT", "/functions", concurrency=2)
    for _ in range(2):
        aws.client("lambda").invoke(FunctionName="f", InvocationType="Event")
    aws.settle()
    first, second = aws.call("GET", "/invocations")
    assert abs(first["started"] - second["started"]) < 0.4


def enforce(aws: Simulator) -> None:
    aws.call("PUT", "/iam", enforce=True)


def test_where_iam_is_enforced_only_a_role_that_may_send_fills_the_dead_letter_queue(
    aws: Simulator,
) -> None:
    url = aws.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    dead = {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    source = "def handler(e, c): raise ValueError(c.function_name)"
    roles = {
        "denied": make_role(aws, "denied"),
        "allowed": make_role(aws, "allowed", "sqs:SendMessage"),
    }
    for name, role in roles.items():
        make_function(aws, source, name, Role=role, DeadLetterConfig=dead)
    aws.call("PUT", "/functions", retry_delay=0)
    enforce(aws)
    for name in roles:
        aws.client("lambda").invoke(FunctionName=name, InvocationType="Event")
    aws.settle()
    found = aws.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    (message,) = found["Messages"]
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "allowed"


def test_where_iam_is_enforced_a_function_whose_role_may_not_send_its_dead_letters_is_refused(
    aws: Simulator,
) -> None:
    aws.client("sqs").create_queue(QueueName="dead")
    dead = {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    denied, allowed = make_role(aws, "denied"), make_role(aws, "allowed", "sqs:SendMessage")
    enforce(aws)
    make_function(aws, "def handler(e, c): ...", "f", Role=allowed, DeadLetterConfig=dead)
    with pytest.raises(ClientError, match="permissions to call SendMessage on SQS"):
        make_function(aws, "def handler(e, c): ...", "g", Role=denied, DeadLetterConfig=dead)


def test_where_iam_is_enforced_the_function_may_do_what_its_role_may(aws: Simulator) -> None:
    source = """
        import boto3
        def handler(e, c):
            boto3.client("emr").list_clusters()
            boto3.client("sqs").list_queues()
    """
    make_function(aws, source, Role=make_role(aws, "r", "elasticmapreduce:ListClusters"))
    enforce(aws)
    answer, _ = call(aws)
    assert answer["errorType"] == "ClientError"
    assert "ListQueues" in answer["errorMessage"]
    assert "AccessDenied" in answer["errorMessage"]
