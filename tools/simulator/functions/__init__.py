"""Simulator: AWS Lambda. Functions run: the deployed zip, in a process of its own.

| module | what it does |
|---|---|
| `api` | Lambda's API: functions that run, what moto forgets, what Lambda refuses |
| `runs`, `asynchronous` | one invocation; an event with its retries and its dead letters |
| `process`, `child`, `child_logs`, `child_patches` | the process, from outside and from inside |
| `pool` | the processes that are warm |
| `code`, `logs`, `policy` | zips and layers; CloudWatch Logs; who may invoke |
| `records` | records of invocations, settings |
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.functions import api as function_api
from tools.simulator.functions.asynchronous import invoke_async
from tools.simulator.functions.policy import may_invoke
from tools.simulator.functions.pool import sandboxes
from tools.simulator.functions.records import (
    Invocation,
    Settings,
    forget_records,
    records,
    restore_settings,
    settings,
)
from tools.simulator.functions.runs import ThrottledError, find, invoke

__all__ = [
    "Invocation",
    "ThrottledError",
    "find",
    "install",
    "invoke",
    "invoke_async",
    "may_invoke",
    "records",
]


@route("GET", "/invocations")
def list_invocations(query: dict[str, Any]) -> list[Invocation]:
    """Return the invocations so far, oldest first: all, or those of `function` (name or ARN)."""
    return records(query.get("function"))


@route("DELETE", "/invocations")
def forget_invocations(_query: dict[str, Any]) -> dict[str, str]:
    """Forget the invocations so far; the processes stay warm."""
    forget_records()
    return {"status": "deleted"}


@route("PUT", "/functions")
def change_settings(body: dict[str, Any]) -> dict[str, Any]:
    """Change `retry_delay` (seconds), `concurrency` (processes) and three scales.

    With a `time_scale` of 0.02 a function that sleeps a second, or backs off for one, goes on
    after 20 milliseconds; its dates, its deadline and its Timeout stay real. Tests of throttling
    are slow without it. `timeout_scale` does the same to botocore's timeouts, for tests of AWS not
    answering. The processes that run functions start anew with either. With a `deadline_scale` of
    0.02 a Timeout of 900 seconds is over after 18, which look like 900 to the function.
    """
    known = {field.name: type(getattr(settings, field.name)) for field in fields(Settings)}
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise ControlError(f"Unknown setting {unknown[0]}; known are {', '.join(known)}.")
    for name in ("time_scale", "timeout_scale", "deadline_scale"):
        if body.get(name, 1) <= 0:
            raise ControlError(f"{name} is above 0; 1 is real time.")
    for name, value in body.items():
        setattr(settings, name, known[name](value))
    return asdict(settings)


@route("POST", "/functions/cold")
def cool_down(body: dict[str, Any]) -> dict[str, int]:
    """End the warm processes of `function` (name or ARN), or of all functions."""
    return {"ended": sandboxes.cool(body.get("function"))}


@route("POST", "/functions/kill")
def kill(body: dict[str, Any]) -> dict[str, int]:
    """End the processes of `function` (name or ARN), or of all, that are at work: Lambda may too."""
    return {"ended": sandboxes.kill(body.get("function"))}


def reset() -> None:
    """End every process and forget every invocation."""
    sandboxes.cool()
    forget_records()
    restore_settings()


def install() -> None:
    """Make moto's Lambda run functions."""
    function_api.install()
    on_reset(reset)
