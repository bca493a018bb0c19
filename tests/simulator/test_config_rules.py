"""The simulator's PutConfigRule refuses what AWS refuses, and a rule runs when AWS would run it."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import (
    CHANGE,
    CLUSTER,
    CONFIGURATION,
    KEEP_TOKEN,
    PERIODIC,
    allow_config,
    create_configuration,
    events,
    put_rule,
    rule,
)
from tests.simulator.throwaway import make_function
from tools.simulator.client import Simulator

SCOPE = {"ComplianceResourceTypes": [CONFIGURATION]}


def refusal(aws: Simulator, request: dict) -> str:
    with pytest.raises(ClientError) as caught:
        aws.client("config").put_config_rule(ConfigRule=request)
    assert aws.client("config").describe_config_rules()["ConfigRules"] == []
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def function(aws: Simulator) -> str:
    arn = make_function(aws, KEEP_TOKEN)
    allow_config(aws)
    return arn


def test_a_scope_on_a_rule_that_is_only_periodic_is_refused(aws: Simulator, function: str) -> None:
    request = rule(function, PERIODIC, Scope=SCOPE)
    assert refusal(aws, request) == "InvalidParameterValueException"


def test_a_scope_on_a_rule_with_a_change_trigger_is_taken(aws: Simulator, function: str) -> None:
    for name, details in (("change", CHANGE), ("both", CHANGE + PERIODIC)):
        request = rule(function, details, name, Scope=SCOPE)
        aws.client("config").put_config_rule(ConfigRule=request)
    found = aws.client("config").describe_config_rules()["ConfigRules"]
    assert [one["Scope"] for one in found] == [SCOPE, SCOPE]


def test_a_function_that_config_may_not_invoke_is_refused(aws: Simulator) -> None:
    arn = make_function(aws, KEEP_TOKEN)
    assert refusal(aws, rule(arn, PERIODIC)) == "InsufficientPermissionsException"


@pytest.mark.parametrize(
    "source",
    [
        {"SourceAccount": "999999999999"},
        {"SourceArn": "arn:aws:config:eu-west-1:123456789012:config-rule/config-rule-abcdef"},
    ],
)
def test_a_permission_for_another_source_does_not_count(aws: Simulator, source: dict) -> None:
    arn = make_function(aws, KEEP_TOKEN)
    allow_config(aws, **source)
    assert refusal(aws, rule(arn, PERIODIC)) == "InsufficientPermissionsException"


def test_a_permission_for_another_service_does_not_count(aws: Simulator) -> None:
    arn = make_function(aws, KEEP_TOKEN)
    aws.client("lambda").add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )
    assert refusal(aws, rule(arn, PERIODIC)) == "InsufficientPermissionsException"


def test_a_function_that_does_not_exist_is_refused(aws: Simulator) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:none"
    assert refusal(aws, rule(arn, PERIODIC)) == "InsufficientPermissionsException"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"InputParameters": json.dumps({"a": "x" * 1020})}, "ValidationException"),
        ({"InputParameters": "[]"}, "InvalidParameterValueException"),
        ({"InputParameters": '{"a": ""}'}, "InvalidParameterValueException"),
        ({"InputParameters": '{"a": 30}'}, "InvalidParameterValueException"),
        ({"ConfigRuleName": "r" * 129}, "ValidationException"),
        ({"Description": "d" * 257}, "ValidationException"),
        ({"MaximumExecutionFrequency": "Two_Hours"}, "ValidationException"),
    ],
)
def test_a_rule_out_of_limits_is_refused(
    aws: Simulator, function: str, more: dict, code: str
) -> None:
    assert refusal(aws, rule(function, PERIODIC) | more) == code


def test_a_scope_of_a_type_that_config_does_not_record_is_refused(
    aws: Simulator, function: str
) -> None:
    request = rule(function, CHANGE, Scope={"ComplianceResourceTypes": [CLUSTER]})
    assert refusal(aws, request) == "InvalidParameterValueException"


def test_without_a_recorder_no_rule_is_taken(aws: Simulator, function: str) -> None:
    aws.call("PUT", "/config", recorder=False)
    assert refusal(aws, rule(function, PERIODIC)) == "NoAvailableConfigurationRecorderException"


def test_a_new_periodic_rule_is_evaluated_at_once_and_then_on_schedule(aws: Simulator) -> None:
    put_rule(aws, PERIODIC, InputParameters='{"a": "1"}')
    aws.call("POST", "/schedule", rule=None, wait=True)
    first, second = events(aws)
    assert first["invoking"]["messageType"] == "ScheduledNotification"
    assert first["invoking"]["awsAccountId"] == first["accountId"] == "123456789012"
    assert (first["configRuleName"], first["ruleParameters"]) == ("rule", '{"a": "1"}')
    assert first["eventLeftScope"] is False
    assert first["resultToken"] != second["resultToken"]
    (found,) = aws.client("config").describe_config_rules()["ConfigRules"]
    assert (first["configRuleArn"], first["configRuleId"]) == (
        found["ConfigRuleArn"],
        found["ConfigRuleId"],
    )


def test_a_schedule_may_be_told_as_an_old_one(aws: Simulator) -> None:
    put_rule(aws, PERIODIC)
    aws.call("POST", "/schedule", rule="rule", age_seconds=7200)
    new, old = (one["invoking"]["notificationCreationTime"] for one in events(aws))
    assert old < new


def test_the_schedule_runs_no_rule_that_has_none(aws: Simulator) -> None:
    put_rule(aws, CHANGE)
    with pytest.raises(Exception, match="no periodic rule"):
        aws.call("POST", "/schedule", rule="rule", wait=True)


def test_a_run_that_fails_is_tried_again_and_all_attempts_are_told(aws: Simulator) -> None:
    aws.call("PUT", "/functions", retry_delay=0.01)
    put_rule(aws, PERIODIC, "def handler(e, c): raise ValueError('no')")
    runs = aws.call("POST", "/schedule", rule="rule", wait=True)
    assert [run["attempt"] for run in runs] == [1, 2, 3]
    status = aws.client("config").describe_config_rule_evaluation_status()
    (found,) = status["ConfigRulesEvaluationStatus"]
    assert (found["LastErrorCode"], found["LastErrorMessage"]) == ("ValueError", "no")


def test_a_rule_whose_permission_was_taken_away_does_not_run(aws: Simulator) -> None:
    put_rule(aws, PERIODIC)
    aws.client("lambda").remove_permission(FunctionName="f", StatementId="config")
    assert aws.call("POST", "/schedule", rule="rule", wait=True) == []
    status = aws.client("config").describe_config_rule_evaluation_status()
    assert status["ConfigRulesEvaluationStatus"][0]["LastErrorCode"] == "AccessDenied"


def test_start_runs_schedule_and_recorded_items_and_not_twice_a_minute(aws: Simulator) -> None:
    create_configuration(aws)
    put_rule(aws, CHANGE + PERIODIC, Scope=SCOPE)
    config = aws.client("config")
    config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    aws.settle()
    kinds = [one["invoking"]["messageType"] for one in events(aws)]
    assert sorted(kinds[:2]) == sorted(kinds[2:])
    assert len(kinds) == 4
    with pytest.raises(ClientError, match="LimitExceededException"):
        config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    aws.call("PUT", "/config", start_evaluation_interval=0)
    config.start_config_rules_evaluation(ConfigRuleNames=["rule"])


def test_start_is_refused_while_the_rule_runs(aws: Simulator) -> None:
    put_rule(aws, PERIODIC, "import time\ndef handler(e, c): time.sleep(1)")
    aws.call("PUT", "/config", start_evaluation_interval=0)
    aws.call("POST", "/schedule", rule="rule", wait=False)
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws.client("config").start_config_rules_evaluation(ConfigRuleNames=["rule"])


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["none"], "NoSuchConfigRuleException"),
        ([f"r{n}" for n in range(26)], "ValidationException"),
    ],
)
def test_start_refuses_unknown_rules_and_more_than_25(
    aws: Simulator, names: list[str], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        aws.client("config").start_config_rules_evaluation(ConfigRuleNames=names)


def test_a_deleted_rule_is_gone_with_its_results(aws: Simulator) -> None:
    put_rule(aws, PERIODIC)
    config = aws.client("config")
    config.delete_config_rule(ConfigRuleName="rule")
    with pytest.raises(ClientError, match="NoSuchConfigRuleException"):
        config.get_compliance_details_by_config_rule(ConfigRuleName="rule")
