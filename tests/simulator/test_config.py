"""The simulator's AWS Config records, runs rules when AWS would, and refuses what AWS refuses."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import (
    BODY,
    CHANGE,
    CLUSTER,
    CONFIGURATION,
    KEEP_TOKEN,
    PERIODIC,
    allow_config,
    create_configuration,
    details,
    evaluation,
    events,
    put,
    put_rule,
    rule,
    token,
)
from tests.simulator.throwaway import make_function

SCOPE = {"ComplianceResourceTypes": [CONFIGURATION]}


def refusal(aws, request):
    with pytest.raises(ClientError) as caught:
        aws.client("config").put_config_rule(ConfigRule=request)
    assert aws.client("config").describe_config_rules()["ConfigRules"] == []
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def function(aws):
    arn = make_function(aws, KEEP_TOKEN)
    allow_config(aws)
    return arn


def test_a_scope_on_a_rule_that_is_only_periodic_is_refused(aws, function):
    request = rule(function, PERIODIC, Scope=SCOPE)
    assert refusal(aws, request) == "InvalidParameterValueException"


@pytest.mark.parametrize(
    "source",
    [
        None,
        {"SourceAccount": "999999999999"},
        {"SourceArn": "arn:aws:config:eu-west-1:123456789012:config-rule/config-rule-abcdef"},
    ],
)
def test_a_function_that_config_may_not_invoke_is_refused(aws, source):
    arn = make_function(aws, KEEP_TOKEN)
    if source:
        allow_config(aws, **source)
    assert refusal(aws, rule(arn, PERIODIC)) == "InsufficientPermissionsException"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"InputParameters": json.dumps({"a": "x" * 1020})}, "ValidationException"),
        ({"InputParameters": "[]"}, "InvalidParameterValueException"),
        ({"InputParameters": '{"a": ""}'}, "InvalidParameterValueException"),
        ({"InputParameters": '{"a": 30}'}, "InvalidParameterValueException"),
    ],
)
def test_a_rule_out_of_limits_is_refused(aws, function, more, code):
    assert refusal(aws, rule(function, PERIODIC) | more) == code


def test_a_scope_of_a_type_that_config_does_not_record_is_refused(aws, function):
    request = rule(function, CHANGE, Scope={"ComplianceResourceTypes": [CLUSTER]})
    assert refusal(aws, request) == "InvalidParameterValueException"


def test_without_a_recorder_no_rule_is_taken(aws, function):
    aws.call("PUT", "/config", recorder=False)
    assert refusal(aws, rule(function, PERIODIC)) == "NoAvailableConfigurationRecorderException"


def test_a_new_periodic_rule_is_evaluated_at_once_and_then_on_schedule(aws):
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


def test_the_schedule_runs_no_rule_that_has_none(aws):
    put_rule(aws, CHANGE)
    with pytest.raises(Exception, match="no periodic rule"):
        aws.call("POST", "/schedule", rule="rule", wait=True)


def test_a_rule_whose_permission_was_taken_away_does_not_run(aws):
    put_rule(aws, PERIODIC)
    aws.client("lambda").remove_permission(FunctionName="f", StatementId="config")
    assert aws.call("POST", "/schedule", rule="rule", wait=True) == []


def test_start_runs_schedule_and_recorded_items_and_not_twice_a_minute(aws):
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


def test_start_is_refused_while_the_rule_runs(aws):
    put_rule(aws, PERIODIC, "import time\ndef handler(e, c): time.sleep(1)")
    aws.call("PUT", "/config", start_evaluation_interval=0)
    aws.call("POST", "/schedule", rule="rule", wait=False)
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws.client("config").start_config_rules_evaluation(ConfigRuleNames=["rule"])


@pytest.mark.parametrize(
    ("details", "scope"),
    [(CHANGE, {"ComplianceResourceTypes": ["AWS::S3::Bucket"]}), (PERIODIC, None)],
)
def test_a_rule_that_it_is_not_for_does_not_run(aws, details, scope):
    put_rule(aws, details, **({"Scope": scope} if scope else {}))
    before = len(events(aws))
    create_configuration(aws)
    aws.settle()
    assert len(events(aws)) == before


def test_a_deleted_security_configuration_runs_them_too_without_a_body(aws):
    put_rule(aws, CHANGE, Scope=SCOPE)
    create_configuration(aws)
    aws.settle()
    aws.client("emr").delete_security_configuration(Name="sc")
    aws.settle()
    item = events(aws)[-1]["invoking"]["configurationItem"]
    assert (item["configurationItemStatus"], item["configuration"]) == ("ResourceDeleted", None)


def test_a_new_rule_is_run_on_what_is_recorded_and_still_there(aws):
    for name in ("gone", "here"):
        create_configuration(aws, name)
    aws.client("emr").delete_security_configuration(Name="gone")
    put_rule(aws, CHANGE, Scope=SCOPE)
    found = [one["invoking"]["configurationItem"]["resourceId"] for one in events(aws)]
    assert found == ["here"]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("object", {"Id": "sc", "Name": "sc", "SecurityConfiguration": BODY}),
        ("text", {"Id": "sc", "Name": "sc", "SecurityConfiguration": json.dumps(BODY)}),
        ("name_only", {"Id": "sc", "Name": "sc"}),
    ],
)
def test_the_items_body_has_the_form_that_is_asked_for(aws, form, body):
    aws.call("PUT", "/config", item_body=form)
    put_rule(aws, CHANGE)
    create_configuration(aws)
    aws.settle()
    assert events(aws)[0]["invoking"]["configurationItem"]["configuration"] == body


def test_nothing_is_recorded_while_no_recorder_records(aws):
    put_rule(aws, CHANGE)
    aws.call("PUT", "/config", recorder=False)
    create_configuration(aws, "unseen")
    aws.call("PUT", "/config", recorder=True)
    create_configuration(aws, "seen")
    aws.settle()
    found = [one["invoking"]["configurationItem"]["resourceId"] for one in events(aws)]
    assert found == ["seen"]


@pytest.fixture
def ruled(aws):
    put_rule(aws, PERIODIC)
    return aws


def put_refusal(aws, result_token, *evaluations, **more):
    before = aws.call("GET", "/evaluations")
    with pytest.raises(ClientError) as caught:
        put(aws, result_token, *evaluations, **more)
    assert aws.call("GET", "/evaluations") == before
    return caught.value.response["Error"]["Code"]


def test_a_made_up_token_is_refused(ruled):
    assert put_refusal(ruled, "made-up", evaluation()) == "InvalidResultTokenException"


def test_a_hundred_evaluations_are_taken_and_one_more_is_refused(ruled):
    many = [evaluation(f"j-{n}") for n in range(101)]
    assert put_refusal(ruled, token(ruled), *many) == "ValidationException"
    assert put(ruled, token(ruled), *many[:100])["FailedEvaluations"] == []
    assert len(ruled.call("GET", "/evaluations")) == 100


def test_an_annotation_of_256_characters_is_taken_and_of_257_refused(ruled):
    assert (
        put_refusal(ruled, token(ruled), evaluation(Annotation="x" * 257)) == "ValidationException"
    )
    put(ruled, token(ruled), evaluation(Annotation="x" * 256))
    assert ruled.call("GET", "/evaluations")[0]["annotation"] == "x" * 256


@pytest.mark.parametrize(
    ("compliance", "code"),
    [
        ("INSUFFICIENT_DATA", "InvalidParameterValueException"),
        ("compliant", "ValidationException"),
    ],
)
def test_a_compliance_type_that_cannot_be_put_is_refused(ruled, compliance, code):
    assert put_refusal(ruled, token(ruled), evaluation(compliance=compliance)) == code


def change_token(aws):
    create_configuration(aws)
    aws.settle()
    return events(aws)[-1]["resultToken"]


def test_a_cluster_evaluation_in_a_change_run_is_refused(aws):
    put_rule(aws, CHANGE)
    run = change_token(aws)
    assert put_refusal(aws, run, evaluation()) == "InvalidParameterValueException"
    put(aws, run, evaluation("sc", ComplianceResourceType=CONFIGURATION))
    assert details(aws) == [("sc", "COMPLIANT")]


def test_the_token_of_a_deleted_rule_is_refused(ruled):
    run = token(ruled)
    ruled.client("config").delete_config_rule(ConfigRuleName="rule")
    assert put_refusal(ruled, run, evaluation()) == "NoSuchConfigRuleException"


def test_an_evaluation_older_than_the_recorded_one_is_ignored(ruled):
    run = token(ruled)
    put(ruled, run, evaluation(OrderingTimestamp=1_790_000_100))
    put(ruled, run, evaluation(compliance="NON_COMPLIANT", OrderingTimestamp=1_790_000_099))
    assert details(ruled) == [("j-1", "COMPLIANT")]
    put(ruled, run, evaluation(compliance="NON_COMPLIANT", OrderingTimestamp=1_790_000_100))
    assert details(ruled) == [("j-1", "NON_COMPLIANT")]


def test_history_keeps_every_result_and_can_be_aged(ruled):
    run = token(ruled)
    for compliance in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
        put(ruled, run, evaluation(compliance=compliance))
    before = ruled.call("GET", "/evaluations", rule="rule")
    assert [one["compliance"] for one in before] == ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
    assert ruled.call("POST", "/evaluations/age", seconds=3600) == {"aged": 3}
    after = ruled.call("GET", "/evaluations", rule="rule")
    assert [round(b["recorded"] - a["recorded"]) for a, b in zip(after, before, strict=True)] == [
        3600
    ] * 3


def test_details_come_in_pages_of_ten_or_as_asked_and_each_once(ruled):
    names = [f"j-{n:03}" for n in range(205)]
    run = token(ruled)
    for start in range(0, 205, 100):
        put(ruled, run, *[evaluation(name) for name in names[start : start + 100]])
    assert len(details(ruled)) == 10
    pages = ruled.client("config").get_paginator("get_compliance_details_by_config_rule")
    for size, count in ((None, 21), (100, 3)):
        found = list(pages.paginate(ConfigRuleName="rule", PaginationConfig={"PageSize": size}))
        assert len(found) == count
        ids = [
            one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]
            for page in found
            for one in page["EvaluationResults"]
        ]
        assert ids == names


def test_not_applicable_results_are_gone_from_every_answer(ruled):
    run = token(ruled)
    put(ruled, run, evaluation(compliance="NON_COMPLIANT"))
    put(ruled, run, evaluation(compliance="NOT_APPLICABLE"))
    config = ruled.client("config")
    assert details(ruled) == []
    by_resource = config.get_compliance_details_by_resource(ResourceType=CLUSTER, ResourceId="j-1")
    assert by_resource["EvaluationResults"] == []


def test_a_bad_limit_or_rule_is_refused(ruled):
    for more, code in (
        ({"Limit": 101}, "ValidationException|ParamValidation"),
        ({"name": "none"}, "NoSuchConfigRuleException"),
    ):
        with pytest.raises(ClientError, match=code):
            details(ruled, **more)
