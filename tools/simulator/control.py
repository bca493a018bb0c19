"""Simulator: the control routes, by which people and tests steer it (`/simulator/...`).

A module registers a function with `@route("POST", "/schedule")`. The function gets the JSON body
as a dict (the query parameters, as text, for GET and DELETE) and returns something JSON can say.
What a service lets one set is a dataclass given to `steered`, what it remembers is a `Log`: both
have their routes, and are as new after a reset.
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

Handler = Callable[[dict[str, Any]], object]
Check = tuple[Callable[[Any], bool], str]  # of a setting: what has to hold, and its words
Settings = TypeVar("Settings")

PREFIX = "/simulator"
ABOVE_ZERO: Check = (lambda value: value > 0, "above 0; 1 is real time")
LOG = logging.getLogger(__name__)
_routes: dict[tuple[str, str], Handler] = {}
STOP, WAIT, FORGET = range(3)  # the phases of a reset
_reset_functions: list[list[Callable[[], object]]] = [[], [], []]


class ControlError(Exception):
    """Raised by a control function that cannot do what it was asked: HTTP 400 with the message."""


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as the control route METHOD /simulator/PATH."""

    def register(handler: Handler) -> Handler:
        _routes[method, path] = handler
        return handler

    return register


def on_reset(function: Callable[[], object], phase: int = STOP) -> None:
    """Register a function that a reset calls, once: those that STOP something before the others.

    What is remembered is forgotten last, when nothing runs any more that could add to it.
    """
    if function not in _reset_functions[phase]:
        _reset_functions[phase].append(function)


def steered(
    path: str, settings: Settings, then: Callable[[], object] = lambda: None, **checks: Check
) -> Settings:
    """Return these settings, a dataclass, which PUT path changes from now on.

    A setting is named as its field and has the type of its default; what `checks` says of one has
    to hold as well. After a change `then` is called. A reset puts the defaults back.
    """
    values = vars(settings)
    defaults = dict(values)

    def change(body: dict[str, Any]) -> dict[str, Any]:
        for name, value in body.items():
            if name not in defaults:
                raise ControlError(f"Unknown setting {name}; known are {', '.join(defaults)}.")
            if not _alike(value, defaults[name]):
                raise ControlError(f"{name} is of the kind of {defaults[name]!r}, not {value!r}.")
            holds, words = checks.get(name, (lambda _: True, ""))
            if not holds(value):
                raise ControlError(f"{name} is {words}.")
        values.update(body)
        then()
        return dict(values)

    route("PUT", path)(change)
    on_reset(lambda: values.update(defaults))
    return settings


def _alike(value: object, default: object) -> bool:
    """Return whether a value has the type of a default; true is no number, and 1 is one of 1.0's."""
    kinds = (int, float) if isinstance(default, float) else type(default)
    return isinstance(value, bool) == isinstance(default, bool) and isinstance(value, kinds)


class Log:
    """What happened, oldest first; GET path shows it, DELETE path and a reset forget it.

    `choices` names the query parameters of GET: those entries are shown to which the function gives
    the value that was asked for.
    """

    def __init__(
        self, path: str, kept: int = 5000, **choices: Callable[[Any], Collection[str]]
    ) -> None:
        self._entries: deque[Any] = deque(maxlen=kept)
        self._lock = threading.Lock()
        self._choices = choices
        route("GET", path)(self.show)
        route("DELETE", path)(self.clear)
        on_reset(self.clear, FORGET)

    def add(self, entry: Any) -> None:
        """Write an entry down."""
        with self._lock:
            self._entries.append(entry)

    def show(self, query: Mapping[str, Any]) -> list[Any]:
        """Return the entries that the query chooses."""
        with self._lock:
            entries = list(self._entries)
        wanted = [(self._choices[name], query[name]) for name in self._choices if query.get(name)]
        return [one for one in entries if all(value in of(one) for of, value in wanted)]

    def clear(self, _query: object = None) -> dict[str, str]:
        """Forget the entries."""
        with self._lock:
            self._entries.clear()
        return {"status": "cleared"}


@route("POST", "/reset")
def reset(_body: dict[str, Any]) -> dict[str, str]:
    """Forget everything: what the modules remember, then what moto does."""
    for functions in _reset_functions:
        for function in functions:
            function()
    BackendDict.reset()
    reset_model_data()
    return {"status": "reset"}


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Return the control routes, and pass every other request on."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX + "/"):
            return app(environ, start_response)
        status, answer = _answer(environ, path.removeprefix(PREFIX).rstrip("/"))
        payload = json.dumps(answer, default=str).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
        start_response(status, headers)
        return [payload]

    return serve


def _answer(environ: WSGIEnvironment, path: str) -> tuple[str, object]:
    handler = _routes.get((environ["REQUEST_METHOD"], path))
    if handler is None:
        # What is left of a request would be the beginning of the next.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
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
