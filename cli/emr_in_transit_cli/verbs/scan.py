"""The verb ``scan``: judges the clusters of live accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import EXIT_CODES, NOTHING_VIOLATES

if TYPE_CHECKING:
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.scanning.access import Access
    from emr_in_transit_cli.scanning.scan import Scan


@click.command(epilog=EXIT_CODES, short_help="Judge the clusters of an account now.")
@options.regions_option
@click.option("--all-regions", is_flag=True, help="Every Region that is enabled and has EMR.")
@options.profile_option
@click.option("--role-arn", metavar="ARN", help="Read by this role, in its account.")
@click.option(
    "--accounts",
    metavar="FILE",
    help="Read these accounts: their numbers, between blanks or commas; - is standard input.",
)
@click.option("--role-name", metavar="NAME", help="The role that reads each of --accounts.")
@click.option("--external-id", metavar="ID", help="What the role asks for when it is assumed.")
@click.option(
    "--ended-days",
    type=click.IntRange(0, 62),
    default=0,
    metavar="N",
    help="Judge what has ended in the last N days too; EMR remembers two months.",
)
@click.option(
    "--exemption-max-days",
    type=click.IntRange(0, 3650),
    metavar="N",
    help="Refuse exemptions without a date or with one further away, as ExemptionMaxDays does.",
)
@click.option(
    "--share",
    type=float,
    metavar="S",
    help="Take so much of EMR's call limits, which pipelines share; by default 0.8.",
)
@options.parameter_option
@click.option(
    "--parameters-from",
    "rule",
    metavar="RULE",
    help="Take the parameters of this rule in AWS Config, of the profile's account; -p wins.",
)
@click.option(
    "--compare", "older_path", metavar="OLD.json", help="Say what has changed since that report."
)
@options.format_option("table", "json", "csv")
@click.option(
    "-o", "--output", "path", metavar="FILE", help="Write the report there, once it is whole."
)
@options.exit_zero_option
@options.permissions_option
@options.debug_option
def scan(  # noqa: PLR0913 (click passes each option)
    *,
    ended_days: int,
    exemption_max_days: int | None,
    share: float | None,
    pairs: tuple[str, ...],
    rule: str | None,
    older_path: str | None,
    form: str,
    path: str | None,
    exit_zero: bool,
    asks_permissions: bool,
    **asked: Any,
) -> int:
    """Judge every live cluster of an account now, or of many; nothing is changed there.

    Its verdicts are those that the rule would record. Clusters, Regions and accounts that cannot be
    read are named with the cause, and cost the others nothing.
    """
    from emr_in_transit_cli.scanning.access import Access, scanned_accounts
    from emr_in_transit_cli.scanning.comparing import compare, read_report
    from emr_in_transit_cli.scanning.report import as_document, content, status_of
    from emr_in_transit_cli.scanning.scan import Options, Scan

    access = Access(**asked)
    access.check()
    share = _share(share)
    older = read_report(older_path) if older_path else None
    if asks_permissions:
        return _print_permissions(access, options.parsed(options.parameter_texts(pairs)), rule)
    texts = options.parameter_texts(pairs, rule, access.profile, access.session().region_name)
    parameters = options.parsed(texts)._replace(exemption_max_days=exemption_max_days)
    with output.whole(path) as file:
        run = Scan(scanned_accounts(access), Options(parameters, share, ended_days))
        _run(run)
        document = as_document(run, texts, all_regions=access.all_regions)
        if older is not None:
            document["comparison"] = compare(older, document)
        output.write(content(document, form), file)
    if run.is_interrupted:
        raise KeyboardInterrupt
    return NOTHING_VIOLATES if exit_zero else status_of(document)


def _share(given: float | None) -> float:
    from emr_in_transit.deployment import DEFAULT_EMR_CALL_SHARE, MOST_EMR_CALL_SHARE

    share = float(DEFAULT_EMR_CALL_SHARE) if given is None else given
    if not 0 < share <= MOST_EMR_CALL_SHARE:
        most = f"{MOST_EMR_CALL_SHARE:g}"
        raise UsageError(f"--share takes a number above 0 and up to {most}, not {share:g}")
    return share


def _print_permissions(access: Access, parameters: RuleParameters, rule: str | None) -> int:
    import json

    from emr_in_transit_cli.scanning.access import permissions

    needed = permissions(access, parameters, from_rule=bool(rule))
    click.echo(json.dumps(needed.policy, indent=2))
    if needed.caller:
        caller = " and ".join(needed.caller)
        output.note(f"that is for the role; whoever runs it needs {caller}")
    return NOTHING_VIOLATES


def _run(run: Scan) -> None:
    import sys

    from rich.console import Console

    from emr_in_transit_cli.progress import ScanProgress

    # FORCE_COLOR, as pipelines set it, makes no terminal of a log.
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    with ScanProgress(console) as progress:
        run.run(progress.show)
