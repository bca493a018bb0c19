"""Tool: the tables of docs/measured.md that show what the benchmark has measured and kept."""

import json
from pathlib import Path
from typing import Any

from tools.package import ROOT

KEPT = ROOT / "tools" / "bench_results"
SWEEPS_HEAD = (
    *("Live clusters", "Sweep", "EMR calls (least)", "Throttled", "Seconds (least)", "Runs"),
    *("Clusters without a verdict", "Peak memory"),
)
STARTS_HEAD = ("Import", "Milliseconds", "Ratio", "With compiled code", "Ratio", "Peak memory")


def measured(folder: Path = KEPT) -> dict[str, Any]:
    """Return what the benchmark has measured and kept."""
    found: dict[str, Any] = json.loads((folder / "bench.json").read_text())
    return found


def sweep_rows(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of the table of sweeps; at EMR's real rate, those that it slows down."""
    slow = [row for row in document["real_rows"] if row["bound"]]
    return [
        *[_sweep(row) for row in document["rows"]],
        *[_sweep(row, ", real rate") for row in slow],
    ]


def start_rows(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of the table of cold starts."""
    return [
        (
            f"`{each['module']}`",
            f"{each['milliseconds']:.0f}",
            f"{each['ratio']:.2f} of `{each['beside']}`",
            f"{each['compiled_milliseconds']:.0f}",
            f"{each['compiled_ratio']:.2f}",
            f"{each['peak_mib']:.0f} MiB",
        )
        for each in document["starts"]
    ]


def _sweep(row: dict[str, Any], note: str = "") -> tuple[str, ...]:
    calls, least = sum(row["calls"].values()), sum(row["floor"].values())
    return (
        f"{row['live']:,}",
        row["who"] + note,
        f"{calls:,} ({least:,})",
        f"{row['throttled'] / max(1, calls):.1%}",
        f"{row['seconds']:,.0f} ({row['bound']:,.0f})",
        str(row["runs"]),
        f"**{row['missed']:,}**" if row["missed"] else "0",
        f"{row['peak_mib']:.0f} MiB",
    )
