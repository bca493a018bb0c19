"""The verb ``check``: judges what would be launched, by documents."""

from __future__ import annotations

from typing import Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import EXIT_CODES, NOTHING_VIOLATES, WRONG_USE


@click.command(epilog=EXIT_CODES, short_help="Judge what would be launched.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@options.configuration_option
@options.template_option
@options.format_option("table", "json", "csv", "sarif")
@click.option("-o", "--output", "path", metavar="FILE", help="Write the report there.")
@options.exit_zero_option
@click.option(
    "-s",
    "--skip-unknown",
    is_flag=True,
    help="Pass over files of no form that it knows, as in folders.",
)
@click.option("-v", "--verbose", is_flag=True, help="List what was passed over, and each dialect.")
@options.rule_options
def check(  # noqa: PLR0913 (click passes each option)
    *,
    paths: tuple[str, ...],
    configurations: tuple[str, ...],
    given: tuple[str, ...],
    form: str,
    path: str | None,
    exit_zero: bool,
    skip_unknown: bool,
    verbose: bool,
    **rule: Any,
) -> int:
    """Judge clusters and security configurations before they are launched.

    FILE is a request to EMR or its answer, a security configuration, an AWS Config item, a
    CloudFormation template, a Terraform plan or state (terraform show -json), a Step Functions
    definition, or an aws emr create-cluster command; JSON or YAML; - is standard input. In a
    folder, *.json, *.template, *.yaml and *.yml are looked at.

    What is unknown before the launch stands for any value: where the verdict depends on it, it
    could not be told.
    """
    from emr_in_transit_cli.checking.check import NEEDLESS, Check
    from emr_in_transit_cli.checking.report import content

    if [*paths, *configurations].count("-") > 1:
        raise UsageError("only one document can come from standard input")
    context, parameters = options.context_of(given), options.rule_parameters(**rule)
    report = Check(context, parameters, configurations, passes_over=skip_unknown).run(paths)
    written = content(report, form, verbose=verbose)
    with output.opened(path) as file:
        output.write(written, file)
    if report.needless:
        output.note(NEEDLESS)
    if not report.results and report.status == WRONG_USE:
        raise UsageError("no file there is of a form that it knows")
    return NOTHING_VIOLATES if exit_zero else report.status
