"""Writes a report as JSON and CSV, and the evidence of a period as files with a list of hashes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.formats import csv_text, json_text
from emr_in_transit_cli.reporting.pages import TOOL, evidence_page, report_page, unknown_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emr_in_transit_cli.reporting.evidence import Evidence, History, Span, Sweeps
    from emr_in_transit_cli.reporting.status import Count, Gap, Recorded, Status

SCHEMA_VERSION = "1.0"
SUMS = "SHA256SUMS"
_REPORT_COLUMNS = (
    *("account", "region", "rule", "resourceType", "resourceId", "resourceName", "complianceType"),
    *("severity", "reason", "detail", "remedy", "recorded"),
)
_EVIDENCE_COLUMNS = (
    *("account", "region", "rule", "resourceType", "resourceId", "resourceName", "release"),
    *("created", "launchedBy", "from", "to", "lines", "verdict", "reasons", "annotation"),
    *("securityConfiguration", "securityConfigurationCreated", "factsHash"),
    *("exemptionTag", "exemptionText", "exemptionUntil"),
)


def report_text(status: Status, form: str) -> str:
    """Return a report in the form "html", "json" or "csv"."""
    return {"html": report_page, "json": _report_json, "csv": _report_csv}[form](status)


def evidence_files(evidence: Evidence) -> dict[str, bytes]:
    """Return the files of a period's evidence by name, with the list of their SHA-256.

    Equal lines make equal bytes; ``sha256sum --check SHA256SUMS`` compares them.
    """
    texts = {
        "evidence.html": evidence_page(evidence),
        "evidence.json": json_text(_evidence_object(evidence)),
        "evidence.csv": _evidence_csv(evidence),
        "verdicts.jsonl": "".join(f"{each.text}\n" for each in evidence.lines),
    }
    files = {name: _encoded(text) for name, text in sorted(texts.items())}
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    return files | {SUMS: "".join(sums).encode()}


def report_summary(status: Status) -> str:
    """Return a report in one line."""
    totals = status.totals()
    return (
        f"{totals.violating} violating, {totals.compliant} compliant, {len(status.gaps)} not known, "
        f"{len(status.without_result)} without any result"
    )


def evidence_summary(evidence: Evidence) -> str:
    """Return the evidence of a period in one line."""
    return (
        f"{len(evidence.histories)} judged, {len(evidence.violated)} violated at some time, "
        f"{len(tuple(unknown_of(evidence)))} not known"
    )


def _report_json(status: Status) -> str:
    """Return a report in the form of report.schema.json."""
    return json_text(
        {
            "schemaVersion": SCHEMA_VERSION,
            "kind": "report",
            "tool": TOOL,
            "asOf": _moment(status.as_of),
            "sources": list(status.sources),
            "unknown": [_gap(each) for each in status.gaps],
            "withoutResult": [_gap(each) for each in status.without_result],
            "withoutCluster": [each._asdict() for each in status.empty],
            "totals": _counts(status.totals()),
            "byAccount": {each.name: _counts(each) for each in status.by_account()},
            "byRegion": {each.name: _counts(each) for each in status.by_region()},
            "byReason": dict(status.by_reason()),
            "results": [_result(each) for each in status.results],
        }
    )


def _gap(each: Gap) -> dict[str, Any]:
    since = _moment(each.since) if each.since else None
    return {
        "kind": each.kind.value,
        "account": each.account,
        "region": each.region,
        "detail": each.detail,
        "since": since,
    }


def _counts(each: Count) -> dict[str, int]:
    return {
        "violating": each.violating,
        "compliant": each.compliant,
        "couldNotTell": each.could_not_tell,
    }


def _result(each: Recorded) -> dict[str, Any]:
    return {
        "account": each.account,
        "region": each.region,
        "rule": each.rule,
        "resourceType": each.resource_type,
        "resourceId": each.resource_id,
        "resourceName": each.name,
        "complianceType": each.compliance.value,
        "annotation": each.summary,
        "findings": [said._asdict() for said in each.findings],
        "recorded": _moment(each.recorded) if each.recorded else None,
    }


def _report_csv(status: Status) -> str:
    """Return a row for each finding, and for each verdict without one."""
    rows = []
    for each in status.results:
        about = (*each[:7],)
        recorded = _moment(each.recorded) if each.recorded else ""
        rows += [(*about, *said, recorded) for said in each.findings]
        if not each.findings:
            rows.append((*about, "", "", each.summary, "", recorded))
    return csv_text(_REPORT_COLUMNS, rows)


def _evidence_object(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence in the form of evidence.schema.json."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "evidence",
        "tool": TOOL,
        "from": _moment(evidence.period.start),
        "to": _moment(evidence.period.end),
        "sweepEverySeconds": int(evidence.every.total_seconds()),
        "inputs": [
            {
                "name": each.name,
                "sha256": each.sha256,
                "lines": each.lines,
                "unreadable": list(each.unreadable),
            }
            for each in evidence.inputs
        ],
        "unknown": [each._asdict() for each in unknown_of(evidence)],
        "sweeps": [_sweeps(each) for each in evidence.sweeps],
        "resources": [_history(each) for each in evidence.histories],
    }


def _sweeps(each: Sweeps) -> dict[str, Any]:
    return {
        "account": each.account,
        "region": each.region,
        "rule": each.rule,
        "finished": each.finished,
        "mostLive": each.most_live,
        "unfinished": [
            {
                "time": _moment(run.time),
                "couldNotTell": run.could_not_tell,
                "deferred": run.deferred,
            }
            for run in each.unfinished
        ],
        "couldNotTell": [
            {
                "subject": found.subject,
                "why": found.why,
                "from": _moment(found.first),
                "to": _moment(found.last),
                "lines": found.lines,
            }
            for found in each.untold
        ],
        "gaps": _periods(each.gaps),
    }


def _history(each: History) -> dict[str, Any]:
    return {
        "account": each.account,
        "region": each.region,
        "rule": each.rule,
        "resourceType": each.resource_type,
        "resourceId": each.resource_id,
        "resourceName": each.name,
        "release": each.release,
        "created": each.created,
        "launchedBy": each.launched_by,
        "verdicts": [_span(span) for span in each.spans],
        "gaps": _periods(each.gaps),
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "from": _moment(span.first),
        "to": _moment(span.last),
        "lines": span.lines,
        "verdict": str(span.verdict),
        "reasons": list(span.reasons),
        "annotation": span.annotation,
        "securityConfiguration": span.configuration,
        "securityConfigurationCreated": span.configuration_created,
        "factsHash": span.facts_hash,
        "exemption": span.exemption._asdict() if span.exemption else None,
    }


def _periods(gaps: Iterable[Any]) -> list[dict[str, str]]:
    return [{"from": _moment(each.start), "to": _moment(each.end)} for each in gaps]


def _evidence_csv(evidence: Evidence) -> str:
    """Return a row for each run of equal verdicts."""
    return csv_text(
        _EVIDENCE_COLUMNS,
        [
            (
                *each[:9],
                *(_moment(span.first), _moment(span.last), str(span.lines), str(span.verdict)),
                *(" ".join(span.reasons), span.annotation),
                *(span.configuration, span.configuration_created, span.facts_hash),
                *(span.exemption or ("", "", "")),
            )
            for each in evidence.histories
            for span in each.spans
        ],
    )


def _encoded(text: str) -> bytes:
    # A name can hold half a surrogate pair, which no file can.
    return text.encode("utf-8", errors="backslashreplace")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
