"""Reads the lines that evidence is made from: of CloudWatch Logs, or of files exported from there."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.aws.errors import AWS_ERRORS, explain
from emr_in_transit.aws.logs import COULD_NOT_TELL, SWEEP_FINISHED, VERDICT, VERDICT_VERSION
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import clip
from emr_in_transit_cli.errors import CannotTellError, UsageError
from emr_in_transit_cli.reporting.status import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PERMISSIONS = ("logs:FilterLogEvents",)
STACK_PERMISSIONS = ("cloudformation:DescribeStacks",)
# The outputs of template.yml that name the functions' log groups.
LOG_GROUP_OUTPUTS = ("RuleLogGroupName", "LaunchCheckLogGroupName")
MESSAGES = (VERDICT, SWEEP_FINISHED, COULD_NOT_TELL)
# CloudWatch Logs leaves out all other lines, where it is asked.
FILTER = "{ " + " || ".join(f'($.message = "{each}")' for each in MESSAGES) + " }"
# The texts that a line has to have, of any kind and of each.
_BY = ("account", "region", "rule")
_TEXTS = {
    VERDICT: ("resource_type", "resource_id", "compliance", "facts_hash", "annotation"),
    SWEEP_FINISHED: (),
    COULD_NOT_TELL: ("subject", "why"),
}
# What evidence is made from, of all that a line holds.
_KEPT = (
    *(*_BY, "resource_type", "resource_id", "resource_name", "release", "cluster_created"),
    *("compliance", "reasons", "annotation", "exemption", "launched_by", "facts_hash"),
    *("security_configuration", "security_configuration_created"),
    *("live", "could_not_tell", "deferred", "subject", "why"),
)
# What it may have, and then as a moment.
_MOMENTS = ("cluster_created", "security_configuration_created")
# Version 0.1.0 wrote such lines too, from which no evidence can be made.
OLDER = "a line of a version before 0.2.0, which does not say whose account it is about"
LATEST = timedelta(minutes=15)
_GZIP = b"\x1f\x8b"
_DECODER = json.JSONDecoder()
# A list of records with lists of events, in texts of which lines stand: no form goes deeper.
_MOST_NESTED = 6


class Line(NamedTuple):
    """One line of a function's log that evidence is made from."""

    time: datetime
    place: Place  # whose resources it is about
    message: str
    fields: Mapping[str, Any]  # those that evidence is made from
    text: str  # the whole line as JSON, however its members were ordered

    @property
    def is_end(self) -> bool:
        """Return whether the resource is gone with this line, rather than judged or exempt."""
        is_left_out = self.fields.get("compliance") == Compliance.NOT_APPLICABLE
        return is_left_out and not self.fields.get("exemption")


class Period(NamedTuple):
    """From a moment on, and up to another one."""

    start: datetime
    end: datetime


class Input(NamedTuple):
    """A file or log group that was read: the SHA-256 of its bytes, or of the lines that came."""

    name: str
    sha256: str
    lines: int
    unreadable: tuple[str, ...] = ()  # why lines that should be ours are not, and how often


class Lines(NamedTuple):
    """What has been read, each line once, in order of time."""

    lines: tuple[Line, ...]
    inputs: tuple[Input, ...]


def read_paths(paths: Iterable[str]) -> Lines:
    """Return the lines of files and folders; raise UsageError where one cannot be read.

    A file is what CloudWatch Logs exports to S3, what a subscription delivers, what the AWS CLI's
    filter-log-events prints, or plain lines; each also as gzip.
    """
    found: list[Line] = []
    inputs = []
    for top in paths:
        base = Path(top)
        if not base.exists():
            raise UsageError(f"--logs {top} is not there")
        for path in _files(base):
            raw = _raw(path)
            lines, unreadable = parse(_content(raw, path))
            found += lines
            name = path.relative_to(base).as_posix() if base.is_dir() else path.name
            digest = hashlib.sha256(raw).hexdigest()
            inputs.append(Input(name, digest, len(lines), tuple(unreadable)))
    return Lines(in_order(found), tuple(sorted(inputs)))


def read_log_group(client: Any, group: str, period: Period, tell: Callable[[int], None]) -> Lines:
    """Return the lines of a log group within a period; raise CannotTellError.

    ``tell`` is called with how many have come, page by page.
    """
    query = {
        "logGroupName": group,
        "startTime": _milliseconds(period.start),
        # A line can come a while after the time that it names; who is too late is left out later.
        "endTime": _milliseconds(period.end + LATEST),
        "filterPattern": FILTER,
    }
    texts: list[str] = []
    try:
        for page in client.get_paginator("filter_log_events").paginate(**query):
            texts += [each["message"] for each in page["events"]]
            tell(len(texts))
    except AWS_ERRORS as error:
        raise CannotTellError(f"{group}: {explain('FilterLogEvents', error)}") from error
    lines, unreadable = parse("\n".join(texts))
    digest = hashlib.sha256("\n".join(each.text for each in in_order(lines)).encode()).hexdigest()
    made = Input(
        f"log group {group} in {client.meta.region_name}", digest, len(lines), tuple(unreadable)
    )
    return Lines(in_order(lines), (made,))


