"""Findings for Security Hub: what they say, and that they fit."""

from datetime import UTC, date, datetime, timedelta

import botocore.session
import pytest
from botocore.validate import validate_parameters
from hypothesis import given
from hypothesis import strategies as st

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    Origin,
    Resource,
    gone,
)
from emr_in_transit.alerting.security_hub_finding import (
    LABELS,
    REFRESHED_AFTER,
    closed_finding,
    finding_id,
    is_shown,
    open_finding,
    product_arn,
)
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit.judgement.verdict import Compliance, Exemption, Finding, Verdict, verdict_of
from tools.simulator.securityhub import problem_of

NOW = datetime(2026, 5, 6, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FUNCTION = "arn:aws-cn:lambda:cn-north-1:111122223333:function:rule"
DOCUMENTS = "https://git.example.com/team/rule/-/blob/v0.2.0"
ORIGIN = Origin("111122223333", "cn-north-1", FUNCTION, "RULE", DetectedBy.SWEEP)
VIOLATIONS = [r for r, text in REASONS.items() if text.severity is Severity.VIOLATION]
OFF = Reason.IN_TRANSIT_ENCRYPTION_OFF
COMPLIES = Verdict(Compliance.COMPLIANT, protection='Security configuration "strict".')
EXEMPT = Verdict(Compliance.NOT_APPLICABLE, protection="Exempt by a tag.")
IMPORT = (
    botocore.session.get_session()
    .get_service_model("securityhub")
    .operation_model("BatchImportFindings")
    .input_shape
)


def judged(*reasons, kind=CLUSTER_TYPE, resource_id="j-1", detail="Detail.", **members):
    """Make a judged resource, which violates for these reasons."""
    findings = [Finding(reason, detail) for reason in reasons or (OFF,)]
    told = {
        "name": "etl",
        "security_configuration": "strict",
        "state": "RUNNING",
        "release": "emr-7.3.0",
    }
    return Judged(Resource(kind, resource_id, **told | members), verdict_of(findings, ""))


def opened(*reasons, **members):
    """Make the finding of a violation."""
    return open_finding(judged(*reasons, **members), ORIGIN, None, NOW)


def fits(finding):
    """Hold a finding against botocore's model and the documented limits."""
    validate_parameters({"Findings": [finding]}, IMPORT)
    assert problem_of(finding) == ""
    return True


def test_a_violation_is_failed_and_active_and_says_everything():
    """Violations and warnings stand in the description, every remedy in the recommendation."""
    reasons = (OFF, Reason.SECURITY_CONFIGURATION_NOT_APPROVED, Reason.CERTIFICATES_EXPIRING)
    found = opened(*reasons)
    assert (found["Compliance"]["Status"], found["RecordState"]) == ("FAILED", "ACTIVE")
    assert found["Title"] == "EMR cluster etl should encrypt data in transit"
    assert found["Description"] == " ".join(f"{reason}: Detail." for reason in reasons)
    recommendation = found["Remediation"]["Recommendation"]
    assert [r for r in reasons if REASONS[r].remedy not in recommendation["Text"]] == []
    assert recommendation["Url"].startswith("https://docs.aws.amazon.com/emr/")
    assert found["SourceUrl"].endswith("#/clusterDetails/j-1")
    assert found["GeneratorId"] == "emr-in-transit-encryption/RULE"
    assert found["CreatedAt"] == found["UpdatedAt"] == "2026-05-06T12:00:00.123Z"
    assert "Workflow" not in found
    assert fits(found)


def test_the_recommendation_links_to_the_documents_where_the_function_knows_them():
    """To the section of the worst reason; Security Hub takes one address."""
    known = ORIGIN._replace(documents=DOCUMENTS)
    told = judged(Reason.SECURITY_CONFIGURATION_NOT_APPROVED, OFF)
    found = open_finding(told, known, None, NOW)
    url = found["Remediation"]["Recommendation"]["Url"]
    assert url == f"{DOCUMENTS}/docs/reasons.md#in_transit_encryption_off"
    assert fits(found)


def test_the_requirements_are_those_of_security_hubs_own_control():
    """EMR.4 relates to these of NIST 800-53, revision 5."""
    assert opened()["Compliance"]["RelatedRequirements"] == [
        "NIST.800-53.r5 AC-4",
        "NIST.800-53.r5 SC-7(4)",
        "NIST.800-53.r5 SC-8",
        "NIST.800-53.r5 SC-8(1)",
        "NIST.800-53.r5 SC-8(2)",
        "NIST.800-53.r5 SC-13",
        "NIST.800-53.r5 SC-23",
        "NIST.800-53.r5 SC-23(3)",
    ]


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Judged(judged().resource, COMPLIES), 'Security configuration "strict".'),
        (Judged(judged().resource, EXEMPT), "The resource is exempt, or has gone."),
        (gone(CLUSTER_TYPE, "j-1"), "The resource is exempt, or has gone."),
        (None, "The resource is exempt, or has gone."),
    ],
    ids=["complies", "exempt", "gone", "known from an earlier run"],
)
def test_the_end_of_a_violation_is_passed_and_archived(ended, why):
    """NOT_AVAILABLE would make it NEW again. What names the resource stays: it may have gone."""
    before = opened() | {"Workflow": {"Status": "NEW"}, "Severity": {"Label": "HIGH"}}
    found = closed_finding(before, ended, LATER)
    assert (found["Compliance"]["Status"], found["RecordState"]) == ("PASSED", "ARCHIVED")
    assert found["Description"] == f"The violation has ended. {why}"
    label = found["FindingProviderFields"]["Severity"]
    assert label == {"Label": "INFORMATIONAL", "Original": "ENDED"}
    for name in ("Id", "ProductArn", "Title", "Resources", "CreatedAt", "Remediation"):
        assert found[name] == before[name]
    assert found["UpdatedAt"] > before["UpdatedAt"]
    assert not {"Workflow", "Severity"} & found.keys(), "an import must not name them"
    assert fits(found)


def test_a_finding_keeps_its_id_and_the_time_of_its_creation():
    """Later imports update it, whatever the reasons are then; what they say is later."""
    first = opened()
    second = open_finding(judged(Reason.CERTIFICATES_EXPIRED), ORIGIN, first, LATER)
    assert second["Id"] == first["Id"] == finding_id(CLUSTER_TYPE, "j-1", ORIGIN)
    assert second["CreatedAt"] == first["CreatedAt"]
    assert second["UpdatedAt"] > first["UpdatedAt"]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"Description": "Something else."}, False),
        ({"Title": "EMR cluster other should encrypt data in transit"}, False),
        ({"UpdatedAt": "2026-01-01T00:00:00.000Z"}, False),
        ({"Resources": []}, True),
    ],
)
def test_what_security_hub_shows_already_is_not_imported_again(change, shown):
    """Unless it would soon be forgotten; that a cluster goes on to RUNNING is no news."""
    assert is_shown(opened(), opened() | change, NOW) is shown


def test_a_finding_is_renewed_before_security_hub_forgets_it():
    """It forgets what nobody updates for 90 days."""
    assert is_shown(opened(), opened(), NOW + REFRESHED_AFTER - timedelta(seconds=1))
    assert not is_shown(opened(), opened(), NOW + REFRESHED_AFTER)
    assert timedelta(days=90) > REFRESHED_AFTER


def test_arns_are_those_of_the_partition():
    """In China as elsewhere."""
    product = "arn:aws-cn:securityhub:cn-north-1:111122223333:product/111122223333/default"
    assert opened()["ProductArn"] == product_arn(ORIGIN) == product
    resource = opened()["Resources"][0]
    assert resource["Id"] == "arn:aws-cn:elasticmapreduce:cn-north-1:111122223333:cluster/j-1"
    assert resource["Partition"] == "aws-cn"


def test_resource_details_name_what_people_look_for():
    """Empty ones are left out: Security Hub takes no empty texts."""
    assert opened()["Resources"][0]["Details"]["Other"] == {
        "resourceType": CLUSTER_TYPE,
        "name": "etl",
        "securityConfiguration": "strict",
        "release": "emr-7.3.0",
        "state": "RUNNING",
    }


