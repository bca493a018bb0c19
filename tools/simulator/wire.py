"""Simulator: what a request is: which service and operation, where, by whom, with what.

`middleware` reads the request once and leaves a `Call` in the WSGI environment for the middlewares
inside it.
"""

import functools
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router

from tools.simulator import accounts, identity

Go = Callable[[StartResponse], Iterable[bytes]]  # on to what stands inside
Handle = Callable[["Call", Go, StartResponse], Iterable[bytes]]

_KEY = "tools.simulator.call"
_JSON_MAX = 1 << 22  # bodies above 4 MiB are uploads, of which nobody asks the parameters
_BOTO3_NAMES = {  # by the name that stands in the signature
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}


@dataclass(frozen=True)
class Call:
    """One request to an AWS service, the service named as boto3 names it."""

    service: str
    region: str
    access_key_id: str
    protocol: str
    body: bytes
    internal: bool
    environ: WSGIEnvironment

    @functools.cached_property
    def operation(self) -> str:
        """The operation's name; empty if it cannot be told."""
        target = str(self.environ.get("HTTP_X_AMZ_TARGET", ""))
        if target:
            return target.rpartition(".")[2]
        if self.protocol in {"query", "ec2"}:
            return str(self.form.get("Action", ""))
        return self._routed[0]

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """The request's parameters: JSON as sent, with path and query parameters; a form as sent."""
        if self.protocol in {"query", "ec2"}:
            return {k: v for k, v in self.form.items() if k not in {"Action", "Version"}}
        document: Any = None
        if self.protocol != "rest-xml" and len(self.body) <= _JSON_MAX:
            try:
                document = json.loads(self.body or b"{}")
            except ValueError:  # an upload, or something that the service itself will refuse
                document = None
        query = dict(parse_qsl(str(self.environ.get("QUERY_STRING", ""))))
        found = document if isinstance(document, dict) else {}
        return found if self.protocol == "json" else found | query | self._routed[1]

    @functools.cached_property
    def form(self) -> dict[str, str]:
        """The fields of a query protocol's request, from body or query string."""
        text = self.body.decode("utf-8", "replace") or str(self.environ.get("QUERY_STRING", ""))
        return dict(parse_qsl(text, keep_blank_values=True))

    @property
    def called_via(self) -> str:
        """The service that passes its own caller's request on; empty if none does."""
        return str(self.environ.get("HTTP_X_SIMULATOR_CALLED_VIA", "")) if self.internal else ""

    @functools.cached_property
    def caller(self) -> identity.Caller:
        """Who signed the request."""
        return identity.caller(self.access_key_id)

    @functools.cached_property
    def _routed(self) -> tuple[str, dict[str, Any]]:
        environ = self.environ | {"wsgi.input": io.BytesIO(self.body)}
        try:
            operation, parameters = get_service_router(self.service).match(Request(environ))
        except (NotFound, NotImplementedError):
            return "", {}
        return operation.name, parameters

    def names(self, service: str | None, operation: str | None) -> bool:
        """Whether the call is one to this service and operation; None stands for any."""
        return (not service or boto3_name(service) == self.service) and (
            not operation or operation == self.operation
        )


def boto3_name(service: str) -> str:
    """boto3's name of a service that may be named as in IAM or in signatures."""
    return _BOTO3_NAMES.get(service, service)


def call_of(environ: WSGIEnvironment) -> Call | None:
    """The call that a request is, or None if it is not one to an AWS service."""
    call = environ.get(_KEY)
    return call if isinstance(call, Call) else None


def around_calls(handle: Handle) -> Callable[[WSGIApplication], WSGIApplication]:
    """Make a middleware of what is done with a call to a service; other requests pass by."""

    def wrap(app: WSGIApplication) -> WSGIApplication:
        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            call = call_of(environ)
            if call is None:
                return app(environ, start_response)
            return handle(call, functools.partial(app, environ), start_response)

        return serve

    return wrap


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Leave the `Call` in the environment, for the middlewares inside."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chunked = environ.get("wsgi.input_terminated")  # then the stream knows its own end
        length = -1 if chunked else int(environ.get("CONTENT_LENGTH") or 0)
        body = bytes(environ["wsgi.input"].read(length))
        environ["wsgi.input"] = io.BytesIO(body)
        environ[_KEY] = _call(environ, body)
        return app(environ, start_response)

    return serve


def _call(environ: WSGIEnvironment, body: bytes) -> Call | None:
    scope = _scope(str(environ.get("HTTP_AUTHORIZATION", "")))
    if scope is None:
        return None
    access_key_id, region, signing_name = scope
    service = boto3_name(signing_name)
    protocol = "json" if environ.get("HTTP_X_AMZ_TARGET") else _protocol_of(service)
    internal = "HTTP_X_SIMULATOR_INTERNAL" in environ
    return Call(service, region, access_key_id, protocol, body, internal, environ)


def _scope(authorization: str) -> tuple[str, str, str] | None:
    """Access key, Region and signing name of a signature of version 4."""
    credential = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    if len(credential) != 5:
        return None
    return credential[0], credential[2] or accounts.DEFAULT_REGION, credential[3]


@functools.cache
def _protocol_of(service: str) -> str:
    if service in {"s3", "lambda", "ec2"}:  # spare loading the largest models
        return {"s3": "rest-xml", "lambda": "rest-json", "ec2": "ec2"}[service]
    if service not in identity.models().get_available_services():
        return "query"
    return str(identity.models().get_service_model(service).resolved_protocol)
