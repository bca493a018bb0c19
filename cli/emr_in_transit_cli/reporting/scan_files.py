"""Reads reports that ``scan --format json`` wrote."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.reporting.status import Gap, GapKind, Place, Reading, Recorded, Said
from emr_in_transit_cli.scanning.report import KIND, read_back

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE = "scan"  # what stands where other sources name a rule


def read_scan(path: str) -> Reading:
    """Return what one report says; raise UsageError where the file is none."""
    return read_back(path, path, partial(_reading, path))


def _reading(path: str, document: Mapping[str, Any]) -> Reading:
    gaps = [
        Gap(GapKind.COULD_NOT_TELL, each["account"], "", each["problem"])
        for each in document["accounts"]
        if each["problem"]
    ]
    for each in document["regions"]:
        if not each["complete"]:
            detail = each["problem"] or "the list of its clusters was not read to its end"
            gaps.append(Gap(GapKind.COULD_NOT_TELL, each["account"], each["region"], detail))
    results = [_recorded(each) for each in document["clusters"]]
    gaps += [
        Gap(GapKind.COULD_NOT_TELL, *each.place, f"{each.resource_id}: {each.summary}")
        for each in results
        if each.compliance is Outcome.COULD_NOT_TELL
    ]
    places = {Place(each["account"], each["region"]) for each in document["regions"]}
    read = {
        Place(each["account"], each["region"]) for each in document["regions"] if each["complete"]
    }
    finished = _moment(document["finishedAt"])
    source = f"scan {Path(path).name} of {finished.isoformat(timespec='seconds')}"
    return Reading(
        KIND, source, finished, tuple(results), tuple(gaps), frozenset(places), frozenset(read)
    )


def _recorded(each: Mapping[str, Any]) -> Recorded:
    return Recorded(
        account=each["account"],
        region=each["region"],
        rule=RULE,
        resource_type=each["resourceType"],
        resource_id=each["resourceId"],
        name=each["resourceName"],
        compliance=Outcome(each["complianceType"]),
        findings=tuple(
            Said(said["severity"], said["reason"], said["detail"], said["remedy"])
            for said in each["findings"]
        ),
        summary=each["annotation"],
        recorded=_moment(each["judgedAt"]),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment
