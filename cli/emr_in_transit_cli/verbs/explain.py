"""The verb ``explain``: says all about one cluster, of a file or of a live account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import InputError, UsageError
from emr_in_transit_cli.outcomes import EXIT_CODES, status_of

if TYPE_CHECKING:
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.dialects.recognising import Context
    from emr_in_transit_cli.explaining import Explained


@click.command(epilog=EXIT_CODES, short_help="Explain one cluster in full.")
@click.argument("cluster", metavar="FILE|ID")
@options.configuration_option
@options.template_option
@options.format_option("text", "json")
@options.rule_options
def explain(  # noqa: PLR0913 (click passes each option)
    *,
    cluster: str,
    configurations: tuple[str, ...],
    given: tuple[str, ...],
    form: str,
    profile: str | None,
    region: str | None,
    **rule: Any,
) -> int:
    """Explain one cluster in full: every endpoint, what protects it or why not, and each fix.

    FILE is what check takes. ID, such as j-2AXXXXXXGAPLF, is a cluster of a live account, which is
    only read: DescribeCluster, DescribeSecurityConfiguration, and with overrideScope=instances
    ListInstanceGroups or ListInstanceFleets.
    """
    from pathlib import Path

    from emr_in_transit_cli import explaining
    from emr_in_transit_cli.checking.check import NEEDLESS

    context = options.context_of(given)
    parameters = options.rule_parameters(profile=profile, region=region, **rule)
    if explaining.CLUSTER_ID.fullmatch(cluster) and not Path(cluster).exists():
        from emr_in_transit_cli.account import read_cluster

        facts = read_cluster(cluster, parameters, profile, region)
        found = [explaining.explain_facts(facts, parameters, context.now)]
    else:
        found = _explained_file(cluster, configurations, context, parameters)
    if configurations and not any(each.took_given for each in found):
        output.note(NEEDLESS)
    reports = [explaining.as_object(each, parameters) for each in found]
    _print(reports, form)
    return status_of({each.outcome for each in found})


def _explained_file(
    path: str, configurations: tuple[str, ...], context: Context, parameters: RuleParameters
) -> list[Explained]:
    from emr_in_transit_cli import explaining, files
    from emr_in_transit_cli.checking.check import read_configurations

    held = tuple(read_configurations(configurations, context))
    try:
        return explaining.explain_file(path, held, context, parameters)
    except InputError as error:
        raise UsageError(f"{files.Source(path).shown} {error}") from error


def _print(reports: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))
        return
    from rich.console import Console

    from emr_in_transit_cli.explaining import text_of

    console = Console()
    for index, report in enumerate(reports):
        if index:
            console.print()
        output.print_lines(text_of(report, console.width), console)
