"""Pure: what an alert says: a document for machines, a text for email, attributes for filters."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Alert, Judged, Origin, Resource
from emr_in_transit.judgement.reasons import REASONS, Reason
from emr_in_transit.judgement.verdict import Finding, Verdict
from emr_in_transit.judgement.wording import clip, one_line, quoted

SCHEMA_VERSION = "1.0"
# SNS takes 256 KiB (SNS API, Publish); the rest is for the attributes.
MESSAGE_LIMIT = 250 * 1024
# SNS takes fewer than 100 characters of printable ASCII (SNS API, Publish).
SUBJECT_LIMIT = 99
# So many resources of a digest are named in the email; the document for machines has all of them.
NAMED_IN_EMAIL = 50
# A detail is cut here, whatever somebody has written into a property or a name.
DETAIL_LIMIT = 2_000
# What does not fit in one message is tried with so many findings of each resource, in turn.
FEWER_FINDINGS = (100, 30, 10, 3, 1)
NOT_YET_KNOWN = "not yet known"
_LABEL_WIDTH = 24


class Message(NamedTuple):
    """What SNS is given."""

    subject: str
    body: str  # JSON text, for MessageStructure=json
    attributes: dict[str, str | list[str]]


def messages(alert: Alert) -> list[tuple[Alert, Message]]:
    """Return an alert as the messages that SNS takes, each with its part of the alert.

    Nearly always there is one. A digest is divided by resources; of one resource with more
    findings than fit, the first ones are told, and the rest are counted.
    """
    return [(part, _fitting_message(part)) for part in _in_parts(alert)]


def message(alert: Alert, most_findings: int | None = None) -> Message:
    """Return the message, with so many findings of each resource at the most."""
    # Names may hold halves of surrogate pairs, which SNS cannot take: they are escaped here.
    machine = json.dumps(document(alert, most_findings), separators=(",", ":"))
    body = json.dumps({"default": machine, "email": email(alert, most_findings)})
    return Message(subject(alert), body, attributes(alert))


def fits(found: Message) -> bool:
    """Return whether SNS takes the message in one piece; its body is ASCII."""
    return len(found.body) <= MESSAGE_LIMIT


def _fitting_message(alert: Alert) -> Message:
    found = message(alert)
    for most in FEWER_FINDINGS:
        if fits(found):
            break
        found = message(alert, most)
    return found


def _in_parts(alert: Alert) -> list[Alert]:
    parts = -(-len(message(alert).body) // MESSAGE_LIMIT)
    size = -(-len(alert.judged) // parts)
    chunks = [alert.judged[at : at + size] for at in range(0, len(alert.judged), size)]
    if len(chunks) == 1:
        return [alert]
    # Even parts nearly always fit. Where one resource has more to say than all others, only those
    # beside it come in smaller parts.
    fitting = [half for chunk in chunks for half in _halved(alert, chunk)]
    return [
        alert._replace(judged=chunk, part=number, parts=len(fitting))
        for number, chunk in enumerate(fitting, 1)
    ]


def _halved(alert: Alert, judged: tuple[Judged, ...]) -> list[tuple[Judged, ...]]:
    """Return the resources in halves, and halves of these, until each part fits or is one."""
    most = len(alert.judged)  # no number of a part is longer than this
    if len(judged) == 1 or fits(message(alert._replace(judged=judged, part=most, parts=most))):
        return [judged]
    middle = len(judged) // 2
    return [*_halved(alert, judged[:middle]), *_halved(alert, judged[middle:])]


def document(alert: Alert, most_findings: int | None = None) -> dict[str, Any]:
    """Return the JSON document of an alert; ``findingsLeftOut`` counts what did not fit."""
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
            "resources": [
                _entry(judged, origin, most_findings, with_remedies=False) | _repeat(alert, judged)
                for judged in alert.judged
            ],
        }
    return common | _entry(alert.judged[0], origin, most_findings, with_remedies=True)


def attributes(alert: Alert) -> dict[str, str | list[str]]:
    """Return the message attributes for filter policies; none of them is ever empty."""
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
    """Return how many resources violate for each reason, most frequent first."""
    counts = Counter(
        reason.value for each in judged for reason in {f.reason for f in each.verdict.violations}
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def console_url(resource: Resource, origin: Origin) -> str:
    """Return where the resource is to be seen in the AWS console."""
    domain = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}.get(
        origin.partition, "aws.amazon.com"
    )
    home = f"https://{origin.region}.console.{domain}/emr/home?region={origin.region}#"
    if resource.resource_type == CLUSTER_TYPE:
        return f"{home}/clusterDetails/{resource.resource_id}"
    return f"{home}/securityConfigs"


def _entry(
    judged: Judged, origin: Origin, most_findings: int | None, *, with_remedies: bool
) -> dict[str, Any]:
    resource, findings = judged.resource, judged.verdict.findings
    told = [_finding_entry(each, with_remedies=with_remedies) for each in findings[:most_findings]]
    entry: dict[str, Any] = {
        "resourceType": resource.resource_type,
        "resourceId": resource.resource_id,
        "resourceName": resource.name,
        "complianceType": judged.verdict.compliance.value,
        "securityConfiguration": resource.security_configuration or None,
        "findings": told,
        "consoleUrl": console_url(resource, origin),
    }
    if len(told) < len(findings):
        entry["findingsLeftOut"] = len(findings) - len(told)
    if resource.resource_type == CLUSTER_TYPE:
        entry |= {
            "state": resource.state,
            "release": resource.release,
            "launchedBy": resource.launched_by or None,
        }
    return entry


def _repeat(alert: Alert, judged: Judged) -> dict[str, str]:
    earlier = alert.earlier.get(judged.resource_id)
    return {"earlierAlertId": earlier} if earlier else {}


def _reasons(judged: Sequence[Judged]) -> list[Reason]:
    found = {finding.reason for each in judged for finding in each.verdict.violations}
    return [reason for reason in Reason if reason in found]


def _finding_entry(finding: Finding, *, with_remedies: bool) -> dict[str, Any]:
    return (
        {"reason": finding.reason.value, "severity": finding.severity.value}
        | ({"subject": finding.subject} if finding.subject else {})
        | {"detail": _cut(finding.detail)}
        | ({"remedy": finding.remedy} if with_remedies else {})
    )


def _cut(detail: str) -> str:
    return detail if len(detail) <= DETAIL_LIMIT else clip(detail, DETAIL_LIMIT)


def subject(alert: Alert) -> str:
    """Return the subject: ASCII, one line, under 100 characters, whatever the names are."""
    where = f" ({alert.origin.region}, {alert.origin.account})"
    if alert.is_digest:
        part = f" (part {alert.part} of {alert.parts})" if alert.parts > 1 else ""
        many = "not encrypted in transit" if alert.is_violation else "comply again"
        return f"EMR: {len(alert.judged)} clusters {many}{where}{part}"
    judged = alert.judged[0]
    state = "not encrypted in transit" if alert.is_violation else "complies again"
    head, tail = f"EMR {_noun(judged)} ", f" {state}{where}"
    return head + _ascii(judged.resource.name, SUBJECT_LIMIT - len(head) - len(tail)) + tail


def email(alert: Alert, most_findings: int | None = None) -> str:
    """Return the text that a person reads, and can act on."""
    if alert.is_digest:
        return _digest(alert)
    judged = alert.judged[0]
    if not alert.is_violation:
        head = f"The EMR {_noun(judged)} {quoted(judged.resource.name)} complies again."
        return "\n".join([head, "", *_facts(alert, judged)])
    head = f"The EMR {_noun(judged)} {quoted(judged.resource.name)} does not encrypt its data in transit."
    problems = _problems(judged, most_findings)
    return "\n".join([head, "", "What is wrong", *problems, "", *_facts(alert, judged)])


def _problems(judged: Judged, most_findings: int | None) -> list[str]:
    verdict, lines = judged.verdict, []
    told = Verdict(verdict.compliance, verdict.findings[:most_findings])
    for number, finding in enumerate(told.violations, 1):
        lines += [
            f"  {number}. {one_line(_cut(finding.detail))} ({finding.reason})",
            f"     To fix it: {finding.remedy}",
        ]
    lines += [f"  Also: {one_line(_cut(f.detail))} ({f.reason})" for f in told.warnings]
    left_out = len(verdict.findings) - len(told.findings)
    return [*lines, f"  and {left_out} more, left out to fit"] if left_out else lines


def _facts(alert: Alert, judged: Judged) -> list[str]:
    resource, origin = judged.resource, alert.origin
    pairs = {"Account": origin.account, "Region": origin.region}
    if resource.resource_type == CLUSTER_TYPE:
        pairs |= {
            "Cluster": f"{one_line(resource.name)} ({resource.resource_id})",
            "Security configuration": one_line(resource.security_configuration) or "none",
            "Release": resource.release or "none",
            "State": resource.state,
            "Launched by": one_line(resource.launched_by) or NOT_YET_KNOWN,
        }
    pairs |= {
        "Detected by": origin.detected_by.replace("_", " ").lower(),
        "Config rule": origin.rule_name,
        "Time": f"{alert.time:%Y-%m-%d %H:%M:%S} UTC",
        "Sent by": origin.function_arn,
        "Alert": alert.alert_id,
        "Console": console_url(resource, origin),
    }
    return [f"{label + ':':<{_LABEL_WIDTH}}{value}" for label, value in pairs.items()]


def _digest(alert: Alert) -> str:
    origin = alert.origin
    counts = [f"{count:>6}  {reason}" for reason, count in reason_counts(alert.judged)]
    named = [f"  {_named(each)}" for each in alert.judged[:NAMED_IN_EMAIL]]
    more = len(alert.judged) - NAMED_IN_EMAIL
    do = "do not encrypt their data in transit" if alert.is_violation else "comply again"
    return "\n".join(
        [
            f"{len(alert.judged)} EMR clusters {do}.",
            f"Account {origin.account}, Region {origin.region}, rule {origin.rule_name}.",
            "",
            *(["By reason", *counts, ""] if counts else []),
            "Clusters",
            *named,
            *([f"  and {more} more, all of them in the message for machines"] if more > 0 else []),
            "",
            f"Sent by: {origin.function_arn}",
            f"Alert: {alert.alert_id}",
        ]
    )


def _named(judged: Judged) -> str:
    cluster = f"{clip(judged.resource.name, 60)} ({judged.resource.resource_id})"
    reasons = dict.fromkeys(finding.reason.value for finding in judged.verdict.violations)
    return f"{cluster}: {', '.join(reasons)}" if reasons else cluster


def _noun(judged: Judged) -> str:
    is_cluster = judged.resource.resource_type == CLUSTER_TYPE
    return "cluster" if is_cluster else "security configuration"


def _ascii(name: str, limit: int) -> str:
    return clip(name.encode("ascii", "replace").decode(), limit)
