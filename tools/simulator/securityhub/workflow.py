"""Simulator: what becomes of a finding when its provider imports it again.

Source: Security Hub User Guide, findings-workflow-status and finding-update-batchimportfindings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

# What a customer says of a finding, which no import changes.
_CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_FAILING = ("FAILED", "WARNING", "NOT_AVAILABLE")


def imported(finding: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Return a finding as Security Hub keeps it, once it has been imported over another or none.

    An update that is not later than what is there is passed over without a word.
    """
    if before and _time(finding) <= _time(before):
        return before
    provided = finding.get("FindingProviderFields", {})
    kept = {"RecordState": "ACTIVE", **finding}
    kept |= {name: provided[name] for name in ("Severity", "Types") if name in provided}
    if before is None:
        return kept | {"Workflow": {"Status": "NEW"}}
    kept |= {name: before[name] for name in _CUSTOMERS if name in before}
    if before["Workflow"]["Status"] in {"NOTIFIED", "RESOLVED"} and _needs_attention(kept, before):
        kept["Workflow"] = {"Status": "NEW"}
    return before | kept


def _needs_attention(after: dict[str, Any], before: dict[str, Any]) -> bool:
    has_returned = before["RecordState"] == "ARCHIVED" and after["RecordState"] == "ACTIVE"
    return has_returned or (_status(before) == "PASSED" and _status(after) in _FAILING)


def _status(finding: dict[str, Any]) -> str | None:
    found = finding.get("Compliance", {}).get("Status")
    return str(found) if found else None


def _time(finding: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(finding["UpdatedAt"])
