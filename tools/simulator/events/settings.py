"""Simulator: how EventBridge treats events here: lost, doubled, late, out of order, refused."""

from __future__ import annotations

import itertools
import threading
from dataclasses import asdict, dataclass
from typing import Any

from tools.simulator.control import ControlError, route
from tools.simulator.refusals import RefusedError

_SPREAD = 0.3  # seconds within which shuffled events arrive
_GOLDEN = 0.618  # its multiples, less their whole parts, are spread evenly and are never in order
_lock = threading.Lock()
_numbers = itertools.count(1)


@dataclass
class Settings:
    """What `PUT /simulator/events` changes."""

    emr_state_change: bool = True  # EMR sends its state changes
    cloudtrail: bool = True  # a trail records RunJobFlow and its events come
    duplicates: int = 0  # how often each event comes again
    drop: bool = False  # every event is lost
    delay: float = 0.0  # seconds until an event comes
    shuffle: bool = False  # events come out of order
    failures: int = 0  # so many of the next deliveries fail, and may be tried again
    retry_delay: float = 0.1  # seconds between two attempts at a target


settings = Settings()


@route("PUT", "/events")
def change(body: dict[str, Any]) -> dict[str, Any]:
    """Change some of the settings, and answer all."""
    kinds: dict[str, type] = {name: type(value) for name, value in asdict(Settings()).items()}
    for name, value in body.items():
        if name not in kinds:
            raise ControlError(f"Unknown setting {name}; known are {', '.join(kinds)}.")
        if kinds[name] is bool and not isinstance(value, bool):
            raise ControlError(f"{name} must be true or false.")
    for name, value in body.items():
        setattr(settings, name, kinds[name](value))
    return asdict(settings)


def delays() -> list[float]:
    """Return after how many seconds each copy of the next event comes: no copies, it is lost."""
    copies = 0 if settings.drop else 1 + settings.duplicates
    return [settings.delay + (_shuffled() if settings.shuffle else 0.0) for _ in range(copies)]


def fail_if_told() -> None:
    """Raise RefusedError, as a target that is throttled, for as many deliveries as were told."""
    with _lock:
        if settings.failures <= 0:
            return
        settings.failures -= 1
    raise RefusedError("THROTTLING", "Rate exceeded", retryable=True)


def restore() -> None:
    """Put the settings back."""
    for name, value in asdict(Settings()).items():
        setattr(settings, name, value)


def _shuffled() -> float:
    return next(_numbers) * _GOLDEN % 1 * _SPREAD
