"""Pure: what an alert says: a document for machines, a text for email, attributes for filters."""

import json
from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    TAG_LIMIT,
    Alert,
    Judged,
    Kind,
    Origin,
    Resource,
)
from emr_in_transit.alerting.chat import Notice, chat_document
from emr_in_transit.judgement.reasons import REASONS, Reason
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict
from emr_in_transit.judgement.wording import clip, one_line, quoted

SCHEMA_VERSION = "1.0"
# SNS takes 256 KiB with the attributes (SNS API, Publish); the rest is for the subject.
MESSAGE_LIMIT = 250 * 1024
# So many tags of a cluster are attributes: with the six others they are the ten that SNS delivers
# raw to a queue (SNS Developer Guide, Amazon SNS message attributes).
MOST_TAG_KEYS = 4
# Of one resource, the values of its tags may take so much; those of one cluster always do.
MOST_TAG_TEXT = 32 * 1024
# SNS takes fewer than 100 characters of printable ASCII (SNS API, Publish).
SUBJECT_LIMIT = 99
# So many resources of a digest are named in the email; the document for machines has all of them.
NAMED_IN_EMAIL = 50
# A detail is cut here, whatever somebody has written into a property or a name.
DETAIL_LIMIT = 2_000
# What does not fit in one message is tried with so many findings of each resource, in turn.
FEWER_FINDINGS = (100, 30, 10, 3, 1)
# So many clusters that use a security configuration are named; all of them are counted.
MOST_USERS = 50
NOT_KNOWN = "not known"
# AWS's page, where nobody has said at which address the documents of this version are.
HOW_TO = (
    "https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-create-security-configuration.html"
)
ON_CALL = "docs/operations.md#when-an-alert-comes"
NEXT_STEPS = {
    Kind.VIOLATION: (
        "Have the owner do what each remedy says. A running cluster and a security configuration "
        "cannot be changed, only replaced; the rule itself stops nothing."
    ),
    Kind.RESOLVED: "Nothing: what was wrong has been put right.",
    Kind.EXEMPTED: (
        "Nothing, if the exemption is meant. If not, remove the tag from the cluster; the "
        "violation is then told."
    ),
    Kind.EXPIRING: (
        "Create the security configuration anew and launch replacements before that day; after "
        "it, each cluster that uses this one violates."
    ),
}
# What a subject and the first line of an email say of one, and of many.
_STATES = {
    Kind.VIOLATION: ("not encrypted in transit", "not encrypted in transit"),
    Kind.RESOLVED: ("complies again", "comply again"),
    Kind.EXEMPTED: ("is exempt", "are exempt"),
    Kind.EXPIRING: ("expire soon", "expire soon"),
}
_SENTENCES = {
    Kind.VIOLATION: (
        "does not encrypt its data in transit",
        "do not encrypt their data in transit",
    ),
    Kind.RESOLVED: ("complies again", "comply again"),
    Kind.EXEMPTED: (
        "does not encrypt its data in transit, and is exempt",
        "do not encrypt their data in transit, and are exempt",
    ),
    Kind.EXPIRING: (
        "has certificates that expire soon, and live clusters use it",
        "have certificates that expire soon, and live clusters use them",
    ),
}
MORE_FOLLOWS = (
    "More than ten EMR security configurations that do not encrypt data in transit have come within "
    "ten minutes. The next sweep tells of all further ones in one message; their verdicts are in "
    "AWS Config already."
)
_LABEL_WIDTH = 24
_NOTHING = Verdict(Compliance.NOT_APPLICABLE)


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
    texts = {"default": machine, "email": email(alert, most_findings)}
    if alert.origin.for_chat:
        # Amazon Q is a subscriber like any other, so it gets the default; machines are named.
        texts |= {"default": json.dumps(chat(alert)), "sqs": machine, "lambda": machine}
    return Message(subject(alert), json.dumps(texts), attributes(alert))


