"""Simulator: a CloudFormation template's text, read as CloudFormation reads it, its order, its parameters."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar

import yaml
from moto.cloudformation.exceptions import ValidationError

from tools.simulator.cloudformation.template_intrinsics import text_of

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_PLACEHOLDER = re.compile(r"\$\{([^!{}][^{}]*)\}")
_NUMBER_TYPES = frozenset({"Number", "List<Number>"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class _Loader(yaml.SafeLoader):
    """Reads short intrinsics, and leaves dates as text."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has no fourth kind of node
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def parse(text: str) -> dict[str, Any]:
    """Return the template as an object; YAML or JSON."""
    return dict(json.loads(_in_json(text)))


@lru_cache(maxsize=16)  # reading YAML takes longer than making most of the stacks
def _in_json(text: str) -> str:
    """Return the template in plain JSON: no key or value of another kind."""
    try:
        document = _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise ValidationError(
            message=f"Template format error: YAML not well-formed. {error}"
        ) from error
    if not isinstance(document, dict) or not document.get("Resources"):
        raise ValidationError(
            message="Template format error: At least one Resources member must be defined."
        )
    return json.dumps(document)


def dependencies(resource: Mapping[str, Any]) -> set[str]:
    """Return the names that a resource refers to: resources, parameters, pseudo parameters."""
    explicit = resource.get("DependsOn") or []
    names = {explicit} if isinstance(explicit, str) else set(explicit)
    return names | set(_references(resource.get("Properties") or {}))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                yield from _substitutions(item)
            else:
                yield from _references(item)


def _substitutions(argument: Any) -> Iterator[str]:
    text, given = argument if isinstance(argument, list) else (argument, {})
    yield from _references(given)
    for name in _PLACEHOLDER.findall(text):
        if name.strip() not in given:
            yield name.strip().split(".")[0]


def ordered(resources: Mapping[str, Any]) -> list[str]:
    """Return the resources' names, each after those that it needs; refuse a circle."""
    needs = {name: dependencies(one) & resources.keys() for name, one in resources.items()}
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValidationError(message=f"Circular dependency between resources: {error}") from error


def values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value as Ref would; refuse what CloudFormation refuses."""
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    if unknown := sorted(set(given) - set(declared)):
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    texts = {name: one["Default"] for name, one in declared.items() if "Default" in one} | given
    if missing := sorted(set(declared) - set(texts)):
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, one, text_of(texts[name])) for name, one in declared.items()}


def _value(name: str, declared: Mapping[str, Any], text: str) -> list[str] | str:
    kind = str(declared.get("Type", "String"))
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    parts = [part.strip() for part in text.split(",") if text] if is_list else [text]
    for problem in filter(None, (_problem(declared, part) for part in parts)):
        described = declared.get("ConstraintDescription")
        detail = f"failed to satisfy constraint: {described}" if described else problem
        raise ValidationError(message=f"Parameter '{name}' {detail}")
    return parts if is_list else text


def _problem(declared: Mapping[str, Any], text: str) -> str | None:
    """Return what is wrong with one value, or None."""
    allowed = declared.get("AllowedValues")
    if allowed is not None and text not in [text_of(one) for one in allowed]:
        return f"must be one of AllowedValues {allowed}"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        return f"must match pattern {pattern}"
    is_number = declared.get("Type") in _NUMBER_TYPES
    if is_number and not _NUMBER.fullmatch(text):
        return "must be a number"
    size, what = (float(text), "Value") if is_number else (len(text), "Length")
    low, high = float(declared.get(f"Min{what}", "-inf")), float(declared.get(f"Max{what}", "inf"))
    return None if low <= size <= high else f"must have a {what} from {low:g} to {high:g}"
