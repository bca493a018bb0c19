"""Simulator: the child processes that Lambda functions run in, kept warm between invocations."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.simulator import identity
from tools.simulator.functions import code as zips
from tools.simulator.functions.records import settings

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

_CHILD = Path(__file__).with_name("child.py")
_INIT_LIMIT = 10.0  # seconds; Lambda gives the initialization as much, whatever the Timeout

_EXIT_LIMIT = 1.0  # seconds for a process that closed its end to be gone


class TimedOutError(Exception):
    """The function did not answer in time; its process is gone."""


class ExitedError(Exception):
    """The function's process ended instead of answering; the message says how."""


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

    def invoke(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Return what the handler made of this request."""
        try:
            self._stream.write(json.dumps(request) + "\n")
            self._stream.flush()
        except OSError as error:
            raise ExitedError(self._how_it_ended()) from error
        return self._receive(timeout)

    def _receive(self, timeout: float) -> dict[str, Any]:
        self._socket.settimeout(timeout)
        try:
            line = self._stream.readline()
        except TimeoutError as error:
            self.kill()
            raise TimedOutError from error
        except OSError:
            line = ""
        if not line:
            raise ExitedError(self._how_it_ended())
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