def fits(found: Message) -> bool:
    """Return whether SNS takes the message in one piece; its body is ASCII."""
    return len(found.body) + len(json.dumps(found.attributes)) <= MESSAGE_LIMIT


def _fitting_message(alert: Alert) -> Message:
    found = message(alert)
    for most in FEWER_FINDINGS:
        if fits(found):
            break
        found = message(alert, most)
    return found


def _in_parts(alert: Alert) -> list[Alert]:
    whole = message(alert)
    if fits(whole):
        return [alert]
    parts = -(-len(whole.body) // MESSAGE_LIMIT)
    size = -(-len(alert.judged) // parts)
    chunks = [alert.judged[at : at + size] for at in range(0, len(alert.judged), size)]
    if len(alert.judged) == 1:
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
    origin, common = alert.origin, _common(alert)
    if alert.announces:
        resource = alert.judged[0].resource
        return common | {"resourceType": resource.resource_type, "text": MORE_FOLLOWS}
    if alert.is_digest:
        return common | {
            "part": alert.part,
            "parts": alert.parts,
            "counts": dict(reason_counts(alert)),
            "remedies": {each.value: REASONS[each].remedy for each in _reasons(alert)},
            **_links(alert),
            "resources": [
                _entry(judged, origin, most_findings, with_remedies=False) | _repeat(alert, judged)
                for judged in alert.judged
            ],
        }
    return common | _entry(alert.judged[0], origin, most_findings, with_remedies=True)


def _common(alert: Alert) -> dict[str, Any]:
    origin = alert.origin
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": alert.kind,
        "alertId": alert.alert_id,
        "time": alert.time.isoformat(timespec="seconds"),
        "account": origin.account,
        "region": origin.region,
        "detectedBy": origin.detected_by.value,
        "ruleName": origin.rule_name,
        "functionArn": origin.function_arn,
        "nextStep": NEXT_STEPS[alert.about],
        "howTo": _described_in(alert),
    }


def how_to(origin: Origin, reason: Reason | None = None) -> str:
    """Return the address at which a reason's fix is described: of this version, or AWS's page."""
    if not origin.documents:
        return HOW_TO
    return f"{origin.documents}/docs/reasons.md" + (f"#{reason.lower()}" if reason else "")


def _described_in(alert: Alert) -> str:
    """Return where the fix is described: of one resource its first reason, of many the page."""
    is_one = not (alert.is_digest or alert.announces)
    return how_to(alert.origin, next(iter(_reasons(alert)), None) if is_one else None)


def _links(alert: Alert) -> dict[str, dict[str, str]]:
    """Return where each reason of a digest is described, where that differs."""
    if not alert.origin.documents:
        return {}
    return {"howToByReason": {each.value: how_to(alert.origin, each) for each in _reasons(alert)}}


def attributes(alert: Alert) -> dict[str, str | list[str]]:
    """Return the message attributes for filter policies; none of them is ever empty."""
    first = alert.judged[0]
    return {
        "account": alert.origin.account,
        "region": alert.origin.region,
        "resourceType": first.resource.resource_type,
        "complianceType": first.verdict.compliance.value,
        "reasons": [reason.value for reason in _reasons(alert)] or ["NONE"],
        "detectedBy": alert.origin.detected_by.value,
        **_tag_attributes(alert),
    }


def _tag_attributes(alert: Alert) -> dict[str, str | list[str]]:
    """Return the values of the owners' tags: a text, or a list where they are several.

    A digest whose values do not fit is divided; of one resource only the first ones are told.
    """
    values: dict[str, dict[str, None]] = {}
    room = MOST_TAG_TEXT if len(alert.judged) == 1 else inf
    for key, value in (pair for each in _owned(alert) for pair in each.tags):
        found = values.setdefault(tag_attribute(key), {})
        room -= 0 if value in found else len(json.dumps(value))
        if room >= 0:
            found[value] = None
    told = {name: list(found) for name, found in values.items() if found}
    return {name: found[0] if len(found) == 1 else found for name, found in told.items()}


def tag_attribute(key: str) -> str:
    """Return the name of the message attribute for a tag; SNS takes fewer characters there."""
    return "tag." + "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in key)


def _owned(alert: Alert) -> list[Resource]:
    """Return the resources that somebody owns: what is told of, or the clusters that use it."""
    return [each for judged in alert.judged for each in (judged.resource, *judged.used_by)]


def reason_counts(alert: Alert) -> list[tuple[str, int]]:
    """Return how many resources there are for each reason, most frequent first."""
    counts = Counter(
        reason.value
        for each in alert.judged
        for reason in {finding.reason for finding in _leading(each)}
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
    told = [_finding_entry(each) for each in findings[:most_findings]]
    if with_remedies:
        told = [entry | _remedy(each, origin) for entry, each in zip(told, findings, strict=False)]
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
            "tags": dict(resource.tags),
        }
    return entry | _members_of_kind(judged)


def _repeat(alert: Alert, judged: Judged) -> dict[str, str]:
    earlier = alert.earlier.get(judged.resource_id)
    return {"earlierAlertId": earlier} if earlier else {}


def _members_of_kind(judged: Judged) -> dict[str, Any]:
    exemption = judged.verdict.exemption
    if judged.exempted and exemption is not None:
        until = exemption.until.isoformat() if exemption.until else None
        text = clip(exemption.text, TAG_LIMIT)
        return {"exemption": {"tag": exemption.tag, "text": text, "until": until}}
    if judged.used_by:
        named = [each.resource_id for each in judged.used_by[:MOST_USERS]]
        return {"clusters": named, "clusterCount": len(judged.used_by)}
    return {}


def _leading(judged: Judged) -> tuple[Finding, ...]:
    """Return the findings that there is a message for."""
    is_warning = judged.kind is Kind.EXPIRING
    return judged.verdict.findings if is_warning else judged.verdict.violations


def _reasons(alert: Alert) -> list[Reason]:
    found = {finding.reason for each in alert.judged for finding in _leading(each)}
    return [reason for reason in Reason if reason in found]


def _finding_entry(finding: Finding) -> dict[str, Any]:
    return (
        {"reason": finding.reason.value, "severity": finding.severity.value}
        | ({"subject": finding.subject} if finding.subject else {})
        | {"detail": _cut(finding.detail)}
    )


def _remedy(finding: Finding, origin: Origin) -> dict[str, str]:
    link = {"howTo": how_to(origin, finding.reason)} if origin.documents else {}
    return {"remedy": finding.remedy} | link


def _cut(detail: str) -> str:
    return detail if len(detail) <= DETAIL_LIMIT else clip(detail, DETAIL_LIMIT)


def subject(alert: Alert) -> str:
    """Return the subject: ASCII, one line, under 100 characters, whatever the names are."""
    where = f" ({alert.origin.region}, {alert.origin.account})"
    if alert.announces:
        return f"EMR: more {_noun(alert.judged[0])}s not encrypted in transit{where}"
    one, many = _STATES[alert.about]
    if alert.is_digest:
        part = f" (part {alert.part} of {alert.parts})" if alert.parts > 1 else ""
        return clip(f"EMR: {len(alert.judged)} {_nouns(alert)} {many}{where}{part}", SUBJECT_LIMIT)
    judged = alert.judged[0]
    noun = "certificates of" if alert.about is Kind.EXPIRING else _noun(judged)
    head, tail = f"EMR {noun} ", f" {one}{_until(judged)}{where}"
    return head + _ascii(judged.resource.name, SUBJECT_LIMIT - len(head) - len(tail)) + tail


def _until(judged: Judged) -> str:
    exemption = judged.verdict.exemption
    if exemption is None:
        return ""
    return f" until {exemption.until}" if exemption.until else " without an end"


def email(alert: Alert, most_findings: int | None = None) -> str:
    """Return the text that a person reads, and can act on."""
    if alert.announces:
        return _announcement(alert)
    if alert.is_digest:
        return _digest(alert)
    judged = alert.judged[0]
    return "\n".join(
        [
            _sentence(alert),
            *_exemption(judged),
            "",
            *_section("What is wrong", _problems(judged, alert.origin, most_findings)),
            *_section("Clusters that use it", _users(judged)),
            *_next_steps(alert),
            "",
            *_facts(alert, judged),
        ]
    )


def _sentence(alert: Alert) -> str:
    """Return what has happened, in a sentence."""
    one, many = _SENTENCES[alert.about]
    if alert.is_digest:
        return f"{len(alert.judged)} EMR {_nouns(alert)} {many}."
    judged = alert.judged[0]
    return f"The EMR {_noun(judged)} {quoted(judged.resource.name)} {one}."


def _exemption(judged: Judged) -> list[str]:
    """Return by what a cluster is exempt, and what whoever exempted it has written."""
    exemption = judged.verdict.exemption
    if not judged.exempted or exemption is None:
        return []
    text = clip(exemption.text, TAG_LIMIT)
    return [judged.verdict.protection, *([f"The tag says: {text}"] if text else [])]


def _users(judged: Judged) -> list[str]:
    named = [f"  {_named(Judged(each, _NOTHING))}" for each in judged.used_by[:MOST_USERS]]
    more = len(judged.used_by) - MOST_USERS
    return [*named, *([f"  and {more} more"] if more > 0 else [])]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *lines, ""] if lines else []


