"""Pure: a violation, or its end, as a finding in Security Hub's format (ASFF).

AWS Config forwards evaluations to Security Hub by itself, but without the reason; this finding has
it. Members and limits are those of the Security Hub API, AwsSecurityFinding.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Judged, Origin, Resource
from emr_in_transit.alerting.alert_document import console_url
from emr_in_transit.alerting.hub_id import PRODUCT, finding_id, product_arn
from emr_in_transit.alerting.hub_severity import severity_label
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import clip, one_line

TITLE_LIMIT, DESCRIPTION_LIMIT, TEXT_LIMIT, DETAIL_LIMIT, ID_LIMIT = 256, 1024, 512, 1024, 512
# Security Hub forgets a finding that nobody has updated for 90 days, and with it what people wrote
# there (Security Hub User Guide, securityhub-findings).
REFRESHED_AFTER = timedelta(days=30)
# What Security Hub's own controls say of themselves.
TYPE = "Software and Configuration Checks/Industry and Regulatory Standards"
# Those that its control EMR.4 relates to (Security Hub User Guide, emr-controls).
CONTROLS = ("AC-4", "SC-7(4)", "SC-8", "SC-8(1)", "SC-8(2)", "SC-13", "SC-23", "SC-23(3)")
HOW_TO = (
    "https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-create-security-configuration.html"
)
# What stays as it was when a violation ends; whoever has gone cannot be asked for its name.
KEPT = (
    *("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt"),
    *("Title", "Remediation", "SourceUrl", "Resources"),
)


def timestamp(time: datetime) -> str:
    """Answer a time as Security Hub takes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def open_finding(
    judged: Judged, origin: Origin, before: Mapping[str, Any] | None, now: datetime
) -> dict[str, Any]:
    """Answer the finding for a violation: failed and active.

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
        "Remediation": {"Recommendation": {"Text": _remedies(findings), "Url": HOW_TO}},
        "SourceUrl": console_url(resource, origin),
        "ProductFields": {"sentBy": origin.function_arn, "detectedBy": origin.detected_by.value},
        "Resources": [_resource(resource, origin)],
        "Compliance": _compliance("FAILED"),
        "RecordState": "ACTIVE",
    }


def closed_finding(
    before: Mapping[str, Any], complies: Judged | None, now: datetime
) -> dict[str, Any]:
    """Answer the finding that Security Hub shows, once the violation is over: passed and archived.

    What is exempt or has gone (None) has passed as well: NOT_AVAILABLE would make it NEW again.
    """
    why = complies.verdict.protection if complies else "The resource is exempt, or has gone."
    return {name: before[name] for name in KEPT if name in before} | {
        "UpdatedAt": timestamp(now),
        "Description": clip(f"The violation has ended. {why}", DESCRIPTION_LIMIT),
        "FindingProviderFields": _provider_fields(()),
        "Compliance": _compliance("PASSED"),
        "RecordState": "ARCHIVED",
    }


def renewed_finding(before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Answer the finding that Security Hub shows, as new, so that it is not forgotten."""
    same = (*KEPT, "Description", "FindingProviderFields", "RecordState")
    return {name: before[name] for name in same if name in before} | {
        "UpdatedAt": timestamp(now),
        "Compliance": _compliance("FAILED"),
    }


def is_recent(before: Mapping[str, Any], now: datetime) -> bool:
    """Answer whether Security Hub will not forget the finding soon."""
    return bool(before.get("UpdatedAt", "") > timestamp(now - REFRESHED_AFTER))


def is_shown(finding: Mapping[str, Any], before: Mapping[str, Any], now: datetime) -> bool:
    """Answer whether Security Hub shows the violation as it is, and will not forget it soon."""
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


def _remedies(findings: tuple[Finding, ...]) -> str:
    return clip(" ".join(dict.fromkeys(each.remedy for each in findings)), TEXT_LIMIT)


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
    }
