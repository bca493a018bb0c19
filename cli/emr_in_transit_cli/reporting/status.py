"""Pure: what is on record about clusters now, counted, and what is not known."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.aws.evaluations import REPEAT_AFTER
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EVERY_HOUR = timedelta(hours=1)  # the default of the stack's Frequency
_ANNOTATION = re.compile(r"(?P<reason>[A-Z][A-Z_]+): (?P<detail>.*)", re.DOTALL)
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"(?:[a-z]{2}(?:-[a-z]+)+-[0-9]+)?")
# Of several verdicts on one resource, the first of these counts.
_WORST = (
    Outcome.NON_COMPLIANT,
    Outcome.COULD_NOT_TELL,
    Outcome.COMPLIANT,
    Outcome.NOT_APPLICABLE,
)


class Place(NamedTuple):
    """An account and a Region; "" stands for any Region."""

    account: str
    region: str


class Said(NamedTuple):
    """One finding as its source tells it; the reason is "" where the source names none."""

    severity: str
    reason: str
    detail: str
    remedy: str


class Recorded(NamedTuple):
    """One verdict on one resource, by one rule or scan."""

    account: str
    region: str
    rule: str
    resource_type: str
    resource_id: str
    name: str
    compliance: Outcome
    findings: tuple[Said, ...]
    summary: str
    recorded: datetime | None  # None where the source does not say when

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.account, self.region)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the verdict is about, whoever judged it."""
        return (self.account, self.region, self.resource_type, self.resource_id)

    @property
    def violations(self) -> tuple[Said, ...]:
        """What makes it NON_COMPLIANT."""
        return tuple(each for each in self.findings if each.severity == Severity.VIOLATION)


class GapKind(StrEnum):
    """Why something is not known, gravest first."""

    SOURCE_FAILED = "SOURCE_FAILED"
    SOURCE_OUTDATED = "SOURCE_OUTDATED"
    COULD_NOT_TELL = "COULD_NOT_TELL"
    RESULT_OLD = "RESULT_OLD"
    EXPECTED_MISSING = "EXPECTED_MISSING"
    NO_RESULT = "NO_RESULT"


class Gap(NamedTuple):
    """What is not known about an account and Region, where and since when it is told."""

    kind: GapKind
    account: str
    region: str
    detail: str
    since: datetime | None = None


class Reading(NamedTuple):
    """What one source has told: an aggregator, an account's Region, or a file of scan."""

    kind: str
    source: str
    as_of: datetime
    results: tuple[Recorded, ...]
    gaps: tuple[Gap, ...] = ()
    places: frozenset[Place] = frozenset()  # those that exist, as far as the source tells
    empty: frozenset[Place] = frozenset()  # those that were read, and have no cluster


class Count(NamedTuple):
    """How many resources of a group have which verdict."""

    name: str
    violating: int
    compliant: int
    could_not_tell: int

    @property
    def total(self) -> int:
        """How many there are."""
        return self.violating + self.compliant + self.could_not_tell


class Status(NamedTuple):
    """All that several sources have told, in an order that depends on nothing else."""

    sources: tuple[str, ...]
    as_of: datetime
    results: tuple[Recorded, ...]
    gaps: tuple[Gap, ...]
    without_result: tuple[Gap, ...]  # expected ones first
    empty: tuple[Place, ...]  # that were read, and have no cluster
    fresh_for: timedelta  # how old the newest result of a rule can be

    @property
    def violating(self) -> tuple[Recorded, ...]:
        """The verdicts that are NON_COMPLIANT."""
        return tuple(each for each in self.results if each.compliance is Outcome.NON_COMPLIANT)

    @property
    def is_known(self) -> bool:
        """Whether nothing is missing: no gap, nobody expected and silent, and any result at all."""
        missing = any(each.kind is GapKind.EXPECTED_MISSING for each in self.without_result)
        return bool(self.results or self.empty) and not (self.gaps or missing)

    def totals(self) -> Count:
        """Return the counts of all resources."""
        return _count("all", self.results)

    def by_account(self) -> list[Count]:
        """Return the counts of each account, the most violations first."""
        return _grouped((each.account, each) for each in self.results)

    def by_region(self) -> list[Count]:
        """Return the counts of each Region, the most violations first."""
        return _grouped((each.region, each) for each in self.results)

    def by_reason(self) -> list[tuple[str, int]]:
        """Return how many resources violate for each reason, in the reasons' own order."""
        keys = {(said.reason, each.key) for each in self.violating for said in each.violations}
        found = Counter(reason for reason, _ in keys)
        return sorted(found.items(), key=lambda each: _reason_rank(each[0]))


