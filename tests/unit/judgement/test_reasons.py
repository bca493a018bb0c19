"""Every reason has its words, its weight, its place and a case in which it is given."""

import re
from datetime import timedelta

import pytest

from emr_in_transit.judgement.bundle import (
    Bundle,
    BundleContext,
    Certificate,
    Found,
    Unread,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.facts import EncryptionSettings, PropertySetting, Switch, Unreadable
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict, verdict_of
from emr_in_transit.judgement.wording import annotation
from tests.support.facts import (
    EMR,
    NOW,
    ON_WITH_EMR,
    ON_WITH_PEM,
    PEM,
    cluster,
    parameters,
    reasons,
)


def on(**changes) -> EncryptionSettings:
    return ON_WITH_PEM._replace(**changes)


def judged(facts, **given: str) -> Verdict:
    return judge_cluster(facts, parameters(**given), NOW)


def of_bundle(bundle: Bundle | Unread, **changes) -> Verdict:
    context = BundleContext(NOW, 30, domain="ec2.internal")._replace(**changes)
    return verdict_of(list(judge_bundle(bundle, context)), "PEM certificates.")


LEAF = Certificate(
    subject="CN=*.ec2.internal",
    issuer="CN=Example Root",
    names=("*.ec2.internal",),
    common_name="*.ec2.internal",
    not_before=0,
    not_after=2**33,
    key="EC",
    key_bits=256,
    signature="ecdsa-with-SHA256",
    is_authority=False,
)
# All that a security configuration can ask for.
WHOLE = on(local_disk_encryption=True, managed_kerberos=True)
COMPLETE = {"coverage": "complete"}
# One cluster for each reason, with nothing else to say against it.
CASES = {
    Reason.NO_SECURITY_CONFIGURATION: judged(cluster(None, security_configuration_name="")),
    Reason.RELEASE_WITHOUT_SUPPORT: judged(cluster(release_label="emr-4.7.2")),
    Reason.SECURITY_CONFIGURATION_MISSING: judged(cluster(None)),
    Reason.SECURITY_CONFIGURATION_UNREADABLE: judged(cluster(Unreadable("it is empty"))),
    Reason.IN_TRANSIT_ENCRYPTION_OFF: judged(cluster(on(switch=Switch.FALSE))),
    Reason.CERTIFICATES_NOT_CONFIGURED: judged(cluster(on(certificates=None))),
    Reason.CERTIFICATES_INCOMPLETE: judged(cluster(on(certificates=PEM._replace(s3_object="")))),
    Reason.CERTIFICATES_EXPIRED: judged(cluster(on(certificates=EMR._replace(validity_days=365)))),
    Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED: judged(
        cluster(ON_WITH_EMR), allowedCertificateProviders="PEM"
    ),
    Reason.SECURITY_CONFIGURATION_NOT_APPROVED: judged(
        cluster(), approvedSecurityConfigurations="approved"
    ),
    Reason.BUNDLE_MISSING: of_bundle(Unread.MISSING),
    Reason.BUNDLE_INVALID: of_bundle(Bundle(problems=(Found(Problem.TRUNCATED),))),
    Reason.ENCRYPTION_OVERRIDDEN: judged(
        cluster(
            settings=(PropertySetting("mapred-site", "mapreduce.shuffle.ssl.enabled", "false"),)
        )
    ),
    Reason.TRAFFIC_NOT_COVERED: judged(cluster(), coverage="complete"),
    Reason.RELEASE_NOT_RECOGNISED: judged(cluster(WHOLE, release_label="emr-next"), **COMPLETE),
    Reason.APPLICATION_NOT_RECOGNISED: judged(
        cluster(WHOLE, applications=("Ganglia",)), **COMPLETE
    ),
    Reason.ENCRYPTION_WEAKENED: judged(
        cluster(
            WHOLE,
            settings=(PropertySetting("core-site", "hadoop.ssl.hostname.verifier", "ALLOW_ALL"),),
        ),
        **COMPLETE,
    ),
    Reason.CERTIFICATE_NAME_MISMATCH: of_bundle(
        Bundle(certificates=(LEAF,)), domain="us-west-2.compute.internal"
    ),
    Reason.CERTIFICATE_SELF_SIGNED: of_bundle(
        Bundle(certificates=(LEAF._replace(issuer=LEAF.subject),))
    ),
    Reason.BUNDLE_CHANGED: of_bundle(Bundle(), created=NOW, modified=NOW + timedelta(days=1)),
    Reason.BUNDLE_DOUBTFUL: of_bundle(
        Bundle(problems=(Found(Problem.BYTE_ORDER_MARK, "certificateChain.pem"),))
    ),
    Reason.BUNDLE_NOT_READ: of_bundle(Unread.DENIED),
    Reason.CERTIFICATES_EXPIRING: judged(cluster(on(certificates=EMR._replace(validity_days=425)))),
}


FACTS_OF_WARNINGS = {
    Reason.TRAFFIC_NOT_COVERED: cluster(),
    Reason.RELEASE_NOT_RECOGNISED: cluster(release_label="emr-next"),
    Reason.APPLICATION_NOT_RECOGNISED: cluster(applications=("Ganglia",)),
    Reason.ENCRYPTION_WEAKENED: cluster(
        settings=(PropertySetting("core-site", "hadoop.ssl.hostname.verifier", "ALLOW_ALL"),)
    ),
}


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_reachable(reason: Reason):
    """Each reason is given to a cluster that has nothing else wrong, and weighs what it should."""
    verdict = CASES[reason]

    assert reasons(verdict) == [each for each in [reason] if each is not Reason.TRAFFIC_NOT_COVERED]
    assert reason in {finding.reason for finding in verdict.findings}
    violates = REASONS[reason].severity is Severity.VIOLATION
    assert verdict.compliance is (Compliance.NON_COMPLIANT if violates else Compliance.COMPLIANT)
    if violates:
        assert annotation(verdict).startswith(f"{reason}: ")


@pytest.mark.parametrize("reason", Reason)
def test_reason_has_its_words(reason: Reason):
    """Each reason has a meaning and a remedy, in sentences of one line."""
    text = REASONS[reason]

    assert reason.value == reason.name
    for sentence in (text.meaning, text.remedy):
        assert re.fullmatch(r"[A-Z][ -~]{20,200}\.", sentence), sentence
        assert "  " not in sentence


def test_meanings_differ():
    """No two reasons mean the same."""
    assert len({text.meaning for text in REASONS.values()}) == len(Reason)


def test_violations_come_before_warnings():
    """A violation never stands behind a warning, so the first finding explains the verdict."""
    weights = [REASONS[reason].severity for reason in Reason]

    assert weights == sorted(weights, key=[Severity.VIOLATION, Severity.WARNING].index)


def test_precedence_is_that_of_the_table():
    """Findings are ordered as the reasons are, whatever order they were found in."""
    findings = [Finding(reason, "Found.") for reason in Reason]

    ordered = verdict_of(findings[::-1], "").findings

    assert [finding.reason for finding in ordered] == list(Reason)


@pytest.mark.parametrize(
    "reason", [each for each in Reason if REASONS[each].with_complete_coverage]
)
def test_what_violates_only_with_complete_coverage(reason: Reason):
    """By default it is a warning, on the same cluster that violates with coverage=complete."""
    facts = FACTS_OF_WARNINGS[reason]

    for coverage, severity in (("configured", Severity.WARNING), ("complete", Severity.VIOLATION)):
        findings = judged(facts, coverage=coverage).findings
        assert severity in {each.severity for each in findings if each.reason is reason}


def test_finding_that_only_warns_stands_behind_violations():
    """Where a reason only warns for once, it comes after every violation."""
    warning = Finding(Reason.NO_SECURITY_CONFIGURATION, "Found.", only_warns=True)
    violation = Finding(Reason.TRAFFIC_NOT_COVERED, "Found.")
    verdict = verdict_of([warning, violation], "")

    assert verdict.findings == (violation, warning)
    assert (verdict.violations, verdict.warnings) == ((violation,), (warning,))


def test_findings_of_one_reason_are_ordered_by_subject():
    """Findings of one reason about several things stand in the order of their names."""
    findings = [Finding(Reason.ENCRYPTION_OVERRIDDEN, "Found.", subject) for subject in "bca"]

    assert [finding.subject for finding in verdict_of(findings, "").findings] == ["a", "b", "c"]


def test_findings_of_one_reason_keep_their_order():
    """Two findings of one reason stay in the order in which they were found."""
    findings = [Finding(Reason.IN_TRANSIT_ENCRYPTION_OFF, detail) for detail in ("b", "a")]

    assert [finding.detail for finding in verdict_of(findings, "").findings] == ["b", "a"]


@pytest.mark.parametrize("reason", Reason)
def test_verdict_splits_its_findings(reason: Reason):
    """One violation is enough to fail; warnings alone leave what protects."""
    finding = Finding(reason, "Found.")
    verdict = verdict_of([finding], "PEM certificates.")

    assert finding.remedy == REASONS[reason].remedy
    if REASONS[reason].severity is Severity.VIOLATION:
        assert (verdict.violations, verdict.warnings) == ((finding,), ())
        assert (verdict.compliance, verdict.protection) == (Compliance.NON_COMPLIANT, "")
    else:
        assert (verdict.violations, verdict.warnings) == ((), (finding,))
        assert verdict.compliance is Compliance.COMPLIANT
        assert verdict.protection == "PEM certificates."


def test_nothing_found_complies():
    """Without findings the verdict is COMPLIANT."""
    assert verdict_of([], "PEM certificates.") == Verdict(
        Compliance.COMPLIANT, (), "PEM certificates."
    )
