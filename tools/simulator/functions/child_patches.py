"""Simulator: what a Lambda function's process changes in the libraries that it imports.

Imported by `child` only, in the function's own process: standard library alone.
"""

import importlib.machinery
import pwd
import threading
import time
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit


def leave_home() -> None:
    """Let `~` lead nowhere, as Lambda's user has no home: the caller's has files in ~/.aws."""
    entry_of = pwd.getpwuid

    def homeless(uid: int) -> pwd.struct_passwd:
        *before, _home, shell = entry_of(uid)
        return pwd.struct_passwd([*before, "/nonexistent", shell])

    pwd.getpwuid = homeless


class AfterImport:
    """Calls `change(module)` when a module of this name has been imported; an import hook."""

    def __init__(self, name: str, change: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(self, name: str, path: Sequence[str] | None, _target: object = None) -> Any:
        """Return the module's own spec, with a loader that changes what it has loaded."""
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name == self._name else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._change(module)

            spec.loader.exec_module = exec_module
        return spec


def http_session(endpoint: str, timeout_scale: float) -> AfterImport:
    """Send botocore's requests for *.amazonaws.com to the simulator, and scale its timeouts.

    Some libraries name AWS's hosts themselves (rdklib its STS host), where AWS_ENDPOINT_URL has no
    say.
    """
    simulator = urlsplit(endpoint)

    def change(module: ModuleType) -> None:
        send, start = module.URLLib3Session.send, module.URLLib3Session.__init__

        def redirected(instance: Any, request: Any) -> Any:
            url = urlsplit(request.url)
            if (url.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
                # The signature covers the host that the caller meant.
                request.headers["Host"] = url.netloc
                target = (simulator.scheme, simulator.netloc, *url[2:])
                request.url = urlunsplit(target)
            return send(instance, request)

        def impatient(instance: Any, *arguments: Any, timeout: Any = None, **others: Any) -> None:
            if isinstance(timeout, tuple):  # to connect, and to read
                timeout = tuple(seconds * timeout_scale for seconds in timeout)
            start(instance, *arguments, timeout=timeout, **others)

        module.URLLib3Session.send = redirected
        module.URLLib3Session.__init__ = impatient

    return AfterImport("botocore.httpsession", change)


def quick_waits(scale: float) -> AfterImport:
    """Make every wait last `scale` times as long, by all clocks that waits are measured with.

    Those are time.sleep, time.monotonic and the clock and the waits of botocore's rate limiter.
    time.time and datetime stay: what the function calls now is now.
    """
    sleep, monotonic, began = time.sleep, time.monotonic, time.monotonic()

    def quick_sleep(seconds: float) -> None:
        sleep(seconds * scale)

    def quick_monotonic() -> float:
        return began + (monotonic() - began) / scale

    class QuickCondition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(None if timeout is None else timeout * scale)

    def quicken(module: ModuleType) -> None:
        module.Clock.current_time = lambda _clock: quick_monotonic()
        module.threading = SimpleNamespace(Lock=threading.Lock, Condition=QuickCondition)

    time.sleep, time.monotonic = quick_sleep, quick_monotonic
    return AfterImport("botocore.retries.bucket", quicken)
