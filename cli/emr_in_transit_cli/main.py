"""The command line. What a verb needs is imported when it is called: --help is quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from emr_in_transit_cli.errors import CannotTellError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.checking import Report
    from emr_in_transit_cli.dialects import Context

PROGRAM = "emr-in-transit"
INTERRUPTED, OWN_FAULT, WRONG_USE, COULD_NOT_TELL = 130, 70, 2, 3
EXIT_CODES = """
\b
Exit status:
  0    nothing violates
  1    something violates
  2    wrong use, or no input was of a form that it knows
  3    something could not be told
  70   a fault of the command itself (--debug shows it)
  130  interrupted
"""


def main() -> NoReturn:
    """Run the command and end with its exit status; whatever is wrong is one line."""
    try:
        for stream in (sys.stdout, sys.stderr):
            # Names can hold what a terminal lacks.
            getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
        status = command.main(prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        _end(INTERRUPTED, "interrupted")
    except click.ClickException as error:
        _end(WRONG_USE, error.format_message())
    except UsageError as error:
        _end(WRONG_USE, str(error))
    except CannotTellError as error:
        _end(COULD_NOT_TELL, f"could not tell: {error}")
    except BrokenPipeError:  # whoever reads has seen enough, such as head
        _drop_output()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 (a fault of ours must not look like a verdict)
        _end_at_own_fault(error)
    sys.exit(status if isinstance(status, int) else 0)


def _drop_output() -> None:
    """Send what is still to be flushed nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_at_own_fault(error: Exception) -> NoReturn:
    if "--debug" in sys.argv:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    _end(OWN_FAULT, f"fault of its own, {type(error).__name__}; --debug shows where")


def _end(status: int, message: str) -> NoReturn:
    line = " ".join(message.split())
    click.echo(f"{PROGRAM}: {line}", err=True)
    sys.exit(status)


def _print_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from emr_in_transit import __version__  # noqa: PLC0415

        click.echo(f"{PROGRAM}, version {__version__}")
        context.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def command() -> None:
    """Whether Amazon EMR clusters encrypt their data in transit, before and after their launch.

    Every verdict is that of the AWS Config rule EMR_IN_TRANSIT_ENCRYPTION.
    """


_Decorated = Any  # click's decorators keep what they decorate


