"""The clients of the functions: what AWS may not answer."""

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError

from emr_in_transit.aws.clients import BrokenAnswerError, use_patient_clients
from emr_in_transit.aws.errors import AWS_ERRORS
from tests.support.builders import REGION


class Wire:
    """The body of an answer, as urllib3 hands it over."""

    def __init__(self, body: bytes):
        self._body = body

    def stream(self):
        yield self._body


def answered(service, body):
    """Answer a client of the functions that gets this body with status 200."""
    use_patient_clients.cache_clear()  # another test may have put another default session there
    use_patient_clients()
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
