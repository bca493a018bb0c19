"""Simulator: the server process: moto, the extensions around it, and the HTTP server."""

import functools
import gc
import importlib
import logging
import signal
import socket
import sys
import threading
from typing import Any, NoReturn
from wsgiref.types import WSGIApplication

import boto3
from moto.core import responses
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from tools import program
from tools.simulator import accounts, identity

LOG = logging.getLogger(__name__)
_possible_keys = XFormedAttributePicker.get_possible_keys
_keys: dict[Any, list[str]] = {}
_STOPPING = (signal.SIGINT, signal.SIGTERM)
HOST = "localhost"  # moto finds CloudFormation's TemplateURL only under this name


class PortInUseError(Exception):
    """The port is taken by another program."""


class _Handler(MotoRequestHandler):
    """Keeps connections, as AWS does and werkzeug does not; without Nagle's delay of small answers."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        """Send the answer to one request; the journal holds each, so nothing is logged."""
        heard: list[Any] = []
        try:
            application, environ = self.server.app, self.make_environ()
            body = b"".join(application(environ, lambda *answer: heard.extend(answer)))
        except ConnectionError:  # a scripted fault has dropped it
            raise
        except Exception:
            LOG.exception("%s %s failed", self.command, self.path)
            heard, body = ["500 Internal Server Error", [("Connection", "close")]], b""
        code, _, words = heard[0].partition(" ")
        self.send_response_only(int(code), words)
        self.send_header("Date", self.date_time_string())
        for name, value in heard[1]:
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name, _ in heard[1]}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)


def install() -> None:
    """Install every extension."""
    # What moto finds out for each request, and for each member of an answer, never changes.
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    XFormedAttributePicker.get_possible_keys = _keys_of  # type: ignore[method-assign,assignment]
    # moto's EC2 makes three boto3 sessions to list Regions: give it the same one, which is quicker.
    original, session = boto3.Session, boto3.Session()
    boto3.Session = lambda: session  # type: ignore[assignment,misc]
    importlib.import_module("moto.cloudformation.models")
    boto3.Session = original  # type: ignore[misc]
    # A service before those that call it.
    for name in (
        *("identity", "iam.grants", "iam.policy_actions", "functions.api", "topics"),
        *("events", "awsconfig", "emr", "alarms", "cloudformation", "securityhub"),
        *("iam", "inspection"),
    ):
        importlib.import_module(f"tools.simulator.{name}").install()


def _keys_of(picker: XFormedAttributePicker, context: AttributePickerContext) -> list[str]:
    """Return the keys under which an object may have a member of an answer."""
    place = (context.key, context.shape, type(context.obj))
    return _keys.get(place) or _keys.setdefault(place, list(_possible_keys(picker, context)))


def application() -> WSGIApplication:
    """The WSGI application: moto, with the middlewares around it."""
    app: Any = DomainDispatcherApplication(create_backend_app)
    # Else it looks through all its folders for each request: a third of its time.
    app.get_backend_for_host = functools.cache(app.get_backend_for_host)
    # From moto outwards: each wraps what stands before it.
    for name in ("answers", "iam", "buckets", "shapes", "faults", "journal", "wire", "control"):
        app = importlib.import_module(f"tools.simulator.{name}").middleware(app)
    return app


def bind(port: int) -> socket.socket:
    """Take a port (0: any free one), or raise PortInUseError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as problem:
        listener.close()
        raise PortInUseError(f"Port {port} cannot be used: {problem.strerror}.") from problem
    listener.listen(128)
    return listener


def serve(port: int, *, stop_with_stdin: bool = False) -> None:
    """Serve until SIGINT or SIGTERM (or, if asked, until standard input closes)."""
    for number in _STOPPING:
        signal.signal(number, _stop)
    listener = bind(port)
    port = listener.getsockname()[1]
    identity.set_endpoint(f"http://{HOST}:{port}")
    install()
    server = make_server(
        HOST, port, application(), threaded=True, request_handler=_Handler, fd=listener.fileno()
    )
    if stop_with_stdin:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    print(f"Simulator ready: {identity.endpoint()}")
    print(accounts.instructions(identity.endpoint()), flush=True)
    gc.freeze()  # moto is here to stay: to look through it again and again takes seconds
    server.serve_forever()
    _stop_once()


def _stop(number: int, _frame: object) -> NoReturn:
    _stop_once()
    sys.exit(program.interrupted() if number == signal.SIGINT else 0)


def _stop_once() -> None:
    """Leave further signals alone: one that meets Python's own end would show a traceback."""
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)


def _stop_at_end_of_input(server: BaseWSGIServer) -> None:
    # A test run that is killed cannot stop its simulator; its end of this pipe closes all the same.
    sys.stdin.read()
    server.shutdown()
