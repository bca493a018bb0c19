"""Facts for the tests of the judgement: short to write, complete, and good unless told otherwise."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.parameters import RuleParameters, parse_parameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit.judgement.verdict import Finding, Verdict

DOCUMENTS = Path(__file__).parents[1] / "documents"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CREATED = datetime(2025, 1, 15, tzinfo=UTC)  # of the security configuration
PEM = Certificates("PEM", s3_object="s3://amzn-s3-demo-bucket/certificates.zip")
CUSTOM = Certificates("Custom", "s3://amzn-s3-demo-bucket/provider.jar", "com.example.Provider")
EMR = Certificates("EMR")
ON_WITH_PEM = EncryptionSettings(Switch.ON, certificates=PEM)
ON_WITH_EMR = EncryptionSettings(Switch.ON, certificates=EMR)


def parameters(**given: str) -> RuleParameters:
    """Read rule parameters by their names in AWS Config; what is left out has its default."""
    return parse_parameters(given)


def configuration(
    body: EncryptionSettings | Unreadable = ON_WITH_PEM,
    name: str = "secure",
    created: datetime = CREATED,
) -> SecurityConfigurationFacts:
    """Make a security configuration, a good one with PEM certificates unless told otherwise."""
    return SecurityConfigurationFacts(name, created, body)


def cluster(
    body: EncryptionSettings | Unreadable | None = ON_WITH_PEM, **changes: Any
) -> ClusterFacts:
    """Make a cluster with a security configuration of that body; None for one that is missing."""
    facts: dict[str, Any] = {
        "cluster_id": "j-1ABCDEFGHIJKL",
        "name": "nightly",
        "state": "WAITING",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "release_label": "emr-7.11.0",
        "ami_version": "",
        "security_configuration_name": "secure",
        "security_configuration": None if body is None else configuration(body),
    }
    return ClusterFacts(**facts | changes)


def on_with(certificates: dict[str, Any] | None) -> dict[str, Any]:
    """Make the body of a security configuration that is on, with this TLS block."""
    return {
        "EncryptionConfiguration": {
            "EnableInTransitEncryption": True,
            "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": certificates},
        }
    }


def load_configuration(name: str) -> SecurityConfigurationFacts | None:
    """Load the DescribeSecurityConfiguration answer of that name; None where there is none."""
    path = DOCUMENTS / "security_configurations" / f"{name}.json"
    if not name or not path.exists():
        return None
    answer = json.loads(path.read_text())
    created = datetime.fromtimestamp(answer["CreationDateTime"], UTC)
    return SecurityConfigurationFacts(
        answer["Name"], created, read_body(answer["SecurityConfiguration"])
    )


def reasons(verdict: Verdict | list[Finding]) -> list[Reason]:
    """Return the reasons of a verdict in its own order, but for TRAFFIC_NOT_COVERED.

    Nearly every cluster has that warning, from Hadoop alone; the tests of coverage look at it.
    """
    findings = verdict.findings if isinstance(verdict, Verdict) else verdict
    return [each.reason for each in findings if each.reason is not Reason.TRAFFIC_NOT_COVERED]
