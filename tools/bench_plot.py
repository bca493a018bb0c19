"""Tool: draws what the benchmark has measured."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no window

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from tools.bench_sweeps import ADAPTIVE, COLD, PLAIN, WARM, Row

_COLOURS = {
    "floor": "#c8c8c8",
    COLD: "#1f77b4",
    WARM: "#76b7e8",
    PLAIN: "#d62728",
    ADAPTIVE: "#ff9d5c",
}
_WIDTH = 0.8 / len(_COLOURS)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw EMR calls and wall time for each fleet; hatched is what did not end with all verdicts."""
    kept = [row for row in rows if row.who in _COLOURS]
    figure, (calls, seconds) = plt.subplots(1, 2, figsize=(15, 5.2), layout="constrained")
    _bars(calls, kept, lambda row: sum(row.calls.values()), lambda row: sum(row.floor.values()))
    calls.set_title("EMR calls, throttled ones included")
    calls.set_ylabel("calls")
    _bars(seconds, kept, lambda row: row.seconds, lambda row: row.bound)
    seconds.set_title("Wall time at EMR's documented limits")
    seconds.set_ylabel("seconds")
    seconds.axhline(900, color="black", linewidth=0.8, linestyle=":")
    across = seconds.get_yaxis_transform()
    seconds.text(0.01, 960, "Lambda's 15 minutes", fontsize=8, transform=across)
    handles = [Patch(color=colour, label=_label(who)) for who, colour in _COLOURS.items()]
    handles.append(Patch(facecolor="white", edgecolor="black", hatch="///", label="verdicts lost"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(
    axes: Axes,
    rows: Sequence[Row],
    value: Callable[[Row], float],
    least: Callable[[Row], float],
) -> None:
    fleets = list(dict.fromkeys(row.live for row in rows))
    for row in rows:
        _bar(axes, fleets.index(row.live), row.who, value(row), lost=row.missed > 0)
        if row.who == COLD:
            _bar(axes, fleets.index(row.live), "floor", least(row), lost=False)
    axes.set_yscale("log")
    axes.set_xticks(range(len(fleets)), [f"{live:,}" for live in fleets])
    axes.set_xlabel("live clusters, among as many ended ones")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.12)


def _bar(axes: Axes, fleet: int, who: str, height: float, *, lost: bool) -> None:
    place = fleet + (list(_COLOURS).index(who) - (len(_COLOURS) - 1) / 2) * _WIDTH
    bars = axes.bar(
        place,
        height,
        _WIDTH * 0.92,
        color=_COLOURS[who],
        hatch="///" if lost else None,
        edgecolor="black" if lost else _COLOURS[who],
        linewidth=0.5,
    )
    digits = 0 if height >= 10 else 1
    axes.bar_label(bars, [f"{height:,.{digits}f}".removesuffix(".0")], fontsize=6, padding=2)


def _label(who: str) -> str:
    return "least possible, cold" if who == "floor" else who
