"""The command line. What a verb needs is imported when it is called: --help is quick."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from emr_in_transit_cli.errors import CannotTellError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TextIO

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.checking import Report
    from emr_in_transit_cli.dialects import Context
    from emr_in_transit_cli.reporting.asked import Asked
    from emr_in_transit_cli.scan_access import Access
    from emr_in_transit_cli.scanning import Scan

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
    return _parsed(_given(pairs, rule, profile, region))


def _given(
    pairs: tuple[str, ...], rule: str | None, profile: str | None, region: str | None
) -> Mapping[str, object]:
    """Return the rule's parameters as texts: those of a live rule, and those of the command line."""
    found: Mapping[str, object] = {}
    if rule:
        from emr_in_transit_cli.account import rule_parameters  # noqa: PLC0415

        found = rule_parameters(rule, profile, region)
    return {**found, **_pairs(pairs, "--parameter")}


def _parsed(given: Mapping[str, object]) -> RuleParameters:
    from emr_in_transit.judgement.parameters import ParameterError, parse_parameters  # noqa: PLC0415

    try:
        return parse_parameters(given)
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


def _opened(output: str, path: Path | None = None) -> Any:
    try:
        return (path or Path(output)).open(
            "w", encoding="utf-8", newline="", errors="backslashreplace"
        )
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


@command.command(epilog=EXIT_CODES, short_help="Judge the clusters of an account now.")
@click.option("--region", "regions", multiple=True, help="A Region; may be given again.")
@click.option("--all-regions", is_flag=True, help="Every Region that is enabled and has EMR.")
@click.option("--profile", help="Profile of the AWS settings.")
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
@click.option(
    "-p",
    "--parameter",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the rule, such as coverage=complete; may be given again.",
)
@click.option(
    "--parameters-from",
    "rule",
    metavar="RULE",
    help="Take the parameters of this rule in AWS Config, of the profile's account; -p wins.",
)
@click.option("--compare", metavar="OLD.json", help="Say what has changed since that report.")
@click.option(
    "-f",
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json", "csv"]),
)
@click.option("-o", "--output", metavar="FILE", help="Write the report there, once it is whole.")
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever the verdicts.")
@click.option("--permissions", "asks_permissions", is_flag=True, help="Print the policy it needs.")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def scan(  # noqa: PLR0913 (click passes each option)
    *,
    ended_days: int,
    exemption_max_days: int | None,
    share: float | None,
    pairs: tuple[str, ...],
    rule: str | None,
    compare: str | None,
    form: str,
    output: str | None,
    exit_zero: bool,
    asks_permissions: bool,
    debug: bool,  # noqa: ARG001 (main looks for it)
    **asked: Any,
) -> int:
    """Judge every live cluster of an account now, or of many; nothing is changed there.

    Its verdicts are those that the rule would record. Of clusters, Regions and accounts that do not
    let themselves be read, it says that they could not be told, and goes on.
    """
    from emr_in_transit_cli import comparing, scan_access, scan_report, scanning  # noqa: PLC0415

    access = scan_access.Access(**asked)
    access.check()
    share = _share(share)
    older = comparing.read_report(compare) if compare else None
    if asks_permissions:
        return _print_permissions(access, _parsed(_pairs(pairs, "--parameter")), rule)
    given = _given(pairs, rule, access.profile, access.session().region_name)
    parameters = _parsed(given)._replace(exemption_max_days=exemption_max_days)
    with _whole(output) as file:
        options = scanning.Options(parameters, share, ended_days)
        run = scanning.Scan(scan_access.scanned_accounts(access), options)
        _run_scan(run)
        document = scan_report.as_document(run, given, all_regions=access.all_regions)
        if older is not None:
            document["comparison"] = comparing.compare(older, document)
        _write_scan(document, form, file)
    if run.is_interrupted:
        raise KeyboardInterrupt
    return 0 if exit_zero else scan_report.status_of(document)


def _share(given: float | None) -> float:
    from emr_in_transit.deployment import (  # noqa: PLC0415
        DEFAULT_EMR_CALL_SHARE,
        MOST_EMR_CALL_SHARE,
    )

    share = float(DEFAULT_EMR_CALL_SHARE) if given is None else given
    if not 0 < share <= MOST_EMR_CALL_SHARE:
        most = f"{MOST_EMR_CALL_SHARE:g}"
        raise UsageError(f"--share takes a number above 0 and up to {most}, not {share:g}")
    return share


def _print_permissions(access: Access, parameters: RuleParameters, rule: str | None) -> int:
    import json  # noqa: PLC0415

    from emr_in_transit_cli.scan_access import permissions  # noqa: PLC0415

    needed = permissions(access, parameters, from_rule=bool(rule))
    click.echo(json.dumps(needed.policy, indent=2))
    if needed.caller:
        caller = " and ".join(needed.caller)
        click.echo(f"{PROGRAM}: that is for the role; whoever runs it needs {caller}", err=True)
    return 0


