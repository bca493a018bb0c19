"""Tool: measures our sweep beside a plain rdklib rule, on the simulator with EMR's limits on.

Usage: python -m tools.bench [--fleets 100,500] [--speed 20] [--quick] [--keep]   (or: make bench)
"""

import argparse
import json
import time
from pathlib import Path

from tools import bench_command, bench_hours, bench_plot, bench_report, bench_scan
from tools.bench_run import FLEETS, Measured, Options, measure
from tools.bench_sweeps import Pace
from tools.bench_tables import KEPT
from tools.package import ROOT
from tools.program import Parser, ignore_aws_settings

SPEED = 10.0
# A sweep is sped up less where it would be over sooner than this, in seconds of the clock.
SHORTEST = 60.0
IMPORTS = 20
QUICK = Options(fleets=(100,), pace=Pace(SPEED, 4.0), real=False, imports=5)


def main() -> None:
    """Measure, print the tables, and write bench.json and bench.png."""
    options, folder = _options()
    ignore_aws_settings()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:4.0f} s] {text}", flush=True)

    measured = measure(options, say)
    say("done")
    folder.mkdir(exist_ok=True)
    document = json.dumps(measured.document(), indent=2)
    (folder / "bench.json").write_text(document + "\n")
    bench_plot.draw(measured.rows, folder / "bench.png")
    scans = bench_scan.measured()
    bench_scan.write(scans, folder)
    _show(measured, folder)
    print(
        f"\nemr-in-transit scan at EMR's real rate, on the same clock\n\n{bench_scan.table(scans)}"
    )


def _options() -> tuple[Options, Path]:
    parser = Parser(prog="bench", description="Measure the sweep.")
    parser.add_argument("--fleets", type=_numbers, help="sizes, such as 100,500 (clusters)")
    parser.add_argument("--speed", type=float, default=SPEED, help="EMR's limits, so much faster")
    parser.add_argument("--quick", action="store_true", help="100 clusters, not at the real rate")
    keep = f"write to {KEPT.name}/, which docs/measured.md shows, instead of dist/"
    parser.add_argument("--keep", action="store_true", help=keep)
    given = parser.parse_args()
    if given.speed < 1:
        parser.error("--speed is 1 or more")
    shortest = QUICK.pace.shortest if given.quick else SHORTEST
    options = Options(
        fleets=given.fleets or (QUICK.fleets if given.quick else FLEETS),
        pace=Pace(given.speed, shortest),
        real=not given.quick,
        imports=QUICK.imports if given.quick else IMPORTS,
    )
    return options, KEPT if given.keep else ROOT / "dist"


def _numbers(text: str) -> tuple[int, ...]:
    sizes = text.split(",")
    if not all(each.isdecimal() and int(each) for each in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of sizes, such as 100,500")
    return tuple(int(each) for each in sizes)


def _show(measured: Measured, folder: Path) -> None:
    print(f"\nSweeps; seconds are EMR's ({measured.document()['machine']})\n")
    print(bench_report.sweeps(measured.rows))
    if measured.real_rows:
        print("\nThe same at EMR's real rate\n")
        print(bench_report.sweeps(measured.real_rows))
    print("\nHours at EMR's real rate, on a clock that only waiting moves\n")
    print(bench_hours.table(measured.hours))
    print("\nCold start: medians of importing each in a new interpreter\n")
    print(bench_report.starts(measured.starts))
    print("\nThe command, in seconds of the clock\n")
    print(bench_command.report(QUICK.imports))
    print(f"\nThe zip has {measured.zip_bytes / 1024:.0f} KiB.")
    print(f"Written: {folder / 'bench.json'}, {folder / 'bench.png'}")


if __name__ == "__main__":
    main()