def _next_steps(alert: Alert) -> list[str]:
    """Return what to do next, and where the fix is described, unless each reason has said so."""
    lines, documents = [f"What to do next: {NEXT_STEPS[alert.about]}"], alert.origin.documents
    if alert.about is Kind.VIOLATION and documents:
        return [*lines, f"When you are on call: {documents}/{ON_CALL}"]
    is_said = alert.about is Kind.RESOLVED or documents
    return lines if is_said else [*lines, f"How to fix it: {HOW_TO}"]


def _fix(remedy: str, reason: Reason, origin: Origin) -> list[str]:
    """Return what to do about one reason, and where that is described."""
    link = [f"     How: {how_to(origin, reason)}"] if origin.documents else []
    return [f"     To fix it: {remedy}", *link]


def _problems(judged: Judged, origin: Origin, most_findings: int | None) -> list[str]:
    verdict, lines = judged.verdict, []
    if judged.kind is Kind.RESOLVED:
        return []
    told = Verdict(verdict.compliance, verdict.findings[:most_findings])
    leading = _leading(judged._replace(verdict=told))
    for number, finding in enumerate(leading, 1):
        lines += [
            f"  {number}. {one_line(_cut(finding.detail))} ({finding.reason})",
            *_fix(finding.remedy, finding.reason, origin),
        ]
    others = [each for each in told.warnings if each not in leading]
    lines += [f"  Also: {one_line(_cut(f.detail))} ({f.reason})" for f in others]
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
            "Launched by": one_line(resource.launched_by) or NOT_KNOWN,
        }
    pairs |= {f"Tag {clip(key, 40)}": value for key, value in resource.tags}
    pairs |= {
        "Detected by": origin.detected_by.replace("_", " ").lower(),
        "Config rule": origin.rule_name,
        "Time": f"{alert.time:%Y-%m-%d %H:%M:%S} UTC",
        "Sent by": origin.function_arn,
        "Alert": alert.alert_id,
        "Console": console_url(resource, origin),
    }
    return [f"{label + ':':<{_LABEL_WIDTH - 1}} {value}" for label, value in pairs.items()]


