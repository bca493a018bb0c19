"""Pure: what was true in a period, by the lines of the functions' logs, and what nobody knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.aws.evaluations import REPEAT_AFTER
from emr_in_transit.aws.logs import COULD_NOT_TELL, SWEEP_FINISHED, VERDICT
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit_cli.reporting.log_lines import Period
from emr_in_transit_cli.reporting.status import Place, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from emr_in_transit_cli.reporting.log_lines import Input, Line, Lines

# The function's timeout (template.yml): so late a line of a sweep can be.
LONGEST_RUN = timedelta(minutes=15)
ENDED = "ENDED"


class Exempted(NamedTuple):
    """By which tag a cluster is exempt, what that says, and the last day, "" without one."""

    tag: str
    text: str
    until: str


class Span(NamedTuple):
    """Equal verdicts one after the other, from the first line's time to the last line's."""

    first: datetime
    last: datetime
    lines: int
    verdict: str  # a compliance, or ENDED
    reasons: tuple[str, ...]
    annotation: str  # of the last line: a date in it may differ
    facts_hash: str
    configuration: str
    configuration_created: str
    exemption: Exempted | None

    @property
    def same(self) -> tuple[Any, ...]:
        """What makes two lines one verdict."""
        return (self.verdict, self.reasons, *self[6:])


class History(NamedTuple):
    """All verdicts of one rule on one resource within the period."""

    account: str
    region: str
    rule: str
    resource_type: str
    resource_id: str
    name: str
    release: str
    created: str
    launched_by: str  # "" where CloudTrail has not told
    spans: tuple[Span, ...]
    gaps: tuple[Period, ...]  # in which nothing tells of it

    @property
    def first(self) -> datetime:
        """When it was seen first."""
        return self.spans[0].first

    @property
    def last(self) -> datetime:
        """When it was seen last."""
        return self.spans[-1].last

    @property
    def violated(self) -> bool:
        """Whether it was NON_COMPLIANT at any time."""
        return any(each.verdict == Compliance.NON_COMPLIANT for each in self.spans)

    @property
    def exempted(self) -> bool:
        """Whether it was exempt at any time."""
        return any(each.exemption for each in self.spans)


class Unfinished(NamedTuple):
    """A sweep that came to its end without all that it should have done."""

    time: datetime
    could_not_tell: int
    deferred: int


class Untold(NamedTuple):
    """What could not be told, how often, and from when to when."""

    subject: str
    why: str
    first: datetime
    last: datetime
    lines: int


class Sweeps(NamedTuple):
    """The sweeps of one rule in one account and Region."""

    account: str
    region: str
    rule: str
    finished: int
    most_live: int
    unfinished: tuple[Unfinished, ...]
    untold: tuple[Untold, ...]
    gaps: tuple[Period, ...]  # without a sweep that came to its end


class Evidence(NamedTuple):
    """What the lines of a period amount to."""

    period: Period
    every: timedelta
    inputs: tuple[Input, ...]
    lines: tuple[Line, ...]
    sweeps: tuple[Sweeps, ...]
    histories: tuple[History, ...]
    missing: tuple[Place, ...] = ()  # expected, and without any line

    @property
    def violated(self) -> tuple[History, ...]:
        """The histories of what was NON_COMPLIANT at any time."""
        return tuple(each for each in self.histories if each.violated)

    @property
    def exempted(self) -> tuple[tuple[History, Span], ...]:
        """What was exempt, and when."""
        spans = [(each, span) for each in self.histories for span in each.spans]
        return tuple(each for each in spans if each[1].exemption)

    @property
    def unreadable(self) -> int:
        """How many lines could not be read."""
        return sum(len(each.unreadable) for each in self.inputs)

    @property
    def is_known(self) -> bool:
        """Whether nothing is missing."""
        whole = all(not (each.gaps or each.unfinished or each.untold) for each in self.sweeps)
        seen = all(not each.gaps for each in self.histories)
        return bool(self.lines) and whole and seen and not (self.unreadable or self.missing)


def evidence_of(
    lines: Lines, period: Period, every: timedelta, expected: Iterable[Place] = ()
) -> Evidence:
    """Return what the lines within a period amount to; a sweep is due ``every`` so often."""
    within = tuple(each for each in lines.lines if period.start <= each.time < period.end)
    by_rule: dict[tuple[Place, str], list[Line]] = {}
    by_resource: dict[tuple[Place, str, str, str], list[Line]] = {}
    for each in within:
        rule = each.fields["rule"]
        by_rule.setdefault((each.place, rule), []).append(each)
        if each.message == VERDICT:
            about = (each.fields["resource_type"], each.fields["resource_id"])
            by_resource.setdefault((each.place, rule, *about), []).append(each)
    return Evidence(
        period,
        every,
        lines.inputs,
        within,
        tuple(
            _sweeps(place, rule, found, period, every)
            for (place, rule), found in sorted(by_rule.items())
            if any(_is_of_sweep(each) for each in found)
        ),
        tuple(_history(key, found, period, every) for key, found in sorted(by_resource.items())),
        silent(expected, {place for place, _ in by_rule}),
    )


def _is_of_sweep(line: Line) -> bool:
    """Return whether a rule that writes such a line sweeps; one on changes alone does not."""
    return line.message != VERDICT or line.fields["resource_type"] == CLUSTER_TYPE


def _sweeps(
    place: Place, rule: str, lines: Sequence[Line], period: Period, every: timedelta
) -> Sweeps:
    finished = [each for each in lines if each.message == SWEEP_FINISHED]
    unfinished = [
        Unfinished(each.time, could_not_tell, deferred)
        for each in finished
        if (could_not_tell := _number(each, "could_not_tell"))
        + (deferred := _number(each, "deferred"))
    ]
    return Sweeps(
        *place,
        rule,
        finished=len(finished),
        most_live=max((_number(each, "live") for each in finished), default=0),
        unfinished=tuple(unfinished),
        untold=_untold(each for each in lines if each.message == COULD_NOT_TELL),
        # The stack's alarm rings after two periods as well.
        gaps=_gaps([each.time for each in finished], period, 2 * every),
    )


def _untold(lines: Iterable[Line]) -> tuple[Untold, ...]:
    found: dict[tuple[str, str], list[Line]] = {}
    for each in lines:
        found.setdefault((each.fields["subject"], each.fields["why"]), []).append(each)
    return tuple(
        Untold(*key, several[0].time, several[-1].time, len(several))
        for key, several in sorted(found.items())
    )


def _history(
    key: tuple[Place, str, str, str], lines: Sequence[Line], period: Period, every: timedelta
) -> History:
    place, rule, resource_type, resource_id = key
    spans: list[Span] = []
    for line in lines:
        span = _span(line)
        if spans and spans[-1].same == span.same:
            before = spans.pop()
            span = span._replace(first=before.first, lines=before.lines + 1)
        spans.append(span)
    gaps: tuple[Period, ...] = ()
    if resource_type == CLUSTER_TYPE:
        limit = REPEAT_AFTER + every + LONGEST_RUN
        gaps = _gaps([each.time for each in lines], _life(lines, period), limit)
    return History(
        *place,
        rule,
        resource_type,
        resource_id,
        name=_last(lines, "resource_name"),
        release=_last(lines, "release"),
        created=_last(lines, "cluster_created"),
        launched_by=_last(lines, "launched_by"),
        spans=tuple(spans),
        gaps=gaps,
    )


def _span(line: Line) -> Span:
    fields = line.fields
    exemption = fields.get("exemption")
    return Span(
        first=line.time,
        last=line.time,
        lines=1,
        verdict=ENDED if line.is_end else fields["compliance"],
        reasons=tuple(str(each) for each in _list(fields.get("reasons"))),
        annotation=fields["annotation"],
        facts_hash=fields["facts_hash"],
        configuration=_text(fields.get("security_configuration")),
        configuration_created=_text(fields.get("security_configuration_created")),
        exemption=_exempted(exemption),
    )


def _exempted(found: Any) -> Exempted | None:
    if not isinstance(found, dict):
        return None
    return Exempted(*(_text(found.get(each)) for each in Exempted._fields))


def _life(lines: Sequence[Line], period: Period) -> Period:
    """Return the part of a period in which a cluster lived, as far as its lines tell."""
    created = _last(lines, "cluster_created")
    start = max(period.start, datetime.fromisoformat(created)) if created else lines[0].time
    has_ended = _span(lines[-1]).verdict == ENDED
    return Period(start, lines[-1].time if has_ended else period.end)


def _gaps(times: Sequence[datetime], period: Period, limit: timedelta) -> tuple[Period, ...]:
    """Return the times longer than the limit between two moments, or one and an end of the period."""
    moments = [period.start, *times, period.end]
    return tuple(Period(*each) for each in pairwise(moments) if each[1] - each[0] > limit)


def _last(lines: Sequence[Line], member: str) -> str:
    """Return what the last line says that says anything: not every line has every member."""
    found = [_text(each.fields.get(member)) for each in lines]
    return next((each for each in reversed(found) if each), "")


def _number(line: Line, member: str) -> int:
    value = line.fields.get(member)
    return value if isinstance(value, int) else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
