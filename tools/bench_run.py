"""Tool: the measurements of the benchmark, in their order."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tools.bench_hours import Hours, hours
from tools.bench_start import Start, measure_starts, zip_bytes
from tools.bench_sweeps import Fleet, Pace, Row
from tools.simulator.client import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FLEETS = (100, 500, 1000, 5000)
REAL_FLEET = 100
REAL_TIME = Pace(fastest=1, shortest=1)


@dataclass(frozen=True)
class Options:
    """What is measured, and how thoroughly."""

    fleets: Sequence[int]
    pace: Pace
    real: bool  # one fleet at EMR's real rate too
    imports: int


@dataclass(frozen=True)
class Measured:
    """All that the benchmark has measured."""

    rows: list[Row]
    real_rows: list[Row]
    starts: list[Start]
    zip_bytes: int
    hours: list[Hours] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
        return {"machine": machine, **asdict(self)}


def measure(options: Options, say: Callable[[str], None]) -> Measured:
    """Measure all; what happens at EMR's real rate waits most of the time, so it runs beside."""
    say(f"cold start, {options.imports} imports of each entry point")
    starts = measure_starts(options.imports)
    say("hours of sweeps on a clock that only waiting moves")
    by_the_clock = list(hours(whole=options.real))
    real_rows: list[Row] = []
    # The pool waits for what it runs, so where somebody interrupts the simulators end before it.
    with (
        ThreadPoolExecutor(1) as beside,
        Simulator.start() as simulator,
        Simulator.start() as real_simulator,
    ):
        if options.real:
            fleet = Fleet(real_simulator, REAL_TIME)
            fleet.build(REAL_FLEET)  # before anything runs beside: deploying sets os.environ
            say(f"{REAL_FLEET} clusters at EMR's real rate, in the background")
            running = beside.submit(fleet.measure)
        rows = [row for live in options.fleets for row in _fleet(simulator, live, options, say)]
        if options.real:
            say("waiting for what runs at EMR's real rate")
            real_rows = running.result()
    return Measured(rows, real_rows, starts, zip_bytes(), by_the_clock)


def _fleet(
    simulator: Simulator, live: int, options: Options, say: Callable[[str], None]
) -> list[Row]:
    fleet = Fleet(simulator, options.pace)
    say(f"{live:,} live clusters: launching them, and as many that end")
    fleet.build(live)
    say(f"{live:,} live clusters: sweeping")
    return fleet.measure()
