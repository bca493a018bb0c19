"""Simulator: the control routes, by which people and tests steer it (`/simulator/...`).

A module registers a function with `@route("POST", "/schedule")`. The function gets the JSON body
as a dict (the query parameters, as text, for GET and DELETE) and returns something JSON can say.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Handler = Callable[[dict[str, Any]], object]

PREFIX = "/simulator"
LOG = logging.getLogger(__name__)
_routes: dict[tuple[str, str], Handler] = {}
_reset_functions: list[Callable[[], None]] = []
_last_reset_functions: list[Callable[[], None]] = []


class ControlError(Exception):
    """Raised by a control function that cannot do what it was asked: HTTP 400 with the message."""


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as the control route METHOD /simulator/PATH."""

    def register(handler: Handler) -> Handler:
        _routes[method, path] = handler
        return handler

    return register


def on_reset(function: Callable[[], None], *, last: bool = False) -> Callable[[], None]:
    """Register a function that clears a module's state on POST /simulator/reset, once.

    They run in order of registration, those that are `last` after all others.
    """
    functions = _last_reset_functions if last else _reset_functions
    if function not in functions:
        functions.append(function)
    return function


@route("POST", "/reset")
def reset(_body: dict[str, Any]) -> dict[str, str]:
    """Forget everything: the state of every module, in order of registration, then moto's."""
    for function in [*_reset_functions, *_last_reset_functions]:
        function()
    BackendDict.reset()
    reset_model_data()
    return {"status": "reset"}


@route("GET", "/ping")
def ping(_body: dict[str, Any]) -> dict[str, str]:
    """Say that the simulator answers."""
    return {"status": "ready"}


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Return the control routes, and pass every other request on."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX + "/"):
            return app(environ, start_response)
        status, answer = _answer(environ, path.removeprefix(PREFIX).rstrip("/"))
        payload = json.dumps(answer, default=_plain).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
        start_response(status, headers)
        return [payload]

    return serve


def _answer(environ: WSGIEnvironment, path: str) -> tuple[str, object]:
    handler = _routes.get((environ["REQUEST_METHOD"], path))
    if handler is None:
        known = sorted(f"{method} {PREFIX}{known}" for method, known in _routes)
        return "404 Not Found", {"error": f"There is no route {path}.", "routes": known}
    try:
        return "200 OK", handler(_arguments(environ))
    except ControlError as problem:
        return "400 Bad Request", {"error": str(problem)}
    except Exception as problem:  # the caller must see what went wrong, not a dropped connection
        LOG.exception("control route %s failed", path)
        return "500 Internal Server Error", {"error": f"{type(problem).__name__}: {problem}"}


def _arguments(environ: WSGIEnvironment) -> dict[str, Any]:
    arguments: dict[str, Any] = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        body = json.loads(text or b"{}")
    except ValueError as problem:
        raise ControlError(f"The body is not JSON: {problem}") from problem
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return arguments | body


def _plain(value: object) -> object:
    """Put dates, dataclasses and sets into JSON's terms."""
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    return str(value)
