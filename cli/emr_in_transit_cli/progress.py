"""Shows on standard error how far a verb has come; silent where that is no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn

if TYPE_CHECKING:
    from rich.console import Console

    from emr_in_transit_cli.scanning.scan import RegionScan, Scan


class _Bars:
    """Bars that are drawn while it is entered, and leave nothing behind."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take away what was drawn."""
        self._progress.stop()


class ScanProgress(_Bars):
    """A bar for each Region that has clusters and is not done, below one for all of them."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._all = self._progress.add_task("Regions", said="", total=None)
        self._tasks: dict[RegionScan, TaskID] = {}

    def show(self, scan: Scan) -> None:
        """Draw how far it is."""
        done = 0
        for region in scan.regions:
            done += region.is_done
            if region.is_done and region in self._tasks:
                self._progress.remove_task(self._tasks.pop(region))
            elif region.listed and not region.is_done:
                self._show_region(region)
        calls = sum(each.pacer.calls.total() for each in scan.regions)
        judged = sum(len(each.judged) for each in scan.regions)
        listed = sum(len(each.listed) for each in scan.regions)
        left = max((each.seconds_left for each in scan.regions if not each.is_done), default=0.0)
        self._progress.update(
            self._all,
            completed=done,
            total=len(scan.regions) if scan.is_counted else None,
            said=f"{done}/{len(scan.regions)}, {_said(judged, listed, calls, left)}",
        )

    def _show_region(self, region: RegionScan) -> None:
        if region not in self._tasks:
            name = f"{region.account}/{region.region}"
            self._tasks[region] = self._progress.add_task(name, said="")
        judged, listed = len(region.judged), len(region.listed)
        said = _said(judged, listed, region.pacer.calls.total(), region.seconds_left)
        self._progress.update(self._tasks[region], completed=judged, total=listed, said=said)


def _said(judged: int, listed: int, calls: int, seconds: float) -> str:
    left = f"{int(seconds) // 60}:{int(seconds) % 60:02} left"
    return f"{judged}/{listed} clusters, {calls} calls, {left}"


class ReportProgress(_Bars):
    """One line that says how much of what a report is made from has been read."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._task = self._progress.add_task("Reading", said="", total=None)

    def rules(self, done: int, total: int) -> None:
        """Draw how many rules have been read."""
        said = f"{done}/{total} rules"
        self._progress.update(self._task, completed=done, total=total, said=said)

    def lines(self, count: int) -> None:
        """Draw how many lines of a log have come."""
        self._progress.update(self._task, said=f"{count} lines")