def log_groups(client: Any, stack: str) -> list[str]:
    """Return the log groups that a stack's outputs name; raise CannotTellError."""
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except AWS_ERRORS as error:
        raise CannotTellError(f"stack {stack}: {explain('DescribeStacks', error)}") from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    names = [outputs[each] for each in LOG_GROUP_OUTPUTS if each in outputs]
    if not names:
        raise UsageError(f"stack {stack} has no outputs {' and '.join(LOG_GROUP_OUTPUTS)}")
    return names


def joined(several: Iterable[Lines]) -> Lines:
    """Return what several sources have told, each line once."""
    found = list(several)
    lines = in_order(line for each in found for line in each.lines)
    return Lines(lines, tuple(sorted(made for each in found for made in each.inputs)))


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return lines by time, each once: an export and a delivery may hold the same one.

    Lambda writes times in whole seconds, and an end is the last that there is to say in one.
    """
    distinct = {each.text: each for each in lines}.values()
    return tuple(sorted(distinct, key=lambda each: (each.time, each.is_end, each.text)))


def parse(text: str) -> tuple[list[Line], list[str]]:
    """Return the lines in a text, and why others that should be ours could not be read."""
    lines: list[Line] = []
    unreadable: Counter[str] = Counter()
    for found in _objects(text):
        if isinstance(found, str):
            if any(f'"{each}"' in found for each in MESSAGES):
                unreadable[f"no JSON: {clip(found, 80)}"] += 1
            continue
        for record in _records(found, _MOST_NESTED):
            try:
                lines.append(_line(record))
            except (ValueError, RecursionError) as error:
                unreadable[str(error)] += 1
    return lines, [f"{why} ({count} times)" for why, count in unreadable.items()]


def _objects(text: str) -> Iterator[Any]:
    """Return the JSON documents of a text, and as a text each line that holds none."""
    position, end = 0, len(text)
    while position < end:
        stop = text.find("\n", position)
        stop = end if stop < 0 else stop
        # An export to S3 begins each line with its time.
        brace = min(
            (at for at in (text.find(each, position, stop) for each in "{[") if at >= 0),
            default=-1,
        )
        if brace < 0:
            position = stop + 1
            continue
        try:
            found, position = _DECODER.raw_decode(text, brace)
            yield found
        except (ValueError, RecursionError):
            yield text[position:stop]
            position = stop + 1


def _records(found: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Return the lines within a document, whatever it wraps them in."""
    if not depth:
        return
    if isinstance(found, list):
        for each in found:
            yield from _records(each, depth - 1)
    if not isinstance(found, dict):
        return
    message = found.get("message", found.get("@message"))
    within = found.get("logEvents", found.get("events"))
    if isinstance(message, str) and message in MESSAGES:
        yield found
    elif isinstance(message, str):
        within = list(_objects(message))
    if isinstance(within, list):
        yield from _records(within, depth - 1)


def _line(record: dict[str, Any]) -> Line:
    """Return a record as a line; raise ValueError where it lacks what a line of its kind has."""
    if "account" not in record:
        raise ValueError(OLDER)
    message, moment = record["message"], record.get("timestamp")
    about = f"a line {message!r} of {moment!r}"
    time = _moment(moment)
    if time is None:
        raise ValueError(f"{about}: its timestamp is none")
    if message == VERDICT and record.get("verdict_version") != VERDICT_VERSION:
        version = str(record.get("verdict_version"))
        raise ValueError(
            f"{about}: its verdict_version is {clip(version, 20)}, not {VERDICT_VERSION}"
        )
    if wrong := [
        each for each in (*_BY, *_TEXTS[message]) if not isinstance(record.get(each), str)
    ]:
        raise ValueError(f"{about}: {wrong[0]} is no text")
    if message == VERDICT and record["compliance"] not in set(Compliance):
        raise ValueError(f"{about}: no compliance is called {clip(record['compliance'], 40)}")
    for each in _MOMENTS:
        if _moment(record.get(each, moment)) is None:
            raise ValueError(f"{about}: its {each} is no moment")
    place = Place(record["account"], record["region"])
    # There can be many, and most say the same: what is read again is held once.
    kept = {each: _held(record[each]) for each in _KEPT if each in record}
    return Line(time, place, message, kept, json.dumps(record, sort_keys=True))


def _held(value: Any) -> Any:
    return sys.intern(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def _files(base: Path) -> Iterator[Path]:
    if base.is_file():
        yield base
        return
    for top, folders, names in os.walk(base):
        folders.sort()
        yield from (Path(top, name) for name in sorted(names) if not name.startswith("."))


def _raw(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--logs {path} cannot be read ({error.strerror})") from error


def _content(content: bytes, path: Path) -> str:
    try:
        while content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"--logs {path} is no whole gzip file") from error
    return content.decode("utf-8-sig", errors="replace")


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