def _announcement(alert: Alert) -> str:
    origin = alert.origin
    return "\n".join(
        [
            MORE_FOLLOWS,
            f"Account {origin.account}, Region {origin.region}, rule {origin.rule_name}.",
            "",
            f"Sent by: {origin.function_arn}",
            f"Alert: {alert.alert_id}",
        ]
    )


def _digest(alert: Alert) -> str:
    origin = alert.origin
    by_reason = [
        line
        for reason, count in reason_counts(alert)
        for line in (
            f"{count:>6}  {reason}",
            *_fix(REASONS[Reason(reason)].remedy, Reason(reason), origin),
        )
    ]
    named = [f"  {_named(each)}" for each in alert.judged[:NAMED_IN_EMAIL]]
    more = len(alert.judged) - NAMED_IN_EMAIL
    return "\n".join(
        [
            _sentence(alert),
            f"Account {origin.account}, Region {origin.region}, rule {origin.rule_name}.",
            "",
            *_section("By reason", by_reason),
            _nouns(alert).capitalize(),
            *named,
            *([f"  and {more} more, all of them in the message for machines"] if more > 0 else []),
            "",
            *_next_steps(alert),
            "",
            f"Sent by: {origin.function_arn}",
            f"Alert: {alert.alert_id}",
        ]
    )


