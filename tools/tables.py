"""Tool: writes the README's tables anew from the code.

Usage: python -m tools.tables
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"))

from emr_in_transit.alerting.alert import (  # noqa: E402
    Alert,
    DetectedBy,
    Judged,
    Origin,
    cluster_resource,
)
from emr_in_transit.alerting.messages import (  # noqa: E402
    document,
    email,
    subject,
)
from emr_in_transit.alerting.security_hub_finding import LABELS  # noqa: E402
from emr_in_transit.judgement.endpoints import ENDPOINTS  # noqa: E402
from emr_in_transit.judgement.facts import ClusterFacts  # noqa: E402
from emr_in_transit.judgement.judge import judge_cluster  # noqa: E402
from emr_in_transit.judgement.override_table import OVERRIDES, Basis  # noqa: E402
from emr_in_transit.judgement.parameters import PARAMETERS, parse_parameters  # noqa: E402
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity  # noqa: E402
from tools import bench_tables  # noqa: E402

README = ROOT / "README.md"


def reasons() -> str:
    """Answer the table of reasons, most important first."""
    rows = [
        (
            f"`{reason}`" + ("" if text.severity is Severity.VIOLATION else " (warning)"),
            text.meaning,
            text.remedy,
        )
        for reason, text in REASONS.items()
    ]
    return _table(("Reason", "Meaning", "Smallest fix"), rows)


def parameters() -> str:
    """Answer the table of rule parameters."""
    rows = [
        (
            f"`{each.name}`",
            f"`{each.name[0].upper()}{each.name[1:]}`",
            f"`{each.default}`" if each.default else "none",
            each.takes,
            each.effect,
        )
        for each in PARAMETERS
    ]
    head = ("Rule parameter", "Stack parameter", "Default", "Takes", "Effect")
    return _table(head, rows)


def assumed_overrides() -> str:
    """Answer the overrides that rest on documents of others than AWS."""
    keys = [row.key for row in OVERRIDES if row.source.basis is Basis.ASSUMED]
    return ", ".join(f"`{key}`" for key in sorted(keys)) + "."


def counts() -> str:
    """Answer how much the rule knows."""
    return (
        f"{len(REASONS)} reasons, {len(OVERRIDES)} properties that can undo encryption, "
        f"{len(ENDPOINTS)} endpoints with the release from which each is protected."
    )


def sample_alert() -> Alert:
    """Answer the alert of the demo's bad launch, with fixed ids and times."""
    now = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    facts = ClusterFacts(
        "j-2AXXXXXXGAPLF", "adhoc-tonight", "STARTING", now, "emr-7.12.0", "", "", None, ("Spark",)
    )
    verdict = judge_cluster(facts, parse_parameters({}), now)
    origin = Origin(
        "123456789012",
        "eu-west-1",
        "arn:aws:lambda:eu-west-1:123456789012:function:launch-check",
        "EMR_IN_TRANSIT_ENCRYPTION",
        DetectedBy.LAUNCH_CHECK,
    )
    resource = cluster_resource(facts, "STARTING", "arn:aws:iam::123456789012:user/ana")
    alert_id = "3a6d888d-cd1a-452f-b4d2-0047c47d8ce3"
    return Alert(alert_id, (Judged(resource, verdict),), origin, now)


def hub_severities() -> str:
    """Answer how severe each reason is in Security Hub."""
    rows = [
        (label, ", ".join(f"`{reason}`" for reason in Reason if reason in reasons))
        for label, reasons in LABELS.items()
    ]
    return _table(("Severity", "Where the worst reason is"), rows)


def alert_email() -> str:
    """Answer an alert as a person gets it."""
    alert = sample_alert()
    return f"```text\nSubject: {subject(alert)}\n\n{email(alert)}\n```"


def alert_json() -> str:
    """Answer an alert as a machine gets it."""
    return f"```json\n{json.dumps(document(sample_alert()), indent=2)}\n```"


def bench_sweeps() -> str:
    """Answer what sweeps have been measured to cost."""
    rows = bench_tables.sweep_rows(bench_tables.measured())
    return _table(bench_tables.SWEEPS_HEAD, rows)


def bench_starts() -> str:
    """Answer what cold starts have been measured to cost."""
    rows = bench_tables.start_rows(bench_tables.measured())
    return _table(bench_tables.STARTS_HEAD, rows)


TABLES: dict[str, Callable[[], str]] = {
    "reasons": reasons,
    "parameters": parameters,
    "assumed-overrides": assumed_overrides,
    "counts": counts,
    "hub-severities": hub_severities,
    "alert-email": alert_email,
    "alert-json": alert_json,
    "bench-sweeps": bench_sweeps,
    "bench-starts": bench_starts,
}


def with_tables(text: str) -> str:
    """Answer the README with every table as the code has it."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"README.md lacks {begin.strip()} or {end.strip()}")
        text = before + begin + table() + "\n" + end + after
    return text


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text()))
