"""Simulator: scripted faults: what the tests want AWS to answer instead of what it would."""

import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from tools.simulator import answers, wire
from tools.simulator.control import ControlError, on_reset, route

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 seconds: close sends RST


@dataclass
class Fault:
    """One scripted fault: the calls it meets, what they get, and how often.

    With `lost_answer` the call takes effect, and only its answer is lost to the fault. `matched`
    counts the calls it met, `hits` those that got the fault.
    """

    service: str | None = None
    operation: str | None = None
    body_contains: str | None = None
    role_contains: str | None = None
    status: int = 400
    code: str | None = None
    message: str = "A scripted fault."
    delay: float = 0.0
    reset: bool = False
    malformed: bool = False
    lost_answer: bool = False
    times: int | None = None
    after: int = 0
    matched: int = 0
    hits: int = 0

    def meets(self, call: wire.Call) -> bool:
        """Whether a call is one of those."""
        return (
            call.names(self.service, self.operation)
            and (self.body_contains is None or self.body_contains.encode() in call.body)
            and (self.role_contains is None or self.role_contains in (call.caller.role_arn or ""))
        )

    def strikes(self) -> bool:
        """Count a call that it meets; whether this one gets the fault."""
        if self.times is not None and self.hits >= self.times:
            return False
        self.matched += 1
        if self.matched <= self.after:
            return False
        self.hits += 1
        return True


_faults: list[Fault] = []
_lock = threading.Lock()
_cleared = threading.Condition(_lock)
_SETTABLE = {field.name for field in fields(Fault)} - {"matched", "hits"}


@wire.around_calls
def middleware(call: wire.Call, go: wire.Go, start_response: StartResponse) -> Iterable[bytes]:
    """Give a call the first fault that meets it; the simulator's own calls get none."""
    fault = None if call.internal else _fault_for(call)
    if fault is None:
        return go(start_response)
    if fault.lost_answer:
        b"".join(go(lambda *_: None))
    _hold(fault)
    if fault.reset:
        _drop(call.environ)
    if fault.malformed:
        return answers.broken(call.protocol).send(start_response)
    if fault.code is None:  # a delay alone, after which the call takes effect
        return go(start_response)
    answer = answers.error(call.protocol, fault.code, fault.message, fault.status)
    return answer.send(start_response)


def _fault_for(call: wire.Call) -> Fault | None:
    with _lock:
        return next((fault for fault in _faults if fault.meets(call) and fault.strikes()), None)


def _hold(fault: Fault) -> None:
    """Wait for the fault's delay, or until the faults are taken away."""
    with _cleared:
        _cleared.wait_for(lambda: fault not in _faults, fault.delay)


def _drop(environ: WSGIEnvironment) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    raise ConnectionResetError("A scripted fault dropped the connection.")


@route("POST", "/faults")
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Add a fault; it stays until it has struck `times` times, or for ever."""
    unknown = sorted(body.keys() - _SETTABLE)
    if unknown:
        raise ControlError(f"A fault has no {', '.join(unknown)}; it takes {sorted(_SETTABLE)}.")
    fault = Fault(**body)
    if not (fault.code or fault.delay or fault.reset or fault.malformed):
        raise ControlError("A fault needs one of code, delay, reset, malformed.")
    if fault.lost_answer and not (fault.code or fault.reset or fault.malformed):
        raise ControlError("An answer is lost to one of code, reset, malformed.")
    with _lock:
        _faults.append(fault)
    return asdict(fault)


@route("GET", "/faults")
def read(_body: dict[str, Any]) -> list[dict[str, Any]]:
    """The faults, each with the number of calls that it met and struck."""
    with _lock:
        return [asdict(fault) for fault in _faults]


@route("DELETE", "/faults")
def forget(_body: dict[str, Any] | None = None) -> dict[str, str]:
    """Take every fault away; calls that one delays go on."""
    with _cleared:
        _faults.clear()
        _cleared.notify_all()
    return {"status": "cleared"}


on_reset(forget)
