"""The simulator's process: it starts, says where, refuses a port in use, stops and resets."""

import time
from http.client import HTTPConnection

import boto3
import pytest
from botocore.exceptions import ClientError, ProxyConnectionError

from tools.simulator.client import Simulator, SimulatorError


def test_it_serves_on_a_free_port_of_localhost_and_stops_when_told():
    with Simulator.start() as running:
        assert running.url.startswith("http://localhost:")
        assert running.journal() == []
    with pytest.raises(OSError, match="refused"):
        running.journal()


def test_a_reset_forgets_every_account_and_region_in_a_moment(aws):
    for account in ("123456789012", "222222222222"):
        for region in ("eu-west-1", "us-east-1"):
            aws.client("sns", region, account).create_topic(Name="t")
            aws.client("sqs", region, account).create_queue(QueueName="q")
    before = time.monotonic()
    aws.reset()
    assert time.monotonic() - before < 0.5
    for account in ("123456789012", "222222222222"):
        assert aws.client("sns", "us-east-1", account).list_topics()["Topics"] == []


def test_an_unknown_control_route_names_the_known_ones(simulator):
    with pytest.raises(SimulatorError, match=r"404.*POST /simulator/reset"):
        simulator.call("POST", "/no-such-thing")


def test_a_connection_is_kept_whatever_is_asked_and_closed_where_nobody_knows_what_comes_next(aws):
    kept = HTTPConnection(aws.url.removeprefix("http://"))
    asked = []
    for path, headers in (
        ("/simulator/no-such-thing", {}),
        ("/simulator/settle", {}),
        ("/", {"Content-Length": "many"}),
    ):
        kept.request("POST", path, b'{"timeout": 9}', headers)
        asked.append(kept.sock)
        with kept.getresponse() as answer:
            answer.read()
            assert answer.getheader("Date")
            asked.append((answer.status, answer.getheader("Connection")))
    first, not_found, second, settled, third, broken = asked
    assert first is second is third is not None
    assert (not_found, settled, broken) == ((404, None), (200, None), (500, "close"))
    kept.close()


def test_a_wrong_control_request_is_refused_with_a_reason(simulator):
    for wrong, words in (
        ({"colour": "red"}, "Unknown setting colour; known are recorder"),
        ({"recorder": 1}, "recorder is of the kind of True, not 1"),
        ({"failed_evaluations": "many"}, "failed_evaluations is of the kind of 0, not 'many'"),
        ({"item_body": "none"}, "item_body is one of object"),
    ):
        with pytest.raises(SimulatorError, match=rf"400.*{words}"):
            simulator.call("PUT", "/config", **wrong)


def test_an_operation_that_the_simulator_has_not_is_refused_loudly_and_not_retried(aws):
    emr = aws.client("emr", config=boto3.session.Config(retries={"total_max_attempts": 3}))
    with pytest.raises(ClientError) as refused:
        emr.list_studios()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert "emr:ListStudios" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("cloudformation", "create_stack_set", {"StackSetName": "s", "TemplateBody": "{}"}),
        ("cloudformation", "list_stack_instances", {"StackSetName": "s"}),
        ("config", "put_conformance_pack", {"ConformancePackName": "p", "TemplateBody": "{}"}),
        (
            "config",
            "put_organization_conformance_pack",
            {"OrganizationConformancePackName": "p", "TemplateBody": "{}"},
        ),
    ],
)
def test_what_moto_only_pretends_to_do_is_refused_too(aws, service, operation, request_):
    """It would answer as if stacks were made and rules deployed."""
    with pytest.raises(ClientError, match=r"NotImplemented.*a stack in each account and Region"):
        getattr(aws.client(service), operation)(**request_)


def test_a_client_that_no_endpoint_was_given_cannot_leave_this_machine():
    with pytest.raises(ProxyConnectionError):
        boto3.client(
            "sts", config=boto3.session.Config(retries={"total_max_attempts": 1})
        ).get_caller_identity()


def test_each_account_has_an_administrator_whose_key_names_it(aws):
    identity = aws.client("sts", account="222222222222").get_caller_identity()
    assert identity["Account"] == "222222222222"
    assert identity["Arn"] == "arn:aws:iam::222222222222:user/simulator-administrator"