def _rule_options(function: _Decorated) -> _Decorated:
    for option in reversed(
        (
            click.option(
                "-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE",
                help="A parameter of the rule, such as coverage=complete; may be given again.",
            ),
            click.option(
                "--parameters-from", "rule", metavar="RULE",
                help="Take the parameters of this rule in AWS Config; -p wins.",
            ),
            click.option("--profile", help="Profile of the AWS settings for what asks AWS."),
            click.option("--region", help="Region for what asks AWS."),
            click.option("--debug", is_flag=True, help="Show the traceback of a fault."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


_configuration_option = click.option(
    "-c",
    "--configuration",
    "configurations",
    multiple=True,
    metavar="FILE",
    help="A security configuration that clusters name and that is in no other file.",
)
_template_option = click.option(
    "-t",
    "--template-parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value for a parameter of a CloudFormation template.",
)


@command.command(epilog=EXIT_CODES, short_help="Judge what would be launched.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@_configuration_option
@_template_option
@click.option(
    "-f",
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json", "csv", "sarif"]),
)
@click.option("-o", "--output", metavar="FILE", help="Write the report there.")
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever the verdicts.")
@click.option(
    "-s",
    "--skip-unknown",
    is_flag=True,
    help="Pass over files of no form that it knows, as in folders.",
)
@click.option("-v", "--verbose", is_flag=True, help="List what was passed over, and each dialect.")
@_rule_options
def check(  # noqa: PLR0913 (click passes each option)
    *,
    paths: tuple[str, ...],
    configurations: tuple[str, ...],
    given: tuple[str, ...],
    form: str,
    output: str | None,
    exit_zero: bool,
    skip_unknown: bool,
    verbose: bool,
    debug: bool,  # noqa: ARG001 (main looks for it)
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
    from emr_in_transit_cli.checking import Check  # noqa: PLC0415

    if list(paths).count("-") + list(configurations).count("-") > 1:
        raise UsageError("only one document can come from standard input")
    run = Check(_context(given), _parameters(**rule), configurations, passes_over=skip_unknown)
    report = run.run(paths)
    _write(report, form, output, verbose=verbose)
    if report.needless:
        _note_needless()
    if not report.results and report.status == WRONG_USE:
        raise UsageError("no file there is of a form that it knows")
    return 0 if exit_zero else report.status


def _context(given: tuple[str, ...]) -> Context:
    from datetime import UTC, datetime  # noqa: PLC0415

    from emr_in_transit_cli.dialects import Context  # noqa: PLC0415

    return Context(datetime.now(UTC), _pairs(given, "--template-parameter"))


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{option} {pair[:60]!r} is not NAME=VALUE")
        found[name] = value
    return found


def _parameters(
    pairs: tuple[str, ...], rule: str | None, profile: str | None, region: str | None
) -> RuleParameters:
    from emr_in_transit.judgement.parameters import ParameterError, parse_parameters  # noqa: PLC0415

    given: Mapping[str, object] = {}
    if rule:
        from emr_in_transit_cli.account import rule_parameters  # noqa: PLC0415

        given = rule_parameters(rule, profile, region)
    try:
        return parse_parameters({**given, **_pairs(pairs, "--parameter")})
    except ParameterError as error:
        raise UsageError(f"rule parameters: {error}") from error


def _write(report: Report, form: str, output: str | None, *, verbose: bool) -> None:
    from emr_in_transit_cli import formats  # noqa: PLC0415

    writers: dict[str, Callable[[Report], str]] = {
        "json": formats.as_json,
        "csv": formats.as_csv,
        "sarif": formats.as_sarif,
    }
    if form in writers:
        _put(writers[form](report), output)
        return
    from rich.console import Console  # noqa: PLC0415

    if output is None:
        formats.print_table(report, Console(), verbose=verbose)
        return
    console = Console(record=False, file=_opened(output), force_terminal=False)
    with console.file:
        formats.print_table(report, console, verbose=verbose)


def _note_needless() -> None:
    click.echo(f"{PROGRAM}: no cluster names what --configuration gives", err=True)


def _put(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    with _opened(output) as file:
        file.write(text)


def _opened(output: str) -> Any:
    try:
        return Path(output).open("w", encoding="utf-8", newline="", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--output {output} cannot be written ({error.strerror})") from error


@command.command(epilog=EXIT_CODES, short_help="Explain one cluster in full.")
@click.argument("cluster", metavar="FILE|ID")
@_configuration_option
@_template_option
@click.option(
    "-f",
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
)
@_rule_options
def explain(  # noqa: PLR0913 (click passes each option)
    *,
    cluster: str,
    configurations: tuple[str, ...],
    given: tuple[str, ...],
    form: str,
    profile: str | None,
    region: str | None,
    debug: bool,  # noqa: ARG001 (main looks for it)
    **rule: Any,
) -> int:
    """Explain one cluster in full: every endpoint, what protects it or why not, and each fix.

    FILE is what check takes. ID, such as j-2AXXXXXXGAPLF, is a cluster of a live account, which is
    only read: DescribeCluster, DescribeSecurityConfiguration, and with overrideScope=instances
    ListInstanceGroups or ListInstanceFleets.
    """
    from emr_in_transit_cli import explaining, files  # noqa: PLC0415
    from emr_in_transit_cli.checking import read_configurations  # noqa: PLC0415

    context = _context(given)
    parameters = _parameters(profile=profile, region=region, **rule)
    if explaining.CLUSTER_ID.fullmatch(cluster) and not Path(cluster).exists():
        from emr_in_transit_cli.account import read_cluster  # noqa: PLC0415

        facts = read_cluster(cluster, parameters, profile, region)
        found = [explaining.explain_facts(facts, parameters, context.now)]
    else:
        held = tuple(read_configurations(configurations, context))
        try:
            found = explaining.explain_file(cluster, held, context, parameters)
        except InputError as error:
            raise UsageError(f"{files.Source(cluster).shown} {error}") from error
    if configurations and not any(each.took_given for each in found):
        _note_needless()
    reports = [explaining.as_object(each, parameters) for each in found]
    _print_explained(reports, form)
    outcomes = {report["compliance"] for report in reports}
    if "COULD_NOT_TELL" in outcomes:
        return COULD_NOT_TELL
    return int("NON_COMPLIANT" in outcomes)


def _print_explained(reports: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415

    from emr_in_transit_cli.explaining import text_of  # noqa: PLC0415

    console = Console()
    for index, report in enumerate(reports):
        if index:
            console.print()
        for line, style in text_of(report, console.width):
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


@command.command(short_help="Write a security configuration that complies.")
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
@click.option(
    "-f",
    "--format",
    "form",
    default="json",
    show_default=True,
    type=click.Choice(["json", "cloudformation", "terraform"]),
)
@_rule_options
def fix(  # noqa: PLR0913 (click passes each option)
    *,
    provider: str,
    like: str | None,
    s3_object: str | None,
    provider_class: str | None,
    name: str,
    form: str,
    debug: bool,  # noqa: ARG001 (main looks for it)
    **rule: Any,
) -> int:
    """Write a security configuration that complies, ready to paste.

    Kerberos, authorization and encryption at rest of --like stay as they are.
    """
    from emr_in_transit_cli import fixing  # noqa: PLC0415

    context = _context(())
    parameters = _parameters(**rule)
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
            click.echo(f"{PROGRAM}: put your own in place of {placeholder}", err=True)
    return 0


@command.command(epilog=EXIT_CODES, short_help="Judge a bundle of certificates.")
@click.argument("target", metavar="ZIP|S3URI|DIRECTORY")
@click.option(
    "--domain",
    metavar="REGION|DOMAIN",
    help="Where the clusters run, such as us-east-1, or the domain of their VPC.",
)
@click.option(
    "--provider-class", metavar="CLASS", help="It is a Custom provider's jar, and has this class."
)
@click.option(
    "-f",
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json"]),
)
@_rule_options
def certificates(  # noqa: PLR0913 (click passes each option)
    *,
    target: str,
    domain: str | None,
    provider_class: str | None,
    form: str,
    profile: str | None,
    region: str | None,
    debug: bool,  # noqa: ARG001 (main looks for it)
    **rule: Any,
) -> int:
    """Judge a bundle of certificates as EMR will take it, before a cluster fails with it.

    ZIP is the bundle, DIRECTORY has the files that go into one, S3URI is what a security
    configuration names as S3Object (s3:GetObject is needed). Of the rule's parameters,
    certificateExpiryDays counts.
    """
    from datetime import UTC, datetime  # noqa: PLC0415

    from emr_in_transit.judgement.bundle import BundleContext, domain_of  # noqa: PLC0415
    from emr_in_transit_cli import certificates as bundles  # noqa: PLC0415

    parameters = _parameters(profile=profile, region=region, **rule)
    if domain is not None and "." not in domain_of(domain):
        raise UsageError(f"--domain {domain} is neither a Region nor a domain")
    context = BundleContext(
        datetime.now(UTC), parameters.certificate_expiry_days, domain=domain_of(domain or "")
    )
    settings = bundles.S3Settings(profile, region)
    report = bundles.as_object(bundles.examine(target, provider_class, context, settings))
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(report, indent=2))
    else:
        _print_lines(bundles.text_of(report))
    return {"COMPLIANT": 0, "NON_COMPLIANT": 1}.get(report["compliance"], COULD_NOT_TELL)


def _print_lines(lines: Iterable[tuple[str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    for line, style in lines:
        console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
