"""Pure: a violation, or its end, as a finding in Security Hub's format (ASFF).

AWS Config forwards evaluations to Security Hub by itself, but without the reason; this finding has
it. The format is that of the Security Hub User Guide, securityhub-findings-format.
"""

from datetime import UTC, datetime
from typing import Any

from judgement.alert import CLUSTER_TYPE, Judged, Origin
from judgement.alert_document import console_url
from judgement.reasons import Reason
from judgement.verdict import Compliance, Finding
from judgement.wording import clip

SCHEMA_VERSION = "2018-10-08"
TITLE_LIMIT, DESCRIPTION_LIMIT, TEXT_LIMIT = 256, 1024, 512
TYPE = "Software and Configuration Checks/Industry and Regulatory Standards/NIST 800-53 Controls"
# Those that Security Hub's own control EMR.4 relates to (Security Hub User Guide, emr-controls).
REQUIREMENTS = (
    "NIST.800-53.r5 AC-4",
    "NIST.800-53.r5 SC-7(4)",
    "NIST.800-53.r5 SC-8",
    "NIST.800-53.r5 SC-8(1)",
    "NIST.800-53.r5 SC-8(2)",
    "NIST.800-53.r5 SC-13",
    "NIST.800-53.r5 SC-23",
    "NIST.800-53.r5 SC-23(3)",
)
# Nothing is encrypted at all: worse than encryption that is weakened, or that nobody has approved.
_HIGH = {
    Reason.NO_SECURITY_CONFIGURATION,
    Reason.RELEASE_WITHOUT_SUPPORT,
    Reason.SECURITY_CONFIGURATION_MISSING,
    Reason.SECURITY_CONFIGURATION_UNREADABLE,
    Reason.IN_TRANSIT_ENCRYPTION_OFF,
    Reason.CERTIFICATES_NOT_CONFIGURED,
}
_LOW = {Reason.TRAFFIC_NOT_COVERED, Reason.SECURITY_CONFIGURATION_NOT_APPROVED}


def product_arn(origin: Origin) -> str:
    """Answer the product under which an account imports findings of its own."""
    return (
        f"arn:{origin.partition}:securityhub:{origin.region}:{origin.account}"
        f":product/{origin.account}/default"
    )


def finding_id(judged: Judged, origin: Origin) -> str:
    """Answer the id of a resource's finding, the same every time."""
    return f"emr-in-transit-encryption/{_resource_arn(judged, origin)}"


def hub_finding(judged: Judged, origin: Origin, now: datetime) -> dict[str, Any]:
    """Answer the finding: failed and active for a violation, passed and archived for its end."""
    violates = judged.verdict.compliance is Compliance.NON_COMPLIANT
    findings = judged.verdict.violations if violates else ()
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Id": finding_id(judged, origin),
        "ProductArn": product_arn(origin),
        "GeneratorId": f"{origin.rule_name}/{origin.function_arn}",
        "AwsAccountId": origin.account,
        "CreatedAt": time,
        "UpdatedAt": time,
        "Title": clip(_title(judged, violates), TITLE_LIMIT),
        "Description": clip(_description(findings), DESCRIPTION_LIMIT),
        "FindingProviderFields": {
            "Severity": {"Label": _severity(findings), "Original": _original(findings)},
            "Types": [TYPE],
        },
        "Remediation": {"Recommendation": _recommendation(judged, findings, origin)},
        "Resources": [_resource(judged, origin)],
        "Compliance": {
            "Status": "FAILED" if violates else "PASSED",
            "RelatedRequirements": list(REQUIREMENTS),
        },
        "RecordState": "ACTIVE" if violates else "ARCHIVED",
    }


def _title(judged: Judged, violates: bool) -> str:
    is_cluster = judged.resource.resource_type == CLUSTER_TYPE
    noun = "cluster" if is_cluster else "security configuration"
    return f"EMR {noun} {judged.resource.name} " + (
        "does not encrypt data in transit" if violates else "encrypts data in transit, or has gone"
    )


def _description(findings: tuple[Finding, ...]) -> str:
    words = " ".join(f"{finding.reason}: {finding.detail}" for finding in findings)
    return words or "The violation has ended."


def _recommendation(
    judged: Judged, findings: tuple[Finding, ...], origin: Origin
) -> dict[str, str]:
    remedies = " ".join(dict.fromkeys(finding.remedy for finding in findings))
    return {
        "Text": clip(remedies or "Nothing is to be done.", TEXT_LIMIT),
        "Url": console_url(judged.resource, origin),
    }


def _severity(findings: tuple[Finding, ...]) -> str:
    reasons = {finding.reason for finding in findings}
    if not reasons:
        return "INFORMATIONAL"
    if reasons & _HIGH:
        return "HIGH"
    return "LOW" if reasons <= _LOW else "MEDIUM"


def _original(findings: tuple[Finding, ...]) -> str:
    return findings[0].reason.value if findings else "ENDED"


def _resource(judged: Judged, origin: Origin) -> dict[str, Any]:
    resource = judged.resource
    details = {
        "name": resource.name,
        "securityConfiguration": resource.security_configuration,
        "release": resource.release,
        "state": resource.state,
        "launchedBy": resource.launched_by,
    }
    return {
        "Type": "Other",  # Security Hub knows no type for clusters of EMR
        "Id": _resource_arn(judged, origin),
        "Partition": origin.partition,
        "Region": origin.region,
        "Details": {"Other": {key: clip(value, 1024) for key, value in details.items() if value}},
    }


def _resource_arn(judged: Judged, origin: Origin) -> str:
    is_cluster = judged.resource.resource_type == CLUSTER_TYPE
    kind = "cluster" if is_cluster else "security-configuration"
    prefix = f"arn:{origin.partition}:elasticmapreduce:{origin.region}:{origin.account}"
    return f"{prefix}:{kind}/{judged.resource.resource_id}"
