"""Compares two reports of ``scan``: which violations are new, mended or gone since the older."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.scanning.report import read_back

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emr_in_transit_cli.scanning.report import Document

NOT_LISTED = "NOT_LISTED"  # its Region was read, and it was not there
NOT_LOOKED_AT = "NOT_LOOKED_AT"
_Key = tuple[str, str, str]


class Standing:
    """What one report says of clusters, also of those that it does not have.

    Raises KeyError, TypeError or AttributeError where it is no report.
    """

    def __init__(self, document: Document) -> None:
        self.moment = one_line(str(document["startedAt"]))
        self.parameters = dict(document["parameters"])
        self.names: dict[_Key, str] = {}
        self.violations: dict[_Key, tuple[str, ...]] = {}  # the reasons
        self._outcomes: dict[_Key, Outcome] = {}
        for each in document["clusters"]:
            self._add((each["account"], each["region"], each["resourceId"]), each)
        self._refused = {each["account"] for each in document["accounts"] if each["problem"]}
        self._is_whole = {
            (each["account"], each["region"]): bool(each["complete"])
            for each in document["regions"]
        }

    def _add(self, key: _Key, cluster: Document) -> None:
        self.names[key] = one_line(str(cluster["resourceName"]))
        self._outcomes[key] = Outcome(cluster["complianceType"])
        if self._outcomes[key] is Outcome.NON_COMPLIANT:
            reasons = (
                each["reason"] for each in cluster["findings"] if each["severity"] == "VIOLATION"
            )
            self.violations[key] = tuple(dict.fromkeys(reasons))

    def of(self, key: _Key) -> str:
        """Return how a cluster stands in this report."""
        if key in self._outcomes:
            return self._outcomes[key].value
        account, region, _ = key
        is_whole = self._is_whole.get((account, region))
        if is_whole is None and account not in self._refused:
            return NOT_LOOKED_AT
        return NOT_LISTED if is_whole else Outcome.COULD_NOT_TELL.value


def read_report(path: str) -> Standing:
    """Return what an older report says; raise UsageError where the file is none."""
    return read_back(path, f"--compare {path}", Standing)


def compare(older: Standing, document: Document) -> Document:
    """Return what has become of violations since the older report, as scan.schema.json has it."""
    newer = Standing(document)
    now, then = newer.violations, older.violations

    def change(key: _Key, reasons: Iterable[str]) -> Document:
        account, region, cluster_id = key
        return {
            "account": account,
            "region": region,
            "resourceId": cluster_id,
            "resourceName": newer.names.get(key) or older.names.get(key, ""),
            "reasons": list(reasons),
            "then": older.of(key),
            "now": newer.of(key),
        }

    found: dict[str, list[Document]] = {"new": [], "mended": [], "gone": [], "unknown": []}
    for key, reasons in now.items():
        if more := [each for each in reasons if each not in then.get(key, ())]:
            found["new"].append(change(key, more))
    for key, reasons in then.items():
        if key not in now:
            kind = _KINDS.get(newer.of(key), "mended")
            found[kind].append(change(key, reasons))
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
