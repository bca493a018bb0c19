"""Tool: how the demo puts on the screen what it shows: 80 columns, and colour on a terminal."""

import json
import os
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WIDTH = 80
NO_VERDICT = "no verdict"
_COLOURS = {"COMPLIANT": "32", "NON_COMPLIANT": "31", NO_VERDICT: "33"}
_BOLD, _FAINT = "1", "2"
_STARTED = time.monotonic()


@dataclass(frozen=True)
class Row:
    """One cluster of the table."""

    name: str
    verdict: str
    annotation: str

    @property
    def reason(self) -> str:
        """The code that leads the annotation of a cluster that violates."""
        if self.verdict == NO_VERDICT:
            return NO_VERDICT
        return self.annotation.split(":")[0] if self.verdict == "NON_COMPLIANT" else ""

    @property
    def detail(self) -> str:
        """What the annotation says behind the code."""
        return self.annotation.removeprefix(f"{self.reason}:").strip()


def step(text: str) -> None:
    """Print what happens next, and when."""
    clock = f"[{time.monotonic() - _STARTED:5.1f} s] "
    first, *more = textwrap.wrap(text, WIDTH - len(clock))
    print(_painted(clock, _FAINT) + _painted(first, _BOLD))
    for line in more:
        print(" " * len(clock) + _painted(line, _BOLD))
    sys.stdout.flush()


def show(rows: Iterable[Row]) -> None:
    """Print the table: a line for each cluster, and up to two lines of detail below it."""
    print(f"\n  {'CLUSTER':<17}{'VERDICT':<15}REASON")
    for row in rows:
        verdict = _painted(f"{row.verdict:<15}", _COLOURS[row.verdict])
        reason = row.reason if row.verdict == "NON_COMPLIANT" else ""
        print(f"  {row.name:<17}{verdict}{reason}".rstrip())
        for line in textwrap.wrap(row.detail, WIDTH - 4, max_lines=2, placeholder=" ..."):
            print("    " + _painted(line, _FAINT))
    print()


def show_parameters(held: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Print the rule's parameters as AWS Config holds them; "" stands for none."""
    print()
    for name, default in defaults.items():
        value = held.get(name, "")
        note = "(default)" if value == default else ""
        print(f"  {name:<32}{value or 'none':<19}{note}".rstrip())
    print()


def show_counts(rule: str, counts: Mapping[str, int]) -> None:
    """Print what AWS Config counts for a rule."""
    told = "  ".join(
        _painted(f"{counts.get(verdict, 0):>3} {verdict}", _COLOURS[verdict])
        for verdict in ("COMPLIANT", "NON_COMPLIANT")
    )
    print(f"  {rule:<42}{told}")


def show_email(email: Mapping[str, Any]) -> None:
    """Print an email as a person gets it, in a window of our width."""
    _show_in_margin(email["text"])


def show_document(message: Mapping[str, Any]) -> None:
    """Print the JSON document that other subscribers get."""
    document = json.loads(json.loads(message["message"])["default"])
    _show_in_margin(json.dumps(document, indent=2))


def _show_in_margin(text: str) -> None:
    print()
    margin = "  | "
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        wrapped = textwrap.wrap(
            line, WIDTH - len(margin), subsequent_indent=indent, break_on_hyphens=False
        )
        for part in wrapped or [""]:
            print(f"{margin}{part}".rstrip())
    print()


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if _has_colours() else text


def _has_colours() -> bool:
    # NO_COLOR counts if it is not empty: https://no-color.org
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )
