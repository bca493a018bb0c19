"""The simulator's Lambda refuses the settings that Lambda refuses, and keeps the others."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.throwaway import call, make_function
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file"),
        ({"Runtime": "python2.5"}, "Value python2.5 at 'runtime'"),
        ({"Timeout": 901}, "Member must be between 1 and 900"),
        ({"MemorySize": 10241}, "Member must be between 128 and 10240"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "reserved keys"),
        ({"Environment": {"Variables": {"LONG": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"Role": "arn:aws:iam::123456789012:role/none"}, "cannot be assumed by Lambda"),
    ],
)
def test_what_lambda_refuses_is_refused(aws: Simulator, settings: dict, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        make_function(aws, ECHO, **settings)


def test_settings_that_moto_forgets_are_kept(aws: Simulator) -> None:
    target = {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    logging = {"LogFormat": "JSON", "LogGroup": "/mine"}
    make_function(aws, ECHO, DeadLetterConfig=target, LoggingConfig=logging)
    found = aws.client("lambda").get_function_configuration(FunctionName="f")
    assert (found["DeadLetterConfig"], found["LoggingConfig"]) == (target, logging)


def test_a_reset_forgets_invocations_and_ends_processes(aws: Simulator) -> None:
    make_function(aws, ECHO)
    call(aws)
    aws.reset()
    assert aws.call("GET", "/invocations") == []
    assert aws.call("POST", "/functions/cold") == {"ended": 0}


def enforce(aws: Simulator) -> None:
    aws.call("PUT", "/iam", enforce=True)
