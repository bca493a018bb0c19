"""Simulator: the journal of every call to an AWS service."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from wsgiref.types import StartResponse

from tools.simulator import answers, wire
from tools.simulator.control import Log

_SMALL = 8192  # bytes of a request whose parameters are worth keeping
_calls = Log(
    "/journal",
    kept=100_000,  # a sweep over 5,000 clusters makes some 10,000
    service=lambda call: (call["service"],),
    operation=lambda call: (call["operation"],),
    role=lambda call: (call["role"],),
)


@wire.around_calls
def middleware(call: wire.Call, go: wire.Go, start_response: StartResponse) -> Iterable[bytes]:
    """Write down every call but the simulator's own, when it has been answered, or dropped."""
    if call.internal:
        return go(start_response)
    started = datetime.now(UTC)
    answer: dict[str, Any] = {"status": 0, "headers": []}

    def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        answer.update(status=int(status[:3]), headers=headers)
        return start_response(status, headers, *rest)

    error: str | None = "ConnectionDropped"
    try:
        body = go(note)
        error = None
        if answer["status"] >= 400:
            body = [b"".join(body)]
            error = answers.code_of(answer["headers"], body[0])
        return body
    finally:
        _calls.add(_entry(call, started, answer["status"], error))


def _entry(call: wire.Call, started: datetime, status: int, error: str | None) -> dict[str, Any]:
    """Return what is remembered of a call: what, when, by whom, and how it ended."""
    return {
        "time": started.isoformat(),
        "service": call.service,
        "operation": call.operation,
        "account": call.caller.account,
        "region": call.region,
        "access_key": call.access_key_id,
        "role": call.caller.role,
        "status": status,
        "error": error,
        "parameters": call.parameters if len(call.body) <= _SMALL else None,
    }
