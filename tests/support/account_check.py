"""Runs the commands that look at an account within the tests' own process."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from tools.account_check.trial import Pace
from tools.simulator.client import Simulator


class Done(NamedTuple):
    """What a run has left behind."""

    status: int
    out: str
    err: str
    report: dict[str, Any]


def checked(
    main: Callable[..., int], path: Path, capsys: Any, *arguments: str, **more: Any
) -> Done:
    """Run a command with a report of its own; wrong use ends it by SystemExit."""
    if path.is_file():
        path.unlink()
    try:
        status = main([*arguments, "--report", str(path)], **more)
    except SystemExit as ended:
        status = int(ended.code or 0)
    out, err = capsys.readouterr()
    return Done(status, out, err, json.loads(path.read_text()) if path.is_file() else {})


@contextmanager
def session_of(simulator: Simulator) -> Iterator[boto3.Session]:
    """Make a session for many runs: it keeps what botocore reads, which takes longer than the checks."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in simulator.environment().items():
            environment.setenv(name, value)
        made = boto3.Session()
        made.get_credentials()
        yield made


def clock_of(simulator: Simulator) -> Pace:
    """Return a clock that only waiting moves; waiting is until the simulator has nothing to do."""
    at = [0.0]

    def sleep(seconds: float) -> None:
        simulator.settle()
        at[0] += seconds

    return Pace(lambda: at[0], sleep)


def results(done: Done, *answers: str) -> list[dict[str, Any]]:
    """Return the checks of a report that gave one of these answers."""
    return [each for each in done.report["checks"] if each["answer"] in answers]
