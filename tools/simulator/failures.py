"""Simulator: what moto raises, or has not got, as an error of the service that was called."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tools.simulator import answers, wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
# In the names of operations that moto has but does not do: no stack would be made, no rule deployed.
_PRETENDED = ("ConformancePack", "StackInstance", "StackSet")


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Give errors the service's own form where moto raises; what is missing is not retried."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        if call is None:
            return app(environ, start_response)
        try:
            _refuse_pretended(call)
            return app(environ, start_response)
        except NotImplementedError as problem:
            message = f"The simulator does not have {call.service}:{call.operation} ({problem})."
            code, status = "NotImplemented", 501
        except Exception as problem:  # moto's defects must reach the caller in a readable form
            LOG.exception("%s:%s failed", call.service, call.operation)
            message = f"{type(problem).__name__}: {problem}"
            code, status = "InternalFailure", 500
        return answers.error(call.protocol, code, message, status).send(start_response)

    return serve


def _refuse_pretended(call: wire.Call) -> None:
    if any(part in call.operation for part in _PRETENDED):
        raise NotImplementedError("deploy a stack in each account and Region instead")
