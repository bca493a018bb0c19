"""Simulator: the journal of every call to an AWS service."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.simulator import answers, wire
from tools.simulator.control import on_reset, route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_KEPT = 100_000  # calls; a sweep over 5,000 clusters makes some 10,000
_SMALL = 8192  # bytes of a request whose parameters are worth keeping
_entries: deque[Entry] = deque(maxlen=_KEPT)
_numbers = itertools.count(1)
_lock = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """One call: what, when, by whom, and how it ended."""

    sequence: int
    time: str
    service: str
    operation: str
    account: str
    region: str
    access_key: str
    role: str | None
    status: int
    error: str | None
    parameters: dict[str, Any] | None
    internal: bool


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Write down every call when it has been answered, or dropped."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        if call is None:
            return app(environ, start_response)
        started = datetime.now(UTC)
        answer: dict[str, Any] = {"status": 0, "headers": []}

        def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answer.update(status=int(status[:3]), headers=headers)
            return start_response(status, headers, *rest)

        error: str | None = "ConnectionDropped"
        try:
            body = app(environ, note)
            error = None
            if answer["status"] >= 400:
                body = [b"".join(body)]
                error = answers.code_of(answer["headers"], body[0])
            return body
        finally:
            _write(call, started, answer["status"], error)

    return serve


def _write(call: wire.Call, started: datetime, status: int, error: str | None) -> None:
    small = call.parameters if len(call.body) <= _SMALL else None
    with _lock:
        entry = Entry(
            sequence=next(_numbers),
            time=started.isoformat(),
            service=call.service,
            operation=call.operation,
            account=call.caller.account,
            region=call.region,
            access_key=call.access_key_id,
            role=call.caller.role,
            status=status,
            error=error,
            parameters=small,
            internal=call.internal,
        )
        _entries.append(entry)


@route("GET", "/journal")
def read(body: dict[str, Any]) -> dict[str, Any]:
    """The calls in order, chosen by service, operation and role; the simulator's own left out."""
    wanted = {name: body[name] for name in ("service", "operation", "role") if body.get(name)}
    if "service" in wanted:
        wanted["service"] = wire.boto3_name(wanted["service"])
    with_internal = str(body.get("internal", "false")).lower() == "true"
    with _lock:
        entries = list(_entries)
    chosen = [
        asdict(entry)
        for entry in entries
        if (with_internal or not entry.internal)
        and all(getattr(entry, name) == value for name, value in wanted.items())
    ]
    return {"calls": chosen}


@route("DELETE", "/journal")
def forget(_body: dict[str, Any]) -> dict[str, str]:
    """Empty the journal."""
    clear()
    return {"status": "cleared"}


def clear() -> None:
    """Empty the journal."""
    with _lock:
        _entries.clear()


def install() -> None:
    """Make a reset empty the journal."""
    on_reset(clear)
