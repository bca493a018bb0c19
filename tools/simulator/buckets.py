"""Simulator: EMR's token buckets, by which AWS limits its API. Off until switched on.

Burst and refill: AWS General Reference, "Amazon EMR endpoints and quotas".
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tools.simulator import answers, wire
from tools.simulator.control import ControlError, on_reset, route

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


_DEFAULTS: dict[str, Any] = {"enabled": False, "speed": 1.0, "initial": None}
_settings = dict(_DEFAULTS)
_buckets: dict[tuple[str, str, str], tuple[float, float]] = {}  # tokens as they stood at a moment
_calls: Counter[str] = Counter()
_throttled: Counter[str] = Counter()
_lock = threading.Lock()


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Refuse the calls to EMR for which there is no token."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        limited = call and call.service == "emr" and not call.internal and _settings["enabled"]
        if not call or not limited or _admit(call):
            return app(environ, start_response)
        answer = answers.error(call.protocol, "ThrottlingException", "Rate exceeded")
        return answer.send(start_response)

    return serve


def _admit(call: wire.Call) -> bool:
    names = [name for name in (call.operation, ALL_CALLS) if name in LIMITS]
    with _lock:
        now = time.monotonic()
        held = {
            (call.caller.account, call.region, name): _tokens(call, name, now) for name in names
        }
        admitted = all(tokens >= 1 for tokens in held.values())
        _buckets.update({key: (tokens - admitted, now) for key, tokens in held.items()})
        _calls[call.operation] += 1
        _throttled[call.operation] += not admitted
        return admitted


def _tokens(call: wire.Call, name: str, now: float) -> float:
    """Return what a bucket holds now."""
    burst, refill = LIMITS[name]
    first = burst if _settings["initial"] is None else min(_settings["initial"], burst)
    tokens, at = _buckets.get((call.caller.account, call.region, name), (first, now))
    return float(min(burst, tokens + (now - at) * refill * _settings["speed"]))


@route("PUT", "/buckets")
def switch(body: dict[str, Any]) -> dict[str, Any]:
    """Switch them {"enabled", "speed": of refilling, "initial": tokens, null = full}, anew."""
    if body.keys() - _DEFAULTS.keys() or body.get("speed", 1.0) <= 0:
        raise ControlError(f"Buckets take enabled, speed above 0 and initial, not {body}.")
    clear()
    _settings.update({"enabled": True} | body)
    return read({})


@route("GET", "/buckets")
def read(_body: dict[str, Any]) -> dict[str, Any]:
    """The switch, and the calls and refusals of each operation since it was set."""
    with _lock:
        throttled = {name: count for name, count in _throttled.items() if count}
        return {**_settings, "calls": dict(_calls), "throttled": throttled}


def clear() -> None:
    """Switch off, and forget what was counted."""
    with _lock:
        _settings.update(_DEFAULTS)
        for each in (_buckets, _calls, _throttled):
            each.clear()


def install() -> None:
    """Make a reset switch the buckets off."""
    on_reset(clear)
