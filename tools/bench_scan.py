"""Tool: what `emr-in-transit scan` costs at EMR's real rate, beside a naive loop.

Usage: python -m tools.bench_scan [--keep]

The clock moves only where somebody waits (tools/bench_clock.py), so both fleets take a second, and
the figures are the same every time. The scan of a Region that runs here is the one that ships. The
naive loop asks for one cluster after the other, Region after Region, with boto3's default retries,
and goes on where these are used up, as scanners do that log an error and carry on.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from tools.bench_clock import Clock, Emr
from tools.bench_fleet import CONFIGURATIONS, bound, cold_floor
from tools.bench_tables import KEPT
from tools.package import ROOT

sys.path.insert(0, str(ROOT / "cli"))

from emr_in_transit.aws.emr import LIVE_STATES, EmrReader, Pacer
from emr_in_transit.judgement.parameters import parse_parameters
from emr_in_transit_cli.scanning.scan import Options, RegionScan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Regions, and live clusters in each.
FLEETS = ((1, 500), (10, 200))
SHARES = (0.8, 1.0)
NAIVE = "naive loop"
FILE = "scan.json"
HEAD = (
    *("Clusters", "Who", "EMR calls (least)", "Throttled", "Seconds (least)"),
    "Clusters without a verdict",
)


@dataclass(frozen=True)
class ScanRow:
    """What it took to judge one fleet."""

    clusters: int
    regions: int
    who: str
    calls: int
    floor: int  # the calls without which nobody can judge it
    throttled: int
    seconds: float
    bound: float  # the seconds below which EMR's buckets, full at first, do not let these calls
    lost: int


class _Cost(NamedTuple):
    seconds: float
    calls: int
    throttled: int
    lost: int


def rows() -> Iterator[ScanRow]:
    """Measure each fleet, by the scan and by the naive loop."""
    for regions, live in FLEETS:
        floor = cold_floor(live)
        fleet = (live * regions, regions)
        least = {"floor": floor.total() * regions, "bound": bound(floor)}
        for share in SHARES:
            costs = [_scan(live, share) for _ in range(regions)]
            who = f"scan --share {share:g}" if share != SHARES[0] else "scan"
            seconds = max(each.seconds for each in costs)  # they run at the same time
            yield _row(fleet, who, costs, seconds, least)
        costs = [_naive(live) for _ in range(regions)]
        yield _row(fleet, NAIVE, costs, sum(each.seconds for each in costs), least)


def _row(
    fleet: tuple[int, int], who: str, costs: list[_Cost], seconds: float, least: dict[str, Any]
) -> ScanRow:
    clusters, regions = fleet
    return ScanRow(
        clusters=clusters,
        regions=regions,
        who=who,
        calls=sum(each.calls for each in costs),
        throttled=sum(each.throttled for each in costs),
        seconds=round(seconds, 1),
        lost=sum(each.lost for each in costs),
        **least,
    )


def _region(live: int) -> Emr:
    """Return the EMR of a Region in which so many clusters take turns with configurations."""
    emr = Emr(Clock())
    # As in tools/bench_fleet.py: every tenth has none.
    names = (*CONFIGURATIONS, *list(CONFIGURATIONS)[:-1], "")
    for name, number in Counter(islice(cycle(names), live)).items():
        emr.launch(number, configuration=name)
    return emr


def _scan(live: int, share: float) -> _Cost:
    emr = _region(live)
    client: Any = emr
    clock = emr.clock
    parameters = parse_parameters({})

    def open_reader(pacer: Pacer) -> nullcontext[EmrReader]:
        pacer.attach(client)
        return nullcontext(EmrReader(client, parameters))

    pacer = Pacer(share, clock, clock.sleep)
    scan = RegionScan("123456789012", "eu-west-1", Options(parameters, share), pacer, open_reader)
    scan.run()
    lost = live - sum(each.facts is not None for each in scan.judged.values())
    return _Cost(clock(), emr.calls.total(), emr.throttled, lost)


def _naive(live: int) -> _Cost:
    emr = _region(live)
    retries = _StandardRetries(emr.clock)
    known: set[str] = set()
    lost = live
    for page in emr.paginate(ClusterStates=list(LIVE_STATES)):
        for summary in page["Clusters"]:
            try:
                query = {"ClusterId": summary["Id"]}
                cluster = retries.call(emr.describe_cluster, query)["Cluster"]
                name = cluster.get("SecurityConfiguration")
                if name and name not in known:
                    retries.call(emr.describe_security_configuration, {"Name": name})
                    known.add(name)
                lost -= 1
            except ClientError:
                continue
    return _Cost(emr.clock(), emr.calls.total(), emr.throttled, lost)


class _StandardRetries:
    """botocore's retries by default, where every error is a throttle (botocore.retries.standard).

    Three attempts, after up to one and two seconds; each retry takes five tokens of a quota of 500,
    which a call that comes through gives back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._random = random.Random(1)  # noqa: S311 - the same waits every time
        self._quota = 500

    def call(self, ask: Callable[..., dict[str, Any]], query: dict[str, str]) -> Any:
        """Return the answer; raise ClientError where the retries are used up."""
        retries = 0
        while True:
            try:
                answer = ask(**query)
            except ClientError:
                if retries == 2 or self._quota < 5:
                    raise
                self._quota -= 5
                self._clock.sleep(self._random.random() * 2**retries)
                retries += 1
            else:
                self._quota = min(500, self._quota + (5 if retries else 1))
                return answer


def table(measured: list[dict[str, Any]]) -> str:
    """Return the table as docs/command.md has it."""
    lines = [HEAD, tuple("---" for _ in HEAD), *map(_cells, measured)]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    where = "one Region" if row["regions"] == 1 else f"{row['regions']} Regions"
    return (
        f"{row['clusters']:,} in {where}",
        row["who"] if row["who"] == NAIVE else f"`{row['who']}`",
        f"{row['calls']:,} ({row['floor']:,})",
        f"{row['throttled'] / row['calls']:.1%}",
        f"{row['seconds']:,.0f} ({row['bound']:,.0f})",
        f"**{row['lost']:,}**" if row["lost"] else "0",
    )


def measured() -> list[dict[str, Any]]:
    """Measure, and return the rows as they are kept."""
    return [asdict(each) for each in rows()]


def kept() -> list[dict[str, Any]]:
    """Return the rows that were kept last."""
    found: list[dict[str, Any]] = json.loads((KEPT / FILE).read_text())
    return found


def main() -> None:
    """Measure and print; with --keep, keep."""
    parser = argparse.ArgumentParser(prog="bench_scan", description="Measure emr-in-transit scan.")
    parser.add_argument("--keep", action="store_true", help=f"write to {KEPT.name}/{FILE}")
    keeps = parser.parse_args().keep
    found = measured()
    if keeps:
        write(found, KEPT)
    print(table(found))


def write(rows: list[dict[str, Any]], folder: Path) -> None:
    """Write the rows where they are kept, or looked at."""
    (folder / FILE).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
