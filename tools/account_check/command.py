"""Account check: what both commands share: their options, their session, how they refuse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from tools.account_check.aws import Aws
from tools.aws_words import AWS_ERRORS, in_words
from tools.program import Parser
from tools.regions import lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.account_check.aws import Call

STACK = "emr-in-transit-encryption"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_TOPIC = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?", re.ASCII)


class UsageError(Exception):
    """What was given is nothing that can be checked; the message says what was expected."""


def parser(name: str, description: str) -> Parser:
    """Return a parser with the options of both commands."""
    made = Parser(prog=name, description=description, allow_abbrev=False)
    made.add_argument("--stack", default=STACK, help=f"its name, unless it is {STACK}")
    made.add_argument(
        "--region", default="", help="the Region, unless AWS_REGION or the profile names it"
    )
    made.add_argument(
        "--report", type=Path, default=Path(f"dist/{name}-report.json"), help="file for the report"
    )
    made.add_argument(
        "--with-account", action="store_true", help="leave account numbers in the report"
    )
    return made


def stack_name(text: str) -> str:
    """Return a stack's name; raise UsageError for what cannot be one."""
    if not _NAME.fullmatch(text or STACK):
        raise UsageError(
            f"{text!r} is no name of a stack: letters, digits and hyphens, a letter first"
        )
    return text or STACK


def topic_arn(text: str) -> str:
    """Return a topic's ARN, or ""; raise UsageError for what is none."""
    if text and not _TOPIC.fullmatch(text):
        raise UsageError(
            f"{text!r} is no ARN of a topic, such as arn:aws:sns:eu-west-1:111122223333:alerts"
        )
    return text


def open_account(region: str, calls: Sequence[Call], session: boto3.Session | None = None) -> Aws:
    """Return the caller's account; raise UsageError where there are no credentials or no Region."""
    try:
        session = session or boto3.Session(region_name=region or None)
        if not session.region_name:
            raise UsageError("there is no Region: name it (REGION=eu-west-1), or set AWS_REGION")
        problem = lacking(session.region_name)
        if problem.startswith(f"{session.region_name} is no Region"):
            raise UsageError(problem)
        return Aws.open(session, calls)
    except AWS_ERRORS as error:
        raise UsageError(in_words(error)) from error


def require_writable(report: Path) -> None:
    """Raise UsageError if a report cannot be written there, before anything is asked or made."""
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        is_new = not report.exists()
        with report.open("a", encoding="utf-8"):
            pass
        if is_new:
            report.unlink()
    except OSError as problem:
        text = f"the report cannot be written: {problem.strerror}: {problem.filename}"
        raise UsageError(text) from problem
