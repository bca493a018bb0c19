"""Simulator: a CloudFormation template's text, read as CloudFormation reads it, its order, its parameters."""

import json
import re
from collections.abc import Iterator, Mapping
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
    return json.loads(json.dumps(document))  # plain JSON: no key or value of another kind


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


def _is_list(declared: Mapping[str, Any]) -> bool:
    """Return whether the parameter's value is a list."""
    kind = str(declared.get("Type", "String"))
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value as Ref would; refuse what CloudFormation refuses."""
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    texts = {
        name: given.get(name, one.get("Default"))
        for name, one in declared.items()
        if name in given or "Default" in one
    }
    missing = sorted(set(declared) - set(texts))
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for name, one in declared.items():
        _check(name, one, text_of(texts[name]))
    return {
        name: _split(text_of(texts[name])) if _is_list(one) else text_of(texts[name])
        for name, one in declared.items()
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _check(name: str, declared: Mapping[str, Any], text: str) -> None:
    parts = _split(text) if _is_list(declared) else [text]
    described = declared.get("ConstraintDescription")
    for part in parts:
        problem = _problem(declared, part)
        if problem:
            detail = f" failed to satisfy constraint: {described}" if described else f" {problem}"
            raise ValidationError(message=f"Parameter '{name}'{detail}")


def _problem(declared: Mapping[str, Any], text: str) -> str | None:
    """Return what is wrong with one value, or None."""
    allowed = declared.get("AllowedValues")
    if allowed is not None and text not in [text_of(one) for one in allowed]:
        return f"must be one of AllowedValues {allowed}"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        return f"must match pattern {pattern}"
    if declared.get("Type") in _NUMBER_TYPES:
        return _number_problem(declared, text)
    low, high = int(declared.get("MinLength", 0)), int(declared.get("MaxLength", len(text)))
    if not low <= len(text) <= high:
        return f"must contain at least {low} and at most {high} characters"
    return None


def _number_problem(declared: Mapping[str, Any], text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return "must be a number"
    low, high = declared.get("MinValue"), declared.get("MaxValue")
    if low is not None and float(text) < float(low):
        return f"must be a number not less than {low}"
    if high is not None and float(text) > float(high):
        return f"must be a number not greater than {high}"
    return None
