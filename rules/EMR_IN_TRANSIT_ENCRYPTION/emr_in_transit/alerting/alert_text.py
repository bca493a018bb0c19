"""Pure: an alert in words: the subject and the text of the email."""

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Alert, Judged
from emr_in_transit.alerting.alert_document import console_url, reason_counts
from emr_in_transit.judgement.wording import clip, one_line, quoted

# SNS takes fewer than 100 characters of printable ASCII (SNS API, Publish).
SUBJECT_LIMIT = 99
# So many resources of a digest are named in the email; the document for machines has all of them.
NAMED_IN_EMAIL = 50
NOT_YET_KNOWN = "not yet known"
_LABEL_WIDTH = 24


def subject(alert: Alert) -> str:
    """Answer the subject: ASCII, one line, under 100 characters, whatever the names are."""
    where = f" ({alert.origin.region}, {alert.origin.account})"
    if alert.is_digest:
        part = f" (part {alert.part} of {alert.parts})" if alert.parts > 1 else ""
        many = "not encrypted in transit" if alert.is_violation else "comply again"
        return f"EMR: {len(alert.judged)} clusters {many}{where}{part}"
    judged = alert.judged[0]
    state = "not encrypted in transit" if alert.is_violation else "complies again"
    head, tail = f"EMR {_noun(judged)} ", f" {state}{where}"
    return head + _ascii(judged.resource.name, SUBJECT_LIMIT - len(head) - len(tail)) + tail


def email(alert: Alert) -> str:
    """Answer the text that a person reads, and can act on."""
    if alert.is_digest:
        return _digest(alert)
    judged = alert.judged[0]
    if not alert.is_violation:
        head = f"The EMR {_noun(judged)} {quoted(judged.resource.name)} complies again."
        return "\n".join([head, "", *_facts(alert, judged)])
    head = f"The EMR {_noun(judged)} {quoted(judged.resource.name)} does not encrypt its data in transit."
    return "\n".join([head, "", "What is wrong", *_problems(judged), "", *_facts(alert, judged)])


def _problems(judged: Judged) -> list[str]:
    lines = []
    for number, finding in enumerate(judged.verdict.violations, 1):
        lines += [
            f"  {number}. {one_line(finding.detail)} ({finding.reason})",
            f"     To fix it: {finding.remedy}",
        ]
    lines += [f"  Also: {one_line(f.detail)} ({f.reason})" for f in judged.verdict.warnings]
    return lines


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
