"""What is said of whatever is judged, and the exit status that this makes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class Outcome(StrEnum):
    """What is said of a subject: the engine's verdict, or that it could not be told."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    COULD_NOT_TELL = "COULD_NOT_TELL"


NOTHING_VIOLATES, VIOLATES, WRONG_USE, COULD_NOT_TELL = 0, 1, 2, 3
OWN_FAULT, INTERRUPTED = 70, 130
# Below the help of whatever judges.
EXIT_CODES = f"""
\b
Exit status:
  {NOTHING_VIOLATES:<4} nothing violates
  {VIOLATES:<4} something violates
  {WRONG_USE:<4} wrong use, or no input was of a form that it knows
  {COULD_NOT_TELL:<4} something could not be told
  {OWN_FAULT:<4} a fault of the command itself (--debug shows it)
  {INTERRUPTED:<4} interrupted
"""


def status_of(outcomes: Collection[str]) -> int:
    """Return the exit status of all that was judged."""
    return exit_status(
        is_known=Outcome.COULD_NOT_TELL not in outcomes, violates=Outcome.NON_COMPLIANT in outcomes
    )


def exit_status(*, is_known: bool, violates: bool) -> int:
    """Return the exit status; what is not known counts before what violates."""
    if not is_known:
        return COULD_NOT_TELL
    return VIOLATES if violates else NOTHING_VIOLATES
