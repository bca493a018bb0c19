"""Pure: an alert as a document for machines, and its attributes for filter policies."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Alert, Judged, Origin, Resource
from emr_in_transit.judgement.reasons import REASONS, Reason

SCHEMA_VERSION = "1.0"


def document(alert: Alert) -> dict[str, Any]:
    """Answer the JSON document of an alert; nothing in it is shortened."""
    origin = alert.origin
    common = {
        "schemaVersion": SCHEMA_VERSION,
        "kind": alert.kind,
        "alertId": alert.alert_id,
        "time": alert.time.isoformat(timespec="seconds"),
        "account": origin.account,
        "region": origin.region,
        "detectedBy": origin.detected_by.value,
        "ruleName": origin.rule_name,
        "functionArn": origin.function_arn,
    }
    if alert.is_digest:
        return common | {
            "part": alert.part,
            "parts": alert.parts,
            "counts": dict(reason_counts(alert.judged)),
            "remedies": {each.value: REASONS[each].remedy for each in _reasons(alert.judged)},
            "resources": [_entry(judged, origin, with_remedies=False) for judged in alert.judged],
        }
    return common | _entry(alert.judged[0], origin, with_remedies=True)


def attributes(alert: Alert) -> dict[str, str | list[str]]:
    """Answer the message attributes for filter policies; none of them is ever empty."""
    first = alert.judged[0]
    return {
        "account": alert.origin.account,
        "region": alert.origin.region,
        "resourceType": first.resource.resource_type,
        "complianceType": first.verdict.compliance.value,
        "reasons": [reason.value for reason in _reasons(alert.judged)] or ["NONE"],
        "detectedBy": alert.origin.detected_by.value,
    }


def reason_counts(judged: Sequence[Judged]) -> list[tuple[str, int]]:
    """Answer how many resources violate for each reason, most frequent first."""
    counts = Counter(
        reason.value for each in judged for reason in {f.reason for f in each.verdict.violations}
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def console_url(resource: Resource, origin: Origin) -> str:
    """Answer where the resource is to be seen in the AWS console."""
    domain = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}.get(
        origin.partition, "aws.amazon.com"
    )
    home = f"https://{origin.region}.console.{domain}/emr/home?region={origin.region}#"
    if resource.resource_type == CLUSTER_TYPE:
        return f"{home}/clusterDetails/{resource.resource_id}"
    return f"{home}/securityConfigs"


def _entry(judged: Judged, origin: Origin, *, with_remedies: bool) -> dict[str, Any]:
    resource = judged.resource
    findings = [
        {"reason": finding.reason.value, "severity": finding.severity.value}
        | ({"subject": finding.subject} if finding.subject else {})
        | {"detail": finding.detail}
        | ({"remedy": finding.remedy} if with_remedies else {})
        for finding in judged.verdict.findings
    ]
    entry = {
        "resourceType": resource.resource_type,
        "resourceId": resource.resource_id,
        "resourceName": resource.name,
        "complianceType": judged.verdict.compliance.value,
        "securityConfiguration": resource.security_configuration or None,
        "findings": findings,
        "consoleUrl": console_url(resource, origin),
    }
    if resource.resource_type == CLUSTER_TYPE:
        entry |= {
            "state": resource.state,
            "release": resource.release,
            "launchedBy": resource.launched_by or None,
        }
    return entry


def _reasons(judged: Sequence[Judged]) -> list[Reason]:
    found = {finding.reason for each in judged for finding in each.verdict.violations}
    return [reason for reason in Reason if reason in found]
