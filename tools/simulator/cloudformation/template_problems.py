"""Simulator: what is wrong with a resource's properties, by AWS's schema of its type."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tools.simulator.cloudformation.template_intrinsics import UNKNOWN
from tools.simulator.cloudformation.template_schema import Schema, kinds_of, target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCALARS = (str, int, float, bool)
_CONTAINERS = {"object": dict, "array": list}
_FORMS = {
    "boolean": re.compile("true|false", re.IGNORECASE),
    "integer": re.compile(r"-?\d+"),
    "number": re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"),
    "string": re.compile(".*", re.DOTALL),
}


def problems(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    """Yield what is wrong with a value, as sentences that name its place."""
    if value is UNKNOWN:
        return
    schema = target(schema, root)
    kinds = kinds_of(schema)
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{path}: expected type {' or '.join(kinds)}, found {json.dumps(value, default=str)}"
        return
    if isinstance(value, dict):
        yield from _object_problems(value, schema, root, path)
    elif isinstance(value, list):
        yield from _array_problems(value, schema, root, path)
    else:
        yield from _scalar_problems(value, schema, path)
    yield from _choice_problems(value, schema, root, path)


def _is(value: Any, kind: str) -> bool:
    """Return whether CloudFormation takes the value as this type; it converts scalars."""
    if kind in _CONTAINERS:
        return isinstance(value, _CONTAINERS[kind])
    return isinstance(value, _SCALARS) and _FORMS[kind].fullmatch(str(value)) is not None


def _object_problems(
    value: Mapping[str, Any], schema: Schema, root: Schema, path: str
) -> Iterator[str]:
    known: Mapping[str, Any] = schema.get("properties") or {}
    patterns: Mapping[str, Any] = schema.get("patternProperties") or {}
    for name in schema.get("required") or []:
        if name not in value:
            yield f"{path}: required property {name} is missing"
    for name, item in value.items():
        fitting = [one for pattern, one in patterns.items() if re.search(pattern, name)]
        if name in known:
            yield from problems(item, known[name], root, f"{path}.{name}")
        elif fitting:
            yield from problems(item, fitting[0], root, f"{path}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{path}: unknown property {name}"


def _array_problems(value: list[Any], schema: Schema, root: Schema, path: str) -> Iterator[str]:
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    if len(value) < low or (high is not None and len(value) > high):
        yield f"{path}: expected {low} to {high or 'any number of'} items, found {len(value)}"
    items = schema.get("items")
    if isinstance(items, dict):
        for number, item in enumerate(value):
            yield from problems(item, items, root, f"{path}[{number}]")


def _scalar_problems(value: Any, schema: Schema, path: str) -> Iterator[str]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    allowed = schema.get("enum")
    if allowed is not None and text not in [str(one) for one in allowed]:
        yield f"{path}: {text!r} is not one of {allowed}"
    pattern = schema.get("pattern")
    if pattern is not None and not _matches(pattern, text):
        yield f"{path}: {text!r} does not match {pattern}"
    if "string" in kinds_of(schema):
        low, high = schema.get("minLength", 0), schema.get("maxLength")
        if len(text) < low or (high is not None and len(text) > high):
            yield f"{path}: expected {low} to {high} characters, found {len(text)}"
    if {"integer", "number"} & set(kinds_of(schema)):
        least, most = schema.get("minimum"), schema.get("maximum")
        if (least is not None and float(text) < least) or (most is not None and float(text) > most):
            yield f"{path}: {text} is not within {least} and {most}"


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # some of AWS's patterns are not Python's
        return True


def _choice_problems(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if options and all(any(problems(value, one, root, path)) for one in options):
            yield f"{path}: fits none of the forms that its schema offers"
    for one in schema.get("allOf") or []:
        yield from problems(value, one, root, path)
    if isinstance(value, dict):
        for name in value:
            needed = (schema.get("dependentRequired") or {}).get(name, [])
            excluded = (schema.get("dependentExcluded") or {}).get(name, [])
            yield from (f"{path}: {name} requires {one}" for one in needed if one not in value)
            yield from (f"{path}: {name} excludes {one}" for one in excluded if one in value)
