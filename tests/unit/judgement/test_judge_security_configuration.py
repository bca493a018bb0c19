"""Verdicts on security configurations: every document that AWS may send, by name."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from emr_in_transit.judgement.facts import EncryptionSettings, Switch, Unreadable
from emr_in_transit.judgement.judge import judge_security_configuration
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import annotation
from tests.support.facts import (
    CREATED,
    CUSTOM,
    DOCUMENTS,
    EMR,
    NOW,
    ON_WITH_EMR,
    ON_WITH_PEM,
    configuration,
    load_configuration,
    parameters,
    reasons,
)

COMPLIANT = "Security configuration "
OFF = "IN_TRANSIT_ENCRYPTION_OFF: EnableInTransitEncryption in security configuration "
UNREADABLE = "SECURITY_CONFIGURATION_UNREADABLE: Security configuration "
NONE = "CERTIFICATES_NOT_CONFIGURED: TLSCertificateConfiguration is missing."
INCOMPLETE = "CERTIFICATES_INCOMPLETE: "
PLACE = "is misplaced: it stands at "
IN_TRANSIT = "EncryptionConfiguration.InTransitEncryptionConfiguration."

# The documents in tests/documents/security_configurations, and the annotation of each.
DOCUMENTS_AND_ANNOTATIONS = {
    # Good ones
    "pem-complete": COMPLIANT + '"pem-complete", PEM certificates.',
    "pem-by-arn-in-china": COMPLIANT + '"pem-by-arn-in-china", PEM certificates.',
    "custom-complete": COMPLIANT + '"custom-complete", Custom certificates.',
    "emr-managed": COMPLIANT + '"emr-managed", EMR-managed certificates.',
    "emr-managed-all-options": COMPLIANT + '"emr-managed-all-options", EMR-managed certificates.',
    "everything-on": COMPLIANT + '"everything-on", PEM certificates.',
    "switch-is-the-text-true": COMPLIANT + '"switch-is-the-text-true", PEM certificates.',
    "switch-is-capitalised-text": COMPLIANT + '"switch-is-capitalised-text", PEM certificates.',
    "switch-twice-last-true": COMPLIANT + '"switch-twice-last-true", PEM certificates.',
    "unknown-keys": COMPLIANT + '"unknown-keys", PEM certificates.',
    "emr-managed-expiring": COMPLIANT
    + '"emr-managed-expiring", EMR-managed certificates. CERTIFICATES_EXPIRING: '
    "EMR's certificate authority expires on 2026-03-16.",
    # Switched off
    "off-false": OFF + '"off-false" is false.',
    "off-omitted": OFF + '"off-omitted" is omitted, which means false.',
    "off-the-text-false": OFF + '"off-the-text-false" is false.',
    "off-null": OFF + '"off-null" is omitted, which means false.',
    "off-the-number-1": OFF + '"off-the-number-1" is not a boolean but a number.',
    "switch-twice-last-false": OFF + '"switch-twice-last-false" is false.',
    "kerberos-only": OFF + '"kerberos-only" is omitted, which means false.',
    "metadata-service-only": OFF + '"metadata-service-only" is omitted, which means false.',
    "empty-object": OFF + '"empty-object" is omitted, which means false.',
    "emr-on-eks-look-alike": OFF + '"emr-on-eks-look-alike" is omitted, which means false.',
    "switch-at-top-level": OFF
    + f'"switch-at-top-level" {PLACE}EnableInTransitEncryption, where EMR does not read it.',
    "switch-too-deep": OFF + f'"switch-too-deep" {PLACE}{IN_TRANSIT}EnableInTransitEncryption, '
    "where EMR does not read it.",
    "switch-in-wrong-letter-case": OFF
    + f'"switch-in-wrong-letter-case" {PLACE}EncryptionConfiguration.enableInTransitEncryption, '
    "where EMR does not read it.",
    # Certificates
    "on-without-certificates": NONE,
    "on-with-empty-block": NONE,
    "on-with-certificates-null": NONE,
    "on-with-certificates-misplaced": NONE,
    "provider-missing": INCOMPLETE + "CertificateProviderType is missing.",
    "provider-unknown": INCOMPLETE + 'CertificateProviderType "PrivateCA" is unknown.',
    "provider-in-wrong-letter-case": INCOMPLETE + 'CertificateProviderType "pem" is unknown.',
    "pem-without-s3object": INCOMPLETE + "PEM certificates need S3Object.",
    "pem-with-https-address": INCOMPLETE
    + 'S3Object "https://amzn-s3-demo-bucket.s3.amazonaws.com/emr-certificates.zip" '
    "is no S3 address.",
    "pem-with-bucket-only": INCOMPLETE + 'S3Object "s3://amzn-s3-demo-bucket/" is no S3 address.',
    "custom-without-class": INCOMPLETE + "Custom certificates need CertificateProviderClass.",
    "custom-with-class-only": INCOMPLETE + "Custom certificates need S3Object.",
    "emr-managed-expired": "CERTIFICATES_EXPIRED: "
    "EMR's certificate authority expired on 2026-01-15.",
    "emr-managed-for-0-days": "CERTIFICATES_EXPIRED: "
    "EMR's certificate authority expired on 2025-01-15.",
    # Unreadable
    "yaml": UNREADABLE
    + '"yaml" cannot be read: it is not JSON (Expecting value: line 1 column 1 (char 0)).',
    "cut-off": UNREADABLE + '"cut-off" cannot be read: it is not JSON (Expecting',
    "json-inside-json-text": UNREADABLE
    + '"json-inside-json-text" cannot be read: it is JSON, but not an object.',
    "array": UNREADABLE + '"array" cannot be read: it is JSON, but not an object.',
    "empty-text": UNREADABLE + '"empty-text" cannot be read: it is empty.',
}


@pytest.mark.parametrize("name", DOCUMENTS_AND_ANNOTATIONS)
def test_document(name: str):
    """A document as AWS sends it gets the verdict and the words listed for it."""
    facts = load_configuration(name)
    assert facts is not None

    verdict = judge_security_configuration(facts, parameters(), NOW)

    expected = DOCUMENTS_AND_ANNOTATIONS[name]
    complies = expected.startswith(COMPLIANT)
    assert verdict.compliance is (Compliance.COMPLIANT if complies else Compliance.NON_COMPLIANT)
    if expected.endswith("."):
        assert annotation(verdict) == expected
    else:
        assert annotation(verdict).startswith(expected)  # JSON's own words differ by version


def test_every_document_is_listed():
    """No document lies about without a verdict, and each bears the name of its file."""
    paths = list((DOCUMENTS / "security_configurations").glob("*.json"))

    assert {path.stem for path in paths} == set(DOCUMENTS_AND_ANNOTATIONS)
    for path in paths:
        answer = json.loads(path.read_text())
        assert set(answer) == {"CreationDateTime", "Name", "SecurityConfiguration"}
        assert answer["Name"] == path.stem
        assert isinstance(answer["SecurityConfiguration"], str)


def test_settings_of_a_full_document():
    """What the coverage of a cluster depends on is read from the same document."""
    facts = load_configuration("everything-on")

    assert facts is not None
    assert isinstance(facts.body, EncryptionSettings)
    assert (facts.body.local_disk_encryption, facts.body.kerberos) == (True, True)


PARAMETERS = [
    ("an unlisted provider violates", ON_WITH_EMR, {"allowedCertificateProviders": "PEM"}, [Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED]),
    ("a listed provider complies", ON_WITH_PEM, {"allowedCertificateProviders": "PEM"}, []),
    ("names are judged on clusters only", ON_WITH_PEM, {"approvedSecurityConfigurations": "none"}, []),
    ("a longer warning warns", ON_WITH_EMR._replace(certificates=EMR._replace(validity_days=500)), {"certificateExpiryDays": "90"}, [Reason.CERTIFICATES_EXPIRING]),
    ("a shorter warning does not", ON_WITH_EMR._replace(certificates=EMR._replace(validity_days=500)), {"certificateExpiryDays": "89"}, []),
    ("certificates do not matter where the switch is off", EncryptionSettings(Switch.FALSE, certificates=EMR._replace(validity_days=0)), {"allowedCertificateProviders": "PEM"}, [Reason.IN_TRANSIT_ENCRYPTION_OFF]),
    ("nor do they where nothing can be read", Unreadable("it is empty"), {"allowedCertificateProviders": "none"}, [Reason.SECURITY_CONFIGURATION_UNREADABLE]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "given", "expected"), [r[1:] for r in PARAMETERS], ids=[r[0] for r in PARAMETERS]
)
def test_parameters(
    body: EncryptionSettings | Unreadable, given: dict[str, str], expected: list[Reason]
):
    """The rule's parameters decide on providers and on warnings, never on the switch."""
    verdict = judge_security_configuration(configuration(body), parameters(**given), NOW)

    assert reasons(verdict) == expected


