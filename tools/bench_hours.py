"""Tool: what keeping up costs at EMR's real rate, hour by hour, beside a naive rule.

The clock moves only where somebody waits (tools/bench_clock.py), so that a day takes seconds. The
naive rule is told of by arithmetic: it lists, describes each cluster in that order, records at its
end, and asks of each result on record that no list shows what has become of its cluster.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tools.bench_clock import PAGE, PERIOD, TIMEOUT, ClockAccount
from tools.bench_fleet import bound, cold_floor, pages
from tools.simulator.buckets import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVE = 500
# Of the bound, for 5,000 clusters that nobody has seen, when the list was read to its end before
# any cluster was described; what `make bench` measured last of that.
LIST_FIRST = 1.33
BURST, RATE = LIMITS["DescribeCluster"]


@dataclass(frozen=True)
class Hours:
    """What one hour, or one fleet, costs our sweep and a naive one."""

    what: str
    ours: str
    naive: str


@dataclass(frozen=True)
class Turns:
    """How a fleet is judged that no sweep gets through: how often each cluster had its turn."""

    runs: int
    first_round: int  # the run after which every cluster had its first turn
    most_apart: int  # the most turns that one cluster ever was ahead of another
    oldest_hours: float  # the age of the oldest verdict after the last run
    put: int  # evaluations


def hours(*, whole: bool) -> Iterator[Hours]:
    """Measure each; the fleet that takes the longest only where the whole is wanted."""
    yield cold(5000)
    yield ended(100)
    yield ended(5000)
    fleet = 20_000 if whole else 5000
    found = turns(fleet, rounds=1)
    in_one_run = int(TIMEOUT * RATE + BURST)
    yield Hours(
        f"{fleet:,} clusters, no ledger",
        f"all have a verdict after {found.first_round} runs, the oldest is {found.oldest_hours:.0f} h"
        f" old; never more than {found.most_apart} turn apart",
        f"the same {in_one_run} at best in every run, none recorded: Lambda ends it first",
    )


def cold(live: int) -> Hours:
    """Judge clusters that nobody has ever seen, run by run."""
    seconds, runs = cold_seconds(live)
    least = bound(cold_floor(live))
    return Hours(
        f"{live:,} clusters never seen",
        f"{seconds / least:.3f} of the bound of {least:,.0f} s, in {runs} runs; the list first:"
        f" {LIST_FIRST}",
        f"none: Lambda ends it after {TIMEOUT:.0f} s, and nothing is recorded",
    )


def cold_seconds(live: int) -> tuple[float, int]:
    """Return the seconds of all runs until every cluster has its verdict, and how many there were."""
    account = ClockAccount()
    account.emr.launch(live)
    seconds, runs, deferred = 0.0, 0, live
    while deferred:
        run = account.sweep()
        seconds, runs, deferred = seconds + run.seconds, runs + 1, run.result.deferred
    return seconds, runs


def ended(count: int) -> Hours:
    """Sweep after so many clusters have ended, one of which was a year old."""
    calls, seconds = ended_calls(count)
    naive = Counter(ListClusters=pages(LIVE), DescribeCluster=LIVE + count)
    return Hours(
        f"{count:,} of {LIVE + count:,} ended, one was a year old",
        f"{_calls(calls)} in {seconds:,.0f} s",
        f"{_calls(naive)} in {bound(naive):,.0f} s",
    )


def ended_calls(count: int, share: float = 1.0) -> tuple[Counter[str], float]:
    """Return what the sweep asks that retires so many, and its seconds.

    EMR remembers thousands of others that have ended, which were created before all but one.
    """
    account = ClockAccount(share)
    account.emr.launch(LIVE, timedelta(days=90))
    account.emr.end(account.emr.launch(20 * PAGE * 20, timedelta(days=20)))
    going = account.emr.launch(1, timedelta(days=365))
    going += account.emr.launch(count - 1, timedelta(hours=2))
    while account.sweep().result.deferred:
        pass
    account.emr.end(going)
    run = account.sweep()
    if run.result.retired != count or run.result.problems:
        raise RuntimeError(f"{run.result.retired} of {count} retired: {run.result.problems}")
    return run.calls, run.seconds


def turns(live: int, rounds: int, share: float = 1.0) -> Turns:
    """Sweep a fleet without a ledger until every cluster has had so many turns."""
    account = ClockAccount(share, has_ledger=False)
    had = Counter(dict.fromkeys(account.emr.launch(live, configuration=""), 0))
    judged_at: dict[str, float] = {}
    runs = first_round = most_apart = 0
    while (fewest := min(had.values())) < rounds:
        began = account.clock()
        described = account.sweep().described
        runs += 1
        had.update(described)
        judged_at |= dict.fromkeys(described, began)
        most_apart = max(most_apart, max(had.values()) - min(had.values()))
        first_round = first_round or (runs if not fewest and min(had.values()) else 0)
    oldest = (began - min(judged_at.values())) / PERIOD
    return Turns(runs, first_round, most_apart, oldest, account.config.put)


def _calls(calls: Counter[str]) -> str:
    return f"{calls['ListClusters']} ListClusters, {calls['DescribeCluster']:,} DescribeCluster"


def table(measured: list[Hours]) -> str:
    """Return the lines that `make bench` prints."""
    return "\n".join(
        f"{each.what}\n  ours:  {each.ours}\n  naive: {each.naive}" for each in measured
    )
