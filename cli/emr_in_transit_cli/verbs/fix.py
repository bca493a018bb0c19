"""The verb ``fix``: writes a security configuration that complies."""

from __future__ import annotations

from typing import Any

import click

from emr_in_transit_cli import options, output
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.outcomes import NOTHING_VIOLATES


@click.command(short_help="Write a security configuration that complies.")
@click.option(
    "--certificates",
    "provider",
    default="PEM",
    show_default=True,
    type=click.Choice(["EMR", "PEM", "Custom"]),
    help="Where they come from; EMR makes its own from release 7.11.0 on.",
)
@click.option("--like", metavar="FILE", help="Keep all else of this security configuration.")
@click.option("--s3-object", metavar="S3URI", help="The zip (PEM) or the jar (Custom).")
@click.option("--provider-class", metavar="CLASS", help="The class in the jar (Custom).")
@click.option("--name", default="in-transit", show_default=True, help="What to call it.")
@options.format_option("json", "cloudformation", "terraform")
@options.rule_options
def fix(  # noqa: PLR0913 (click passes each option)
    *,
    provider: str,
    like: str | None,
    s3_object: str | None,
    provider_class: str | None,
    name: str,
    form: str,
    **rule: Any,
) -> int:
    """Write a security configuration that complies, ready to paste.

    Kerberos, authorization and encryption at rest of --like stay as they are.
    """
    from emr_in_transit_cli import fixing

    context = options.context_of()
    parameters = options.rule_parameters(**rule)
    stated = {"S3Object": s3_object, "CertificateProviderClass": provider_class}
    chosen = {key: value for key, value in stated.items() if value}
    if misplaced := [key for key in chosen if key not in fixing.PLACEHOLDERS[provider]]:
        raise UsageError(f"{provider} certificates have no {misplaced[0]}")
    body = fixing.fixed(fixing.body_like(like, context) if like else {}, provider, chosen)
    if problems := fixing.problems(body, parameters, context.now):
        raise UsageError(f"it would not comply: {' '.join(problems)}")
    click.echo(fixing.written(body, form, name), nl=False)
    text = str(body["EncryptionConfiguration"]["InTransitEncryptionConfiguration"])
    for placeholder in fixing.PLACEHOLDERS[provider].values():
        if placeholder in text:
            output.note(f"put your own in place of {placeholder}")
    return NOTHING_VIOLATES