def status_of(
    readings: Sequence[Reading], expected: Iterable[Place] = (), every: timedelta = EVERY_HOUR
) -> Status:
    """Return what the readings amount to; whoever is expected and silent is named.

    A sweep, which comes ``every`` so often, records what has not changed again after a day: so old
    can the newest result of a rule be by the newest reading. No clock is asked, so that the same
    files give the same report.
    """
    fresh_for = REPEAT_AFTER + every
    as_of = max(each.as_of for each in readings)
    readings = [_without_outdated(each, readings) for each in readings]
    results = sorted({result for each in readings for result in each.results}, key=_result_key)
    gaps = {gap for each in readings for gap in each.gaps} | set(
        _old(results, as_of - fresh_for, fresh_for)
    )
    places = {place for each in readings for place in each.places}
    heard = {each.place for each in results}
    empty = {place for each in readings for place in each.empty} - heard
    known = heard | empty
    missing = {
        Gap(GapKind.EXPECTED_MISSING, each.account, each.region, "expected, and without any result")
        for each in silent(expected, known)
    }
    named = {(each.account, each.region) for each in missing}
    unheard = {
        Gap(GapKind.NO_RESULT, *each, "no cluster is recorded, or the control is not there")
        for each in places - known - named
    }
    return Status(
        sources=tuple(sorted(each.source for each in readings)),
        as_of=as_of,
        results=tuple(results),
        gaps=tuple(sorted(gaps, key=_gap_key)),
        without_result=tuple(sorted(missing | unheard, key=_gap_key)),
        empty=tuple(sorted(empty)),
        fresh_for=fresh_for,
    )


def silent(expected: Iterable[Place], heard: Iterable[Place]) -> tuple[Place, ...]:
    """Return, sorted, those expected of whom nothing was heard; "" as a Region is any."""
    known = set(heard) | {Place(each.account, "") for each in heard}
    return tuple(sorted(set(expected) - known))


def findings_of(annotation: str, compliance: Outcome) -> tuple[Said, ...]:
    """Return what an annotation of AWS Config tells of a violation: its first reason.

    "(+2 more)" stays in the detail. One without a reason that is known has been written by another
    version; its own words are kept.
    """
    if compliance is not Outcome.NON_COMPLIANT:
        return ()
    found = _ANNOTATION.fullmatch(annotation)
    if found is None:
        return (Said(Severity.VIOLATION, "", annotation, ""),)
    reason = found["reason"]
    return (Said(Severity.VIOLATION, reason, found["detail"], remedy_of(reason)),)


def remedy_of(reason: str) -> str:
    """Return what to do about a reason; "" where this version does not know it."""
    return REASONS[Reason(reason)].remedy if reason in REASONS else ""


def read_expected(text: str, name: str) -> tuple[Place, ...]:
    """Return the accounts and Regions that a file lists; raise UsageError.

    A line is an account, or an account and a Region between a comma or blanks; ``#`` begins a
    remark, and a heading "account,region" is passed over.
    """
    places = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").replace('"', " ").split()
        if not words or [each.lower() for each in words] == ["account", "region"]:
            continue
        account, region = (*words, "", "")[:2]
        if len(words) > 2 or not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
            raise UsageError(
                f"--expect {name}, line {number}: {line.strip()[:80]!r} is not an account of 12 "
                "digits, with or without a Region"
            )
        places.append(Place(account, region))
    if not places:
        raise UsageError(f"--expect {name} names no account")
    return tuple(dict.fromkeys(places))


def _without_outdated(reading: Reading, readings: Sequence[Reading]) -> Reading:
    """Return a reading without the places that a newer one of its kind has read as well."""
    newer = {
        place
        for other in readings
        if other.kind == reading.kind and other.as_of > reading.as_of
        for place in other.places
    }
    return reading._replace(
        results=tuple(each for each in reading.results if each.place not in newer),
        gaps=tuple(each for each in reading.gaps if (each.account, each.region) not in newer),
        places=reading.places - newer,
        empty=reading.empty - newer,
    )


def _old(results: Iterable[Recorded], since: datetime, fresh_for: timedelta) -> Iterable[Gap]:
    """Return the rules whose newest verdict on a cluster is old.

    A security configuration is judged when it changes, so that its verdict may be of any age.
    """
    newest: dict[tuple[Place, str], datetime] = {}
    for each in results:
        if each.resource_type == CLUSTER_TYPE and each.recorded is not None:
            key = (each.place, each.rule)
            newest[key] = max(each.recorded, newest.get(key, each.recorded))
    for (place, rule), recorded in newest.items():
        if recorded < since:
            detail = f"{rule}: its newest result is older than {hours(fresh_for)} hours"
            yield Gap(GapKind.RESULT_OLD, *place, detail, recorded)


def hours(duration: timedelta) -> str:
    """Return a duration in hours, as people write it."""
    return f"{duration.total_seconds() / 3600:.3g}"


def _grouped(named: Iterable[tuple[str, Recorded]]) -> list[Count]:
    groups: dict[str, list[Recorded]] = {}
    for name, each in named:
        groups.setdefault(name, []).append(each)
    counts = [_count(name, results) for name, results in groups.items()]
    return sorted(counts, key=lambda each: (-each.violating, each.name))


def _count(name: str, results: Iterable[Recorded]) -> Count:
    worst: dict[tuple[str, ...], Outcome] = {}
    for each in results:
        other = worst.get(each.key, each.compliance)
        worst[each.key] = min(other, each.compliance, key=_WORST.index)
    found = Counter(worst.values())
    return Count(
        name, found[Outcome.NON_COMPLIANT], found[Outcome.COMPLIANT], found[Outcome.COULD_NOT_TELL]
    )


def _reason_rank(reason: str) -> tuple[int, str]:
    order = list(REASONS)
    return (order.index(Reason(reason)) if reason in REASONS else len(order), reason)


def _result_key(each: Recorded) -> tuple[str, ...]:
    return (*each.key, each.rule, str(each.recorded), repr(each))


def _gap_key(each: Gap) -> tuple[int, str, str, str, str]:
    rank = list(GapKind).index(each.kind)
    return (rank, each.account, each.region, each.detail, str(each.since))
