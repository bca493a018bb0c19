"""The clients of the functions: what AWS may not answer."""

import ast
import json
from pathlib import Path

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError
from moto import mock_aws
from rdklib import ClientFactory

from emr_in_transit.aws import clients
from emr_in_transit.aws.clients import BrokenAnswerError, prepare_boto3
from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.errors import AWS_ERRORS
from tests.support.builders import REGION
from tests.support.facts import parameters


class Wire:
    """The body of an answer, as urllib3 hands it over."""

    def __init__(self, body: bytes):
        self._body = body

    def stream(self):
        yield self._body


def answered(service, body):
    """Return a client of the functions that gets this body with status 200."""
    prepare_boto3()
    client = boto3.client(service, REGION)
    answer = AWSResponse("https://aws.example", 200, {}, Wire(body))
    client.meta.events.register("before-send", lambda **_: answer)
    return client


def put(client):
    return client.put_evaluations(Evaluations=[], ResultToken="token")


@pytest.mark.parametrize("body", [b'{"FailedEval', b"<html>Bad gateway</html>"])
def test_a_body_that_is_no_json_is_an_error(body):
    """botocore would answer no members: for PutEvaluations, that all is on record."""
    with pytest.raises(BrokenAnswerError, match="the answer is no JSON") as raised:
        put(answered("config", body))
    assert isinstance(raised.value, AWS_ERRORS)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"FailedEvaluations": []}'])
def test_a_body_with_little_in_it_is_an_answer(body):
    """Many an operation has nothing to say when all went well."""
    assert put(answered("config", body)).get("FailedEvaluations", []) == []


@pytest.mark.parametrize("body", [b"<Publish", b"{}"])
def test_broken_xml_is_an_error_that_the_adapters_know(body):
    """botocore itself refuses that, by an exception that is none of its BotoCoreErrors."""
    with pytest.raises(ResponseParserError) as raised:
        answered("sns", body).publish(TopicArn="arn", Message="m")
    assert isinstance(raised.value, AWS_ERRORS)


def test_a_body_that_is_no_text_is_an_error_that_the_adapters_know():
    """The same, by another exception: rdklib would take a ValueError for its own and carry on."""
    with pytest.raises(UnicodeDecodeError) as raised:
        put(answered("config", b"\xff"))
    assert isinstance(raised.value, AWS_ERRORS)


def test_an_empty_answer_of_another_protocol_is_left_to_botocore():
    """XML is no JSON, and says nothing where there is nothing to say."""
    xml = b"<R><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></R>"
    assert list(answered("sns", xml).unsubscribe(SubscriptionArn="arn")) == ["ResponseMetadata"]


def nested(depth):
    """Make a DescribeCluster answer whose innermost Configurations hold a weak property."""
    weak = {"Classification": "spark-defaults", "Properties": {"spark.authenticate": "false"}}
    inner = json.dumps(weak)
    head, tail = '{"Classification": "x", "Configurations": [' * depth, "]}" * depth
    timeline = '"Timeline": {"CreationDateTime": 1767225600}'
    return (
        '{"Cluster": {"Id": "j-1", "Name": "etl", "ReleaseLabel": "emr-7.3.0",'
        f' "Status": {{"State": "RUNNING", {timeline}}}, "Configurations": [{head}{inner}{tail}]}}}}'
    ).encode()


@pytest.mark.parametrize("depth", [0, 120, 500])
def test_deeply_nested_configurations_are_read_whatever_their_depth(depth):
    """Nobody nests them so on purpose, and whoever does must not hide a property by it."""
    reader = EmrReader(answered("emr", nested(depth)), parameters())
    assert [each.property for each in reader.cluster("j-1").settings] == ["spark.authenticate"]


def test_what_is_nested_beyond_reading_is_an_error_of_that_one_cluster():
    """The sweep names it, and goes on with the next one."""
    reader = EmrReader(answered("emr", nested(100_000)), parameters())
    with pytest.raises(RecursionError):
        reader.cluster("j-1")


def test_one_client_serves_a_process_for_each_service_and_region():
    """Making one takes longer than most calls; rdklib makes three for each event."""
    prepare_boto3()
    factory = ClientFactory(role_arn=None, region=REGION, assume_role_mode=False)
    assert factory.build_client("config") is clients.config_client(REGION)
    assert factory.build_client("emr") is clients.emr_client(REGION)
    for make in (
        clients.config_client,
        clients.dynamodb_client,
        clients.emr_client,
        clients.security_hub_client,
        clients.sns_client,
        clients.tagging_client,
    ):
        assert make(REGION) is make(REGION)
        assert make(REGION) is not make("us-east-2")
        assert make(REGION).meta.region_name == REGION


def test_clients_of_a_role_that_is_assumed_are_others_for_each_set_of_keys():
    """The keys expire, and are another account's."""
    prepare_boto3()
    with mock_aws():
        one, another = (
            ClientFactory(role_arn=f"arn:aws:iam::{account}:role/judge", region=REGION)
            for account in ("111122223333", "444455556666")
        )
        made = {one.build_client("emr"), another.build_client("emr"), clients.emr_client(REGION)}
    assert len(made) == 3


def test_no_client_is_handed_out_without_a_type():
    """A misspelt call is found by mypy, not in the first night."""
    hints = ast.parse(Path(clients.__file__).read_text())
    untyped = [
        ast.unparse(node)
        for node in ast.walk(hints)
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.FunctionDef) and node.returns is None)
    ]
    assert untyped == []
