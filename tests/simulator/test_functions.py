"""Lambda: the deployed zip runs as Lambda would run it, and fails where Lambda would."""

import itertools
import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.simulator.throwaway import call, make_function, make_role, zipped
from tools.simulator.client import SimulatorError

ECHO = "def handler(event, context): return event"


@pytest.mark.parametrize("module", ["moto", "rdklib", "tools"])
def test_a_dependency_that_the_zip_forgot_fails_as_in_lambda(aws, module):
    make_function(aws, f"import {module}\ndef handler(e, c): return 1")
    answer, error = call(aws)
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == f"Unable to import module 'app': No module named '{module}'"


def test_a_dependency_in_the_zip_or_in_a_layer_is_found(aws):
    layer = aws.client("lambda").publish_layer_version(
        LayerName="l", Content={"ZipFile": zipped(python__layered="NAME = 'layer'")}
    )
    source = "import layered, vendored\ndef handler(e, c): return [layered.NAME, vendored.NAME]"
    code = {"ZipFile": zipped(app=source, vendored="NAME = 'zip'")}
    make_function(aws, "", Code=code, Layers=[layer["LayerVersionArn"]])
    assert call(aws) == (["layer", "zip"], None)


def test_the_environment_is_lambdas_and_nothing_of_ours(aws):
    source = """
        import os
        def handler(e, c): return dict(os.environ) | {"home": os.path.expanduser("~")}
    """
    make_function(aws, source, Environment={"Variables": {"MINE": "1"}}, MemorySize=256)
    environment, _ = call(aws)
    assert environment["home"] == "/nonexistent", "where boto3 looks for .aws"
    assert environment["MINE"] == "1"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_ENDPOINT_URL"] == aws.url
    foreign = {"AWS_CONFIG_FILE", "HTTP_PROXY", "PYTHONPATH", "VIRTUAL_ENV", "HOME"}
    assert not foreign & set(environment)


def test_a_host_of_aws_is_redirected_and_called_with_the_credentials_of_the_role(aws):
    source = """
        import boto3
        URL = "https://sts.eu-west-1.amazonaws.com"
        def handler(e, c): return boto3.client("sts", endpoint_url=URL).get_caller_identity()["Arn"]
    """
    make_function(aws, source, Role=make_role(aws, "mine"))
    assert call(aws) == ("arn:aws:sts::123456789012:assumed-role/mine/f", None)


def test_the_context_is_lambdas(aws):
    source = """
        def handler(event, c):
            return [c.function_name, c.function_version, c.memory_limit_in_mb, c.log_group_name,
                    c.invoked_function_arn, len(c.aws_request_id), c.get_remaining_time_in_millis()]
    """
    arn = make_function(aws, source)
    *named, remaining = call(aws)[0]
    assert named == ["f", "$LATEST", "128", "/aws/lambda/f", arn, 36]
    assert 8000 < remaining <= 10000


def test_a_process_is_kept_warm_until_it_is_cooled_or_the_code_changes(aws):
    source = "import os\ndef handler(e, c): return os.getpid()"
    make_function(aws, source)
    first = call(aws)[0]
    assert call(aws)[0] == first
    assert aws.call("POST", "/functions/cold", function="f") == {"ended": 1}
    second = call(aws)[0]
    assert second != first
    aws.client("lambda").update_function_configuration(FunctionName="f", MemorySize=512)
    assert call(aws)[0] != second


def test_a_function_that_takes_too_long_is_killed_and_starts_cold_next_time(aws):
    source = """
        import os, time
        def handler(event, c):
            print("begun", flush=True)
            time.sleep(event.get("sleep", 0))
            return os.getpid()
    """
    make_function(aws, source, Timeout=1)
    pid = call(aws)[0]
    answer, error = call(aws, {"sleep": 30})
    assert error == "Unhandled"
    assert answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert call(aws)[0] != pid
    late = aws.call("GET", "/invocations")[1]
    assert late["logs"][0] == "begun"
    assert late["duration"] < 3


def test_a_process_that_ends_itself_is_an_exit_error(aws):
    make_function(aws, "import sys\ndef handler(e, c): sys.exit(3)")
    answer, _ = call(aws)
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 3")


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("def handler(e, c): raise KeyError('k')", "app.handler", "KeyError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("def handler(e, c): return {1, 2}", "app.handler", "TypeError"),
        ("raise RuntimeError('at import')", "app.handler", "RuntimeError"),
    ],
)
def test_an_error_has_the_type_that_lambda_gives_it(aws, source, handler, error_type):
    make_function(aws, source, Handler=handler)
    answer, error = call(aws)
    assert (answer["errorType"], error) == (error_type, "Unhandled")


def test_an_error_of_an_event_is_tried_three_times_with_one_request_id(aws):
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


