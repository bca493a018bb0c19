"""Verdicts on clusters: documents by name, and each thing that a cluster adds to its configuration."""

import json
from typing import Any

import pytest

from emr_in_transit.judgement.cluster import read_cluster
from emr_in_transit.judgement.facts import ClusterFacts, EncryptionSettings, Switch, Unreadable
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import annotation
from tests.support.facts import (
    DOCUMENTS,
    EMR,
    NOW,
    ON_WITH_EMR,
    ON_WITH_PEM,
    PEM,
    cluster,
    configuration,
    load_configuration,
    parameters,
    reasons,
)

EXPIRED = ON_WITH_EMR._replace(certificates=EMR._replace(validity_days=365))
INCOMPLETE = ON_WITH_PEM._replace(certificates=PEM._replace(s3_object=""))
OFF = EncryptionSettings(Switch.FALSE)

# The documents in tests/documents/clusters, and what is to be said about the encryption that each
# was launched with. Which traffic of its applications that covers has tests of its own.
DOCUMENTS_AND_REASONS = {
    "pem-waiting": [],
    "emr-managed-on-7.11.0": [],
    "kerberos-and-fleets": [],
    "custom-for-5.9.0": [],
    "release-in-another-form": [],
    "release-not-recognised": [Reason.RELEASE_NOT_RECOGNISED],
    "emr-spark-8.0.0": [],
    "s3-over-http": [Reason.ENCRYPTION_OVERRIDDEN],
    "jupyterhub-without-spark-encryption": [Reason.ENCRYPTION_OVERRIDDEN],
    "trino-with-http-port": [Reason.ENCRYPTION_OVERRIDDEN],
    "no-security-configuration": [Reason.NO_SECURITY_CONFIGURATION],
    "empty-security-configuration": [Reason.NO_SECURITY_CONFIGURATION],
    "security-configuration-deleted": [Reason.SECURITY_CONFIGURATION_MISSING],
    "security-configuration-off": [Reason.IN_TRANSIT_ENCRYPTION_OFF],
    "security-configuration-unreadable": [Reason.SECURITY_CONFIGURATION_UNREADABLE],
    "pem-on-4.7.2": [Reason.RELEASE_WITHOUT_SUPPORT],
    "emr-managed-on-7.10.0": [Reason.RELEASE_WITHOUT_SUPPORT],
    "emr-managed-expired-on-6.15.0": [Reason.RELEASE_WITHOUT_SUPPORT, Reason.CERTIFICATES_EXPIRED],
    "ami-version": [Reason.NO_SECURITY_CONFIGURATION, Reason.RELEASE_WITHOUT_SUPPORT],
}


def load_cluster(name: str) -> ClusterFacts:
    document = json.loads((DOCUMENTS / "clusters" / f"{name}.json").read_text())["Cluster"]
    return read_cluster(document, load_configuration(document.get("SecurityConfiguration", "")))


@pytest.mark.parametrize("name", DOCUMENTS_AND_REASONS)
def test_document(name: str):
    """A document as AWS sends it gets the verdict listed for it."""
    verdict = judge_cluster(load_cluster(name), parameters(), NOW)

    expected = DOCUMENTS_AND_REASONS[name]
    complies = expected in ([], [Reason.RELEASE_NOT_RECOGNISED])
    assert reasons(verdict) == expected
    assert verdict.compliance is (Compliance.COMPLIANT if complies else Compliance.NON_COMPLIANT)


def test_every_document_is_listed():
    """No document lies about without a verdict."""
    names = {path.stem for path in (DOCUMENTS / "clusters").glob("*.json")}

    assert names == set(DOCUMENTS_AND_REASONS)


OVERRIDES = [
    ("s3-over-http", "core-site/fs.s3n.ssl.enabled", '"false" (secure: true); it exposes S3 traffic.'),
    ("jupyterhub-without-spark-encryption", "spark-defaults/spark.network.crypto.enabled", "it exposes Spark driver, "),
    ("trino-with-http-port", "trino-config/http-server.http.enabled", "it exposes Trino coordinator and workers."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "words"), OVERRIDES, ids=[row[0] for row in OVERRIDES])
def test_override_in_a_document(name: str, key: str, words: str):
    """S3 has switches, JupyterHub brings Spark, and Trino has Presto's http port."""
    [finding] = judge_cluster(load_cluster(name), parameters(), NOW).violations

    assert (finding.reason, finding.subject) == (Reason.ENCRYPTION_OVERRIDDEN, key)
    assert words in finding.detail


@pytest.mark.parametrize("name", ["emr-spark-8.0.0", "release-not-recognised"])
def test_complete_coverage_is_not_met_by_a_release_that_nobody_has_looked_at(name: str):
    """The newest line stands in for it, and that is said."""
    verdict = judge_cluster(load_cluster(name), parameters(coverage="complete"), NOW)

    assert verdict.compliance is Compliance.NON_COMPLIANT
    [finding] = [f for f in verdict.violations if f.reason is Reason.TRAFFIC_NOT_COVERED]
    assert "assumed to be like the newest" in finding.detail
    assert "without Kerberos: YARN ResourceManager RPC" in finding.detail


