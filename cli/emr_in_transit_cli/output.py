"""Where reports go, the file of --output or standard output, and notes on standard error."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emr_in_transit_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from rich.console import Console

    Content = str | Callable[[Console], None]

PROGRAM = "emr-in-transit"


def note(message: str) -> None:
    """Print a line for people, which is no part of a report."""
    click.echo(f"{PROGRAM}: {message}", err=True)


def write(content: Content, file: TextIO | None) -> None:
    """Write a text, or what prints itself on a console, to a file or to standard output."""
    if isinstance(content, str):
        (file or sys.stdout).write(content)
        return
    from rich.console import Console  # noqa: PLC0415 (rich takes its time to load)

    content(Console() if file is None else Console(file=file, force_terminal=False))


def print_lines(lines: Iterable[tuple[str, str]], console: Console) -> None:
    """Print lines as they are, each in its style."""
    for line, style in lines:
        console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def opened(output: str | None) -> Iterator[TextIO | None]:
    """Open the file of --output, None where there is none; raise UsageError."""
    if output is None:
        yield None
        return
    with _open(output, Path(output)) as file:
        yield file


@contextmanager
def whole(output: str | None) -> Iterator[TextIO | None]:
    """Open the file of --output, which has its content at the end or stays as it was.

    What can only be written to, such as a pipe, is written to as it is. Raises UsageError.
    """
    if output is None:
        yield None
        return
    path = Path(output).resolve()
    if path.is_dir():
        raise UsageError(f"--output {output} cannot be written (it is a folder)")
    if path.exists() and not path.is_file():
        with _open(output, path) as file:
            yield file
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _open(output, part) as file:
            yield file
        if path.exists():
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _open(output: str, path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--output {output} cannot be written ({error.strerror})") from error
