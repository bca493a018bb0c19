"""The verb ``report``: says how an organization stands, or makes evidence of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import EXIT_CODES, NOTHING_VIOLATES, exit_status

if TYPE_CHECKING:
    from emr_in_transit_cli.reporting.asked import Asked


@click.command(epilog=EXIT_CODES, short_help="Report on an organization, or on a period.")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--aggregator", metavar="NAME", help="What this aggregator of AWS Config has.")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME",
    help="A rule, also as AWS names it in packs and organizations; by default the stack's.",
)
@click.option(
    "--expect",
    metavar="FILE",
    help="Accounts, each with a Region or without, of which there has to be something.",
)
@click.option("--from", "since", metavar="DAY", help="Evidence of a period, in UTC: its first day.")
@click.option(
    "--to", "until", metavar="DAY", help="Its last day, which counts; or a moment, which does not."
)
@click.option("--logs", multiple=True, metavar="PATH", help="Exported logs, or folders of them.")
@click.option("--log-group", "log_groups", multiple=True, metavar="NAME", help="A log group.")
@click.option("--stack", metavar="NAME", help="The stack whose log groups are read.")
@click.option(
    "--every",
    type=click.Choice(["1", "3", "6", "12", "24"]),
    default="1",
    show_default=True,
    help="Hours between two sweeps, as the stack's Frequency has it.",
)
@options.regions_option
@options.profile_option
@options.format_option("html", "json", "csv", about="Of a report; evidence comes in all of them.")
@click.option(
    "-o", "--output", "path", metavar="PATH", help="Write it there; evidence into a folder."
)
@options.exit_zero_option
@options.permissions_option
@options.debug_option
def report(
    *,
    every: str,
    form: str,
    path: str | None,
    exit_zero: bool,
    asks_permissions: bool,
    **asked_for: Any,
) -> int:
    """Report on all accounts and Regions now, or make evidence of a period.

    Now: what an aggregator of AWS Config has, or FILEs that scan --format json wrote; without
    either, what AWS Config has of one account. A period: by the lines of the functions' logs, of
    the stack in one account, or of exported files.

    What is not known comes first: silence is not compliance.
    """
    from emr_in_transit_cli.reporting.asked import Asked, policy

    asked = Asked(every=int(every), **asked_for)
    asked.check()
    if asks_permissions:
        import json

        click.echo(json.dumps(policy(asked), indent=2))
        return NOTHING_VIOLATES
    status = _evidence(asked, path) if asked.is_of_period else _report(asked, form, path)
    return NOTHING_VIOLATES if exit_zero else status


def _report(asked: Asked, form: str, path: str | None) -> int:
    import sys
    from datetime import UTC, datetime

    from rich.console import Console

    from emr_in_transit_cli.progress import ReportProgress
    from emr_in_transit_cli.reporting import asked as reading
    from emr_in_transit_cli.reporting.written import report_summary, report_text

    if form == "html" and path is None and sys.stdout.isatty():
        raise UsageError("a page is for a browser: give --output FILE, or another --format")
    with output.whole(path) as file:
        with ReportProgress(Console(stderr=True)) as progress:
            status = reading.status(asked, datetime.now(UTC), progress)
        output.write(report_text(status, form), file)
    if path is not None:
        click.echo(report_summary(status), err=True)
    return exit_status(is_known=status.is_known, violates=bool(status.violating))


def _evidence(asked: Asked, path: str | None) -> int:
    from pathlib import Path

    from rich.console import Console

    from emr_in_transit_cli.progress import ReportProgress
    from emr_in_transit_cli.reporting import asked as reading
    from emr_in_transit_cli.reporting.written import evidence_files, evidence_summary

    if path is None:
        raise UsageError("evidence is several files: give --output FOLDER")
    with ReportProgress(Console(stderr=True)) as progress:
        evidence = reading.evidence(asked, progress)
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in evidence_files(evidence).items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"--output {path} cannot be written ({error.strerror})") from error
    click.echo(evidence_summary(evidence), err=True)
    return exit_status(is_known=evidence.is_known, violates=bool(evidence.violated))
