"""Simulator: work that AWS does after it has answered, on a small pool of threads.

`submit` queues it, `settle` waits until nothing is queued, delayed or running. What a piece of
work raises is kept and comes back from the next `settle`, so that no failure is silent.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.simulator.control import on_reset, route

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)
_THREADS = 8
_STOP_WAIT = 5.0  # seconds a reset waits for running work, whose results it then forgets


@dataclass(frozen=True, order=True)
class _Task:
    """A piece of work and when it is due; the number keeps the order of submission."""

    due: float
    number: int
    generation: int = field(compare=False)
    call: Callable[[], object] = field(compare=False)
    name: str = field(compare=False)


class _Pool:
    """A queue with due times and the daemon threads that empty it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[_Task] = []
        self._numbers = itertools.count()
        self._running = 0
        self._generation = 0
        self._errors: list[str] = []
        self._threads: list[threading.Thread] = []
        self._current = threading.local()

    def submit(self, name: str, call: Callable[[], object], delay: float) -> None:
        with self._changed:
            # Work of before a reset must not sow more work into the clean state.
            generation = getattr(self._current, "generation", self._generation)
            if generation != self._generation:
                return
            due = time.monotonic() + delay
            heapq.heappush(self._queue, _Task(due, next(self._numbers), generation, call, name))
            if len(self._threads) < _THREADS:
                thread = threading.Thread(target=self._serve, daemon=True, name="simulator-work")
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._running, timeout)

    def take_errors(self) -> list[str]:
        with self._changed:
            errors, self._errors = self._errors, []
            return errors

    def drop(self) -> None:
        with self._changed:
            self._generation += 1
            self._queue.clear()
            self._errors.clear()
            self._changed.notify_all()

    def _serve(self) -> None:
        while True:
            task = self._next()
            self._current.generation = task.generation
            try:
                task.call()
            except Exception as problem:  # kept for settle(); a thread has nobody to tell
                if task.generation == self._generation:
                    LOG.exception("background work %s failed", task.name)
                    self._keep(task, problem)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> _Task:
        with self._changed:
            while True:
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._running += 1
                    return heapq.heappop(self._queue)
                self._changed.wait(wait)

    def _keep(self, task: _Task, problem: Exception) -> None:
        with self._changed:
            self._errors.append(f"{task.name}: {type(problem).__name__}: {problem}")


_pool = _Pool()


def submit(call: Callable[..., object], *args: Any, delay: float = 0.0) -> None:
    """Run call(*args) on a thread of the pool, after `delay` seconds."""
    name = getattr(call, "__qualname__", repr(call))
    _pool.submit(f"{getattr(call, '__module__', '')}.{name}", lambda: call(*args), delay)


def settle(timeout: float) -> bool:
    """Wait until no work is queued, delayed or running; False if that takes too long."""
    return _pool.settle(timeout)


def drop() -> None:
    """Forget what is queued, and what running work may still submit or raise."""
    _pool.drop()


def wait_for_running() -> None:
    """Wait, not for ever, until running work has ended."""
    _pool.settle(_STOP_WAIT)


@route("POST", "/settle")
def settle_route(body: dict[str, Any]) -> dict[str, Any]:
    """Wait for the background work, and hand over what it raised since the last call."""
    settled = settle(float(body.get("timeout", 30)))
    return {"settled": settled, "errors": _pool.take_errors()}


def install() -> None:
    """Make a reset drop the background work, and wait for the rest once all else is cleared."""
    on_reset(drop)
    on_reset(wait_for_running, last=True)
