"""Simulator: errors in the wire form of each AWS protocol, so that botocore reads their code.

`middleware` puts into that form what moto raises, or has not got.
"""

import json
import logging
import re
import uuid
from collections.abc import Iterable
from typing import NamedTuple
from wsgiref.types import StartResponse
from xml.sax.saxutils import escape

from tools.simulator import wire

LOG = logging.getLogger(__name__)
_JSON = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}
_XML = {
    "query": "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code>"
    "<Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>",
    "ec2": "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    "</Errors><RequestID>{request}</RequestID></Response>",
    "rest-xml": "<Error><Code>{code}</Code><Message>{message}</Message>"
    "<RequestId>{request}</RequestId></Error>",
}
_CODE = re.compile(rb"<Code>([^<]*)</Code>")
# In the names of operations that moto has but does not do: no stack would be made, no rule deployed.
_PRETENDED = ("ConformancePack", "StackInstance", "StackSet")


class Answer(NamedTuple):
    """A whole HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Send it, as a WSGI application does."""
        length = ("Content-Length", str(len(self.body)))
        start_response(
            f"{self.status} {'OK' if self.status < 400 else 'Error'}", [*self.headers, length]
        )
        return [self.body]


def error(protocol: str, code: str, message: str, status: int = 400) -> Answer:
    """An error as the service of this protocol would answer it."""
    request = str(uuid.uuid4())
    headers = [("Content-Type", _JSON.get(protocol, "text/xml"))]
    if protocol in _JSON:
        headers.append(("x-amzn-RequestId", request))
        if protocol == "rest-json":
            headers.append(("x-amzn-ErrorType", code))
        body = json.dumps({"__type": code, "message": message, "Message": message})
    else:
        side = "Sender" if status < 500 else "Receiver"
        form = _XML.get(protocol, _XML["query"])
        body = form.format(side=side, code=escape(code), message=escape(message), request=request)
    return Answer(status, headers, body.encode())


def broken(protocol: str) -> Answer:
    """An answer with status 200 that ends in the middle.

    botocore raises ResponseParserError for XML; for JSON it hands over an answer without members.
    """
    body = b'{"Unfinished": [{"Id": "' if protocol in _JSON else b"<Unfinished><Id>"
    return Answer(200, [("Content-Type", _JSON.get(protocol, "text/xml"))], body)


def code_of(headers: Iterable[tuple[str, str]], body: bytes) -> str | None:
    """The error code in an answer, in whatever protocol's form it stands."""
    for name, value in headers:
        if name.lower() == "x-amzn-errortype":
            return value.split(":")[0]
    if match := _CODE.search(body):
        return match.group(1).decode()
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found = document.get("__type") or document.get("code") if isinstance(document, dict) else None
    return str(found).split("#")[-1] if found else None


@wire.around_calls
def middleware(call: wire.Call, go: wire.Go, start_response: StartResponse) -> Iterable[bytes]:
    """Give errors the service's own form where moto raises; what is missing is not retried."""
    try:
        _refuse_pretended(call)
        return go(start_response)
    except NotImplementedError as problem:
        message = f"The simulator does not have {call.service}:{call.operation} ({problem})."
        code, status = "NotImplemented", 501
    except Exception as problem:  # moto's defects must reach the caller in a readable form
        LOG.exception("%s:%s failed", call.service, call.operation)
        message = f"{type(problem).__name__}: {problem}"
        code, status = "InternalFailure", 500
    return error(call.protocol, code, message, status).send(start_response)


def _refuse_pretended(call: wire.Call) -> None:
    if any(part in call.operation for part in _PRETENDED):
        raise NotImplementedError("deploy a stack in each account and Region instead")
