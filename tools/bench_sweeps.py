"""Tool: runs sweeps over a fleet with EMR's limits on, ours and the plain rule's, and measures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools import bench_plain
from tools.account import RULE, Account
from tools.bench_fleet import bound, cold_floor, create_configurations, end, launch, warm_floor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.simulator.client import Simulator

READS = ("List", "Describe")  # what rules call; the rest is what the benchmark itself does
COLD, WARM, PLAIN, ADAPTIVE = (
    "ours, cold",
    "ours, warm",
    "plain rule",
    "plain rule, adaptive retries",
)
MOST_RUNS = 20  # of a sweep that one invocation cannot finish
CHANGED = 4  # clusters, all good, that are launched, and then ended, between two sweeps


@dataclass
class Row:
    """What one rule did about one fleet. Times are EMR's: the clock's times `speed`."""

    who: str
    live: int
    speed: float
    floor: dict[str, int]
    bound: float  # seconds
    runs: int = 0
    seconds: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    throttled: int = 0
    missed: int = 0  # live clusters without the right verdict on record
    error: str = ""
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Pace:
    """How fast EMR's limits, and time in the functions, may go.

    What a call really takes does not speed up, and weighs the more the faster all else is; so a
    sweep is sped up only as far as it still takes `shortest` seconds.
    """

    fastest: float
    shortest: float

    def speed(self, bound: float) -> float:
        """Return the speed for a sweep that takes at least so many seconds."""
        return round(max(1.0, min(self.fastest, bound / self.shortest)), 1)


class Fleet(Account):
    """An account with both rules, and one fleet of live clusters among as many ended ones."""

    def __init__(self, simulator: Simulator, pace: Pace) -> None:
        super().__init__(simulator)
        self.pace = pace
        self.live: dict[str, str] = {}  # by id, what any rule makes of a cluster

    def build(self, live: int) -> None:
        """Deploy into an empty account, then launch; no rule hears of these launches."""
        self.simulator.reset()
        self.prepare()
        self.deploy(EmrCallShare="1")
        bench_plain.deploy(self)
        create_configurations(self)
        self.simulator.settle(60)
        self.simulator.set_events(emr_state_change=False, cloudtrail=False)
        end(self, launch(self, live))
        self.live = launch(self, live)

    def measure(self) -> list[Row]:
        """Measure all on this fleet, in the order in which each finds what it needs."""
        return [self.ours_cold(), self.ours_warm(), *self.changes(), *self.plain()]

    def ours_cold(self) -> Row:
        """Our sweep, which has never seen these clusters; it goes on until all are judged."""
        row = self._row(COLD, cold_floor(len(self.live)))
        while not row.runs or (row.missed and row.runs < MOST_RUNS):
            self._run(RULE, row)
        return row

    def ours_warm(self) -> Row:
        """Our sweep, an hour later."""
        row = self._row(WARM, warm_floor(len(self.live)))
        return self._run(RULE, row)

    def changes(self) -> list[Row]:
        """Our sweeps after launches that the launch check has seen, and after these have ended."""
        each = Counter(DescribeCluster=CHANGED, DescribeSecurityConfiguration=CHANGED)
        floor = warm_floor(len(self.live) + CHANGED) + each
        launched = self._row(f"ours, {CHANGED} launched", floor)
        self.simulator.set_events(emr_state_change=True)  # one event for each launch
        new = self._counted(launched, lambda: launch(self, CHANGED))
        self.live |= new
        self._run(RULE, launched)
        self.simulator.set_events(emr_state_change=False)
        end(self, new)
        self.live = {each: verdict for each, verdict in self.live.items() if each not in new}
        floor = warm_floor(len(self.live)) + Counter(DescribeCluster=CHANGED)
        return [launched, self._run(RULE, self._row(f"ours, {CHANGED} ended", floor))]

    def plain(self) -> list[Row]:
        """The plain rule, with boto3's default retries and with adaptive ones."""
        rows = []
        for who, mode in ((PLAIN, None), (ADAPTIVE, "adaptive")):
            bench_plain.set_retries(self, mode)
            bench_plain.forget_results(self)
            row = self._row(who, cold_floor(len(self.live)))
            rows.append(self._run(bench_plain.RULE, row))
        return rows

    def _row(self, who: str, floor: Counter[str]) -> Row:
        least = bound(floor)
        return Row(who, len(self.live), self.pace.speed(least), dict(floor), least)

    def _run(self, rule: str, row: Row) -> Row:
        """Have AWS Config fire the rule's schedule in a new process, with EMR's buckets full."""
        self.simulator.cool_functions()
        attempts = self._counted(row, lambda: self.simulator.schedule(rule))
        row.runs += 1
        row.seconds += sum(each["duration"] for each in attempts) * row.speed
        row.error = attempts[-1]["error_message"] or ""
        row.peak_mib = max(row.peak_mib, *(each["peak_rss_mib"] for each in attempts))
        results = self.results(rule)
        row.missed = sum(
            results.get(each, {}).get("ComplianceType") != verdict
            for each, verdict in self.live.items()
        )
        return row

    def _counted(self, row: Row, work: Callable[[], Any]) -> Any:
        """Do it under EMR's limits and count its calls; what follows from it is waited for."""
        self.simulator.set_functions(time_scale=1 / row.speed, deadline_scale=1 / row.speed)
        self.simulator.set_buckets(enabled=True, speed=row.speed)
        done = work()
        self.simulator.settle(300)
        counted = self.simulator.buckets()
        self.simulator.set_buckets(enabled=False)
        for name, number in counted["calls"].items():
            if name.startswith(READS):
                row.calls[name] = row.calls.get(name, 0) + number
                row.throttled += counted["throttled"].get(name, 0)
        return done
