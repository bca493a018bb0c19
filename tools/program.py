"""How a program of ours, a tool or the simulator, meets whoever starts it."""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import TracebackType

_INTERRUPTED = 128 + signal.SIGINT  # what shells make of a program that SIGINT has ended


class Parser(argparse.ArgumentParser):
    """Refuses a command line in one line, where argparse shows the usage too."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2, and say why."""
        self.exit(2, f"{self.prog}: {message}\n")


def end_quietly() -> None:
    """End without a traceback when somebody interrupts, or when whoever reads has seen enough.

    Call it before what takes time to import: that can be interrupted too.
    """
    sys.excepthook = _end
    atexit.register(_flush)


def interrupted() -> int:
    """Say so in one line, and return the exit status."""
    line = "Interrupted."
    # A terminal shows ^C at the beginning of its line.
    print(f"\n{line}" if sys.stderr.isatty() else line, file=sys.stderr)
    return _INTERRUPTED


def ignore_aws_settings() -> None:
    """Make nothing of the caller's AWS settings count here: not a profile, not an endpoint."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "BOTO_"))]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # A proxy does not lead to this machine. Both spellings, for libraries differ.
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        interrupted()  # Python ends itself by SIGINT then
    elif issubclass(kind, BrokenPipeError):
        _end_by_sigpipe()
    else:
        sys.__excepthook__(kind, error, trace)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _end_by_sigpipe()


def _end_by_sigpipe() -> None:
    """End as programs do that leave the signal alone; in Python it is an exception instead."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
