"""Simulator: what is known of Lambda invocations: records and settings."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_KEPT = 5000


@dataclass(frozen=True)
class Invocation:
    """One run of a function: what it was given, what it answered, what it cost."""

    id: str
    function: str
    arn: str
    ok: bool
    payload: Any
    answer: Any
    error_type: str | None
    error_message: str | None
    logs: list[str]
    started: float
    duration: float  # seconds, without the start of the process
    init_duration: float | None  # seconds to start the process; None if it was warm
    peak_rss_mib: float
    over_memory: bool  # its peak is above MemorySize; Lambda would have ended it
    attempt: int = 1
    sequence: int = field(default_factory=itertools.count(1).__next__)


@dataclass
class Settings:
    """How the simulator's Lambda behaves, where AWS leaves it open or is too slow to wait for."""

    retry_delay: float = 0.2  # seconds that stand for Lambda's minute between attempts
    concurrency: int = 1  # processes per function; an invocation waits for a free one
    time_scale: float = 1.0  # how long a wait within a function lasts, such as botocore's back-off
    deadline_scale: float = 1.0  # how long a second of a function's Timeout lasts
    timeout_scale: float = 1.0  # how long botocore waits for an answer within a function


settings = Settings()
_records: deque[Invocation] = deque(maxlen=_KEPT)


def split_arn(function_arn: str) -> tuple[str, str, str]:
    """Return Region, account and name of a function's ARN."""
    _, _, _, region, account, _, name = function_arn.split(":")[:7]
    return region, account, name


def keep(invocation: Invocation) -> None:
    """Remember an invocation."""
    _records.append(invocation)


def records(function: str | None = None) -> list[Invocation]:
    """Return the invocations so far, oldest first: of one function (name or ARN) or of all."""
    kept = list(_records)
    return [one for one in kept if function in {None, one.function, one.arn}]


def forget_records() -> None:
    """Drop the records."""
    _records.clear()


def restore_settings() -> None:
    """Put the settings back."""
    vars(settings).update(vars(Settings()))
