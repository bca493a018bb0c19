"""Writes a report, and the evidence of a period, as one page that needs nothing beside itself."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from emr_in_transit import __version__
from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.judgement.reasons import REASONS
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.reporting.evidence import ENDED
from emr_in_transit_cli.reporting.status import GapKind, hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emr_in_transit_cli.reporting.evidence import Evidence, Sweeps
    from emr_in_transit_cli.reporting.log_lines import Period
    from emr_in_transit_cli.reporting.status import Gap, Place, Recorded, Status

TOOL = f"emr-in-transit {__version__}"
KINDS = {
    GapKind.SOURCE_FAILED: "The aggregator could not read this source",
    GapKind.SOURCE_OUTDATED: "The aggregator has not all of this source yet",
    GapKind.COULD_NOT_TELL: "Could not be told",
    GapKind.RESULT_OLD: "Nobody has judged lately",
    GapKind.EXPECTED_MISSING: "Expected",
    GapKind.NO_RESULT: "Known to the sources",
}
_TONES = {
    Compliance.COMPLIANT: "good",
    Compliance.NON_COMPLIANT: "bad",
    Compliance.NOT_APPLICABLE: "unsure",
    ENDED: "soft",
}


class Unknown(NamedTuple):
    """What a period's evidence does not tell, as people read it."""

    title: str
    where: str
    detail: str


def report_page(status: Status) -> str:
    """Return the page of a report."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            status=status,
            totals=status.totals(),
            kinds=KINDS,
            fresh=hours(status.fresh_for),
            meanings={reason.value: text.meaning for reason, text in REASONS.items()},
            cluster_type=CLUSTER_TYPE,
            configuration_type=SECURITY_CONFIGURATION_TYPE,
            tool=TOOL,
        )
    )


def evidence_page(evidence: Evidence) -> str:
    """Return the page of a period's evidence."""
    return (
        _environment()
        .get_template("evidence.html")
        .render(
            evidence=evidence,
            unknown=tuple(unknown_of(evidence)),
            others=tuple(each for each in evidence.histories if not each.violated),
            tones=_TONES,
            every=hours(evidence.every),
            tool=TOOL,
        )
    )


def unknown_of(evidence: Evidence) -> Iterator[Unknown]:
    """Return all that a period's evidence does not tell, gravest first."""
    if not evidence.lines:
        yield Unknown("No line at all", "", "No source has a line of the period.")
    for place in evidence.missing:
        yield Unknown("Expected", _where(place), "No source has a line of it.")
    for each in evidence.sweeps:
        yield from _unknown_of_sweeps(each)
    for history in evidence.histories:
        for gap in history.gaps:
            about = f"{history.resource_id} {_where(history)}"
            yield Unknown("Nothing tells of a cluster", about, _words(gap))
    for made in evidence.inputs:
        for why in made.unreadable:
            yield Unknown("A line that cannot be read", made.name, why)


def _unknown_of_sweeps(each: Sweeps) -> Iterator[Unknown]:
    about = f"{_where(each)}, {each.rule}"
    for gap in each.gaps:
        yield Unknown("No sweep came to its end", about, _words(gap))
    for run in each.unfinished:
        counts = f"could not tell of {run.could_not_tell}, and left {run.deferred} for the next"
        yield Unknown("Not all was judged", about, f"At {shown(run.time)} a sweep {counts}.")
    for found in each.untold:
        often = "once" if found.lines == 1 else f"{found.lines} times"
        when = f"{often} from {shown(found.first)} to {shown(found.last)}"
        yield Unknown("Could not be told", about, f"{found.subject}: {found.why} ({when})")


def shown(moment: datetime) -> str:
    """Return a moment as people read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("emr_in_transit_cli.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.filters |= {
        "iso": lambda each: each.astimezone(UTC).isoformat(timespec="seconds"),
        "shown": shown,
        "hours": hours,
        "told": lambda text: shown(datetime.fromisoformat(text)),
        "groupby_place": _by_place,
        "by_kind": _by_kind,
        "of_type": lambda results, kind: [each for each in results if each.resource_type == kind],
    }
    return made


def _printable(value: Any) -> Any:
    """Return what is printed: a name breaks no line and turns no text around."""
    return one_line(value) if type(value) is str else value


def _by_place(results: Iterable[Recorded]) -> list[tuple[Place, list[Recorded]]]:
    return [(place, list(found)) for place, found in groupby(results, lambda each: each.place)]


def _by_kind(gaps: Iterable[Gap]) -> list[tuple[GapKind, list[tuple[list[str], list[str]]]]]:
    """Return kinds, each with sets of Regions and the accounts that are silent there.

    The same Regions are silent in most accounts of an organization.
    """
    found = []
    for kind, several in groupby(gaps, lambda each: each.kind):
        accounts: dict[tuple[str, ...], list[str]] = {}
        for account, regions in groupby(several, lambda each: each.account):
            accounts.setdefault(tuple(each.region for each in regions), []).append(account)
        groups = sorted(accounts.items(), key=lambda each: (-len(each[1]), each))
        found.append((kind, [(list(regions), names) for regions, names in groups]))
    return found


def _where(each: Any) -> str:
    return f"{each.account} {each.region}".rstrip()


def _words(gap: Period) -> str:
    return f"From {shown(gap.start)} to {shown(gap.end)}, {hours(gap.end - gap.start)} hours."
