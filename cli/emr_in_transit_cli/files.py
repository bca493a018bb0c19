"""Finds and reads the files that are named, and those in folders that are named."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit_cli.dialects.documents import MOST_BYTES, decode
from emr_in_transit_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIXES = (".json", ".template", ".yaml", ".yml")
STANDARD_INPUT = "-"


class Source(NamedTuple):
    """One file; ``is_named`` unless it was only met in a folder."""

    path: str
    is_named: bool = True

    @property
    def shown(self) -> str:
        """How messages name it."""
        return "standard input" if self.path == STANDARD_INPUT else self.path


class Unlisted(NamedTuple):
    """A folder that cannot be listed, and why."""

    source: Source
    problem: str


def find(paths: Iterable[str]) -> Iterator[Source | Unlisted]:
    """Return the files that are named, and in folders those that could be ours, sorted."""
    for path in paths:
        if path != STANDARD_INPUT and Path(path).is_dir():
            yield from _in_folder(path)
        else:
            yield Source(path)


def _in_folder(folder: str) -> Iterator[Source | Unlisted]:
    problems: list[OSError] = []
    for top, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES) and Path(top, name).is_file():
                yield Source(str(Path(top, name)), is_named=False)
    for problem in problems:
        yield Unlisted(Source(str(problem.filename)), f"cannot be listed ({problem.strerror})")


def read(source: Source) -> str:
    """Return the text of a file; raise InputError."""
    try:
        if source.path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(source.path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error
    except ValueError as error:  # a NUL in its name
        raise InputError("cannot be read (its name is none that a file can have)") from error
    if len(content) > MOST_BYTES:
        raise InputError(f"is larger than {MOST_BYTES // 2**20} MB")
    return decode(content)
