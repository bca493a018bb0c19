"""The simulator's Lambda runs the deployed zip as Lambda would, and fails where Lambda would."""

import time

import pytest

from tests.simulator.throwaway import call, make_function, make_role, zipped
from tools.simulator.client import Simulator

ECHO = "def handler(event, context): return event"


def test_the_zip_that_was_deployed_answers(aws: Simulator) -> None:
    make_function(aws, ECHO)
    assert call(aws, {"a": [1, "é"]}) == ({"a": [1, "é"]}, None)


def test_a_zip_in_a_bucket_answers_too(aws: Simulator) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="code", Key="k.zip", Body=zipped(app=ECHO))
    make_function(aws, "", Code={"S3Bucket": "code", "S3Key": "k.zip"})
    assert call(aws, {"a": 1}) == ({"a": 1}, None)


def test_the_runtime_offers_boto3(aws: Simulator) -> None:
    make_function(aws, "import boto3, botocore, dateutil\ndef handler(e, c): return boto3.__name__")
    assert call(aws) == ("boto3", None)


@pytest.mark.parametrize("module", ["moto", "yaml", "pytest", "werkzeug", "rdklib", "tools"])
def test_a_dependency_that_the_zip_forgot_fails_as_in_lambda(aws: Simulator, module: str) -> None:
    make_function(aws, f"import {module}\ndef handler(e, c): return 1")
    answer, error = call(aws)
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == f"Unable to import module 'app': No module named '{module}'"


def test_a_dependency_in_the_zip_or_in_a_layer_is_found(aws: Simulator) -> None:
    layer = aws.client("lambda").publish_layer_version(
        LayerName="l", Content={"ZipFile": zipped(python__layered="NAME = 'layer'")}
    )
    source = "import layered, vendored\ndef handler(e, c): return [layered.NAME, vendored.NAME]"
    code = {"ZipFile": zipped(app=source, vendored="NAME = 'zip'")}
    make_function(aws, "", Code=code, Layers=[layer["LayerVersionArn"]])
    assert call(aws) == (["layer", "zip"], None)


def test_the_environment_is_lambdas_and_nothing_of_ours(aws: Simulator) -> None:
    source = "import os\ndef handler(e, c): return dict(os.environ)"
    make_function(aws, source, Environment={"Variables": {"MINE": "1"}}, MemorySize=256)
    environment, _ = call(aws)
    assert environment["MINE"] == "1"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_ENDPOINT_URL"] == aws.url
    foreign = {"AWS_CONFIG_FILE", "HTTP_PROXY", "PYTHONPATH", "VIRTUAL_ENV", "HOME"}
    assert not foreign & set(environment)


def test_the_callers_files_in_dot_aws_do_not_count(aws: Simulator) -> None:
    """boto3 looks for them at home, which nobody has in Lambda."""
    source = """
        import os
        def handler(e, c): return os.path.expanduser("~/.aws/config")
    """
    make_function(aws, source)
    assert call(aws) == ("/nonexistent/.aws/config", None)


def test_the_function_has_the_credentials_of_its_role(aws: Simulator) -> None:
    source = """
        import boto3
        def handler(e, c): return boto3.client("sts").get_caller_identity()["Arn"]
    """
    make_function(aws, source, Role=make_role(aws, "mine"))
    assert call(aws) == ("arn:aws:sts::123456789012:assumed-role/mine/f", None)


def test_a_host_of_aws_that_the_code_names_itself_is_redirected(aws: Simulator) -> None:
    source = """
        import boto3
        URL = "https://sts.eu-west-1.amazonaws.com"
        def handler(e, c): return boto3.client("sts", endpoint_url=URL).get_caller_identity()["Account"]
    """
    make_function(aws, source)
    assert call(aws) == ("123456789012", None)


def test_the_context_is_lambdas(aws: Simulator) -> None:
    source = """
        def handler(event, c):
            return [c.function_name, c.function_version, c.memory_limit_in_mb, c.log_group_name,
                    c.invoked_function_arn, len(c.aws_request_id), c.get_remaining_time_in_millis()]
    """
    arn = make_function(aws, source)
    *named, remaining = call(aws)[0]
    assert named == ["f", "$LATEST", "128", "/aws/lambda/f", arn, 36]
    assert 8000 < remaining <= 10000


def test_a_process_is_kept_warm_until_it_is_cooled_or_the_code_changes(aws: Simulator) -> None:
    source = "import os\ndef handler(e, c): return os.getpid()"
    make_function(aws, source)
    first = call(aws)[0]
    assert call(aws)[0] == first
    assert aws.call("POST", "/functions/cold", function="f") == {"ended": 1}
    second = call(aws)[0]
    assert second != first
    aws.client("lambda").update_function_configuration(FunctionName="f", MemorySize=512)
    assert call(aws)[0] != second
    inits = [one["init_duration"] is not None for one in aws.call("GET", "/invocations")]
    assert inits == [True, False, True, True]


def test_a_warm_invocation_costs_little(aws: Simulator) -> None:
    make_function(aws, ECHO)
    call(aws)
    client = aws.client("lambda")
    started = time.monotonic()
    for _ in range(20):
        client.invoke(FunctionName="f")
    assert (time.monotonic() - started) / 20 < 0.1


def test_a_function_that_takes_too_long_is_killed_and_starts_cold_next_time(aws: Simulator) -> None:
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


def test_a_process_that_ends_itself_is_an_exit_error(aws: Simulator) -> None:
    make_function(aws, "import sys\ndef handler(e, c): sys.exit(3)")
    answer, _ = call(aws)
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 3")


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("def handler(e, c): raise KeyError('k')", "app.handler", "KeyError"),
        ("def handler(e, c): return {1, 2}", "app.handler", "Runtime.MarshalError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("def handler(e, c: pass", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName"),
        ("raise RuntimeError('at import')", "app.handler", "RuntimeError"),
    ],
)
def test_an_error_has_the_type_that_lambda_gives_it(
    aws: Simulator, source: str, handler: str, error_type: str
) -> None:
    make_function(aws, source, Handler=handler)
    answer, error = call(aws)
    assert (answer["errorType"], error) == (error_type, "Unhandled")


def test_the_peak_of_memory_is_reported_and_flagged_above_the_limit(aws: Simulator) -> None:
    source = "def handler(event, c): return len(bytearray(event['mib'] * 1024 * 1024))"
    make_function(aws, source)
    for mib in (1, 200):
        call(aws, {"mib": mib})
    small, large = aws.call("GET", "/invocations")
    assert small["peak_rss_mib"] < 60
    assert not small["over_memory"]
    assert large["peak_rss_mib"] > 200
    assert large["over_memory"]


def enforce(aws: Simulator) -> None:
    aws.call("PUT", "/iam", enforce=True)