def test_an_event_that_failed_for_good_goes_to_the_dead_letter_queue(aws):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    target = {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    make_function(aws, "def handler(e, c): raise ValueError('no')", DeadLetterConfig=target)
    aws.client("lambda").put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    aws.call("PUT", "/functions", retry_delay=0)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload='{"a": 1}')
    aws.settle()
    assert len(aws.call("GET", "/invocations")) == 2
    (dead,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(dead["Body"]) == {"a": 1}
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"


def enforce(aws):
    aws.call("PUT", "/iam", enforce=True)


def test_where_iam_is_enforced_a_function_whose_role_may_not_send_its_dead_letters_is_refused(aws):
    aws.client("sqs").create_queue(QueueName="dead")
    dead = {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    denied, allowed = make_role(aws, "denied"), make_role(aws, "allowed", "sqs:SendMessage")
    enforce(aws)
    make_function(aws, "def handler(e, c): ...", "f", Role=allowed, DeadLetterConfig=dead)
    with pytest.raises(ClientError, match="permissions to call SendMessage on SQS"):
        make_function(aws, "def handler(e, c): ...", "g", Role=denied, DeadLetterConfig=dead)


BEGUN = """
    import time
    def handler(event, context):
        print("begun", flush=True)
        time.sleep(event["seconds"])
"""


def test_a_process_at_work_is_killed_and_its_event_is_tried_again(aws):
    make_function(aws, BEGUN)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload='{"seconds": 1}')
    deadline = time.monotonic() + 10
    while not aws.kill_functions("f")["ended"]:
        assert time.monotonic() < deadline, "the function never began"
    aws.settle()
    first, second = aws.invocations("f")
    assert (first["error_type"], second["ok"]) == ("Runtime.ExitError", True)
    assert first["error_message"].endswith("Runtime exited with error: signal: Killed")
    assert second["id"] == first["id"]


LOGGING = """
    import logging
    log = logging.getLogger("my.logger")
    def handler(event, context):
        log.debug("low")
        log.info("said %s", "é", extra={"cluster": {"id": "j-1"}})
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("failed")
        print("printed")
"""


def test_json_logs_carry_lambdas_fields_with_extra_at_the_top_level(aws):
    make_function(aws, LOGGING, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    call(aws)
    (run,) = aws.call("GET", "/invocations")
    said, failed = (json.loads(line) for line in run["logs"][:2])
    assert run["logs"][2] == "printed"
    assert said.pop("timestamp").endswith("Z")
    assert said == {
        "level": "INFO",
        "message": "said é",
        "logger": "my.logger",
        "requestId": run["id"],
        "cluster": {"id": "j-1"},
    }
    assert failed["level"] == "ERROR"
    assert (failed["errorType"], failed["errorMessage"]) == (
        "ZeroDivisionError",
        "division by zero",
    )
    assert "1 / 0" in "".join(failed["stackTrace"])


def test_where_iam_is_enforced_a_role_that_may_not_log_loses_the_log(aws):
    source = "def handler(e, c): print('printed')"
    make_function(aws, source, "silent", Role=make_role(aws, "silent"))
    make_function(aws, source, "loud", Role=make_role(aws, "loud", "logs:*"))
    enforce(aws)
    for name in ("silent", "loud"):
        assert call(aws, name=name) == (None, None)
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/lambda/loud"]
    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/loud")["events"]
    assert "printed" in [event["message"] for event in events]


SLEEPER = """
    import time
    def handler(seconds, context):
        began, left, ticks = time.time(), context.get_remaining_time_in_millis(), time.monotonic()
        time.sleep(seconds)
        used = left - context.get_remaining_time_in_millis()
        return [time.time() - began, used / 1000, time.monotonic() - ticks]
"""


PATIENT = """
    import boto3, time
    from botocore.config import Config
    from botocore.exceptions import ClientError
    def handler(calls, context):
        retries = {"mode": "adaptive", "total_max_attempts": 5}
        sts = boto3.client("sts", config=Config(retries=retries))
        began = time.time()
        for _ in range(calls):
            try:
                sts.get_caller_identity()
            except ClientError:
                pass
        return time.time() - began
"""


def test_a_sleep_is_shortened_and_the_function_s_dates_and_deadline_are_real(aws):
    aws.set_functions(time_scale=0.01)
    make_function(aws, SLEEPER)
    (real, used, waited), _ = call(aws, 8)
    assert 0.08 <= real < 2
    assert used == pytest.approx(real, abs=0.1)
    assert waited >= 8, "what measures a wait goes as fast as the wait"


def test_back_off_and_rate_limiter_are_shortened_and_every_attempt_is_made(aws):
    aws.add_fault("sts", "GetCallerIdentity", code="Throttling")
    aws.set_functions(time_scale=0.01)
    make_function(aws, PATIENT, Timeout=60)
    took, _ = call(aws, 4)  # the limiter lets through one call in two seconds at least
    assert took < 5
    assert len(aws.journal("sts", "GetCallerIdentity")) == 4 * 5


def test_timeouts_are_shortened_by_a_scale_of_their_own(aws):
    aws.set_functions(time_scale=0.01, timeout_scale=0.01)  # 60 seconds to read, of botocore's own
    aws.add_fault("sts", "GetCallerIdentity", delay=1, code="ServiceUnavailable", times=2)
    make_function(aws, PATIENT, Timeout=60)
    took, failed = call(aws, 1)
    assert not failed, took
    assert 1.2 <= took < 10
    [fault] = aws.faults()
    assert fault["hits"] == 2, "two attempts timed out, the third was answered"
    # It has been answered while the first two were still under way.
    assert None in [each["error"] for each in aws.journal("sts", "GetCallerIdentity")]
    with pytest.raises(SimulatorError, match="timeout_scale is above 0"):
        aws.set_functions(timeout_scale=0)


def test_a_scaled_timeout_ends_sooner_and_looks_as_long_as_it_is(aws):
    aws.set_functions(deadline_scale=0.1)
    make_function(aws, SLEEPER, Timeout=10)
    (real, used, _), _ = call(aws, 0.3)
    assert used == pytest.approx(real * 10, abs=0.5)
    answer, error = call(aws, 5)
    assert error == "Unhandled"
    assert "timed out after 10.00 seconds" in answer["errorMessage"]


def test_a_role_that_lambda_cannot_assume_is_refused(aws):
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        make_function(aws, ECHO, Role="arn:aws:iam::123456789012:role/none")


def test_a_reset_forgets_invocations_and_ends_processes(aws):
    make_function(aws, ECHO)
    call(aws)
    aws.reset()
    assert aws.call("GET", "/invocations") == []
    assert aws.call("POST", "/functions/cold") == {"ended": 0}