def _run_scan(run: Scan) -> None:
    from rich.console import Console  # noqa: PLC0415

    from emr_in_transit_cli.progress import ScanProgress  # noqa: PLC0415

    # FORCE_COLOR, as pipelines set it, makes no terminal of a log.
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    with ScanProgress(console) as progress:
        run.run(progress.show)


def _write_scan(document: dict[str, Any], form: str, file: TextIO | None) -> None:
    from emr_in_transit_cli import scan_report  # noqa: PLC0415

    writers = {"json": scan_report.as_json, "csv": scan_report.as_csv}
    if form in writers:
        (file or sys.stdout).write(writers[form](document))
        return
    from rich.console import Console  # noqa: PLC0415

    console = Console() if file is None else Console(file=file, force_terminal=False)
    scan_report.print_table(document, console)


@contextmanager
def _whole(output: str | None) -> Iterator[TextIO | None]:
    """Open the file of --output, which has its content at the end or stays as it was.

    What can only be written to, such as a pipe, is written to as it is.
    """
    if output is None:
        yield None
        return
    path = Path(output).resolve()
    if path.is_dir():
        raise UsageError(f"--output {output} cannot be written (it is a folder)")
    if path.exists() and not path.is_file():
        with _opened(output) as file:
            yield file
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _opened(output, part) as file:
            yield file
        if path.exists():
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@command.command(epilog=EXIT_CODES, short_help="Report on an organization, or on a period.")
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
@click.option("--region", "regions", multiple=True, help="A Region; may be given again.")
@click.option("--profile", help="Profile of the AWS settings.")
@click.option(
    "-f",
    "--format",
    "form",
    default="html",
    show_default=True,
    type=click.Choice(["html", "json", "csv"]),
    help="Of a report; evidence comes in all of them.",
)
@click.option("-o", "--output", metavar="PATH", help="Write it there; evidence into a folder.")
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever the verdicts.")
@click.option("--permissions", "asks_permissions", is_flag=True, help="Print the policy it needs.")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def report(  # noqa: PLR0913 (click passes each option)
    *,
    every: str,
    form: str,
    output: str | None,
    exit_zero: bool,
    asks_permissions: bool,
    debug: bool,  # noqa: ARG001 (main looks for it)
    **options: Any,
) -> int:
    """Report on all accounts and Regions now, or make evidence of a period.

    Now: what an aggregator of AWS Config has, or FILEs that scan --format json wrote; without
    either, what AWS Config has of one account. A period: by the lines of the functions' logs, of
    the stack in one account, or of exported files.

    What is not known comes first: silence is not compliance.
    """
    from emr_in_transit_cli.reporting.asked import Asked, policy  # noqa: PLC0415

    asked = Asked(every=int(every), **options)
    asked.check()
    if asks_permissions:
        import json  # noqa: PLC0415

        click.echo(json.dumps(policy(asked), indent=2))
        return 0
    status = _evidence(asked, output) if asked.is_of_period else _report(asked, form, output)
    return 0 if exit_zero else status


def _report(asked: Asked, form: str, output: str | None) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from emr_in_transit_cli.progress import ReportProgress  # noqa: PLC0415
    from emr_in_transit_cli.reporting import asked as reading  # noqa: PLC0415
    from emr_in_transit_cli.reporting.written import report_summary, report_text  # noqa: PLC0415

    if form == "html" and output is None and sys.stdout.isatty():
        raise UsageError("a page is for a browser: give --output FILE, or another --format")
    with _whole(output) as file:
        with ReportProgress(Console(stderr=True)) as progress:
            status = reading.status(asked, datetime.now(UTC), progress)
        (file or sys.stdout).write(report_text(status, form))
    if output is not None:
        click.echo(report_summary(status), err=True)
    return COULD_NOT_TELL if not status.is_known else int(bool(status.violating))


def _evidence(asked: Asked, output: str | None) -> int:
    from rich.console import Console  # noqa: PLC0415

    from emr_in_transit_cli.progress import ReportProgress  # noqa: PLC0415
    from emr_in_transit_cli.reporting import asked as reading  # noqa: PLC0415
    from emr_in_transit_cli.reporting.written import (  # noqa: PLC0415
        evidence_files,
        evidence_summary,
    )

    if output is None:
        raise UsageError("evidence is several files: give --output FOLDER")
    with ReportProgress(Console(stderr=True)) as progress:
        evidence = reading.evidence(asked, progress)
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in evidence_files(evidence).items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"--output {output} cannot be written ({error.strerror})") from error
    click.echo(evidence_summary(evidence), err=True)
    return COULD_NOT_TELL if not evidence.is_known else int(bool(evidence.violated))


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
