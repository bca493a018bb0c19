"""Simulator: one invocation of a Lambda function, in its own process, with its own limits."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.awslambda.utils import get_backend

from tools.simulator.functions import logs as function_logs
from tools.simulator.functions.pool import sandboxes
from tools.simulator.functions.process import ExitedError, Sandbox, TimedOutError
from tools.simulator.functions.records import Invocation, keep, settings, split_arn

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction


class ThrottledError(Exception):
    """The function's reserved concurrency lets no invocation in."""


@dataclass
class _Outcome:
    """What came of running the handler, before it becomes a record."""

    ok: bool
    answer: Any
    started: float
    duration: float
    init_duration: float | None


def find(function_arn: str) -> LambdaFunction:
    """Return the function with this ARN; raises moto's ResourceNotFoundException."""
    region, account, name = split_arn(function_arn)
    return get_backend(account, region).get_function(name)


def invoke(
    function_arn: str, payload: Any, *, request_id: str | None = None, attempt: int = 1
) -> Invocation:
    """Run the function once and return the record; an error of the function is in the record."""
    function = find(function_arn)
    arn = function.function_arn
    if function.reserved_concurrency is not None and int(function.reserved_concurrency) == 0:
        raise ThrottledError(arn)
    request_id = request_id or str(uuid.uuid4())
    with sandboxes.turn(arn) as generation:
        sandbox = sandboxes.take(arn, _fingerprint(function))
        cold = sandbox is None
        sandbox = sandbox or Sandbox(function, _fingerprint(function))
        sandboxes.note(arn, sandbox)
        try:
            outcome = _outcome(function, sandbox, payload, request_id, cold=cold)
            invocation = _record(function, sandbox, outcome, payload, (request_id, attempt))
            function_logs.write(function, sandbox.log_stream, invocation)
        finally:
            sandboxes.give_back(arn, sandbox, generation)
    keep(invocation)
    return invocation


def _record(
    function: LambdaFunction,
    sandbox: Sandbox,
    outcome: _Outcome,
    payload: Any,
    attempt: tuple[str, int],
) -> Invocation:
    error = {} if outcome.ok else outcome.answer
    return Invocation(
        id=attempt[0],
        function=function.function_name,
        arn=function.function_arn,
        ok=outcome.ok,
        payload=payload,
        answer=outcome.answer,
        error_type=error.get("errorType"),
        error_message=error.get("errorMessage"),
        logs=sandbox.read_log() + _epilogue(error),
        started=outcome.started,
        duration=outcome.duration,
        init_duration=outcome.init_duration,
        peak_rss_mib=sandbox.peak_rss_mib,
        over_memory=sandbox.peak_rss_mib > int(function.memory_size),
        attempt=attempt[1],
    )


def _outcome(
    function: LambdaFunction, sandbox: Sandbox, payload: Any, request_id: str, *, cold: bool
) -> _Outcome:
    started, begun = time.time(), time.monotonic()
    init_duration = None
    limit, scale = float(function.timeout), settings.deadline_scale
    try:
        reply = sandbox.initialize() if cold else {"ok": True}
        if cold:
            init_duration = time.monotonic() - begun
        begun = time.monotonic()
        if reply["ok"]:
            event = {"id": request_id, "arn": function.function_arn, "event": json.dumps(payload)}
            deadline = {"deadline": time.time() + limit * scale, "deadline_scale": scale}
            reply = sandbox.invoke(event | deadline, limit * scale)
        else:
            sandbox.kill()  # so that the next invocation initializes anew
        ok, answer = reply["ok"], json.loads(reply["answer"])
    except TimedOutError:
        message = f"Task timed out after {limit:.2f} seconds"
        ok, answer = False, _error("Sandbox.Timedout", request_id, message)
    except ExitedError as error:
        ok, answer = False, _error("Runtime.ExitError", request_id, str(error))
    return _Outcome(ok, answer, started, time.monotonic() - begun, init_duration)


def _error(error_type: str, request_id: str, message: str) -> dict[str, str]:
    return {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}


def _epilogue(error: dict[str, str]) -> list[str]:
    """Return what Lambda itself logs of an end that the function's process could not log."""
    own = error.get("errorType") in {"Sandbox.Timedout", "Runtime.ExitError"}
    return [error["errorMessage"]] if own else []


def _fingerprint(function: LambdaFunction) -> str:
    """Return what must not change under a warm process."""
    parts = (
        function.code_sha_256,
        function.handler,
        function.run_time,
        function.role,
        function.memory_size,
        function.timeout,
        sorted(function.environment_vars.items()),
        getattr(function, "logging_config", {}),
        [layer["Arn"] for layer in function.layers],
        (settings.time_scale, settings.timeout_scale),
    )
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
