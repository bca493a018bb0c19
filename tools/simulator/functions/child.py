"""Simulator: the process that a Lambda function runs in.

Run by `process` as `python -I -S child.py SOCKET TIME_SCALE TIMEOUT_SCALE RUNTIME CODE [LAYER ...]`,
so it may import nothing but the standard library and its neighbours `child_logs` and
`child_patches`. It speaks JSON lines on SOCKET, an inherited descriptor; standard output and
standard error are the function's log.
"""

import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent))
import child_logs as logs  # the neighbours, found by the line above and by no other
import child_patches as patches

sys.path.pop()

Handler = Callable[[Any, "Context"], Any]


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
        self.identity = None
        self.client_context = None
        self._deadline: float = request["deadline"]
        self._scale: float = request["deadline_scale"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds are left before Lambda ends the function."""
        return max(0, int((self._deadline - time.time()) / self._scale * 1000))


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    if not module_name:
        raise InitError("Runtime.MalformedHandlerName", f"Bad handler '{handler}'")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise InitError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise InitError("Runtime.UserCodeSyntaxError", message) from error
    if not hasattr(module, function_name):
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise InitError("Runtime.HandlerNotFound", message)
    loaded: Handler = getattr(module, function_name)
    return loaded


def _failure(error: BaseException, request_id: str | None) -> dict[str, Any]:
    error_type = error.error_type if isinstance(error, InitError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    kept = [] if isinstance(error, InitError) else [f for f in frames if f.filename != __file__]
    stack = traceback.format_list(kept)
    logs.log_failure(error_type, str(error), stack, request_id)
    answer = {"errorMessage": str(error), "errorType": error_type, "stackTrace": stack}
    return {"ok": False, "answer": json.dumps(answer | {"requestId": request_id or ""})}


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    logs.start_request(request["id"])
    try:
        result = handler(json.loads(request["event"]), Context(request))
    except Exception as error:  # noqa: BLE001 - whatever the function raises is its answer
        return _failure(error, request["id"])
    try:
        return {"ok": True, "answer": json.dumps(result)}
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return _failure(InitError("Runtime.MarshalError", message), request["id"])


def _peak_rss_mib() -> float:
    """Return this program's peak: getrusage would count the parent's pages from before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - absent from Windows, needed where /proc is

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(arguments: list[str]) -> None:
    """Load the handler, say so, and answer one request after the other until the socket closes."""
    descriptor, time_scale, timeout_scale, runtime, code, *layers = arguments
    # The code, its layers, the standard library, the runtime's boto3: Lambda's order.
    sys.path[:0] = [code, *layers]
    sys.path.append(runtime)
    sys.argv = ["bootstrap"]
    patches.leave_home()
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    sys.meta_path.insert(0, patches.http_session(endpoint, float(timeout_scale)))
    if float(time_scale) != 1:
        sys.meta_path.insert(0, patches.quick_waits(float(time_scale)))
    channel = socket.socket(fileno=int(descriptor))
    channel.set_inheritable(False)
    with channel, channel.makefile("rw", encoding="utf-8") as stream:

        def send(message: dict[str, Any]) -> None:
            sys.stdout.flush()
            sys.stderr.flush()
            stream.write(json.dumps(message | {"peak_rss_mib": _peak_rss_mib()}) + "\n")
            stream.flush()

        logs.install()
        try:
            handler = _load(os.environ["_HANDLER"])
        except Exception as error:  # noqa: BLE001 - a module may raise anything while it loads
            send(_failure(error, None))
            return
        send({"ok": True, "answer": ""})
        for line in stream:
            send(_answer(handler, json.loads(line)))


if __name__ == "__main__":
    main(sys.argv[1:])
