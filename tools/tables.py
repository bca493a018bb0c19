"""Tool: writes the tables of the documents, and the pages that are tables, anew from the code.

Usage: python -m tools.tables
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"))

from emr_in_transit.alerting.alert import (  # noqa: E402
    Alert,
    DetectedBy,
    Judged,
    Origin,
    cluster_resource,
    expiring_configurations,
)
from emr_in_transit.alerting.messages import (  # noqa: E402
    chat,
    document,
    email,
    subject,
)
from emr_in_transit.alerting.security_hub_finding import LABELS  # noqa: E402
from emr_in_transit.judgement.applications import (  # noqa: E402
    APPLICATIONS,
    COMPONENTS,
    ENDPOINTS,
    INSTALLED_WITH,
    Condition,
    Endpoint,
)
from emr_in_transit.judgement.bundle_problems import PROBLEMS, ZIP  # noqa: E402
from emr_in_transit.judgement.facts import (  # noqa: E402
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    SecurityConfigurationFacts,
    Switch,
)
from emr_in_transit.judgement.judge import judge_cluster  # noqa: E402
from emr_in_transit.judgement.override_table import (  # noqa: E402
    KEYS,
    MEANINGS,
    OVERRIDES,
    Override,
    Requirement,
)
from emr_in_transit.judgement.parameters import PARAMETERS, parse_parameters  # noqa: E402
from emr_in_transit.judgement.reasons import REASONS, Reason, ReasonText, Severity  # noqa: E402
from emr_in_transit.judgement.releases import (  # noqa: E402
    KNOWN_LINES,
    NEWEST,
    NEWEST_SPARK,
    Release,
    reached,
    since,
)
from emr_in_transit.judgement.tables import names, read_table  # noqa: E402
from tools import bench_tables  # noqa: E402

MESSAGES_PAGE = """# Messages, one of each kind

Written by `python -m tools.tables` from the code; change that, not this page. [Alerts](alerts.md) says when each is sent, and what the fields of the JSON document mean.

{samples}

## In Slack and Microsoft Teams

With `AlertFormat=chat`, Amazon Q in chat applications gets this document, and shows its title, its description, the next steps and the keywords. What has the same `threadId` stands in one thread, where the channel's preferences say so.

{chat}
"""
REASONS_PAGE = """# Reasons and remedies

Written by `python -m tools.tables` from the code; change that, not this page.

A verdict lists every reason that applies, the most important first. That one begins the annotation in AWS Config.

The fixes here are general. Those in messages, in Security Hub and of `emr-in-transit explain` name the property, its value and where to write what instead, or the release and set-up that would protect which endpoint.
`emr-in-transit fix` writes a security configuration that complies ([the command](command.md)).

