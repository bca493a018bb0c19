"""Account check: a check, what it finds, and the exit status that follows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.aws_words import AWS_ERRORS, code_of, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tools.account_check.aws import Aws, Call


class Answer(StrEnum):
    """What a check says: only the second means that something is wrong."""

    YES = "yes"
    NO = "no"
    COULD_NOT_TELL = "could not tell"
    NOTE = "note"


class Finding(NamedTuple):
    """One answer, in one sentence, and what to do about it."""

    answer: Answer
    text: str
    advice: str = ""
    seconds: float | None = None


def yes(text: str, seconds: float | None = None) -> Finding:
    """Return that something is as it has to be."""
    return Finding(Answer.YES, text, seconds=seconds)


def no(text: str, advice: str) -> Finding:
    """Return what is wrong, and what to do."""
    return Finding(Answer.NO, text, advice)


def unsure(text: str, advice: str = "") -> Finding:
    """Return what could not be told, and how it could."""
    return Finding(Answer.COULD_NOT_TELL, text, advice)


def note(text: str, advice: str = "") -> Finding:
    """Return what is worth knowing, and no fault."""
    return Finding(Answer.NOTE, text, advice)


class Result(NamedTuple):
    """A finding, and the check that it is of."""

    check: str
    finding: Finding


class Check(NamedTuple):
    """What is asked, with the calls that asking takes; `find` gets them as an Aws of its own."""

    name: str
    calls: tuple[Call, ...]
    find: Callable[[Aws, Any], Iterable[Finding]]


def check(name: str, *calls: Call) -> Callable[[Callable[[Aws, Any], Iterable[Finding]]], Check]:
    """Make a check of a function that takes an Aws and what the command knows."""

    def make(find: Callable[[Aws, Any], Iterable[Finding]]) -> Check:
        return Check(name, calls, find)

    return make


class NotReachedError(Exception):
    """A check could not get to what it was to show; the message says why."""


def run(checks: Sequence[Check], aws: Aws, known: Any) -> Iterator[Result]:
    """Make the checks, one after the other."""
    for each in checks:
        findings = each.find(aws.limited_to(each.calls), known)
        yield from guarded(each.name, each.calls, findings)


def guarded(name: str, calls: Sequence[Call], findings: Iterable[Finding]) -> Iterator[Result]:
    """Return the findings as results; what stands in their way is no verdict, but could not tell."""
    try:
        for finding in findings:
            yield Result(name, finding)
    except NotReachedError as problem:
        yield Result(name, unsure(str(problem)))
    except AWS_ERRORS as error:
        yield Result(name, from_error(error, calls))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        text = f"AWS answered in a form that is not known ({type(error).__name__}: {error})"
        yield Result(name, unsure(text))


def for_each(
    items: Iterable[Any], find: Callable[[Any], Iterable[Finding]], calls: Sequence[Call]
) -> Iterator[Finding]:
    """Find something of each item; what cannot be told of one costs the others nothing."""
    for item in items:
        try:
            yield from find(item)
        except AWS_ERRORS as error:
            yield from_error(error, calls)


def from_error(error: Exception, calls: Sequence[Call]) -> Finding:
    """Return that something could not be told, and why."""
    if not is_denied(error):
        return unsure(in_words(error), "try again later")
    operation = getattr(error, "operation_name", "")
    rights = [action for each in calls if each.operation == operation for action in each.actions]
    return unsure(in_words(error), f"allow yourself {' and '.join(rights)}" if rights else "")


def is_denied(error: Exception) -> bool:
    """Return whether AWS says that the caller may not ask."""
    code = code_of(error)
    return code == "403" or code.startswith(("AccessDenied", "AuthorizationError", "Unauthorized"))


def exit_status(results: Iterable[Result]) -> int:
    """Return 1 where something is wrong, else 3 where something could not be told, else 0."""
    answers = {each.finding.answer for each in results}
    if Answer.NO in answers:
        return 1
    return 3 if Answer.COULD_NOT_TELL in answers else 0
