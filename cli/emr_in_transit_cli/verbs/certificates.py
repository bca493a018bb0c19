"""The verb ``certificates``: judges a bundle before EMR takes it."""

from __future__ import annotations

from typing import Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import EXIT_CODES, status_of


@click.command(epilog=EXIT_CODES, short_help="Judge a bundle of certificates.")
@click.argument("target", metavar="ZIP|S3URI|DIRECTORY")
@click.option(
    "--domain",
    metavar="REGION|DOMAIN",
    help="Where the clusters run, such as us-east-1, or the domain of their VPC.",
)
@click.option(
    "--provider-class", metavar="CLASS", help="It is a Custom provider's jar, and has this class."
)
@options.format_option("table", "json")
@options.rule_options
def certificates(  # noqa: PLR0913 (click passes each option)
    *,
    target: str,
    domain: str | None,
    provider_class: str | None,
    form: str,
    profile: str | None,
    region: str | None,
    **rule: Any,
) -> int:
    """Judge a bundle of certificates as EMR will take it, before a cluster fails with it.

    ZIP is the bundle, DIRECTORY has the files that go into one, S3URI is what a security
    configuration names as S3Object (s3:GetObject is needed). Of the rule's parameters,
    certificateExpiryDays counts.
    """
    from datetime import UTC, datetime

    from emr_in_transit.judgement.bundle import BundleContext, domain_of
    from emr_in_transit_cli import certificates as bundles

    parameters = options.rule_parameters(profile=profile, region=region, **rule)
    if domain is not None and "." not in domain_of(domain):
        raise UsageError(f"--domain {domain} is neither a Region nor a domain")
    context = BundleContext(
        datetime.now(UTC), parameters.certificate_expiry_days, domain=domain_of(domain or "")
    )
    settings = bundles.S3Settings(profile, region)
    examined = bundles.examine(target, provider_class, context, settings)
    _print(bundles.as_object(examined), form)
    return status_of({examined.outcome})


def _print(report: dict[str, Any], form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(report, indent=2))
        return
    from rich.console import Console

    from emr_in_transit_cli.certificates import text_of

    output.print_lines(text_of(report), Console())