@pytest.mark.parametrize("switch", [switch for switch in Switch if switch is not Switch.ON])
def test_only_on_is_on(switch: Switch):
    """Every state of the switch but ON violates, and is said in its own words."""
    body = EncryptionSettings(switch, "{name}", CUSTOM)
    verdict = judge_security_configuration(configuration(body), parameters(), NOW)

    assert reasons(verdict) == [Reason.IN_TRANSIT_ENCRYPTION_OFF]
    named = "{name}" in verdict.findings[0].detail  # shown as it stands, never filled in
    assert named == (switch in {Switch.MISPLACED, Switch.NOT_BOOLEAN})


def test_verdict_ages_with_the_clock():
    """The same configuration complies, then warns, then has expired."""
    facts = configuration(ON_WITH_EMR._replace(certificates=EMR._replace(validity_days=100)))
    expiry = CREATED + timedelta(days=100)

    verdicts = [
        judge_security_configuration(facts, parameters(), expiry + timedelta(days=days))
        for days in (-31, -30, -1, 0, 1)
    ]

    assert [reasons(verdict) for verdict in verdicts] == [
        [],
        [Reason.CERTIFICATES_EXPIRING],
        [Reason.CERTIFICATES_EXPIRING],
        [Reason.CERTIFICATES_EXPIRED],
        [Reason.CERTIFICATES_EXPIRED],
    ]


def test_end_of_the_calendar():
    """A judgement on the last day that Python knows works like any other."""
    last_day = datetime(9999, 12, 31, 23, tzinfo=UTC)

    verdict = judge_security_configuration(configuration(ON_WITH_PEM), parameters(), last_day)

    assert verdict.compliance is Compliance.COMPLIANT
