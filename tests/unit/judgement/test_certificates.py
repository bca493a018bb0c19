"""What is said about certificates where the switch is on."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from emr_in_transit.judgement.facts import Certificates
from emr_in_transit.judgement.judge import certificate_findings
from emr_in_transit.judgement.reasons import Reason
from tests.support.facts import CREATED, CUSTOM, EMR, NOW, PEM, parameters, reasons

INCOMPLETE = Reason.CERTIFICATES_INCOMPLETE
NOT_ALLOWED = Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED


def details(certificates: Certificates | None, allowed: str = "PEM,Custom,EMR") -> str:
    findings = certificate_findings(
        certificates, CREATED, parameters(allowedCertificateProviders=allowed), NOW
    )
    return " | ".join(f"{finding.reason}: {finding.detail}" for finding in findings)


PROVIDERS = [
    ("PEM is complete with its object", PEM, ""),
    ("Custom is complete with object and class", CUSTOM, ""),
    ("EMR needs nothing", EMR, ""),
    ("EMR ignores an object", EMR._replace(s3_object="banana"), ""),
    ("PEM ignores a class", PEM._replace(provider_class="com.example.P"), ""),
    ("PEM ignores a validity", PEM._replace(validity_days=0), ""),
    ("Custom ignores a validity", CUSTOM._replace(validity_days=0), ""),
    (
        "no TLS block",
        None,
        "CERTIFICATES_NOT_CONFIGURED: TLSCertificateConfiguration is missing.",
    ),
    (
        "no provider",
        Certificates("", "s3://b/k", "com.example.P"),
        "CERTIFICATES_INCOMPLETE: CertificateProviderType is missing.",
    ),
    (
        "an unknown provider",
        Certificates("PrivateCA", "s3://b/k"),
        'CERTIFICATES_INCOMPLETE: CertificateProviderType "PrivateCA" is unknown.',
    ),
    (
        "a known provider in another letter case is unknown",
        Certificates("pem", "s3://b/k"),
        'CERTIFICATES_INCOMPLETE: CertificateProviderType "pem" is unknown.',
    ),
    (
        "a known provider with a blank is unknown",
        Certificates("EMR "),
        'CERTIFICATES_INCOMPLETE: CertificateProviderType "EMR" is unknown.',
    ),
    (
        "PEM without its object",
        Certificates("PEM"),
        "CERTIFICATES_INCOMPLETE: PEM certificates need S3Object.",
    ),
    (
        "Custom without its object",
        CUSTOM._replace(s3_object=""),
        "CERTIFICATES_INCOMPLETE: Custom certificates need S3Object.",
    ),
    (
        "Custom without its class",
        CUSTOM._replace(provider_class=""),
        "CERTIFICATES_INCOMPLETE: Custom certificates need CertificateProviderClass.",
    ),
    (
        "a class of blanks is none",
        CUSTOM._replace(provider_class=" \n"),
        "CERTIFICATES_INCOMPLETE: Custom certificates need CertificateProviderClass.",
    ),
    (
        "Custom without anything is one finding that names both",
        Certificates("Custom"),
        "CERTIFICATES_INCOMPLETE: Custom certificates need S3Object. Custom certificates need CertificateProviderClass.",
    ),
    (
        "a malformed object is shown",
        PEM._replace(s3_object="https://b.s3.amazonaws.com/k"),
        'CERTIFICATES_INCOMPLETE: S3Object "https://b.s3.amazonaws.com/k" is no S3 address.',
    ),
]


@pytest.mark.parametrize(
    ("certificates", "expected"), [row[1:] for row in PROVIDERS], ids=[r[0] for r in PROVIDERS]
)
def test_provider(certificates: Certificates | None, expected: str):
    """Each provider needs its own parts; what is missing is named."""
    assert details(certificates) == expected


ADDRESSES = [
    ("bucket and key", "s3://bucket/key", True),
    ("a longer key", "s3://my.bucket-1_x/a/b c/\u00e9.zip", True),
    ("an ARN", "arn:aws:s3:::bucket/key", True),
    ("an ARN in China", "arn:aws-cn:s3:::bucket/key.zip", True),
    ("an ARN in GovCloud", "arn:aws-us-gov:s3:::bucket/a/b.zip", True),
    ("an ARN in an isolated Region", "arn:aws-iso-b:s3:::bucket/key", True),
    ("a key with a line break", "s3://bucket/a\nb", True),
    ("no key", "s3://bucket", False),
    ("an empty key", "s3://bucket/", False),
    ("no bucket", "s3:///key", False),
    ("another scheme", "s3a://bucket/key", False),
    ("capital letters", "S3://bucket/key", False),
    ("a leading blank", " s3://bucket/key", False),
    ("the bucket's own ARN", "arn:aws:s3:::bucket", False),
    ("an ARN without partition", "arn::s3:::bucket/key", False),
    ("an ARN of another service", "arn:aws:sns:::bucket/key", False),
    ("a path", "/bucket/key", False),
    ("a web address", "https://bucket.s3.amazonaws.com/key", False),
    ("an address within a text", "see s3://bucket/key", False),
    ("a bucket with a blank", "s3://my bucket/key", False),
]


@pytest.mark.parametrize(
    ("address", "good"), [row[1:] for row in ADDRESSES], ids=[r[0] for r in ADDRESSES]
)
@pytest.mark.parametrize("certificates", [PEM, CUSTOM], ids=["PEM", "Custom"])
def test_s3_address(certificates: Certificates, address: str, good: bool):
    """S3Object is s3://bucket/key or arn:PARTITION:s3:::bucket/key, nothing else."""
    findings = certificate_findings(
        certificates._replace(s3_object=address), CREATED, parameters(), NOW
    )

    assert reasons(findings) == ([] if good else [INCOMPLETE])


