"""Simulator: AWS's schemas of CloudFormation resources, those that cfn-lint brings along."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.simulator.cloudformation.template_intrinsics import UNKNOWN

Schema = Mapping[str, Any]

# Documented by CloudFormation and not read-only in the schema.
_NAME_ATTRIBUTES = {
    "AWS::SNS::Topic": frozenset({"TopicName"}),
    "AWS::SQS::Queue": frozenset({"QueueName"}),
}
_PROVIDER_FALLBACK = "us-east-1"


@functools.cache
def _directory() -> Path:
    # Importing cfn-lint itself would take two seconds.
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The simulator holds templates against cfn-lint's schemas.")
    return Path(spec.origin).parent / "data" / "schemas"


@functools.cache
def _types(region: str) -> Mapping[str, str]:
    file = _directory() / "providers" / f"{region}.json"
    if not file.exists():
        file = file.with_name(f"{_PROVIDER_FALLBACK}.json")
    types: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return types


@functools.cache
def schema_of(resource_type: str, region: str) -> Schema | None:
    """Return the type's schema, or None where AWS has no such type."""
    name = _types(region).get(resource_type)
    if name is None:
        return None
    text = (_directory() / "resources" / f"{name}.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    return schema


def attributes_of(resource_type: str, schema: Schema) -> frozenset[str]:
    """Return what GetAtt knows: the read-only properties, and a few types' names."""
    pointers = schema.get("readOnlyProperties") or []
    return _NAME_ATTRIBUTES.get(resource_type, frozenset()) | frozenset(
        one.removeprefix("/properties/").replace("/", ".") for one in pointers
    )


def replacing_properties(schema: Schema) -> frozenset[str]:
    """Return the properties whose change makes a new resource."""
    pointers = schema.get("createOnlyProperties") or []
    return frozenset(one.removeprefix("/properties/").split("/")[0] for one in pointers)


def target(schema: Schema, root: Schema) -> Schema:
    """Return what a schema refers to, or itself."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def kinds_of(schema: Schema) -> list[str]:
    """Return the types that a schema admits; none if it does not say."""
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def coerce(value: Any, schema: Schema, root: Schema) -> Any:
    """Return the value with its scalars converted to the types of the schema."""
    schema = target(schema, root)
    if isinstance(value, dict):
        known = schema.get("properties") or {}
        return {name: coerce(item, known.get(name, {}), root) for name, item in value.items()}
    if isinstance(value, list):
        return [coerce(item, schema.get("items") or {}, root) for item in value]
    kinds = kinds_of(schema)
    if kinds == ["string"] and not isinstance(value, str) and value is not UNKNOWN:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and kinds in (["integer"], ["number"]):
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    if isinstance(value, str) and kinds == ["boolean"]:
        return value.lower() == "true"
    return value
