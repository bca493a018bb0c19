"""Simulator: a Lambda function's log, in the runtime's text or JSON format.

Imported by `child` only, in the function's own process: standard library alone.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS = {"TRACE": logging.NOTSET, "FATAL": logging.CRITICAL}
_request_id: str | None = None


def start_request(request_id: str) -> None:
    """Note the request that what is logged from now on belongs to."""
    global _request_id  # noqa: PLW0603 - one process serves one request at a time
    _request_id = request_id


def is_json() -> bool:
    """Return whether the function's LoggingConfig asks for JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def _timestamp(seconds: float, *, milliseconds: bool = False) -> str:
    moment = time.gmtime(seconds)
    if milliseconds:
        return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{int(seconds % 1 * 1000):03d}Z"
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def _exception_fields(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    return {
        "stackTrace": traceback.format_tb(error.__traceback__),
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
    }


class JsonFormatter(logging.Formatter):
    """Formats as Lambda's JSON log format does: one object, `extra=` fields at its top level."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields: dict[str, Any] = {
            "timestamp": _timestamp(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **_exception_fields(record),
            "requestId": _request_id,
        }
        extra = {key: item for key, item in vars(record).items() if key not in _STANDARD_FIELDS}
        present = {key: item for key, item in (fields | extra).items() if item is not None}
        return json.dumps(present, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Formats as Lambda's text log format does."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level, time, request and message, separated by tabs."""
        when = _timestamp(record.created, milliseconds=True)
        line = f"[{record.levelname}]\t{when}\t{_request_id or ''}\t{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def install() -> None:
    """Give the root logger the handler and level that Lambda's runtime gives it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if is_json() else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if level:
        root.setLevel(_LEVELS.get(level, level))


def log_failure(
    error_type: str, message: str, stack: Sequence[str], request_id: str | None
) -> None:
    """Log an error that ended the invocation, as the runtime does."""
    if is_json():
        fields = {
            "timestamp": _timestamp(time.time()),
            "log_level": "ERROR",
            "errorMessage": message,
            "errorType": error_type,
            "requestId": request_id or "",
            "stackTrace": list(stack),
        }
        print(json.dumps(fields, ensure_ascii=False))
        return
    trace = "Traceback (most recent call last):\n" + "".join(stack) if stack else ""
    print(f"[ERROR] {error_type}: {message}\n{trace}".rstrip())