def _named(judged: Judged) -> str:
    resource = judged.resource
    name = clip(resource.name, 60)
    if resource.resource_type == CLUSTER_TYPE:
        name += f" ({resource.resource_id})"
    tags = [f"{clip(key, 40)} {quoted(value)}" for key, value in resource.tags]
    reasons = dict.fromkeys(finding.reason.value for finding in _leading(judged))
    told = ", ".join([name, *tags])
    return f"{told}: {', '.join(reasons)}{_until(judged)}" if reasons else told


def chat(alert: Alert) -> dict[str, Any]:
    """Return the document that Amazon Q in chat applications shows."""
    origin, resources = alert.origin, [judged.resource for judged in alert.judged]
    how = [] if alert.about is Kind.RESOLVED else [_described_in(alert)]
    notice = Notice(
        notice_id=f"{alert.kind}-{alert.alert_id}-{alert.part}",
        thread=alert.alert_id,
        event_type=alert.kind,
        title=subject(alert),
        lines=[MORE_FOLLOWS] if alert.announces else [_sentence(alert), *_chat_lines(alert)],
        next_steps=[
            *_first_fixes(alert),
            NEXT_STEPS[alert.about],
            *how,
            console_url(resources[0], origin),
        ],
        keywords=[alert.kind, *(reason.value for reason in _reasons(alert))],
        resources=[each.resource_id for each in resources],
        context={
            "account": origin.account,
            "region": origin.region,
            "ruleName": origin.rule_name,
            "functionArn": origin.function_arn,
            "detectedBy": origin.detected_by.value,
        },
    )
    return chat_document(notice)


def _chat_lines(alert: Alert) -> list[str]:
    if alert.is_digest:
        counts = [f"{count} {reason}" for reason, count in reason_counts(alert)]
        return [*counts, *(_named(each) for each in alert.judged)]
    judged = alert.judged[0]
    found = [f"{finding.detail} ({finding.reason})" for finding in _leading(judged)]
    return [*_exemption(judged), *found, *_facts(alert, judged)]


def _first_fixes(alert: Alert) -> list[str]:
    """Return what to do about the first two reasons."""
    if alert.is_digest:
        return [REASONS[reason].remedy for reason in _reasons(alert)[:2]]
    return list(dict.fromkeys(each.remedy for each in _leading(alert.judged[0])))[:2]


def _noun(judged: Judged) -> str:
    is_cluster = judged.resource.resource_type == CLUSTER_TYPE
    return "cluster" if is_cluster else "security configuration"


def _nouns(alert: Alert) -> str:
    return f"{_noun(alert.judged[0])}s"


def _ascii(name: str, limit: int) -> str:
    return clip(name.encode("ascii", "replace").decode(), limit)
