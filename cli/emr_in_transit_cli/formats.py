"""Writes the report of ``check``: as a table, JSON, CSV or SARIF."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emr_in_transit import __version__
from emr_in_transit.judgement.reasons import REASONS, Severity
from emr_in_transit_cli import files
from emr_in_transit_cli.documents import line_of
from emr_in_transit_cli.errors import InputError
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from emr_in_transit.judgement.verdict import Finding
    from emr_in_transit_cli.checking import Report
    from emr_in_transit_cli.files import Source
    from emr_in_transit_cli.judging import Result
    from emr_in_transit_cli.output import Content

SCHEMA_VERSION = 1
COULD_NOT_TELL = "COULD_NOT_TELL"
STYLES = {
    Outcome.COMPLIANT: "green",
    Outcome.NON_COMPLIANT: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.COULD_NOT_TELL: "yellow",
}


def content(report: Report, form: str, *, verbose: bool) -> Content:
    """Return the report in the form "table", "json", "csv" or "sarif"."""
    texts = {"json": as_json, "csv": as_csv, "sarif": as_sarif}
    if form in texts:
        return texts[form](report)
    return partial(print_table, report, verbose=verbose)


def finding_object(finding: Finding) -> dict[str, str]:
    """Return a finding as JSON has it."""
    return {
        "severity": finding.severity.value,
        "reason": finding.reason.value,
        "subject": finding.subject,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }


def as_json(report: Report) -> str:
    """Return the report in the form of check.schema.json."""
    counts = Counter(each.outcome.value for each in report.results)
    document = {
        "version": SCHEMA_VERSION,
        "tool": f"emr-in-transit {__version__}",
        "summary": {outcome.value: counts[outcome.value] for outcome in Outcome},
        "verdicts": [
            {
                "file": each.source.shown,
                "dialect": each.dialect,
                "kind": each.what,
                "address": each.address,
                "compliance": each.outcome.value,
                "summary": each.summary,
                "findings": [finding_object(finding) for finding in each.findings],
                "remarks": list(each.remarks),
            }
            for each in report.results
        ],
        "documents": [
            {
                "file": each.source.shown,
                "document": each.document,
                "dialect": each.dialect,
                "subjects": each.subjects,
            }
            for each in report.recognised
        ],
        "skipped": [
            {"file": source.shown, "problem": problem} for source, problem in report.skipped
        ],
    }
    return json.dumps(document, indent=2) + "\n"


_COLUMNS = (
    *("file", "dialect", "kind", "address", "compliance"),
    *("severity", "reason", "subject", "detail", "remedy"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: Report) -> str:
    """Return one row for each finding, and for each subject without one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for result in report.results:
        about = (result.source.shown, result.dialect, result.what, result.address, result.outcome)
        for finding in result.findings:
            writer.writerow(map(cell, (*about, *finding_object(finding).values())))
        if not result.findings:
            writer.writerow(map(cell, (*about, "", "", "", result.summary, "")))
    return text.getvalue()


def cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def as_sarif(report: Report) -> str:
    """Return the report in SARIF 2.1.0, for code hosts to show beside the lines."""
    lines = _Lines()
    results, notes = [], []
    for each in report.results:
        place = lines.place(each)
        for finding in each.findings:
            if finding.unavoidable:
                continue
            results.append(_sarif_result(each, finding, place))
        if each.outcome is Outcome.COULD_NOT_TELL:
            notes.append(
                {
                    "level": "error",
                    "descriptor": {"id": COULD_NOT_TELL},
                    "message": {"text": f"{each.address or each.source.shown}: {each.summary}"},
                    "locations": [place],
                }
            )
    run = {
        "tool": {"driver": _sarif_driver()},
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "results": results,
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2) + "\n"


def _sarif_result(result: Result, finding: Finding, place: dict[str, Any]) -> dict[str, Any]:
    text = f"{result.address}: {finding.detail} {finding.remedy}"
    # Two findings of one subject are two alerts, and stay them when lines move.
    identity = "/".join((result.address, finding.reason.value, finding.subject))
    return {
        "ruleId": finding.reason.value,
        "ruleIndex": list(REASONS).index(finding.reason),
        "level": "error" if finding.severity is Severity.VIOLATION else "warning",
        "message": {"text": text},
        "locations": [place],
        "partialFingerprints": {"emrInTransit/v1": identity},
    }


