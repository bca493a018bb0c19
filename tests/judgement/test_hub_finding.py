"""Findings for Security Hub: what they say, and that they fit."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgement.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    Origin,
    Resource,
)
from judgement.hub_finding import finding_id, hub_finding, product_arn
from judgement.reasons import REASONS, Reason, Severity
from judgement.verdict import Compliance, Finding, Verdict

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
FUNCTION = "arn:aws-cn:lambda:cn-north-1:111122223333:function:rule"
ORIGIN = Origin("111122223333", "cn-north-1", FUNCTION, "RULE", DetectedBy.SWEEP)
VIOLATIONS = [r for r, text in REASONS.items() if text.severity is Severity.VIOLATION]


def judged(*reasons, name="etl", compliance=Compliance.NON_COMPLIANT, kind=CLUSTER_TYPE):
    findings = tuple(Finding(reason, f"Detail of {reason}.") for reason in reasons)
    resource = Resource(kind, "j-1", name, "strict", "RUNNING", "emr-7.3.0")
    return Judged(resource, Verdict(compliance, findings))


def test_a_violation_is_failed_and_active_and_says_everything():
    """Every violation stands in the description, every remedy in the recommendation."""
    found = hub_finding(
        judged(Reason.IN_TRANSIT_ENCRYPTION_OFF, Reason.SECURITY_CONFIGURATION_NOT_APPROVED),
        ORIGIN,
        NOW,
    )
    assert (found["Compliance"]["Status"], found["RecordState"]) == ("FAILED", "ACTIVE")
    assert found["Description"] == (
        "IN_TRANSIT_ENCRYPTION_OFF: Detail of IN_TRANSIT_ENCRYPTION_OFF. "
        "SECURITY_CONFIGURATION_NOT_APPROVED: Detail of SECURITY_CONFIGURATION_NOT_APPROVED."
    )
    text = found["Remediation"]["Recommendation"]["Text"]
    assert REASONS[Reason.IN_TRANSIT_ENCRYPTION_OFF].remedy in text
    assert REASONS[Reason.SECURITY_CONFIGURATION_NOT_APPROVED].remedy in text
    assert found["UpdatedAt"] == "2026-05-06T12:00:00Z"


@pytest.mark.parametrize("compliance", [Compliance.COMPLIANT, Compliance.NOT_APPLICABLE])
def test_the_end_of_a_violation_is_passed_and_archived(compliance):
    """Whether it complies, is exempt or has gone; NOT_AVAILABLE would open the finding again."""
    found = hub_finding(judged(Reason.TRAFFIC_NOT_COVERED, compliance=compliance), ORIGIN, NOW)
    assert (found["Compliance"]["Status"], found["RecordState"]) == ("PASSED", "ARCHIVED")
    assert found["FindingProviderFields"]["Severity"]["Label"] == "INFORMATIONAL"


def test_a_resource_has_the_same_finding_every_time():
    """Later imports update it, whatever the reasons are then."""
    first = hub_finding(judged(Reason.IN_TRANSIT_ENCRYPTION_OFF), ORIGIN, NOW)
    later = hub_finding(judged(compliance=Compliance.COMPLIANT), ORIGIN, NOW)
    assert first["Id"] == later["Id"] == finding_id(judged(), ORIGIN)
    other = judged(kind=SECURITY_CONFIGURATION_TYPE)
    assert finding_id(other, ORIGIN) != first["Id"]


def test_arns_are_those_of_the_partition():
    """In China as elsewhere."""
    found = hub_finding(judged(Reason.IN_TRANSIT_ENCRYPTION_OFF), ORIGIN, NOW)
    product = "arn:aws-cn:securityhub:cn-north-1:111122223333:product/111122223333/default"
    assert found["ProductArn"] == product_arn(ORIGIN) == product
    resource = found["Resources"][0]
    assert resource["Id"] == "arn:aws-cn:elasticmapreduce:cn-north-1:111122223333:cluster/j-1"
    assert resource["Partition"] == "aws-cn"


def test_resource_details_name_what_people_look_for():
    """Empty ones are left out: Security Hub takes no empty texts."""
    details = hub_finding(judged(), ORIGIN, NOW)["Resources"][0]["Details"]["Other"]
    assert details == {
        "name": "etl",
        "securityConfiguration": "strict",
        "release": "emr-7.3.0",
        "state": "RUNNING",
    }


@pytest.mark.parametrize("reason", VIOLATIONS)
def test_every_reason_has_a_severity(reason):
    """Nothing encrypted is HIGH, a policy or a gap is LOW, the rest is between."""
    label = hub_finding(judged(reason), ORIGIN, NOW)["FindingProviderFields"]["Severity"]["Label"]
    assert label in {"HIGH", "MEDIUM", "LOW"}


def test_the_worst_reason_decides_the_severity():
    """One HIGH among others is HIGH."""
    worst = judged(Reason.TRAFFIC_NOT_COVERED, Reason.NO_SECURITY_CONFIGURATION)
    severity = hub_finding(worst, ORIGIN, NOW)["FindingProviderFields"]["Severity"]
    assert severity == {"Label": "HIGH", "Original": "TRAFFIC_NOT_COVERED"}


@given(name=st.text(max_size=400), reasons=st.lists(st.sampled_from(VIOLATIONS), unique=True))
def test_whatever_the_names_are_the_finding_fits(name, reasons):
    """Title, description and recommendation stay within Security Hub's limits, and say something."""
    found = hub_finding(judged(*reasons, name=name), ORIGIN, NOW)
    assert 0 < len(found["Title"]) <= 256
    assert 0 < len(found["Description"]) <= 1024
    assert 0 < len(found["Remediation"]["Recommendation"]["Text"]) <= 512
    found["Title"].encode()
