"""Simulator: a CloudFormation template's text, read as CloudFormation reads it, and its order."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_PLACEHOLDER = re.compile(r"\$\{([^!{}][^{}]*)\}")


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
    if not isinstance(document, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    return json.loads(json.dumps(document))  # plain JSON: no key or value of another kind


def check_references(template: Mapping[str, Any]) -> None:
    """Refuse a template without resources, or with references to what is not there."""
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(
            message="Template format error: At least one Resources member must be defined."
        )
    known = resources.keys() | (template.get("Parameters") or {}).keys()
    for name, resource in resources.items():
        for needed in dependencies(resource) - known:
            if not needed.startswith("AWS::"):
                raise ValidationError(
                    message="Template format error: Unresolved resource dependencies "
                    f"[{needed}] in the Resources block of the template, by {name}"
                )


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
    waiting = {
        name: {one for one in dependencies(resource) if one in resources}
        for name, resource in resources.items()
    }
    done: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if needs <= set(done)]
        if not ready:
            circle = ", ".join(sorted(waiting))
            raise ValidationError(message=f"Circular dependency between resources: [{circle}]")
        for name in ready:
            del waiting[name]
        done += ready
    return done