def _sarif_driver() -> dict[str, Any]:
    return {
        "name": "emr-in-transit",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": reason.value,
                "shortDescription": {"text": text.meaning},
                "fullDescription": {"text": text.meaning},
                "help": {"text": text.remedy},
                "defaultConfiguration": {
                    "level": "error" if text.severity is Severity.VIOLATION else "warning"
                },
            }
            for reason, text in REASONS.items()
        ],
        "notifications": [
            {
                "id": COULD_NOT_TELL,
                "shortDescription": {"text": "What is judged could not be read or known."},
            }
        ],
    }


class _Lines:
    """Finds lines in files, each of which is read once more only where something is found in it."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._text = ""

    def place(self, result: Result) -> dict[str, Any]:
        """Return where in its file a subject stands."""
        source = result.source
        if source.path == files.STANDARD_INPUT:
            return {"physicalLocation": {"artifactLocation": {"uri": "stdin"}}}
        if source != self._source:
            self._source = source
            try:
                self._text = files.read(source)
            except InputError:
                self._text = ""
        line = line_of(self._text, result.path) if result.path else 1
        uri = quote(source.path.replace("\\", "/"))
        return {
            "physicalLocation": {
                "artifactLocation": {"uri": uri},
                "region": {"startLine": line},
            }
        }


def print_table(report: Report, console: Console, *, verbose: bool) -> None:
    """Print the report for people: a table on a terminal, a line for each verdict elsewhere."""
    if console.is_terminal:
        _print_wide(report, console)
    else:
        for each in report.results:
            console.print(_line(each), soft_wrap=True, markup=False, highlight=False)
            for remark in each.remarks:
                console.print(f"  note: {remark}", soft_wrap=True, markup=False, highlight=False)
    for line in _closing(report, verbose=verbose):
        console.print(line, soft_wrap=not console.is_terminal, markup=False, highlight=False)


def _line(result: Result) -> str:
    where = f"{result.source.shown}: {result.address}".removesuffix(": ")
    return f"{result.outcome} {where}: {result.summary}"


def _print_wide(report: Report, console: Console) -> None:
    from rich.table import Table  # noqa: PLC0415 (rich takes its time to load)
    from rich.text import Text  # noqa: PLC0415

    for source in dict.fromkeys(each.source for each in report.results):
        results = [each for each in report.results if each.source == source]
        dialects = ", ".join(dict.fromkeys(each.dialect for each in results if each.dialect))
        title = f"{source.shown} ({dialects})" if dialects else source.shown
        console.print(Text(title, style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(ratio=2, overflow="fold")
        table.add_column(ratio=5, overflow="fold")
        for each in results:
            said = "\n".join([each.summary, *(f"Note: {remark}." for remark in each.remarks)])
            outcome = Text(each.outcome.value, style=STYLES[each.outcome])
            table.add_row(outcome, Text(each.address), Text(said))
        console.print(table)
    if report.results:
        console.print()


def _closing(report: Report, *, verbose: bool) -> Iterable[str]:
    """Return what the verdicts do not say: what was recognised, and what was passed over."""
    for each in report.recognised:
        if not each.subjects:
            yield f"{each.source.shown}: {each.dialect} without any EMR in it"
    if report.skipped:
        hint = "" if verbose else "; -v lists them"
        number = f"{len(report.skipped)} files" if len(report.skipped) > 1 else "1 file"
        yield f"{number} of no form that this command knows{hint}"
    if verbose:
        for source, problem in report.skipped:
            yield f"  {source.shown} {problem}"
        for each in report.recognised:
            yield f"  {each.source.shown}: {each.dialect}, {each.subjects} judged"
    counts = Counter(each.outcome for each in report.results)
    said = [f"{counts[outcome]} {SAID[outcome]}" for outcome in Outcome if counts[outcome]]
    yield ", ".join(said) or "nothing to judge"


SAID = {
    Outcome.COMPLIANT: "compliant",
    Outcome.NON_COMPLIANT: "non-compliant",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.COULD_NOT_TELL: "could not be told",
}
