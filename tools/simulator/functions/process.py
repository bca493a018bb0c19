"""Simulator: the processes that Lambda functions run in, kept warm between invocations.

`Sandbox` is one of them, `sandboxes` are all, with who may use one now.
"""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

from tools.simulator import identity
from tools.simulator.control import ABOVE_ZERO, steered
from tools.simulator.functions import code as zips

_CHILD = Path(__file__).with_name("child.py")
_INIT_LIMIT = 10.0  # seconds; Lambda gives the initialization as much, whatever the Timeout
_EXIT_LIMIT = 1.0  # seconds for a process that closed its end to be gone


@dataclass
class Settings:
    """How the simulator's Lambda behaves, where AWS leaves it open or is too slow to wait for.

    With a `time_scale` of 0.02 a function that sleeps a second, or backs off for one, goes on after
    20 milliseconds; its dates, its deadline and its Timeout stay real. `timeout_scale` does the
    same to botocore's timeouts, for tests of AWS not answering. The processes that run functions
    start anew with either. With a `deadline_scale` of 0.02 a Timeout of 900 seconds is over after
    18, which look like 900 to the function.
    """

    retry_delay: float = 0.2  # seconds that stand for Lambda's minute between attempts
    concurrency: int = 1  # processes per function; an invocation waits for a free one
    time_scale: float = 1.0
    deadline_scale: float = 1.0
    timeout_scale: float = 1.0


settings = steered(
    "/functions",
    Settings(),
    time_scale=ABOVE_ZERO,
    deadline_scale=ABOVE_ZERO,
    timeout_scale=ABOVE_ZERO,
)


class EndedError(Exception):
    """The function's process is gone instead of answering; carries Lambda's error type."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def log_group_of(function: LambdaFunction) -> str:
    """Return the log group that the function writes to."""
    configured: dict[str, str] = getattr(function, "logging_config", {})
    return configured.get("LogGroup") or f"/aws/lambda/{function.function_name}"


def _environment(function: LambdaFunction, task_root: Path, log_stream: str) -> dict[str, str]:
    credentials = identity.assume_role(function.role, function.region, function.function_name)
    logging_config: dict[str, str] = getattr(function, "logging_config", {})
    ours = {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group_of(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": logging_config.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_LEVEL": logging_config.get("ApplicationLogLevel", ""),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_ENDPOINT_URL": identity.endpoint(),
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": str(task_root),
        "_HANDLER": str(function.handler),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    given = {name: str(text) for name, text in function.environment_vars.items()}
    return given | {name: text for name, text in ours.items() if text}


class Sandbox:
    """One process of one function, from its start until it is killed."""

    def __init__(self, function: LambdaFunction, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._timeout = float(function.timeout)
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        self.peak_rss_mib = 0.0
        self._log = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by kill()
        self._read = 0
        task_root = zips.unpack(function.code_bytes)
        layers = zips.layer_paths(function)
        ours, theirs = socket.socketpair()
        paths = [zips.runtime_directory(), task_root, *layers]
        scales = [settings.time_scale, settings.timeout_scale]
        arguments = [theirs.fileno(), *scales, *paths]
        command = [sys.executable, "-I", "-S", "-X", "utf8", _CHILD, *arguments]
        with theirs:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env=_environment(function, task_root, self.log_stream),
                cwd=task_root,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # so that what the function starts dies with it
            )
        self._socket = ours
        self._stream = ours.makefile("rw", encoding="utf-8")

    def initialize(self) -> dict[str, Any]:
        """Return what loading the handler came to."""
        return self._receive(_INIT_LIMIT)

    def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the handler made of this request within the function's Timeout."""
        scale = settings.deadline_scale
        timeout = self._timeout * scale
        deadline = {"deadline": time.time() + timeout, "deadline_scale": scale}
        with contextlib.suppress(OSError):  # it has ended, as reading will show
            self._stream.write(json.dumps(request | deadline) + "\n")
            self._stream.flush()
        return self._receive(timeout)

    def _receive(self, timeout: float) -> dict[str, Any]:
        self._socket.settimeout(timeout)
        try:
            line = self._stream.readline()
        except TimeoutError as error:
            self.kill()
            message = f"Task timed out after {self._timeout:.2f} seconds"
            raise EndedError("Sandbox.Timedout", message) from error
        except OSError:
            line = ""
        if not line:
            raise EndedError("Runtime.ExitError", self._how_it_ended())
        reply: dict[str, Any] = json.loads(line)
        self.peak_rss_mib = reply["peak_rss_mib"]
        return reply

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_LIMIT)
        self._kill_process_group()
        status = self._process.wait()
        cause = f"signal: {signal.strsignal(-status)}" if status < 0 else f"exit status {status}"
        return f"Runtime exited with error: {cause}"

    def read_log(self) -> list[str]:
        """Return the lines that the function has logged since the last call."""
        if self._log.closed:
            return []
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), size - self._read, self._read)
        self._read = size
        return text.decode(errors="replace").splitlines()

    def _kill_process_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def alive(self) -> bool:
        """Return whether the process can take another request."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End the process at once; its log can still be read."""
        if self.alive:
            self._kill_process_group()
            self._process.wait()

    def close(self) -> None:
        """End the process and give back what it held."""
        self.kill()
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()
        self._log.close()


class Sandboxes:
    """The processes of every function, and how many invocations of it there are now."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: dict[str, list[Sandbox]] = {}
        self._busy: dict[str, int] = {}
        self._working: list[tuple[str, Sandbox]] = []
        self._generation = 0  # a process that was busy during a cool-down is not kept either

    @contextlib.contextmanager
    def one_for(self, function: LambdaFunction, fingerprint: str) -> Iterator[tuple[Sandbox, bool]]:
        """Wait until the function may run once more; hand over a process, and whether it is warm.

        It runs this very code and configuration, and stays warm afterwards, unless it has ended or
        somebody has cooled the function.
        """
        arn = function.function_arn
        with self._changed:
            self._changed.wait_for(lambda: self._busy.get(arn, 0) < settings.concurrency)
            self._busy[arn] = self._busy.get(arn, 0) + 1
            generation, idle = self._generation, self._idle.pop(arn, [])
            stale = [one for one in idle if one.fingerprint != fingerprint]
            fitting = [one for one in idle if one.fingerprint == fingerprint]
            self._idle[arn] = fitting[1:]
        for sandbox in stale:
            sandbox.close()
        try:
            sandbox = fitting[0] if fitting else Sandbox(function, fingerprint)
            with self._changed:
                self._working.append((arn, sandbox))
            try:
                yield sandbox, bool(fitting)
            finally:
                self._give_back(arn, sandbox, generation)
        finally:
            with self._changed:
                self._busy[arn] -= 1
                self._changed.notify_all()

    def _give_back(self, arn: str, sandbox: Sandbox, generation: int) -> None:
        with self._changed:
            self._working.remove((arn, sandbox))
            keep = sandbox.alive and generation == self._generation
            if keep:
                self._idle.setdefault(arn, []).append(sandbox)
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
