"""Simulator: the processes of Lambda functions, warm or at work, and who may use one now."""

from __future__ import annotations

import atexit
import contextlib
import threading
from typing import TYPE_CHECKING

from tools.simulator.functions.records import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.simulator.functions.process import Sandbox


class Sandboxes:
    """The processes of every function, and how many invocations of it there are now."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: dict[str, list[Sandbox]] = {}
        self._busy: dict[str, int] = {}
        self._working: list[tuple[str, Sandbox]] = []
        self._generation = 0  # a process that was busy during a cool-down is not kept either

    @contextlib.contextmanager
    def turn(self, function_arn: str) -> Iterator[int]:
        """Wait until the function may run once more, and hold that place; return the generation."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy.get(function_arn, 0) < settings.concurrency)
            self._busy[function_arn] = self._busy.get(function_arn, 0) + 1
            generation = self._generation
        try:
            yield generation
        finally:
            with self._changed:
                self._busy[function_arn] -= 1
                self._changed.notify_all()

    def take(self, function_arn: str, fingerprint: str) -> Sandbox | None:
        """Return an idle process that runs this very code and configuration, or None."""
        with self._changed:
            idle = self._idle.get(function_arn, [])
            fitting = [one for one in idle if one.fingerprint == fingerprint]
            stale = [one for one in idle if one.fingerprint != fingerprint]
            self._idle[function_arn] = fitting[1:]
        for sandbox in stale:
            sandbox.close()
        return fitting[0] if fitting else None

    def note(self, function_arn: str, sandbox: Sandbox) -> None:
        """Note that a process is at work, until it is given back."""
        with self._changed:
            self._working.append((function_arn, sandbox))

    def give_back(self, function_arn: str, sandbox: Sandbox, generation: int) -> None:
        """Keep a process warm for the next invocation, if it lives and nobody has cooled it."""
        with self._changed:
            self._working.remove((function_arn, sandbox))
            keep = sandbox.alive and generation == self._generation
            if keep:
                self._idle.setdefault(function_arn, []).append(sandbox)
        if not keep:
            sandbox.close()

    def cool(self, function: str | None = None) -> int:
        """End the idle processes of a function (name or ARN), or of all; return how many."""
        with self._changed:
            self._generation += 1
            arns = [arn for arn in self._idle if _is(arn, function)]
            ended = [sandbox for arn in arns for sandbox in self._idle.pop(arn, [])]
        for sandbox in ended:
            sandbox.close()
        return len(ended)

    def kill(self, function: str | None = None) -> int:
        """End the processes of a function that are at work, or all such; return how many."""
        with self._changed:
            chosen = [sandbox for arn, sandbox in self._working if _is(arn, function)]
            for sandbox in chosen:
                sandbox.kill()  # before it can be given back, and be taken for a warm one
        return len(chosen)


def _is(arn: str, function: str | None) -> bool:
    """Return whether a function is the one of that name or ARN; None stands for any."""
    return function in {None, arn, arn.split(":")[6]}


sandboxes = Sandboxes()
atexit.register(sandboxes.cool)
