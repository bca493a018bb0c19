"""Account check: what is printed while it works, and the file that can be shown to others."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from emr_in_transit import __version__
from tools.account_check.results import Answer, Result, exit_status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Who has called, with the session's name, which is often a person's address.
_CALLER = re.compile(r"arn:[a-z-]+:(?:iam|sts)::\d{12}:(?:assumed-role|federated-user|user)/\S+")
# An account's number: 12 digits that are no part of a longer one.
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_WIDTH = max(len(each) for each in Answer)
_VERDICTS = {
    0: "Nothing is wrong.",
    1: "Something is wrong: see each no.",
    3: "Nothing that could be told is wrong; some could not be told.",
}


class Report:
    """Prints results as they come, and keeps them for the file; both without account numbers."""

    def __init__(self, command: str, *, with_account: bool = False) -> None:
        self.results: list[Result] = []
        self.answers: dict[str, str] = {}
        self.stays: list[str] = []
        self._command, self._with_account = command, with_account
        self._about: dict[str, Any] = {}
        self._started = datetime.now(UTC)

    def about(self, **facts: str) -> None:
        """Keep what the report is about: the Region, the stack, the modes."""
        self._about.update(facts)

    def say(self, text: str) -> None:
        """Print a line."""
        print(self.masked(text), flush=True)

    def add(self, result: Result) -> None:
        """Print a result, and keep it."""
        self.results.append(result)
        finding = result.finding
        seconds = f" ({finding.seconds:.0f} s)" if finding.seconds is not None else ""
        self.say(f"{finding.answer:{_WIDTH}}  {result.check}: {finding.text}{seconds}")
        if finding.advice:
            self.say(f"{'':{_WIDTH}}  -> {finding.advice}")

    def extend(self, results: Iterable[Result]) -> None:
        """Print and keep each result as soon as it is there."""
        for each in results:
            self.add(each)

    def answer(self, question: str, text: str) -> None:
        """Print and keep the answer to a question about AWS that nobody has settled."""
        self.answers[question] = text
        self.say(f"{'answer':{_WIDTH}}  {question} {text}")

    @property
    def status(self) -> int:
        """Return the exit status that the results make."""
        return exit_status(self.results)

    def masked(self, text: str) -> str:
        """Return a text without account numbers and callers, unless they were asked for."""
        return text if self._with_account else _ACCOUNT.sub("ACCOUNT", _CALLER.sub("CALLER", text))

    def document(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {
            "command": self._command,
            "version": __version__,
            "python": sys.version.split()[0],
            "boto3": boto3.__version__,
            **self._about,
            "started": self._started.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "status": self.status,
            "checks": [{"check": each.check, **_members(each)} for each in self.results],
            "answers": self.answers,
            "stays": self.stays,
        }

    def write(self, path: Path) -> None:
        """Print how it ended, and write the file."""
        for each in self.stays:
            self.say(f"{'stays':{_WIDTH}}  {each}")
        counts = dict.fromkeys(Answer, 0)
        for result in self.results:
            counts[result.finding.answer] += 1
        self.say(
            f"\n{_VERDICTS[self.status]} " + ", ".join(f"{n} {each}" for each, n in counts.items())
        )
        path.write_text(self.masked(json.dumps(self.document(), indent=2)) + "\n", encoding="utf-8")
        whose = "with" if self._with_account else "without"
        self.say(f"Report: {path} ({whose} account numbers)")


def _members(result: Result) -> dict[str, Any]:
    finding = result.finding
    members = {"answer": str(finding.answer), "text": finding.text}
    members |= {"advice": finding.advice} if finding.advice else {}
    return members | ({"seconds": round(finding.seconds, 1)} if finding.seconds is not None else {})