ALLOWED = [
    ("a known provider on the list", PEM, "PEM", []),
    ("a known provider that the list leaves out", EMR, "PEM,Custom", [NOT_ALLOWED]),
    ("an incomplete one that is left out is that alone", Certificates("PEM"), "EMR", [NOT_ALLOWED]),
    ("an expired one that is left out is that alone", EMR._replace(validity_days=1), "PEM", [NOT_ALLOWED]),
    ("an unknown one on the list is taken as it stands", Certificates("PrivateCA"), "PrivateCA", []),
    ("an unknown one that is left out is incomplete", Certificates("PrivateCA"), "PEM", [INCOMPLETE]),
    ("the list is exact in letter case", PEM, "pem", [NOT_ALLOWED]),
    ("another spelling on the list is taken as it stands", Certificates("pem"), "pem", []),
    ("a missing provider is incomplete, whatever the list", Certificates(""), "PEM", [INCOMPLETE]),
    ("a list does not complete a known provider", Certificates("PEM"), "PEM", [INCOMPLETE]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("certificates", "allowed", "expected"), [r[1:] for r in ALLOWED], ids=[r[0] for r in ALLOWED]
)
def test_allowed_providers(certificates: Certificates, allowed: str, expected: list[Reason]):
    """A known provider that is not allowed is only that; an unknown one that is allowed is fine."""
    findings = certificate_findings(
        certificates, CREATED, parameters(allowedCertificateProviders=allowed), NOW
    )

    assert reasons(findings) == expected


def test_not_allowed_names_what_is():
    """The finding names the provider and those that are allowed."""
    assert details(EMR, "PEM, Custom") == (
        "CERTIFICATE_PROVIDER_NOT_ALLOWED: The provider is EMR; allowed: PEM, Custom."
    )


def test_allowed_providers_stay_on_one_line():
    """A list that somebody wrote with line breaks, or at length, does not break the finding."""
    assert details(EMR, "PEM,Cus\ntom") == (
        "CERTIFICATE_PROVIDER_NOT_ALLOWED: The provider is EMR; allowed: PEM, Cus tom."
    )
    assert len(details(EMR, ",".join(["PrivateCA"] * 100))) < 200


EXPIRED, EXPIRING = Reason.CERTIFICATES_EXPIRED, Reason.CERTIFICATES_EXPIRING
VALIDITIES = [
    ("one day ago", -timedelta(days=1), "30", [EXPIRED]),
    ("at this very moment", timedelta(), "30", [EXPIRED]),
    ("a second from now", timedelta(seconds=1), "30", [EXPIRING]),
    ("exactly at the end of the warning", timedelta(days=30), "30", [EXPIRING]),
    ("a second after the warning", timedelta(days=30, seconds=1), "30", []),
    ("a second from now without warning", timedelta(seconds=1), "0", []),
    ("at this very moment without warning", timedelta(), "0", [EXPIRED]),
    ("within a warning of ten years", timedelta(days=3650), "3650", [EXPIRING]),
]


@pytest.mark.parametrize(
    ("left", "days", "expected"), [r[1:] for r in VALIDITIES], ids=[r[0] for r in VALIDITIES]
)
def test_expiry_to_the_second(left: timedelta, days: str, expected: list[Reason]):
    """EMR's authority lives ValidityInDays from the creation, and a warning comes in time."""
    created = NOW + left - timedelta(days=500)
    findings = certificate_findings(
        EMR._replace(validity_days=500), created, parameters(certificateExpiryDays=days), NOW
    )

    assert reasons(findings) == expected


@pytest.mark.parametrize("days", [0, -1, -(10**19)], ids=["zero", "negative", "far negative"])
@pytest.mark.parametrize("created", [CREATED, NOW, NOW + timedelta(days=1)])
def test_no_validity_has_expired(days: int, created: datetime):
    """A validity of 0 days or less has expired, whenever the configuration was made."""
    findings = certificate_findings(EMR._replace(validity_days=days), created, parameters(), NOW)

    assert reasons(findings) == [EXPIRED]


def test_default_validity_is_20_years():
    """Without ValidityInDays the authority lives 7,305 days."""
    created = NOW - timedelta(days=7305)

    assert reasons(certificate_findings(EMR, created, parameters(), NOW)) == [EXPIRED]
    later = created + timedelta(days=31)
    assert reasons(certificate_findings(EMR, later, parameters(), NOW)) == []


def test_expiry_names_the_day():
    """The findings name the day on which the authority expires or did."""
    assert details(EMR._replace(validity_days=365)) == (
        "CERTIFICATES_EXPIRED: EMR's certificate authority expired on 2026-01-15."
    )
    assert details(EMR._replace(validity_days=425)) == (
        "CERTIFICATES_EXPIRING: EMR's certificate authority expires on 2026-03-16."
    )


END_OF_TIME = datetime.max.replace(tzinfo=UTC)
EDGES = [
    ("a validity beyond the calendar never expires", 10**19, CREATED, NOW, []),
    ("so does one that only just leaves it", 2_912_900, CREATED, NOW, []),
    ("the last days of the calendar come before their warning", 10, END_OF_TIME - timedelta(days=20), END_OF_TIME - timedelta(days=15), [EXPIRING]),
    ("the beginning of the calendar has passed", 1, datetime.min.replace(tzinfo=UTC), NOW, [EXPIRED]),
    ("its own time zone does not matter", 1, (NOW - timedelta(days=1)).astimezone(timezone(timedelta(hours=14))), NOW, [EXPIRED]),
    ("a zone at the calendar's end does no harm", 1, datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))), NOW, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "created", "now", "expected"), [r[1:] for r in EDGES], ids=[r[0] for r in EDGES]
)
def test_edges_of_the_calendar(days: int, created: datetime, now: datetime, expected: list[Reason]):
    """No date overflows, however far away it is."""
    findings = certificate_findings(EMR._replace(validity_days=days), created, parameters(), now)

    assert reasons(findings) == expected
