"""Simulator: EMR's token buckets, by which AWS limits its API. Off until switched on.

Burst and refill: AWS General Reference, "Amazon EMR endpoints and quotas".
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse

from tools.simulator import answers, wire
from tools.simulator.control import ABOVE_ZERO, on_reset, route, steered

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

_buckets: dict[tuple[str, str, str], tuple[float, float]] = {}  # tokens as they stood at a moment
_calls: Counter[str] = Counter()
_throttled: Counter[str] = Counter()
_lock = threading.Lock()


@dataclass
class Settings:
    """Whether there are limits, how fast the buckets fill, and with how many tokens they begin."""

    enabled: bool = False
    speed: float = 1.0
    initial: int = LIMITS[ALL_CALLS][0]


def clear() -> None:
    """Forget what was counted, and fill the buckets anew."""
    with _lock:
        for each in (_buckets, _calls, _throttled):
            each.clear()


settings = steered("/buckets", Settings(), clear, speed=ABOVE_ZERO)
on_reset(clear)


@wire.around_calls
def middleware(call: wire.Call, go: wire.Go, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse the calls to EMR for which there is no token."""
    limited = call.service == "emr" and not call.internal and settings.enabled
    if not limited or _admit(call):
        return go(start_response)
    return answers.error(call.protocol, "ThrottlingException", "Rate exceeded").send(start_response)


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
    first = min(settings.initial, burst)
    tokens, at = _buckets.get((call.caller.account, call.region, name), (first, now))
    return float(min(burst, tokens + (now - at) * refill * settings.speed))


@route("GET", "/buckets")
def read(_body: dict[str, Any]) -> dict[str, Any]:
    """The switch, and the calls and refusals of each operation since it was set."""
    with _lock:
        throttled = {name: count for name, count in _throttled.items() if count}
        return {**vars(settings), "calls": dict(_calls), "throttled": throttled}
