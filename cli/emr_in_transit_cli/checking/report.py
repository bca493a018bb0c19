"""The report of ``check``: as a table, JSON or CSV; SARIF has a module of its own."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from emr_in_transit import __version__
from emr_in_transit_cli.checking.sarif import as_sarif
from emr_in_transit_cli.formats import (
    FINDING,
    counted,
    csv_text,
    finding_object,
    finding_rows,
    json_text,
    verdict_table,
)
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from emr_in_transit_cli.checking.check import Report
    from emr_in_transit_cli.judging import Result
    from emr_in_transit_cli.output import Content

SCHEMA_VERSION = 1
_ABOUT = ("file", "dialect", "kind", "address", "compliance")


def content(report: Report, form: str, *, verbose: bool) -> Content:
    """Return the report in the form "table", "json", "csv" or "sarif"."""
    texts = {"json": as_json, "csv": as_csv, "sarif": as_sarif}
    if form in texts:
        return texts[form](report)
    return partial(print_table, report, verbose=verbose)


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
    return json_text(document)


def as_csv(report: Report) -> str:
    """Return one row for each finding, and for each subject without one."""
    rows = (
        row
        for each in report.results
        for row in finding_rows(
            (each.source.shown, each.dialect, each.what, each.address, each.outcome),
            map(finding_object, each.findings),
            each.summary,
        )
    )
    return csv_text((*_ABOUT, *FINDING), rows)


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
    from rich.text import Text  # noqa: PLC0415 (rich takes its time to load)

    for source in dict.fromkeys(each.source for each in report.results):
        results = [each for each in report.results if each.source == source]
        dialects = ", ".join(dict.fromkeys(each.dialect for each in results if each.dialect))
        title = f"{source.shown} ({dialects})" if dialects else source.shown
        console.print(Text(title, style="bold"))
        rows = [
            (
                each.outcome,
                each.address,
                "\n".join([each.summary, *(f"Note: {remark}." for remark in each.remarks)]),
            )
            for each in results
        ]
        console.print(verdict_table(rows))
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
    yield counted(Counter(each.outcome for each in report.results)) or "nothing to judge"
