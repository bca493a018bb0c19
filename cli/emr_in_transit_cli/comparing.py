"""Compares two reports of ``scan``: which violations are new, mended or gone since the older."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.judging import Outcome
from emr_in_transit_cli.scan_report import KIND, SCHEMA_VERSION

if TYPE_CHECKING:
    from emr_in_transit_cli.scan_report import Document

NOT_LISTED = "NOT_LISTED"  # its Region was read, and it was not there
NOT_LOOKED_AT = "NOT_LOOKED_AT"
_Key = tuple[str, str, str]


class Standing:
    """What one report says of clusters, also of those that it does not have.

    Raises KeyError, TypeError or AttributeError where it is no report.
    """

    def __init__(self, document: Document) -> None:
        self.moment = str(document["startedAt"])
        self.parameters = dict(document["parameters"])
        self.clusters: dict[_Key, Document] = {
            (each["account"], each["region"], each["resourceId"]): each
            for each in document["clusters"]
        }
        self._whole = {
            (each["account"], each["region"]) for each in document["regions"] if each["complete"]
        }
        self._part = {
            (each["account"], each["region"]) for each in document["regions"]
        } - self._whole
        self._refused = {each["account"] for each in document["accounts"] if each["problem"]}
        self._outcomes = {
            key: Outcome(each["complianceType"]) for key, each in self.clusters.items()
        }
        self._reasons = {
            key: tuple(
                dict.fromkeys(
                    finding["reason"]
                    for finding in each["findings"]
                    if finding["severity"] == "VIOLATION"
                )
            )
            for key, each in self.clusters.items()
        }

    def of(self, key: _Key) -> str:
        """Return how a cluster stands in this report."""
        if key in self._outcomes:
            return self._outcomes[key].value
        account, region, _ = key
        if (account, region) in self._whole:
            return NOT_LISTED
        if (account, region) in self._part or account in self._refused:
            return Outcome.COULD_NOT_TELL.value
        return NOT_LOOKED_AT

    def violations(self) -> dict[_Key, tuple[str, ...]]:
        """Return the clusters that violate, each with its reasons."""
        bad = Outcome.NON_COMPLIANT
        return {key: self._reasons[key] for key, each in self._outcomes.items() if each is bad}


def read_report(path: str) -> Standing:
    """Return what an older report says; raise UsageError where the file is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--compare {path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--compare {path} is not JSON") from error
    is_ours = isinstance(document, dict) and document.get("kind") == KIND
    if not is_ours:
        raise UsageError(f"--compare {path} is no report of scan --format json")
    if document.get("schemaVersion") != SCHEMA_VERSION:
        version = json.dumps(document.get("schemaVersion"))
        raise UsageError(f"--compare {path} is of schema {version[:60]}, not {SCHEMA_VERSION!r}")
    try:
        return Standing(document)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"--compare {path} is a damaged report ({problem})") from error


def compare(older: Standing, document: Document) -> Document:
    """Return what has become of violations since the older report, as scan.schema.json has it."""
    newer = Standing(document)
    now, then = newer.violations(), older.violations()
    found: dict[str, list[Document]] = {"new": [], "mended": [], "gone": [], "unknown": []}
    for key, reasons in now.items():
        if more := [each for each in reasons if each not in then.get(key, ())]:
            found["new"].append(_change(key, newer, older, more, newer))
    for key, reasons in then.items():
        if key not in now:
            kind = _KINDS.get(newer.of(key), "mended")
            found[kind].append(_change(key, older, older, reasons, newer))
    names = older.parameters.keys() | newer.parameters.keys()
    changed = [
        each for each in sorted(names) if older.parameters.get(each) != newer.parameters.get(each)
    ]
    return {"since": older.moment, "parametersChanged": changed, **found}


_KINDS = {
    NOT_LISTED: "gone",
    NOT_LOOKED_AT: "unknown",
    Outcome.COULD_NOT_TELL.value: "unknown",
}


def _change(
    key: _Key, known: Standing, older: Standing, reasons: object, newer: Standing
) -> Document:
    account, region, cluster_id = key
    return {
        "account": account,
        "region": region,
        "resourceId": cluster_id,
        "resourceName": known.clusters[key]["resourceName"],
        "reasons": list(reasons),  # type: ignore[call-overload]
        "then": older.of(key),
        "now": newer.of(key),
    }
