"""Simulator: the process that a Lambda function runs in.

Run by `process` as `python -I -S child.py SOCKET TIME_SCALE TIMEOUT_SCALE RUNTIME CODE [LAYER ...]`,
so it may import nothing but the standard library. It speaks JSON lines on SOCKET, an inherited
descriptor; standard output and standard error are the function's log.
"""

import importlib
import json
import logging
import os
import pwd
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

Handler = Callable[[Any, "Context"], Any]

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_current = {"request": ""}  # whose log it is: one process serves one request at a time


class InitError(Exception):
    """The handler cannot be loaded; carries Lambda's error type."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Context:
    """What Lambda tells a handler about its invocation."""

    def __init__(self, request: dict[str, Any]) -> None:
        environment = os.environ
        self.aws_request_id: str = request["id"]
        self.invoked_function_arn: str = request["arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline: float = request["deadline"]
        self._scale: float = request["deadline_scale"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds are left before Lambda ends the function."""
        return max(0, int((self._deadline - time.time()) / self._scale * 1000))


def _is_json() -> bool:
    """Return whether the function's LoggingConfig asks for JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class JsonFormatter(logging.Formatter):
    """Formats as Lambda's JSON log format does: one object, `extra=` fields at its top level."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields: dict[str, Any] = {
            "timestamp": _timestamp(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["stackTrace"] = traceback.format_tb(error.__traceback__)
            fields["errorType"] = type(error).__name__
            fields["errorMessage"] = str(error)
            fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        fields["requestId"] = _current["request"] or None
        extra = {key: item for key, item in vars(record).items() if key not in _STANDARD_FIELDS}
        present = {key: item for key, item in (fields | extra).items() if item is not None}
        return json.dumps(present, ensure_ascii=False)


def _install_logging() -> None:
    """Give the root logger the handler and level that Lambda's runtime gives it."""
    handler = logging.StreamHandler(sys.stdout)
    text = logging.Formatter("[%(levelname)s]\t%(asctime)s\t%(message)s")
    handler.setFormatter(JsonFormatter() if _is_json() else text)
    logging.getLogger().addHandler(handler)
    if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        named = {"TRACE": logging.NOTSET, "FATAL": logging.CRITICAL}
        logging.getLogger().setLevel(named.get(level, level))


def _log_failure(answer: dict[str, Any]) -> None:
    """Log an error that ended the invocation, as the runtime does."""
    if _is_json():
        when = {"timestamp": _timestamp(time.time()), "log_level": "ERROR"}
        print(json.dumps(when | answer, ensure_ascii=False))
    else:
        stack = "".join(answer["stackTrace"])
        print(f"[ERROR] {answer['errorType']}: {answer['errorMessage']}\n{stack}".rstrip())


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise InitError("Runtime.ImportModuleError", message) from error
    if not hasattr(module, function_name):
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise InitError("Runtime.HandlerNotFound", message)
    loaded: Handler = getattr(module, function_name)
    return loaded


def _failure(error: BaseException) -> dict[str, Any]:
    error_type = error.error_type if isinstance(error, InitError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    kept = [] if isinstance(error, InitError) else [f for f in frames if f.filename != __file__]
    stack = traceback.format_list(kept)
    answer = {"errorMessage": str(error), "errorType": error_type, "stackTrace": stack}
    answer["requestId"] = _current["request"]
    _log_failure(answer)
    return {"ok": False, "answer": json.dumps(answer)}


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    _current["request"] = request["id"]
    try:
        result = handler(json.loads(request["event"]), Context(request))
        return {"ok": True, "answer": json.dumps(result)}
    except Exception as error:  # noqa: BLE001 - whatever the function raises is its answer
        return _failure(error)


def _peak_rss_mib() -> float:
    """Return this program's peak: getrusage would count the parent's pages from before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - absent from Windows, needed where /proc is not

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _leave_home() -> None:
    """Let `~` lead nowhere, as Lambda's user has no home: the caller's has files in ~/.aws."""
    entry_of = pwd.getpwuid

    def homeless(uid: int) -> pwd.struct_passwd:
        *before, _home, shell = entry_of(uid)
        return pwd.struct_passwd([*before, "/nonexistent", shell])

    pwd.getpwuid = homeless


def _patch_http(endpoint: str, timeout_scale: float) -> None:
    """Send botocore's requests for *.amazonaws.com to the simulator, and scale its timeouts.

    Some libraries name AWS's hosts themselves (rdklib its STS host), where AWS_ENDPOINT_URL has no
    say.
    """
    session = importlib.import_module("botocore.httpsession").URLLib3Session
    simulator, send, start = urlsplit(endpoint), session.send, session.__init__

    def redirected(self: Any, request: Any) -> Any:
        url = urlsplit(request.url)
        if (url.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            # The signature covers the host that the caller meant.
            request.headers["Host"] = url.netloc
            request.url = urlunsplit((simulator.scheme, simulator.netloc, *url[2:]))
        return send(self, request)

    def impatient(self: Any, *arguments: Any, timeout: Any = None, **others: Any) -> None:
        if isinstance(timeout, tuple):  # to connect, and to read
            timeout = tuple(seconds * timeout_scale for seconds in timeout)
        start(self, *arguments, timeout=timeout, **others)

    session.send, session.__init__ = redirected, impatient


def _quicken_waits(scale: float) -> None:
    """Make every wait last `scale` times as long, by all clocks that waits are measured with.

    Those are time.sleep, time.monotonic and the clock and the waits of botocore's rate limiter.
    time.time and datetime stay: what the function calls now is now.
    """
    sleep, monotonic, began = time.sleep, time.monotonic, time.monotonic()

    class QuickCondition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(None if timeout is None else timeout * scale)

    time.sleep = lambda seconds: sleep(seconds * scale)
    time.monotonic = lambda: began + (monotonic() - began) / scale
    bucket = importlib.import_module("botocore.retries.bucket")
    bucket.Clock.current_time = lambda _clock: time.monotonic()
    bucket.threading = SimpleNamespace(Lock=threading.Lock, Condition=QuickCondition)


def main(arguments: list[str]) -> None:
    """Load the handler, say so, and answer one request after the other until the socket closes."""
    descriptor, time_scale, timeout_scale, runtime, code, *layers = arguments
    # The code, its layers, the standard library, the runtime's boto3: Lambda's order.
    sys.path[:0] = [code, *layers]
    sys.path.append(runtime)
    sys.argv = ["bootstrap"]
    _leave_home()
    _patch_http(os.environ["AWS_ENDPOINT_URL"], float(timeout_scale))
    if float(time_scale) != 1:
        _quicken_waits(float(time_scale))
    channel = socket.socket(fileno=int(descriptor))
    channel.set_inheritable(False)
    with channel, channel.makefile("rw", encoding="utf-8") as stream:

        def send(message: dict[str, Any]) -> None:
            sys.stdout.flush()
            sys.stderr.flush()
            stream.write(json.dumps(message | {"peak_rss_mib": _peak_rss_mib()}) + "\n")
            stream.flush()

        _install_logging()
        try:
            handler = _load(os.environ["_HANDLER"])
        except Exception as error:  # noqa: BLE001 - a module may raise anything while it loads
            send(_failure(error))
            return
        send({"ok": True, "answer": ""})
        for line in stream:
            send(_answer(handler, json.loads(line)))


if __name__ == "__main__":
    main(sys.argv[1:])
