"""What a function logs has Lambda's form and reaches CloudWatch Logs, if its role may."""

import json

from tests.simulator.throwaway import call, make_function, make_role
from tools.simulator.client import Simulator

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


def test_json_logs_carry_lambdas_fields_with_extra_at_the_top_level(aws: Simulator) -> None:
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


def test_text_logs_start_at_warning_and_name_level_and_request(aws: Simulator) -> None:
    make_function(aws, LOGGING)
    call(aws)
    (run,) = aws.call("GET", "/invocations")
    level, _, request, message = run["logs"][0].split("\t")
    assert (level, request, message) == ("[ERROR]", run["id"], "failed")


def test_the_log_reaches_the_log_group_that_was_configured(aws: Simulator) -> None:
    config = {"LogFormat": "JSON", "LogGroup": "/mine"}
    make_function(aws, "def handler(e, c): print('printed')", LoggingConfig=config)
    call(aws)
    events = aws.client("logs").filter_log_events(logGroupName="/mine")["events"]
    assert events[0]["message"] == "printed"
    report = json.loads(events[1]["message"])
    assert (report["type"], report["record"]["status"]) == ("platform.report", "success")


def enforce(aws: Simulator) -> None:
    aws.call("PUT", "/iam", enforce=True)


def test_where_iam_is_enforced_a_role_that_may_not_log_loses_the_log(aws: Simulator) -> None:
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
