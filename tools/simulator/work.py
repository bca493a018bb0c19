"""Simulator: work that AWS does after it has answered, on a small pool of threads.

`submit` queues it, `settle` waits until nothing is queued, delayed or running. What a piece of
work raises is kept and comes back from the next `POST /settle`, so that no failure is silent.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from tools.simulator.control import STOP, WAIT, on_reset, route

LOG = logging.getLogger(__name__)
_THREADS = 8
_STOP_WAIT = 5.0  # seconds a reset waits for running work, whose results it then forgets


class _Task(NamedTuple):
    """A piece of work and when it is due; the number keeps the order of submission."""

    due: float
    number: int
    generation: int
    call: Callable[[], object]
    name: str


_changed = threading.Condition()
_queue: list[_Task] = []
_errors: list[str] = []
_threads: list[threading.Thread] = []
_numbers = itertools.count()
_current = threading.local()
_state = {"running": 0, "generation": 0}


def submit(call: Callable[..., object], *args: Any, delay: float = 0.0) -> None:
    """Run call(*args) on a thread of the pool, after `delay` seconds."""
    name = f"{getattr(call, '__module__', '')}.{getattr(call, '__qualname__', repr(call))}"
    with _changed:
        # Work of before a reset must not sow more work into the clean state.
        generation = getattr(_current, "generation", _state["generation"])
        if generation != _state["generation"]:
            return
        due = time.monotonic() + delay
        task = _Task(due, next(_numbers), generation, lambda: call(*args), name)
        heapq.heappush(_queue, task)
        if len(_threads) < _THREADS:
            _threads.append(threading.Thread(target=_serve, daemon=True, name="simulator-work"))
            _threads[-1].start()
        _changed.notify_all()


def settle(timeout: float) -> bool:
    """Wait until no work is queued, delayed or running; False if that takes too long."""
    with _changed:
        return _changed.wait_for(lambda: not _queue and not _state["running"], timeout)


def drop() -> None:
    """Forget what is queued, and what running work may still submit or raise."""
    with _changed:
        _state["generation"] += 1
        _queue.clear()
        _errors.clear()
        _changed.notify_all()


@route("POST", "/settle")
def settle_route(body: dict[str, Any]) -> dict[str, Any]:
    """Wait for the background work, and hand over what it raised since the last call."""
    settled = settle(float(body.get("timeout", 30)))
    with _changed:
        errors = list(_errors)
        _errors.clear()
    return {"settled": settled, "errors": errors}


def _serve() -> None:
    while True:
        task = _next()
        _current.generation = task.generation
        try:
            task.call()
        except Exception as problem:  # kept for settle(); a thread has nobody to tell
            if task.generation == _state["generation"]:
                LOG.exception("background work %s failed", task.name)
                with _changed:
                    _errors.append(f"{task.name}: {type(problem).__name__}: {problem}")
        finally:
            with _changed:
                _state["running"] -= 1
                _changed.notify_all()


def _next() -> _Task:
    with _changed:
        while True:
            wait = _queue[0].due - time.monotonic() if _queue else None
            if wait is not None and wait <= 0:
                _state["running"] += 1
                return heapq.heappop(_queue)
            _changed.wait(wait)


on_reset(drop, STOP)
on_reset(lambda: settle(_STOP_WAIT), WAIT)