Nobody can change a security configuration, nor that of a running cluster. So most fixes end in a new launch: clone the cluster with the fix, see that the new one has no finding, and end the old one.
What to do at night is in [operations](operations.md#when-an-alert-comes).

{table}

{sections}
"""
PROPERTIES = """# Properties that undo or weaken encryption in transit

Written by `python -m tools.tables` from `overrides.csv`; change that, not this page.

A property in `Configurations` replaces what EMR writes, so a value counts as the software reads it. Where the reader's own default is not secure, or it does not start with anything else, every value
but the secure ones is weak: `no`, `0`, an empty text, `${{...}}`. Where its default is secure, only what it really takes for off is weak. Without a stated value nothing is judged.

The effect *clear text* is the reason `ENCRYPTION_OVERRIDDEN`, *weaker* is `ENCRYPTION_WEAKENED`: traffic is encrypted, but by an old protocol or without verification, or a client asks for clear text and a secure server refuses.

A name with `*` stands for each bucket or catalog. In `spark-defaults`, `spark.hadoop.X` does what X does in Spark's own processes (*same*), less (*weaker*) or nothing (*none*), and `spark.hive.X` is `hive.X`.

How values are read:

{kinds}

{table}
"""
ENDPOINTS_PAGE = """# Endpoints, and the releases that protect them

Written by `python -m tools.tables` from `endpoints.csv` and `installed_with.csv`; change those, not this page.

All of it needs in-transit encryption in the security configuration, but for S3 traffic and for block transfer, which local-disk encryption alone encrypts. Kerberos is `KerberosConfiguration` with Kerberos attributes on the cluster, or what EMR sets up for LDAP, Identity Center or runtime roles.

Newest known releases: {newest} and {newest_spark}. A newer line, and the `emr-spark` family, are assumed to protect what 7.x protects; the verdict says so.

{table}

## What is installed along

DescribeCluster lists what was asked for. This comes with it; Hadoop is on every cluster, except where Trino is the only application from 7.14.0 on. {components} cannot be asked for by those names.

{along}
"""


def reasons_page() -> str:
    """Return the page of the reasons, most important first."""
    rows = [
        (f"[`{reason}`](#{reason.lower()})", _weight(text), text.meaning)
        for reason, text in REASONS.items()
    ]
    sections = [
        f"## {reason}\n\n{text.meaning}\n\n{_weight(text)}.{_in_security_hub(reason)}\n\n**To fix it:** {text.remedy}"
        for reason, text in REASONS.items()
    ]
    table = _table(("Reason", "Weight", "Meaning"), rows)
    return REASONS_PAGE.format(table=table, sections="\n\n".join(sections))


def _weight(text: ReasonText) -> str:
    if text.with_complete_coverage:
        return "A warning; a violation with `coverage=complete`"
    return "A violation" if text.severity is Severity.VIOLATION else "A warning"


def _in_security_hub(reason: Reason) -> str:
    found = [label for label, reasons in LABELS.items() if reason in reasons]
    return "".join(f" [Security Hub](security-hub.md) shows it as {label}." for label in found)


def parameters() -> str:
    """Return the table of rule parameters."""
    rows = [
        (
            f"`{each.name}`",
            f"`{_in_the_stack(each.name)}`",
            f"`{each.default}`" if each.default else "none",
            each.takes,
            each.effect,
        )
        for each in PARAMETERS
    ]
    head = ("Rule parameter", "Stack parameter", "Default", "Takes", "Effect")
    return _table(head, rows)


def stack_parameters() -> str:
    """Return the table of the stack's parameters that are none of the rule."""
    template = _template()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    of_the_rule = {_in_the_stack(each.name) for each in PARAMETERS}
    rows = [
        (
            f"`{name}`",
            group["Label"]["default"],
            _default(template["Parameters"][name]),
            _effect(template["Parameters"][name]),
        )
        for group in groups
        for name in group["Parameters"]
        if name not in of_the_rule
    ]
    return _table(("Stack parameter", "Of", "Default", "Effect"), rows)


def _template() -> Any:
    # Only here: whoever imports the samples needs no cfn-lint.
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415

    return cfn_yaml.load(str(ROOT / "template.yml"))


def _in_the_stack(name: str) -> str:
    return name[0].upper() + name[1:]


def _default(parameter: Any) -> str:
    if "Default" not in parameter:
        return "needed"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"


def _effect(parameter: Any) -> str:
    values = parameter.get("AllowedValues")
    taken = f" Takes {', '.join(f'`{each}`' for each in values)}." if values else ""
    return " ".join(parameter["Description"].split()) + taken


def assumed_overrides() -> str:
    """Return how many properties rest on what others than AWS say."""
    keys = {row.key for row in OVERRIDES if row.basis == "software"}
    return (
        f"{len(keys)} of {len(KEYS)} properties rest on the software's own code and documents rather than AWS's words; "
        "[Properties](properties.md) has the source of each. What EMR itself writes into a file, and its own patches, nobody outside can read."
    )


def counts() -> str:
    """Return how much the rule knows."""
    return (
        f"{len(REASONS)} reasons, {len(KEYS)} [properties](docs/properties.md) that can undo or weaken encryption, "
        f"{len(ENDPOINTS)} [endpoints](docs/endpoints.md) with the release from which each is protected, "
        f"{len(APPLICATIONS)} applications with what EMR installs along."
    )


def properties_page() -> str:
    """Return the page of the properties that undo or weaken encryption."""
    written = zip(OVERRIDES, read_table("overrides.csv"), strict=True)
    rows = [
        (
            f"`{row.key}`",
            ", ".join(row.applies_to.applications)
            + (", with Kerberos" if row.applies_to.needs_kerberos else ""),
            _releases(row.applies_to.starts, row.applies_to.before),
            row.read_by,
            row.values.kind,
            _values(cells["secure"]),
            _weak(cells["weak"], others=row.values.others_are_weak),
            row.effect,
            row.via_spark,
            ", ".join(row.exposes),
            _remarks(row),
            f"{row.source} ({row.basis})",
        )
        for row, cells in sorted(written, key=lambda pair: pair[0].key)
    ]
    head = (
        *("Property", "Applications", "Releases", "Read by", "Read as", "Secure", "Weak", "Effect"),
        *("As `spark.hadoop.…`", "Endpoints", "Remarks", "Source"),
    )
    kinds = "\n".join(f"- **{kind}**: {meaning}." for kind, meaning in MEANINGS.items())
    return PROPERTIES.format(kinds=kinds, table=_table(head, rows))


def _values(cell: str) -> str:
    written = (each if each.startswith(("(", "the ")) else f"`{each}`" for each in names(cell))
    return ", ".join(written)


def _weak(cell: str, *, others: bool) -> str:
    return _values(cell) + (" and all others" if cell else "all others") * others


def _remarks(row: Override) -> str:
    remarks = [row.note] if row.note else []
    if row.unless:
        remarks.append(f"irrelevant with {_groups(row.unless)}")
    if row.weaker_if:
        remarks.append(f"only weaker with {_groups(row.weaker_if)}")
    return "; ".join(remarks)


def _groups(groups: tuple[tuple[Requirement, ...], ...]) -> str:
    return " or ".join(" and ".join(_requirement(each) for each in group) for group in groups)


def _requirement(each: Requirement) -> str:
    if each.condition:
        return str(each.condition)
    return f"`{each.name}={each.value}`" + (f" from {each.since} on" if each.since else "")


def _releases(starts: tuple[Release, ...], before: Release | None = None) -> str:
    text = "all" if starts == since("all") else ", ".join(f"{start}+" for start in starts)
    return text + (f" before {before}" if before else "")


def endpoints_page() -> str:
    """Return the page of the endpoints, by release, and of what is installed along."""
    rows = [
        (
            endpoint.label,
            endpoint.application
            + (", several primary nodes" if endpoint.needs_several_primary_nodes else ""),
            endpoint.ports,
            *(_in_line(endpoint, line) for line in KNOWN_LINES),
            endpoint.issue.text if endpoint.issue else "",
            endpoint.source,
        )
        for endpoint in ENDPOINTS
    ]
    lines = tuple(f"{line}.x" for line in KNOWN_LINES)
    head = ("Endpoint", "Application", "Ports", *lines, "Remarks", "Source")
    along = [
        (
            row.application,
            row.brings or "nothing; no endpoint of its own",
            _releases(row.starts),
            row.source,
        )
        for row in INSTALLED_WITH
    ]
    return ENDPOINTS_PAGE.format(
        table=_table(head, rows),
        along=_table(("Application", "Brings", "Releases", "Source"), along),
        newest=NEWEST,
        newest_spark=NEWEST_SPARK,
        components=" and ".join(COMPONENTS),
    )


def _in_line(endpoint: Endpoint, line: int) -> str:
    """Return what protects an endpoint in one line of releases, and from where on."""
    ways = []
    for protection in endpoint.protections:
        starts = [start for start in protection.starts if start.major == line]
        if not starts and not reached(Release(line, 0, 0), protection.starts):
            continue
        needs = [str(each) for each in protection.conditions if each is not Condition.SWITCH]
        way = " with ".join([protection.mechanism, *needs])
        late = starts and starts[0] not in since("all")
        ways.append(f"{way} from {starts[0]}" if late else way)
    return ", ".join(ways) or "clear text"


def sample_alert() -> Alert:
    """Return the alert of the demo's bad launch, with fixed ids and times."""
    return _sample(_sample_judged())


SAMPLE_DOCUMENTS = "https://git.example.com/emr-in-transit-encryption/blob/v0.2.0"
SAMPLE_TIME = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def _sample(
    *judged: Judged, detected_by: DetectedBy = DetectedBy.LAUNCH_CHECK, documents: str = ""
) -> Alert:
    function = "launch-check" if detected_by is DetectedBy.LAUNCH_CHECK else "rule"
    origin = Origin(
        "123456789012",
        "eu-west-1",
        f"arn:aws:lambda:eu-west-1:123456789012:function:{function}",
        "EMR_IN_TRANSIT_ENCRYPTION",
        detected_by,
        documents=documents,
    )
    return Alert("3a6d888d-cd1a-452f-b4d2-0047c47d8ce3", judged, origin, SAMPLE_TIME)


def _sample_judged(
    cluster_id: str = "j-2AXXXXXXGAPLF", name: str = "adhoc-tonight", **changes: Any
) -> Judged:
    """Return a judged cluster of ana's, without a security configuration unless told otherwise."""
    facts = ClusterFacts(
        *(cluster_id, name, "STARTING", SAMPLE_TIME, "emr-7.12.0", "", "", None, ("Spark",)),
        tags=(("owner", "analytics"),),
    )._replace(**changes)
    parameters = parse_parameters({"exemptionTagKey": "encryption-exempt"})
    resource = cluster_resource(facts, facts.state, "arn:aws:iam::123456789012:user/ana")
    return Judged(resource, judge_cluster(facts, parameters, SAMPLE_TIME))


def _managed(days: int) -> SecurityConfigurationFacts:
    """Return a configuration whose certificates EMR manages, which ends in so many days."""
    certificates = Certificates("EMR", validity_days=365 + days)
    created = SAMPLE_TIME - timedelta(days=365)
    body = EncryptionSettings(Switch.ON, certificates=certificates)
    return SecurityConfigurationFacts("managed", created, body)


def sample_alerts() -> dict[str, Alert]:
    """Return one alert of each kind, with its title."""
    attached = {"security_configuration_name": "managed", "state": "RUNNING"}
    good = _sample_judged(security_configuration=_managed(days=7_000), **attached)
    expiring = _sample_judged("j-3BXXXXXXGAPLF", "nightly", security_configuration=_managed(days=20), **attached)  # fmt: skip
    many = [_sample_judged(f"j-{number:02}XXXXXXXGAPLF", f"adhoc-{number}") for number in range(12)]
    sweep = DetectedBy.SWEEP
    return {
        "A violation": sample_alert(),
        "More than ten violations, with DocumentsUrl": _sample(
            *many, detected_by=sweep, documents=SAMPLE_DOCUMENTS
        ),
        "What complies again": _sample(good, detected_by=sweep),
        "What is exempt": _sample(_sample_judged(exemption="2027-01-31 migration, ticket 4711")),
        "Certificates that expire": _sample(
            *expiring_configurations([expiring]), detected_by=sweep
        ),
    }


def messages_page() -> str:
    """Return the page with a message of each kind."""
    samples = [
        f"## {title}\n\nKind `{alert.kind}`.\n\n{_email_sample(alert)}"
        for title, alert in sample_alerts().items()
    ]
    return MESSAGES_PAGE.format(
        samples="\n\n".join(samples),
        chat=f"```json\n{json.dumps(chat(sample_alert()), indent=2, ensure_ascii=False)}\n```",
    )


def _email_sample(alert: Alert) -> str:
    return f"```text\nSubject: {subject(alert)}\n\n{email(alert)}\n```"


def certificates_page() -> str:
    """Return the page on certificates with what can be wrong with a bundle as the code has it."""
    begin, end = "<!-- problems -->\n", "<!-- end of problems -->"
    before, _, rest = (ROOT / "docs" / "certificates.md").read_text().partition(begin)
    rows = [
        (
            (f"{each.detail[0].upper()}{each.detail[1:]}.").format(member="FILE", what="X"),
            f"`{each.reason}`",
            each.fix.format(member="FILE").replace(ZIP, "zip -j as above"),
        )
        for each in PROBLEMS.values()
    ]
    table = _table(("What is said", "Reason", "How to make it right"), rows)
    return before + begin + table + "\n" + end + rest.partition(end)[2]


def hub_severities() -> str:
    """Return how severe each reason is in Security Hub."""
    rows = [
        (label, ", ".join(f"`{reason}`" for reason in Reason if reason in reasons))
        for label, reasons in LABELS.items()
    ]
    return _table(("Severity", "Where the worst reason is"), rows)


def alert_email() -> str:
    """Return an alert as a person gets it."""
    return _email_sample(sample_alert())


def alert_json() -> str:
    """Return an alert as a machine gets it."""
    return f"```json\n{json.dumps(document(sample_alert()), indent=2)}\n```"


def bench_sweeps() -> str:
    """Return what sweeps have been measured to cost."""
    rows = bench_tables.sweep_rows(bench_tables.measured())
    return _table(bench_tables.SWEEPS_HEAD, rows)


def bench_starts() -> str:
    """Return what cold starts have been measured to cost."""
    rows = bench_tables.start_rows(bench_tables.measured())
    return _table(bench_tables.STARTS_HEAD, rows)


# Each stands in one document, between two marks.
TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"counts": counts, "alert-email": alert_email},
    "docs/alerts.md": {"alert-json": alert_json},
    "docs/limits.md": {"assumed-overrides": assumed_overrides},
    "docs/measured.md": {"bench-sweeps": bench_sweeps, "bench-starts": bench_starts},
    "docs/parameters.md": {"parameters": parameters, "stack-parameters": stack_parameters},
    "docs/security-hub.md": {"hub-severities": hub_severities},
}


PAGES: dict[str, Callable[[], str]] = {
    "docs/properties.md": properties_page,
    "docs/endpoints.md": endpoints_page,
    "docs/messages.md": messages_page,
    "docs/reasons.md": reasons_page,
    "docs/certificates.md": certificates_page,
}


def with_tables(document: str, text: str) -> str:
    """Return the text of a document with every table as the code has it."""
    for name, table in TABLES[document].items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{document} lacks {begin.strip()} or {end.strip()}")
        text = before + begin + table() + "\n" + end + after
    return text


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name in TABLES:
        (ROOT / name).write_text(with_tables(name, (ROOT / name).read_text()))
    for name, page in PAGES.items():
        (ROOT / name).write_text(page())
