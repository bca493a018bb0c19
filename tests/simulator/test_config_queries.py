"""The simulator answers the compliance queries of AWS Config."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import (
    CLUSTER,
    PERIODIC,
    details,
    evaluation,
    put,
    put_rule,
    rule,
    token,
)
from tools.simulator.client import Simulator


@pytest.fixture
def ruled(aws: Simulator) -> Simulator:
    put_rule(aws, PERIODIC)
    return aws


def test_details_tell_result_annotation_and_times(ruled: Simulator) -> None:
    run = token(ruled)
    put(ruled, run, evaluation(compliance="NON_COMPLIANT", Annotation="why"))
    config = ruled.client("config")
    (found,) = config.get_compliance_details_by_config_rule(ConfigRuleName="rule")[
        "EvaluationResults"
    ]
    assert (found["ComplianceType"], found["Annotation"]) == ("NON_COMPLIANT", "why")
    identifier = found["EvaluationResultIdentifier"]
    assert identifier["OrderingTimestamp"].timestamp() == 1_790_000_000
    assert identifier["EvaluationResultQualifier"] == {
        "ConfigRuleName": "rule",
        "ResourceType": CLUSTER,
        "ResourceId": "j-1",
        "EvaluationMode": "DETECTIVE",
    }
    assert found["ConfigRuleInvokedTime"] <= found["ResultRecordedTime"]


def test_details_come_in_pages_of_ten_or_as_asked_and_each_once(ruled: Simulator) -> None:
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


def test_not_applicable_results_are_gone_from_every_answer(ruled: Simulator) -> None:
    run = token(ruled)
    put(ruled, run, evaluation(compliance="NON_COMPLIANT"))
    put(ruled, run, evaluation(compliance="NOT_APPLICABLE"))
    config = ruled.client("config")
    assert details(ruled) == []
    by_resource = config.get_compliance_details_by_resource(ResourceType=CLUSTER, ResourceId="j-1")
    assert by_resource["EvaluationResults"] == []
    (by_rule,) = config.describe_compliance_by_config_rule()["ComplianceByConfigRules"]
    assert by_rule["Compliance"]["ComplianceType"] == "INSUFFICIENT_DATA"


def test_details_can_be_filtered_by_compliance(ruled: Simulator) -> None:
    put(ruled, token(ruled), evaluation("j-1"), evaluation("j-2", "NON_COMPLIANT"))
    assert details(ruled, ComplianceTypes=["NON_COMPLIANT"]) == [("j-2", "NON_COMPLIANT")]


def test_a_bad_limit_token_or_rule_is_refused(ruled: Simulator) -> None:
    for more, code in (
        ({"Limit": 101}, "ValidationException|ParamValidation"),
        ({"NextToken": "made-up"}, "InvalidNextTokenException"),
        ({"name": "none"}, "NoSuchConfigRuleException"),
        ({"name": "n" * 65}, "ValidationException"),
    ):
        with pytest.raises(ClientError, match=code):
            details(ruled, **more)


def test_a_rule_is_as_bad_as_its_worst_result(ruled: Simulator) -> None:
    config = ruled.client("config")

    def compliance() -> dict:
        (found,) = config.describe_compliance_by_config_rule(ConfigRuleNames=["rule"])[
            "ComplianceByConfigRules"
        ]
        return found["Compliance"]

    assert compliance() == {"ComplianceType": "INSUFFICIENT_DATA"}
    put(ruled, token(ruled), *[evaluation(f"j-{n}") for n in range(40)])
    assert compliance() == {"ComplianceType": "COMPLIANT"}
    put(ruled, token(ruled), *[evaluation(f"j-{n}", "NON_COMPLIANT") for n in range(30)])
    assert compliance() == {
        "ComplianceType": "NON_COMPLIANT",
        "ComplianceContributorCount": {"CappedCount": 25, "CapExceeded": True},
    }


def test_compliance_by_resource_counts_over_all_rules(ruled: Simulator) -> None:
    config = ruled.client("config")
    arn = config.describe_config_rules()["ConfigRules"][0]["Source"]["SourceIdentifier"]
    config.put_config_rule(ConfigRule=rule(arn, PERIODIC, "other"))
    ruled.settle()
    put(ruled, token(ruled, "rule"), evaluation("j-1"), evaluation("j-2"))
    put(ruled, token(ruled, "other"), evaluation("j-1", "NON_COMPLIANT"))
    found = config.describe_compliance_by_resource(ResourceType=CLUSTER)["ComplianceByResources"]
    assert [(one["ResourceId"], one["Compliance"]["ComplianceType"]) for one in found] == [
        ("j-1", "NON_COMPLIANT"),
        ("j-2", "COMPLIANT"),
    ]
    rules = config.get_compliance_details_by_resource(ResourceType=CLUSTER, ResourceId="j-1")
    assert len(rules["EvaluationResults"]) == 2
    summary = config.get_compliance_summary_by_config_rule()["ComplianceSummary"]
    assert summary["CompliantResourceCount"] == {"CappedCount": 1, "CapExceeded": False}
    assert summary["NonCompliantResourceCount"] == {"CappedCount": 1, "CapExceeded": False}


def test_the_evaluation_status_tells_runs_and_evaluations(ruled: Simulator) -> None:
    put(ruled, token(ruled), evaluation())
    config = ruled.client("config")
    (found,) = config.describe_config_rule_evaluation_status(ConfigRuleNames=["rule"])[
        "ConfigRulesEvaluationStatus"
    ]
    assert found["FirstEvaluationStarted"] is True
    assert (
        found["FirstActivatedTime"]
        <= found["LastSuccessfulInvocationTime"]
        <= found["LastSuccessfulEvaluationTime"]
    )
    assert "LastErrorCode" not in found


def test_deleted_results_are_gone_and_the_rule_stays(ruled: Simulator) -> None:
    put(ruled, token(ruled), evaluation())
    config = ruled.client("config")
    config.delete_evaluation_results(ConfigRuleName="rule")
    assert details(ruled) == []
    assert len(config.describe_config_rules()["ConfigRules"]) == 1
    with pytest.raises(ClientError, match="NoSuchConfigRuleException"):
        config.delete_evaluation_results(ConfigRuleName="none")
