"""The command: its verbs, and what becomes of whatever goes wrong in them."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from emr_in_transit_cli.errors import CannotTellError, UsageError
from emr_in_transit_cli.outcomes import (
    COULD_NOT_TELL,
    EXIT_CODES,
    INTERRUPTED,
    NOTHING_VIOLATES,
    OWN_FAULT,
    WRONG_USE,
)
from emr_in_transit_cli.output import PROGRAM, note
from emr_in_transit_cli.verbs.certificates import certificates
from emr_in_transit_cli.verbs.check import check
from emr_in_transit_cli.verbs.explain import explain
from emr_in_transit_cli.verbs.fix import fix
from emr_in_transit_cli.verbs.report import report
from emr_in_transit_cli.verbs.scan import scan


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
        sys.exit(NOTHING_VIOLATES)
    except Exception as error:  # noqa: BLE001 (a fault of ours must not look like a verdict)
        _end_at_own_fault(error)
    sys.exit(status if isinstance(status, int) else NOTHING_VIOLATES)


def _drop_output() -> None:
    """Send what is still to be flushed nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_at_own_fault(error: Exception) -> NoReturn:
    if "--debug" in sys.argv:
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    _end(OWN_FAULT, f"fault of its own, {type(error).__name__}; --debug shows where")


def _end(status: int, message: str) -> NoReturn:
    note(" ".join(message.split()))
    sys.exit(status)


def _print_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from emr_in_transit import __version__  # noqa: PLC0415

        click.echo(f"{PROGRAM}, version {__version__}")
        context.exit()


@click.group(
    commands=[certificates, check, explain, fix, report, scan],
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
