"""Pure: a violation, or its end, as a finding in Security Hub's format (ASFF).

AWS Config forwards evaluations to Security Hub by itself, but without the reason; this finding has
it. Members and limits are those of the Security Hub API, AwsSecurityFinding.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Judged, Origin, Resource, safe_id
from emr_in_transit.alerting.messages import console_url, how_to
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit.judgement.verdict import Compliance, Finding
from emr_in_transit.judgement.wording import clip, one_line

PRODUCT = "emr-in-transit-encryption"
TITLE_LIMIT, DESCRIPTION_LIMIT, TEXT_LIMIT, DETAIL_LIMIT, ID_LIMIT = 256, 1024, 512, 1024, 512
# Security Hub forgets a finding that nobody has updated for 90 days, and with it what people wrote
# there (Security Hub User Guide, securityhub-findings).
REFRESHED_AFTER = timedelta(days=30)
# What Security Hub's own controls say of themselves.
TYPE = "Software and Configuration Checks/Industry and Regulatory Standards"
# Those that its control EMR.4 relates to (Security Hub User Guide, emr-controls).
CONTROLS = ("AC-4", "SC-7(4)", "SC-8", "SC-8(1)", "SC-8(2)", "SC-13", "SC-23", "SC-23(3)")
# What stays as it was when a violation ends; whoever has gone cannot be asked for its name.
KEPT = (
    *("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt"),
    *("Title", "Remediation", "SourceUrl", "Resources"),
)
# Nothing is encrypted at all.
HIGH = (
    Reason.NO_SECURITY_CONFIGURATION,
    Reason.RELEASE_WITHOUT_SUPPORT,
    Reason.SECURITY_CONFIGURATION_MISSING,
    Reason.SECURITY_CONFIGURATION_UNREADABLE,
    Reason.IN_TRANSIT_ENCRYPTION_OFF,
    Reason.CERTIFICATES_NOT_CONFIGURED,
    Reason.CERTIFICATES_INCOMPLETE,
)
# It is encrypted, but not as the owner of the rule would have it.
LOW = (
    Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED,
    Reason.SECURITY_CONFIGURATION_NOT_APPROVED,
    Reason.TRAFFIC_NOT_COVERED,
    Reason.RELEASE_NOT_RECOGNISED,
    Reason.APPLICATION_NOT_RECOGNISED,
    Reason.ENCRYPTION_WEAKENED,
)
# What switches encryption off in places, lets it lapse, or keeps a cluster from starting.
MEDIUM = tuple(
    reason
    for reason, text in REASONS.items()
    if text.severity is Severity.VIOLATION and reason not in {*HIGH, *LOW}
)
LABELS = {"HIGH": HIGH, "MEDIUM": MEDIUM, "LOW": LOW}


def timestamp(time: datetime) -> str:
    """Return a time as Security Hub takes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def open_finding(
    judged: Judged, origin: Origin, before: Mapping[str, Any] | None, now: datetime
) -> dict[str, Any]:
    """Return the finding for a violation: failed and active.

    CreatedAt is that of the finding ``before``, where Security Hub shows one: it never changes
    while the violation lasts, and nobody has to remember it. After its end, another begins anew.
    """
    resource, findings, time = judged.resource, judged.verdict.findings, timestamp(now)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id(resource.resource_type, resource.resource_id, origin),
        "ProductArn": product_arn(origin),
        "GeneratorId": f"{PRODUCT}/{origin.rule_name}",
        "AwsAccountId": origin.account,
        "CreatedAt": (before or {}).get("CreatedAt", time),
        "UpdatedAt": time,
        "Title": _title(resource),
        "Description": _description(findings),
        "FindingProviderFields": _provider_fields(judged.verdict.violations),
        "Remediation": {"Recommendation": _recommendation(findings, origin)},
        "SourceUrl": console_url(resource, origin),
        "ProductFields": {"sentBy": origin.function_arn, "detectedBy": origin.detected_by.value},
        "Resources": [_resource(resource, origin)],
        "Compliance": _compliance("FAILED"),
        "RecordState": "ACTIVE",
    }


def closed_finding(
    before: Mapping[str, Any], ended: Judged | None, now: datetime
) -> dict[str, Any]:
    """Return the finding that Security Hub shows, once the violation is over: passed and archived.

    What is exempt or has gone has passed as well: NOT_AVAILABLE would make it NEW again. Without a
    judgement, an earlier run knew the end.
    """
    why = "The resource is exempt, or has gone."
    if ended is not None and ended.verdict.compliance is Compliance.COMPLIANT:
        why = ended.verdict.protection
    elif ended is not None and ended.verdict.exemption is not None:
        why = f"{ended.verdict.protection} The tag says: {one_line(ended.verdict.exemption.text)}"
    return {name: before[name] for name in KEPT if name in before} | {
        "UpdatedAt": timestamp(now),
        "Description": clip(f"The violation has ended. {why}", DESCRIPTION_LIMIT),
        "FindingProviderFields": _provider_fields(()),
        "Compliance": _compliance("PASSED"),
        "RecordState": "ARCHIVED",
    }


