"""The report of ``check`` in SARIF 2.1.0 (OASIS), for code hosts to show beside the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emr_in_transit import __version__
from emr_in_transit.judgement.reasons import REASONS, Severity
from emr_in_transit_cli import files
from emr_in_transit_cli.dialects.documents import line_of
from emr_in_transit_cli.errors import InputError
from emr_in_transit_cli.formats import json_text
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from emr_in_transit.judgement.verdict import Finding
    from emr_in_transit_cli.checking.check import Report
    from emr_in_transit_cli.files import Source
    from emr_in_transit_cli.judging import Result

COULD_NOT_TELL = Outcome.COULD_NOT_TELL.value  # the id of a notification


def as_sarif(report: Report) -> str:
    """Return the report in SARIF."""
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
    return json_text(document)


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