def test_a_security_configuration_has_no_arn():
    """So it is named as EMR names it, and has a finding of its own beside a cluster's."""
    found = opened(kind=SECURITY_CONFIGURATION_TYPE, resource_id="strict", name="strict")
    assert found["Title"] == "EMR security configuration strict should encrypt data in transit"
    assert found["Resources"][0]["Id"] == "strict"
    assert found["Id"].endswith("/AWS::EMR::SecurityConfiguration/strict")
    assert fits(found)


@pytest.mark.parametrize("reason", VIOLATIONS)
def test_every_reason_that_violates_has_one_severity(reason):
    """HIGH, MEDIUM or LOW."""
    labels = [label for label, reasons in LABELS.items() if reason in reasons]
    assert labels == [opened(reason)["FindingProviderFields"]["Severity"]["Label"]]


@pytest.mark.parametrize(
    ("reasons", "label"),
    [
        ([Reason.TRAFFIC_NOT_COVERED, Reason.NO_SECURITY_CONFIGURATION], "HIGH"),
        ([Reason.SECURITY_CONFIGURATION_NOT_APPROVED, Reason.ENCRYPTION_OVERRIDDEN], "MEDIUM"),
        ([Reason.SECURITY_CONFIGURATION_NOT_APPROVED, Reason.CERTIFICATES_EXPIRING], "LOW"),
    ],
)
def test_the_worst_violation_decides_the_severity(reasons, label):
    """Warnings do not."""
    assert opened(*reasons)["FindingProviderFields"]["Severity"]["Label"] == label


def test_a_description_that_does_not_fit_says_so():
    """Nobody must take a part for the whole."""
    found = opened(*VIOLATIONS, detail="x" * 400)["Description"]
    assert found.endswith(f"... (cut short; the alert has all {len(VIOLATIONS)} in full)")
    assert len(found) <= 1024


@given(
    name=st.text(max_size=400),
    resource_id=st.text(min_size=1, max_size=600),
    reasons=st.lists(st.sampled_from(list(Reason)), unique=True, min_size=1),
    detail=st.text(min_size=1, max_size=1500),
    kind=st.sampled_from([CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE]),
)
def test_whatever_the_names_are_the_finding_fits(name, resource_id, reasons, detail, kind):
    """It stays within Security Hub's limits, says something, and is found by its own id again."""
    members = {"name": name, "resource_id": resource_id, "kind": kind, "detail": detail}
    members |= {"launched_by": name, "security_configuration": detail}
    found = opened(*reasons, **members)
    assert fits(found)
    assert fits(closed_finding(found, None, LATER))
    assert found["Id"] == finding_id(kind, resource_id, ORIGIN)


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_resources_never_share_a_finding(one, other):
    """However alike their names look."""
    ids = {finding_id(SECURITY_CONFIGURATION_TYPE, each, ORIGIN) for each in (one, other)}
    assert len(ids) == len({one, other})


def test_a_violation_that_ends_by_an_exemption_says_by_which_until_when_and_why():
    """Whoever finds it closed need not look for the tag."""
    verdict = Verdict(
        Compliance.NOT_APPLICABLE,
        judged().verdict.findings,
        'Exempt by tag "exempt" until 2026-06-30.',
        Exemption("exempt", "2026-06-30\nmigration" + "x" * 2_000, date(2026, 6, 30)),
    )
    closed = closed_finding(opened(), Judged(judged().resource, verdict), LATER)
    assert closed["Description"].startswith(
        'The violation has ended. Exempt by tag "exempt" until 2026-06-30. '
        "The tag says: 2026-06-30 migrationx"
    )
    assert (closed["Compliance"]["Status"], closed["RecordState"]) == ("PASSED", "ARCHIVED")
    assert fits(closed)


def test_the_tags_that_say_whom_to_tell_are_those_of_the_resource():
    """Insights and automation rules go by them; a cluster without any has no such member."""
    tags = (("owner", "ana"), ("cost centre", "\u3042" * 256))
    [resource] = opened(tags=tags)["Resources"]
    assert resource["Tags"] == dict(tags)
    assert fits(opened(tags=tags))
    assert "Tags" not in opened()["Resources"][0]
