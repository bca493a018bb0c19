"""Simulator: EMR's token buckets, by which AWS limits its API. Off until switched on.

Burst and refill: AWS General Reference, "Amazon EMR endpoints and quotas".
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.simulator import answers, wire
from tools.simulator.control import ControlError, on_reset, route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ALL_CALLS = "all calls"
LIMITS = {  # operation: burst, refill per second
    ALL_CALLS: (200, 50.0),
    "ListClusters": (20, 0.5),
    "DescribeCluster": (10, 1.0),
    "DescribeSecurityConfiguration": (5, 0.5),
    "ListSecurityConfigurations": (5, 0.5),
    "ListInstanceGroups": (10, 1.0),
    "ListInstanceFleets": (5, 0.5),
    "RunJobFlow": (10, 0.5),
    "CreateSecurityConfiguration": (5, 0.5),
    "DeleteSecurityConfiguration": (5, 0.5),
}


@dataclass
class _Bucket:
    """Tokens as they stood at a moment."""

    tokens: float
    at: float


@dataclass
class _State:
    """The switch, the speed of refilling, and what the buckets hold and have counted."""

    enabled: bool = False
    speed: float = 1.0
    initial: float | None = None


_state = _State()
_buckets: dict[tuple[str, str, str], _Bucket] = {}
_calls: Counter[str] = Counter()
_throttled: Counter[str] = Counter()
_lock = threading.Lock()


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Refuse the calls to EMR for which there is no token."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        if call is None or call.service != "emr" or call.internal or not _state.enabled:
            return app(environ, start_response)
        if _admit(call):
            return app(environ, start_response)
        answer = answers.error(call.protocol, "ThrottlingException", "Rate exceeded")
        return answer.send(start_response)

    return serve


def _admit(call: wire.Call) -> bool:
    names = [name for name in (call.operation, ALL_CALLS) if name in LIMITS]
    with _lock:
        buckets = [_filled(call.caller.account, call.region, name) for name in names]
        admitted = all(bucket.tokens >= 1 for bucket in buckets)
        if admitted:
            for bucket in buckets:
                bucket.tokens -= 1
        _calls[call.operation] += 1
        _throttled[call.operation] += not admitted
        return admitted


def _filled(account: str, region: str, name: str) -> _Bucket:
    burst, refill = LIMITS[name]
    now = time.monotonic()
    first = burst if _state.initial is None else min(_state.initial, burst)
    bucket = _buckets.setdefault((account, region, name), _Bucket(first, now))
    bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * refill * _state.speed)
    bucket.at = now
    return bucket


@route("PUT", "/buckets")
def switch(body: dict[str, Any]) -> dict[str, Any]:
    """Switch them {"enabled", "speed": of refilling, "initial": tokens, null = full}, anew."""
    unknown = sorted(body.keys() - {"enabled", "speed", "initial"})
    speed = body.get("speed", 1.0)
    if unknown or speed <= 0:
        raise ControlError(f"Buckets take enabled, speed above 0 and initial, not {body}.")
    clear()
    with _lock:
        _state.enabled = bool(body.get("enabled", True))
        _state.speed = float(speed)
        _state.initial = body.get("initial")
    return read({})


@route("GET", "/buckets")
def read(_body: dict[str, Any]) -> dict[str, Any]:
    """The switch, and the calls and refusals of each operation since it was set."""
    with _lock:
        return {
            "enabled": _state.enabled,
            "speed": _state.speed,
            "initial": _state.initial,
            "calls": dict(_calls),
            "throttled": {name: count for name, count in _throttled.items() if count},
        }


def clear() -> None:
    """Switch off, and forget what was counted."""
    with _lock:
        _state.enabled, _state.speed, _state.initial = False, 1.0, None
        _buckets.clear()
        _calls.clear()
        _throttled.clear()


def install() -> None:
    """Make a reset switch the buckets off."""
    on_reset(clear)
