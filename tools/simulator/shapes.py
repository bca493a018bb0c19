"""Simulator: holds its own answers to botocore's models, about which clients are lenient.

A client passes over a member that AWS does not have, and hands on a number where AWS sends text; so
would every test. What moto or we get wrong is an error here instead: names in JSON and XML, types
in JSON, whose values have types. Models say of requests alone what has to be there.
"""

import functools
import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse
from xml.etree import ElementTree

from botocore.model import Shape

from tools.simulator import answers, identity, wire

LOG = logging.getLogger(__name__)
_TYPES: dict[str, type | tuple[type, ...]] = {  # those of texts aside
    "structure": dict,
    "list": list,
    "map": dict,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
}
# What stands in every answer: in those of EC2 it is the second.
_IN_NO_MODEL = {"ResponseMetadata", "requestId"}
# Their answers are objects and code, and their models the largest.
_UNREAD = {"s3", "lambda", "ec2"}


@wire.around_calls
def middleware(call: wire.Call, go: wire.Go, start_response: StartResponse) -> Iterable[bytes]:
    """Make an error of an answer that AWS cannot have given; scripted faults come after it."""
    shape = _output(call.service, call.operation)
    if shape is None:
        return go(start_response)
    heard: list[Any] = []
    body = b"".join(go(lambda *answer: heard.extend(answer)))
    if int(heard[0][:3]) < 300 and (found := "; ".join(problems(body, shape))):
        LOG.error("%s:%s: %s", call.service, call.operation, found)
        message = f"The simulator's answer to {call.service}:{call.operation} is not AWS's: {found}"
        return answers.error(call.protocol, "ShapeMismatch", message, 501).send(start_response)
    start_response(*heard)
    return [body]


@functools.cache
def _output(service: str, operation: str) -> Shape | None:
    """Return the shape of an operation's answer; None where there is none to hold it to."""
    if service in _UNREAD or service not in identity.models().get_available_services():
        return None
    model = identity.models().get_service_model(service)
    if operation not in model.operation_names:
        return None
    return model.operation_model(operation).output_shape


def problems(body: bytes, shape: Shape) -> list[str]:
    """Return what AWS would not answer so, each with the way to the member; empty where all is well."""
    if "payload" in shape.serialization:  # the body is no document, but what a member holds
        return []
    if not body.lstrip().startswith(b"<"):
        return list(_in_json(json.loads(body or b"{}"), shape, shape.name))
    root = ElementTree.fromstring(body)  # noqa: S314 - the simulator's own answer
    wrapper = shape.serialization.get("resultWrapper")
    result = root if wrapper is None else root.find(f"{{*}}{wrapper}")
    return list(_in_xml([] if result is None else result, shape, shape.name))


def _in_json(value: Any, shape: Any, path: str) -> Iterator[str]:
    if value is None:  # as good as absent, to every client
        return
    kind = shape.type_name
    if not isinstance(value, _TYPES.get(kind, str)) or (
        isinstance(value, bool) and kind != "boolean"
    ):
        yield f"{path} is {json.dumps(value)[:60]}, AWS has a {kind} there"
    elif kind == "structure" and not shape.is_document_type:
        members = _by_name(shape)
        for name, each in value.items():
            if name in members:
                yield from _in_json(each, members[name], f"{path}.{name}")
            else:
                yield f"AWS has no {path}.{name}"
    elif kind in {"list", "map"}:
        inner = shape.member if kind == "list" else shape.value
        for each in value if kind == "list" else value.values():
            yield from _in_json(each, inner, path)


def _in_xml(element: Iterable[Any], shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        members = _by_name(shape)
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name in members:
                yield from _in_xml(child, members[name], f"{path}.{name}")
            elif name not in _IN_NO_MODEL:
                yield f"AWS has no {path}.{name}"
    elif shape.type_name == "list":
        for child in [element] if shape.serialization.get("flattened") else element:
            yield from _in_xml(child, shape.member, path)


@functools.lru_cache(1000)
def _by_name(shape: Any) -> dict[str, Any]:
    """Return the members of a structure by their names in a body."""
    named = {}
    for name, member in shape.members.items():
        is_flat = member.type_name == "list" and member.serialization.get("flattened")
        item = member.member.serialization.get("name") if is_flat else None
        named[item or member.serialization.get("name", name)] = member
    return named
