"""What is unknown stands for any value: try every possibility, and see whether all agree.

Code that reads a document asks a World wherever a verdict could depend on what nobody knows yet.
``explore`` runs that code again and again, until every combination of answers has been tried. What
is never asked for is never tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_T = TypeVar("_T")
_O = TypeVar("_O")
# Beyond this it is not told: so many possibilities take about a second.
MOST_WORLDS = 1000
_HOLE = "unknown"  # what stands in a text for what is not known of it


class TooManyWorldsError(Exception):
    """There are more possibilities than can be tried."""


@dataclass(frozen=True, slots=True)
class Unknown:  # no tuple: nothing may take it for a list
    """A value that nobody knows before the launch; equal keys are the same value.

    Of a text, ``pieces`` are what is known between the unknown parts: ("s3://", "/certs.zip").
    """

    key: str
    what: str  # what it is, in words that can be shown
    pieces: tuple[str, ...] = ("", "")
    resource: str = ""  # the resource whose name it is

    @property
    def text(self) -> str:
        """A text that it could be."""
        return _HOLE.join(self.pieces)

    @property
    def begins_known(self) -> bool:
        """Whether at least the beginning of the text is known."""
        return bool(self.pieces[0])


def join_texts(parts: Sequence[object]) -> str | Unknown:
    """Return texts and unknown texts one after the other."""
    pieces, keys, whats = [""], [], []
    for part in parts:
        if isinstance(part, Unknown):
            pieces[-1] += part.pieces[0]
            pieces += part.pieces[1:]
            keys.append(part.key)
            whats.append(part.what)
        else:
            pieces[-1] += as_text(part)
            keys.append(as_text(part))
    if len(pieces) == 1:
        return pieces[0]
    [only] = parts if len(parts) == 1 else [None]
    if isinstance(only, Unknown):
        return only
    return Unknown("".join(keys), " and ".join(dict.fromkeys(whats)), tuple(pieces))


def as_text(value: object) -> str:
    """Return a value as AWS would write it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class World:
    """One possibility: an answer to every question that was asked."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self._script = script
        # The same question about something else, with other options, is another question.
        self._chosen: dict[tuple[str, int], int] = {}
        self.subjects: dict[tuple[str, int], str] = {}
        self.assumed: dict[str, None] = {}  # what was taken for granted, in words

    def choose(self, unknown: Unknown, options: Sequence[_O]) -> _O:
        """Return one of the options; the same one wherever the same unknown is asked for."""
        key = unknown.key, len(options)
        if key not in self._chosen:
            position = len(self._chosen)
            self._chosen[key] = self._script[position] if position < len(self._script) else 0
            self.subjects[key] = unknown.what
        return options[self._chosen[key]]

    @property
    def answers(self) -> dict[tuple[str, int], int]:
        """The position of the answer to each question, with the number of its options."""
        return dict(self._chosen)


def explore(read: Callable[[World], _T], most: int = MOST_WORLDS) -> Iterator[tuple[World, _T]]:
    """Return what is read in each possible world; raise TooManyWorldsError after so many."""
    script: list[int] = []
    for _ in range(most):
        world = World(script)
        yield world, read(world)
        script = list(world.answers.values())
        options = [number for _, number in world.answers]
        while script and script[-1] + 1 == options[len(script) - 1]:
            script.pop()
        if not script:
            return
        script[-1] += 1
    raise TooManyWorldsError