def renewed_finding(before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the finding that Security Hub shows, as new, so that it is not forgotten."""
    same = (*KEPT, "Description", "FindingProviderFields", "RecordState")
    return {name: before[name] for name in same if name in before} | {
        "UpdatedAt": timestamp(now),
        "Compliance": _compliance("FAILED"),
    }


def is_recent(before: Mapping[str, Any], now: datetime) -> bool:
    """Return whether Security Hub will not forget the finding soon."""
    return bool(before.get("UpdatedAt", "") > timestamp(now - REFRESHED_AFTER))


def is_shown(finding: Mapping[str, Any], before: Mapping[str, Any], now: datetime) -> bool:
    """Return whether Security Hub shows the violation as it is, and will not forget it soon."""
    return is_recent(before, now) and all(
        before.get(name) == finding[name] for name in ("Title", "Description")
    )


def _title(resource: Resource) -> str:
    is_cluster = resource.resource_type == CLUSTER_TYPE
    head = "EMR cluster " if is_cluster else "EMR security configuration "
    tail = " should encrypt data in transit"
    name = one_line(resource.name) or resource.resource_id
    return head + clip(name, TITLE_LIMIT - len(head) - len(tail)) + tail


def _description(findings: tuple[Finding, ...]) -> str:
    words = one_line(" ".join(f"{each.reason}: {each.detail}" for each in findings))
    if clip(words, DESCRIPTION_LIMIT) == words:
        return words
    tail = f" (cut short; the alert has all {len(findings)} in full)"
    return clip(words, DESCRIPTION_LIMIT - len(tail)) + tail


def _recommendation(findings: tuple[Finding, ...], origin: Origin) -> dict[str, str]:
    remedies = " ".join(dict.fromkeys(each.remedy for each in findings))
    return {"Text": clip(remedies, TEXT_LIMIT), "Url": how_to(origin, findings[0].reason)}


def _provider_fields(violations: tuple[Finding, ...]) -> dict[str, Any]:
    original = violations[0].reason.value if violations else "ENDED"
    return {
        "Severity": {"Label": severity_label(violations), "Original": original},
        "Types": [TYPE],
    }


def _compliance(status: str) -> dict[str, Any]:
    return {"Status": status, "RelatedRequirements": [f"NIST.800-53.r5 {c}" for c in CONTROLS]}


def _resource(resource: Resource, origin: Origin) -> dict[str, Any]:
    # Security Hub has no type for what EMR has, and security configurations have no ARN.
    place = f"arn:{origin.partition}:elasticmapreduce:{origin.region}:{origin.account}"
    is_cluster = resource.resource_type == CLUSTER_TYPE
    arn = f"{place}:cluster/{resource.resource_id}"
    details = {
        "resourceType": resource.resource_type,
        "name": resource.name,
        "securityConfiguration": resource.security_configuration,
        "release": resource.release,
        "state": resource.state,
        "launchedBy": resource.launched_by,
    }
    told = {key: clip(value, DETAIL_LIMIT) for key, value in details.items() if one_line(value)}
    return {
        "Type": "Other",
        "Id": arn if is_cluster else clip(resource.resource_id, ID_LIMIT) or resource.resource_type,
        "Partition": origin.partition,
        "Region": origin.region,
        "Details": {"Other": told},
        **({"Tags": dict(resource.tags)} if resource.tags else {}),
    }


def product_arn(origin: Origin) -> str:
    """Return the product under which an account imports findings of its own."""
    return (
        f"arn:{origin.partition}:securityhub:{origin.region}:{origin.account}"
        f":product/{origin.account}/default"
    )


def id_prefix(resource_type: str, origin: Origin) -> str:
    """Return what the ids of all findings about one type of resource begin with."""
    return f"{PRODUCT}/{origin.account}/{origin.region}/{resource_type}/"


def finding_id(resource_type: str, resource_id: str, origin: Origin) -> str:
    """Return the id of a resource's finding, the same every time.

    The name of a security configuration may be longer than an id, and hold anything.
    """
    return id_prefix(resource_type, origin) + safe_id(resource_id)


def resource_id_of(finding: str) -> str:
    """Return the id of the resource that a finding's id ends in; for clusters that is their own."""
    return finding.rpartition("/")[2]


def severity_label(violations: tuple[Finding, ...]) -> str:
    """Return the label of the worst reason; INFORMATIONAL where nothing violates."""
    reasons = {violation.reason for violation in violations}
    found = (label for label, those in LABELS.items() if reasons.intersection(those))
    return next(found, "INFORMATIONAL")