ATTACHMENTS = [
    (
        "a good one complies",
        cluster(),
        'Security configuration "secure", PEM certificates.',
    ),
    (
        "none is attached",
        cluster(None, security_configuration_name=""),
        "NO_SECURITY_CONFIGURATION: No security configuration is attached.",
    ),
    (
        "the one it names is missing",
        cluster(None, security_configuration_name="gone\n"),
        'SECURITY_CONFIGURATION_MISSING: Security configuration "gone" does not exist.',
    ),
    (
        "what is wrong with the configuration is wrong with the cluster",
        cluster(INCOMPLETE),
        "CERTIFICATES_INCOMPLETE: PEM certificates need S3Object.",
    ),
    (
        "an unreadable one never complies",
        cluster(Unreadable("it is empty")),
        'SECURITY_CONFIGURATION_UNREADABLE: Security configuration "secure" cannot be read: it is empty.',
    ),
]


@pytest.mark.parametrize(
    ("facts", "text"), [row[1:] for row in ATTACHMENTS], ids=[row[0] for row in ATTACHMENTS]
)
def test_attachment(facts: ClusterFacts, text: str):
    """A cluster is as good as the security configuration that it was launched with."""
    assert annotation(judge_cluster(facts, parameters(), NOW)).startswith(text)


@pytest.mark.parametrize("state", ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"])
@pytest.mark.parametrize("body", [ON_WITH_PEM, OFF], ids=["on", "off"])
def test_state_does_not_matter(state: str, body: EncryptionSettings):
    """A live cluster is judged alike in every state."""
    verdict = judge_cluster(cluster(body, state=state), parameters(), NOW)

    assert verdict == judge_cluster(cluster(body), parameters(), NOW)


TOO_OLD = Reason.RELEASE_WITHOUT_SUPPORT
RELEASES = [
    ("the first with security configurations", "emr-4.8.0", ON_WITH_PEM, []),
    ("the last without", "emr-4.7.4", ON_WITH_PEM, [TOO_OLD]),
    ("4.10.0 comes after 4.8.0", "emr-4.10.0", ON_WITH_PEM, []),
    ("5.0.0 has them", "emr-5.0.0", ON_WITH_PEM, []),
    ("the first with EMR's own certificates", "emr-7.11.0", ON_WITH_EMR, []),
    ("the last without them", "emr-7.10.0", ON_WITH_EMR, [TOO_OLD]),
    ("7.2.0 comes before 7.11.0", "emr-7.2.0", ON_WITH_EMR, [TOO_OLD]),
    ("8.0.0 has them", "emr-8.0.0", ON_WITH_EMR, []),
    ("a patch of the same release", "emr-7.11.0-latest", ON_WITH_EMR, []),
    ("PEM does not need 7.11.0", "emr-7.10.0", ON_WITH_PEM, []),
    ("EMR's certificates before any support", "emr-4.7.4", ON_WITH_EMR, [TOO_OLD]),
    ("EMR's certificates that are switched off", "emr-7.10.0", ON_WITH_EMR._replace(switch=Switch.FALSE), [Reason.IN_TRANSIT_ENCRYPTION_OFF]),
    ("no certificates at all", "emr-7.10.0", EncryptionSettings(Switch.ON), [Reason.CERTIFICATES_NOT_CONFIGURED]),
    ("an unreadable configuration", "emr-7.10.0", Unreadable("it is empty"), [Reason.SECURITY_CONFIGURATION_UNREADABLE]),
    ("a missing configuration", "emr-7.10.0", None, [Reason.SECURITY_CONFIGURATION_MISSING]),
    ("a label that cannot be compared warns", "emr-next", ON_WITH_EMR, [Reason.RELEASE_NOT_RECOGNISED]),
    ("and excuses nothing", "emr-next", OFF, [Reason.IN_TRANSIT_ENCRYPTION_OFF, Reason.RELEASE_NOT_RECOGNISED]),
    ("an old release does not hide what else is wrong", "emr-7.10.0", EXPIRED, [TOO_OLD, Reason.CERTIFICATES_EXPIRED]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "body", "expected"), [row[1:] for row in RELEASES], ids=[row[0] for row in RELEASES]
)
def test_release(label: str, body: Any, expected: list[Reason]):
    """A release that cannot do what its configuration asks for violates; an odd one warns."""
    verdict = judge_cluster(cluster(body, release_label=label), parameters(), NOW)

    assert reasons(verdict) == expected


RELEASE_DETAILS = [
    ("an AMI version", {"release_label": "", "ami_version": "3.11.0"}, 'AMI version "3.11.0" has no security configurations.'),
    ("an old release", {"release_label": "emr-4.7.4"}, "Release 4.7.4 has no security configurations (first: 4.8.0)."),
    ("an old release for EMR's certificates", {"release_label": "emr-7.10.0-latest"}, "Release 7.10.0 has no certificates managed by EMR (first: 7.11.0)."),
    ("an odd label", {"release_label": "next\n"}, 'Release label "next" cannot be compared.'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "detail"), [r[1:] for r in RELEASE_DETAILS], ids=[r[0] for r in RELEASE_DETAILS]
)
def test_release_detail(changes: dict[str, str], detail: str):
    """The release, and the first that would do, are named."""
    verdict = judge_cluster(cluster(ON_WITH_EMR, **changes), parameters(), NOW)

    assert verdict.findings[0].detail == detail


RELEASE_REMEDIES = [
    ("an old release with PEM", "emr-4.7.4", ON_WITH_PEM, "Launch a replacement on release 4.8.0 or later."),
    ("an old one with EMR's certificates", "emr-7.10.0", ON_WITH_EMR, "Launch a replacement on release 7.11.0 or later, or on release 4.8.0 or later with PEM or Custom certificates."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "body", "remedy"),
    [r[1:] for r in RELEASE_REMEDIES],
    ids=[r[0] for r in RELEASE_REMEDIES],
)
def test_release_remedy(label: str, body: Any, remedy: str):
    """The release that would do is named, and what would do on an older one."""
    [finding] = judge_cluster(cluster(body, release_label=label), parameters(), NOW).violations

    assert finding.remedy == remedy


NAMES = [
    ("without a list every name is approved", None, "anything", True),
    ("a name on the list", "prod,audit", "audit", True),
    ("a name that is not", "prod,audit", "test", False),
    ("names are exact in letter case", "prod", "Prod", False),
    ("a name is no prefix", "prod", "prod-2", False),
    ("an asterisk stands for any characters", "prod-*", "prod-eu-1", True),
    ("an asterisk stands for none too", "prod-*", "prod-", True),
    ("an asterisk alone is everything", "*", "anything", True),
    ("an asterisk in the middle", "prod-*-tls", "prod-eu-tls", True),
    ("an asterisk does not stretch the rest", "prod-*-tls", "prod-eu-tls-off", False),
    ("a question mark is only itself", "pro?", "prod", False),
    ("a question mark is itself", "pro?", "pro?", True),
    ("brackets are only themselves", "[p]rod", "prod", False),
    ("brackets are themselves", "[p]rod*", "[p]rod-1", True),
    ("an exclamation mark in brackets too", "[!p]rod", "[!p]rod", True),
    ("a closing bracket alone", "a]*", "a]b", True),
    ("a dot is only itself", "pr.d", "prod", False),
    ("a name with a line break", "prod*", "prod\nx", True),
]


@pytest.mark.parametrize(
    ("approved", "name", "good"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES]
)
def test_approved_names(approved: str | None, name: str, good: bool):
    """A name must match one of approvedSecurityConfigurations, where * is the only wildcard."""
    given = {} if approved is None else {"approvedSecurityConfigurations": approved}
    facts = cluster(
        security_configuration_name=name, security_configuration=configuration(name=name)
    )

    verdict = judge_cluster(facts, parameters(**given), NOW)

    assert reasons(verdict) == ([] if good else [Reason.SECURITY_CONFIGURATION_NOT_APPROVED])


def test_asterisks_do_not_slow_down():
    """A pattern of many asterisks against a long name is answered at once."""
    facts = cluster(security_configuration_name="a" * 5_000)
    given = parameters(approvedSecurityConfigurations="*a" * 200 + "b")

    verdict = judge_cluster(facts, given, NOW)

    assert reasons(verdict) == [Reason.SECURITY_CONFIGURATION_NOT_APPROVED]


EVERYTHING = [
    (
        "a missing one of the wrong name on an old release",
        cluster(None, release_label="emr-4.7.2"),
        [
            TOO_OLD,
            Reason.SECURITY_CONFIGURATION_MISSING,
            Reason.SECURITY_CONFIGURATION_NOT_APPROVED,
        ],
    ),
    (
        "none attached is not also a wrong name",
        cluster(None, security_configuration_name="", release_label="next"),
        [Reason.NO_SECURITY_CONFIGURATION, Reason.RELEASE_NOT_RECOGNISED],
    ),
    (
        "an expired one of the wrong name on an old release",
        cluster(EXPIRED, release_label="emr-7.10.0"),
        [TOO_OLD, Reason.CERTIFICATES_EXPIRED, Reason.SECURITY_CONFIGURATION_NOT_APPROVED],
    ),
    (
        "one that is off, of the wrong name, on an odd release",
        cluster(OFF, release_label="next"),
        [
            Reason.IN_TRANSIT_ENCRYPTION_OFF,
            Reason.SECURITY_CONFIGURATION_NOT_APPROVED,
            Reason.RELEASE_NOT_RECOGNISED,
        ],
    ),
]


@pytest.mark.parametrize(
    ("facts", "expected"), [row[1:] for row in EVERYTHING], ids=[row[0] for row in EVERYTHING]
)
def test_every_finding_is_listed(facts: ClusterFacts, expected: list[Reason]):
    """A verdict lists all that applies, the most important first."""
    verdict = judge_cluster(facts, parameters(approvedSecurityConfigurations="approved"), NOW)

    assert reasons(verdict) == expected
    assert annotation(verdict).startswith(f"{expected[0]}: ")
