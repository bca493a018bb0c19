"""The simulator's alarms look at real metrics."""

import json
import time
from typing import Any

import pytest

from tests.simulator.alarming import evaluated, put_alarm, watch
from tests.simulator.messaging import (
    make_queue,
)
from tests.simulator.throwaway import ACCOUNT, make_function
from tools.simulator.client import Simulator


@pytest.mark.parametrize(
    ("metric", "source"),
    [
        ("Errors", "def handler(e, c): raise ValueError"),
        ("AsyncEventsDropped", "def handler(e, c): raise ValueError"),
        ("Invocations", "def handler(e, c): return 1"),
    ],
)
def test_a_function_has_lambdas_metrics(aws: Simulator, metric: str, source: str) -> None:
    make_function(aws, source)
    aws.call("PUT", "/functions", retry_delay=0.01)
    watch(aws, f"AWS/Lambda/{metric}", Dimensions=[{"Name": "FunctionName", "Value": "f"}])
    assert evaluated(aws) == "OK"
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload="{}")
    assert evaluated(aws) == "ALARM"
    assert evaluated(aws, later=120) == "OK"


def test_a_function_without_errors_raises_no_alarm(aws: Simulator) -> None:
    make_function(aws, "def handler(e, c): return 1")
    watch(aws, "AWS/Lambda/Errors", Dimensions=[{"Name": "FunctionName", "Value": "f"}])
    aws.client("lambda").invoke(FunctionName="f", Payload="{}")
    assert evaluated(aws) == "OK"


def test_a_queue_has_its_depth(aws: Simulator) -> None:
    make_queue(aws)
    watch(
        aws,
        "AWS/SQS/ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "q"}],
        Statistic="Maximum",
    )
    assert evaluated(aws) == "OK"
    aws.client("sqs").send_message(QueueUrl=f"{aws.url}/{ACCOUNT}/q", MessageBody="m")
    assert evaluated(aws, later=1) == "ALARM"
    assert evaluated(aws, later=86_400) == "ALARM"
    assert evaluated(aws, later=-120) == "OK"


@pytest.mark.parametrize(
    ("rule", "change", "state"),
    [
        ("a document counts", {}, "ALARM"),
        ("another namespace does not", {"Namespace": "Other"}, "OK"),
        ("other dimensions do not", {"Dimensions": [["Rule", "More"]]}, "OK"),
        ("a metric that the directive does not name does not", {"Metrics": []}, "OK"),
    ],
)
def test_what_a_function_logs_as_embedded_metrics_is_seen(
    aws: Simulator, rule: str, change: dict[str, Any], state: str
) -> None:
    directive = {"Namespace": "Mine", "Dimensions": [["Rule"]], "Metrics": [{"Name": "m"}]}
    moment = int(time.time() * 1000)
    document = {
        "_aws": {"Timestamp": moment, "CloudWatchMetrics": [directive | change]},
        "Rule": "r",
        "More": "x",
        "m": 1,
    }
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    events = [
        {"timestamp": moment, "message": text}
        for text in ('no json with "_aws"', json.dumps(document))
    ]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    watch(aws, "Mine/m", Dimensions=[{"Name": "Rule", "Value": "r"}])
    assert evaluated(aws, later=1) == state, rule


def test_what_a_caller_puts_is_seen(aws: Simulator) -> None:
    aws.client("cloudwatch").put_metric_data(
        Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1}]
    )
    put_alarm(aws)
    assert evaluated(aws, later=1) == "ALARM"


def test_silence_for_two_periods_is_an_alarm_where_missing_data_is_breaching(
    aws: Simulator,
) -> None:
    aws.client("cloudwatch").put_metric_data(
        Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1}]
    )
    put_alarm(
        aws,
        Period=3600,
        EvaluationPeriods=2,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    assert evaluated(aws, later=60) == "OK"
    assert evaluated(aws, later=3 * 3600) == "ALARM"


def test_a_metric_that_the_simulator_does_not_have_is_named(aws: Simulator) -> None:
    watch(aws, "AWS/SQS/NumberOfMessagesDeleted", TreatMissingData="notBreaching")
    assert evaluated(aws) == "INSUFFICIENT_DATA"
    assert "NumberOfMessagesDeleted" in aws.call("GET", "/alarms")[0]["reason"]
