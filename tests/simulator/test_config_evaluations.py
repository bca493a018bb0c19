"""The simulator's PutEvaluations refuses what AWS refuses, and records the rest with its history."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import (
    CHANGE,
    CONFIGURATION,
    PERIODIC,
    create_configuration,
    details,
    evaluation,
    events,
    put,
    put_rule,
    token,
)
from tools.simulator.client import Simulator


@pytest.fixture
def ruled(aws: Simulator) -> Simulator:
    put_rule(aws, PERIODIC)
    return aws


def refusal(aws: Simulator, result_token: str, *evaluations: dict, **more: object) -> str:
    before = aws.call("GET", "/evaluations")
    with pytest.raises(ClientError) as caught:
        put(aws, result_token, *evaluations, **more)
    assert aws.call("GET", "/evaluations") == before
    return caught.value.response["Error"]["Code"]


def test_a_made_up_token_is_refused(ruled: Simulator) -> None:
    assert refusal(ruled, "made-up", evaluation()) == "InvalidResultTokenException"


def test_a_hundred_evaluations_are_taken_and_one_more_is_refused(ruled: Simulator) -> None:
    many = [evaluation(f"j-{n}") for n in range(101)]
    assert refusal(ruled, token(ruled), *many) == "ValidationException"
    assert put(ruled, token(ruled), *many[:100])["FailedEvaluations"] == []
    assert len(ruled.call("GET", "/evaluations")) == 100


def test_an_annotation_of_256_characters_is_taken_and_of_257_refused(ruled: Simulator) -> None:
    assert refusal(ruled, token(ruled), evaluation(Annotation="x" * 257)) == "ValidationException"
    put(ruled, token(ruled), evaluation(Annotation="x" * 256))
    assert ruled.call("GET", "/evaluations")[0]["annotation"] == "x" * 256


def test_an_empty_annotation_and_an_endless_id_are_refused(ruled: Simulator) -> None:
    assert refusal(ruled, token(ruled), evaluation("x" * 769)) == "ValidationException"
    # botocore refuses an empty annotation before AWS could; the rule must hold without it too
    client = ruled.client("config", config=_unchecked())
    with pytest.raises(ClientError, match="ValidationException"):
        client.put_evaluations(Evaluations=[evaluation(Annotation="")], ResultToken=token(ruled))


def _unchecked() -> object:
    from botocore.config import Config  # noqa: PLC0415 - only this test goes around botocore's checks

    return Config(parameter_validation=False)


@pytest.mark.parametrize(
    ("compliance", "code"),
    [
        ("INSUFFICIENT_DATA", "InvalidParameterValueException"),
        ("compliant", "ValidationException"),
    ],
)
def test_a_compliance_type_that_cannot_be_put_is_refused(
    ruled: Simulator, compliance: str, code: str
) -> None:
    assert refusal(ruled, token(ruled), evaluation(compliance=compliance)) == code


def test_an_empty_list_is_taken(ruled: Simulator) -> None:
    assert put(ruled, token(ruled))["FailedEvaluations"] == []


def test_test_mode_takes_any_token_checks_the_form_and_records_nothing(ruled: Simulator) -> None:
    put(ruled, "TESTMODE", evaluation(), TestMode=True)
    assert ruled.call("GET", "/evaluations") == []
    bad = evaluation(Annotation="x" * 257)
    assert refusal(ruled, "TESTMODE", bad, TestMode=True) == "ValidationException"


def change_token(aws: Simulator) -> str:
    create_configuration(aws)
    aws.settle()
    return events(aws)[-1]["resultToken"]


def test_a_cluster_evaluation_in_a_change_run_is_refused(aws: Simulator) -> None:
    put_rule(aws, CHANGE)
    run = change_token(aws)
    assert refusal(aws, run, evaluation()) == "InvalidParameterValueException"
    put(aws, run, evaluation("sc", ComplianceResourceType=CONFIGURATION))
    assert details(aws) == [("sc", "COMPLIANT")]


def test_a_cluster_evaluation_in_the_schedule_of_a_rule_with_both_triggers_is_a_setting(
    aws: Simulator,
) -> None:
    put_rule(aws, CHANGE + PERIODIC)
    put(aws, token(aws), evaluation())
    aws.call("PUT", "/config", hybrid_rules_accept_clusters=False)
    assert refusal(aws, token(aws), evaluation("j-2")) == "InvalidParameterValueException"


def test_the_token_of_a_deleted_rule_is_refused(ruled: Simulator) -> None:
    run = token(ruled)
    ruled.client("config").delete_config_rule(ConfigRuleName="rule")
    assert refusal(ruled, run, evaluation()) == "NoSuchConfigRuleException"


def test_an_evaluation_older_than_the_recorded_one_is_ignored(ruled: Simulator) -> None:
    run = token(ruled)
    put(ruled, run, evaluation(OrderingTimestamp=1_790_000_100))
    put(ruled, run, evaluation(compliance="NON_COMPLIANT", OrderingTimestamp=1_790_000_099))
    assert details(ruled) == [("j-1", "COMPLIANT")]
    put(ruled, run, evaluation(compliance="NON_COMPLIANT", OrderingTimestamp=1_790_000_100))
    assert details(ruled) == [("j-1", "NON_COMPLIANT")]


def test_evaluations_can_be_made_to_fail(ruled: Simulator) -> None:
    ruled.call("PUT", "/config", failed_evaluations=1)
    first, second = evaluation("j-1"), evaluation("j-2")
    failed = put(ruled, token(ruled), first, second)["FailedEvaluations"]
    assert [one["ComplianceResourceId"] for one in failed] == ["j-1"]
    assert details(ruled) == [("j-2", "COMPLIANT")]
    assert put(ruled, token(ruled), first)["FailedEvaluations"] == []


def test_history_keeps_every_result_and_can_be_aged(ruled: Simulator) -> None:
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
