"""Tool: the fleet of the demo: one cluster for each way to be right or wrong, and its verdict."""

import json
from dataclasses import dataclass, field
from typing import Any

from tools.demo_show import NO_VERDICT

DAY = 86_400
# Only names that begin so are approved in the demo.
APPROVED = "team-*"
# The tag that exempts in the demo.
EXEMPTION_TAG = "encryption-exempt"


@dataclass(frozen=True)
class Configuration:
    """A security configuration of the demo, and how old it is made to look."""

    name: str
    body: str
    age_seconds: int = 10 * DAY


@dataclass(frozen=True)
class Launch:
    """A cluster of the demo, and the reason that its verdict must lead with ("": COMPLIANT)."""

    name: str
    configuration: str | None
    reason: str = ""
    release: dict[str, str] = field(default_factory=lambda: {"ReleaseLabel": "emr-7.12.0"})
    applications: tuple[str, ...] = ("Spark",)
    settings: tuple[str, str, str] | None = None  # classification, property, value
    tags: dict[str, str] = field(default_factory=dict)


def _body(switch: object, **certificates: object) -> str:
    encryption: dict[str, Any] = {"EnableInTransitEncryption": switch}
    if certificates:
        encryption["InTransitEncryptionConfiguration"] = {
            "TLSCertificateConfiguration": certificates
        }
    return json.dumps({"EncryptionConfiguration": encryption})


_PEM = {"CertificateProviderType": "PEM", "S3Object": "s3://certificates/team.zip"}
_CUSTOM = {
    "CertificateProviderType": "Custom",
    "S3Object": "s3://certificates/provider.jar",
    "CertificateProviderClass": "com.example.Certificates",
}
_EMR = {"CertificateProviderType": "EMR"}

CONFIGURATIONS = (
    Configuration("team-pem", _body(True, **_PEM)),
    Configuration("team-custom", _body("true", **_CUSTOM)),
    Configuration("team-emr", _body(True, **_EMR)),
    Configuration("team-emr-short", _body(True, **_EMR, ValidityInDays=30)),
    Configuration("team-emr-old", _body(True, **_EMR, ValidityInDays=365), 400 * DAY),
    Configuration("team-off", _body(False)),
    Configuration("team-misplaced", '{"EnableInTransitEncryption": true}'),
    Configuration("team-text", _body("yes", **_PEM)),
    Configuration("team-no-certificates", _body(True)),
    Configuration("team-no-object", _body(True, CertificateProviderType="PEM")),
    Configuration("team-broken", "{not JSON"),
    Configuration("private-pem", _body(True, **_PEM)),
    Configuration("team-deleted", _body(True, **_PEM)),
)
# Those that are bad as EMR has them now, whatever cluster uses them.
BAD_CONFIGURATIONS = (
    "team-broken",
    "team-emr-old",
    "team-misplaced",
    "team-no-certificates",
    "team-no-object",
    "team-off",
    "team-text",
)
# Deleted while its cluster runs, which EMR refuses; seen all the same when accounts are mixed up.
DELETED = "team-deleted"

LAUNCHES = (
    Launch("etl-pem", "team-pem"),
    Launch("etl-custom", "team-custom"),
    Launch("etl-emr-managed", "team-emr"),
    Launch("etl-expiring", "team-emr-short"),
    Launch("adhoc-bare", None, "NO_SECURITY_CONFIGURATION"),
    Launch("adhoc-old", "team-emr", "RELEASE_WITHOUT_SUPPORT", {"ReleaseLabel": "emr-6.15.0"}),
    Launch("adhoc-ami", None, "NO_SECURITY_CONFIGURATION", {"AmiVersion": "3.11.0"}),
    Launch("adhoc-deleted", "team-deleted", "SECURITY_CONFIGURATION_MISSING"),
    Launch("adhoc-broken", "team-broken", "SECURITY_CONFIGURATION_UNREADABLE"),
    Launch("adhoc-off", "team-off", "IN_TRANSIT_ENCRYPTION_OFF"),
    Launch("adhoc-misplaced", "team-misplaced", "IN_TRANSIT_ENCRYPTION_OFF"),
    Launch("adhoc-text", "team-text", "IN_TRANSIT_ENCRYPTION_OFF"),
    Launch("adhoc-no-cert", "team-no-certificates", "CERTIFICATES_NOT_CONFIGURED"),
    Launch("adhoc-no-object", "team-no-object", "CERTIFICATES_INCOMPLETE"),
    Launch("adhoc-expired", "team-emr-old", "CERTIFICATES_EXPIRED"),
    Launch("adhoc-private", "private-pem", "SECURITY_CONFIGURATION_NOT_APPROVED"),
    Launch(
        "adhoc-override",
        "team-pem",
        "ENCRYPTION_OVERRIDDEN",
        applications=("Hive",),
        settings=("hive-site", "hive.metastore.use.SSL", "false"),
    ),
    Launch("lab-exempt", None, NO_VERDICT, tags={EXEMPTION_TAG: "2099-12-31 lab, no data"}),
    Launch("lab-expired", None, "NO_SECURITY_CONFIGURATION", tags={EXEMPTION_TAG: "2026-01-31"}),
)
# Launched while the demo runs.
BAD_LAUNCH = Launch("adhoc-tonight", None, "NO_SECURITY_CONFIGURATION")
# Once the owner of the rule allows no Custom certificates any more.
AFTER_POLICY_CHANGE = ("etl-custom", "CERTIFICATE_PROVIDER_NOT_ALLOWED")
