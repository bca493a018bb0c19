"""Tool: prints what the benchmark has measured."""

from collections.abc import Sequence

from tools.bench_start import Start
from tools.bench_sweeps import Row

_HEAD = (
    *("live", "who", "speed", "runs", "calls", "of floor", "List", "Describe", "DescribeSC"),
    *("throttled", "seconds", "of bound", "missed", "MiB", "end"),
)
_START_HEAD = ("import", "ms", "ratio", "ms compiled", "ratio", "MiB")


def sweeps(rows: Sequence[Row]) -> str:
    """Return the table of sweeps."""
    return _table(_HEAD, [_cells(row) for row in rows])


def starts(measured: Sequence[Start]) -> str:
    """Return the table of cold starts; each ratio is to what the entry point cannot do without."""
    rows = [
        (
            each.module,
            f"{each.milliseconds:.0f}",
            f"{each.ratio:.2f} of {each.beside}",
            f"{each.compiled_milliseconds:.0f}",
            f"{each.compiled_ratio:.2f}",
            f"{each.peak_mib:.1f}",
        )
        for each in measured
    ]
    return _table(_START_HEAD, rows)


def _cells(row: Row) -> tuple[str, ...]:
    calls, floor = sum(row.calls.values()), sum(row.floor.values())
    return (
        f"{row.live:,}",
        row.who,
        f"{row.speed:g}x",
        str(row.runs),
        f"{calls:,}",
        f"{calls / floor:.2f}",
        f"{row.calls.get('ListClusters', 0):,}",
        f"{row.calls.get('DescribeCluster', 0):,}",
        f"{row.calls.get('DescribeSecurityConfiguration', 0):,}",
        f"{row.throttled:,} ({row.throttled / max(1, calls):.1%})",
        f"{row.seconds:,.1f}",
        f"{row.seconds / row.bound:.2f}" if row.bound else "-",
        f"{row.missed:,}",
        f"{row.peak_mib:.0f}",
        row.error.rpartition("Error: ")[2][:40] or "success",
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return columns as wide as they must be; all but the words to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    words = {
        column for column in range(len(head)) if any(line[column][:1].isalpha() for line in rows)
    }
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
