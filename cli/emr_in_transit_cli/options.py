"""Options that several verbs take, and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from emr_in_transit_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.dialects.recognising import Context

_Verb = TypeVar("_Verb", bound="Callable[..., Any]")

debug_option = click.option(  # main looks for it
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of a fault."
)
parameter_option = click.option(
    "-p",
    "--parameter",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the rule, such as coverage=complete; may be given again.",
)
configuration_option = click.option(
    "-c",
    "--configuration",
    "configurations",
    multiple=True,
    metavar="FILE",
    help="A security configuration that clusters name and that is in no other file.",
)
template_option = click.option(
    "-t",
    "--template-parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for a parameter of a CloudFormation template.",
)
profile_option = click.option("--profile", help="Profile of the AWS settings.")
regions_option = click.option(
    "--region", "regions", multiple=True, help="A Region; may be given again."
)
exit_zero_option = click.option(
    "--exit-zero", is_flag=True, help="End with 0 whatever the verdicts."
)
permissions_option = click.option(
    "--permissions", "asks_permissions", is_flag=True, help="Print the policy it needs."
)


def format_option(*forms: str, about: str | None = None) -> Callable[[_Verb], _Verb]:
    """Return the option that chooses a form, by default the first."""
    return click.option(
        "-f",
        "--format",
        "form",
        default=forms[0],
        show_default=True,
        type=click.Choice(forms),
        help=about,
    )


def rule_options(function: _Verb) -> _Verb:
    """Add the options that say what the rule's parameters are."""
    for option in reversed(
        (
            parameter_option,
            click.option(
                "--parameters-from",
                "rule",
                metavar="RULE",
                help="Take the parameters of this rule in AWS Config; -p wins.",
            ),
            click.option("--profile", help="Profile of the AWS settings for what asks AWS."),
            click.option("--region", help="Region for what asks AWS."),
            debug_option,
        )
    ):
        function = option(function)
    return function


def context_of(given: tuple[str, ...] = ()) -> Context:
    """Return what documents are read with, by --template-parameter; raise UsageError."""
    from datetime import UTC, datetime  # noqa: PLC0415 (what is here would slow --help down)

    from emr_in_transit_cli.dialects.recognising import Context  # noqa: PLC0415

    return Context(datetime.now(UTC), _named(given, "--template-parameter"))


def _named(pairs: tuple[str, ...], option: str) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{option} {pair[:60]!r} is not NAME=VALUE")
        found[name] = value
    return found


def rule_parameters(
    pairs: tuple[str, ...], rule: str | None, profile: str | None, region: str | None
) -> RuleParameters:
    """Return the rule's parameters by the options of rule_options; raise UsageError."""
    return parsed(parameter_texts(pairs, rule, profile, region))


def parameter_texts(
    pairs: tuple[str, ...],
    rule: str | None = None,
    profile: str | None = None,
    region: str | None = None,
) -> Mapping[str, object]:
    """Return the rule's parameters as texts, those of a live rule and those of the command line.

    Raises UsageError.
    """
    found: Mapping[str, object] = {}
    if rule:
        from emr_in_transit_cli.account import rule_parameters as read  # noqa: PLC0415

        found = read(rule, profile, region)
    return {**found, **_named(pairs, "--parameter")}


def parsed(texts: Mapping[str, object]) -> RuleParameters:
    """Return the rule's parameters; raise UsageError where a text is no value of its own."""
    from emr_in_transit.judgement.parameters import ParameterError, parse_parameters  # noqa: PLC0415

    try:
        return parse_parameters(texts)
    except ParameterError as error:
        raise UsageError(f"rule parameters: {error}") from error
