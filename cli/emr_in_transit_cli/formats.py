"""What reports have in common: findings, JSON, CSV, and the words and styles of outcomes."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.table import Table

    from emr_in_transit.judgement.verdict import Finding

FINDING = ("severity", "reason", "subject", "detail", "remedy")
_STYLES = {
    Outcome.COMPLIANT: "green",
    Outcome.NON_COMPLIANT: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.COULD_NOT_TELL: "yellow",
}
_SAID = {
    Outcome.COMPLIANT: "compliant",
    Outcome.NON_COMPLIANT: "non-compliant",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.COULD_NOT_TELL: "could not be told",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def finding_object(finding: Finding) -> dict[str, str]:
    """Return a finding as JSON has it."""
    return {
        "severity": finding.severity.value,
        "reason": finding.reason.value,
        "subject": finding.subject,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }


def finding_rows(
    about: Sequence[str], findings: Iterable[Mapping[str, str]], summary: str
) -> Iterator[tuple[str, ...]]:
    """Return a row for each finding, in the columns of FINDING, or one without any."""
    rows = [(*about, *(each[name] for name in FINDING)) for each in findings]
    yield from rows or [(*about, "", "", "", summary, "")]


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON for people and programs."""
    return json.dumps(document, indent=2) + "\n"


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return rows as CSV (RFC 4180), in which no spreadsheet takes a cell for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def counted(counts: Mapping[str, int]) -> str:
    """Return how many there are of each outcome, in words; "" where there is nothing."""
    return ", ".join(f"{counts[each]} {_SAID[each]}" for each in Outcome if counts[each])


def verdict_table(rows: Iterable[tuple[Outcome, str, str]]) -> Table:
    """Return a table for a terminal: what is said of which subject, and why."""
    from rich.table import Table  # noqa: PLC0415 (rich takes its time to load)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(ratio=5, overflow="fold")
    for outcome, subject, why in rows:
        table.add_row(Text(outcome.value, style=_STYLES[outcome]), Text(subject), Text(why))
    return table
