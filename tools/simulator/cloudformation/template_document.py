"""Simulator: a CloudFormation template's text, read as CloudFormation reads it."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import yaml
from moto.cloudformation.exceptions import ValidationError

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    }
)
_RESOURCE_KEYS = frozenset(
    {
        "Condition",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdateReplacePolicy",
    }
)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Reads short intrinsics; leaves dates as text; refuses a key that stands twice."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping, if all its keys differ."""
        keys = [self.construct_object(key) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValidationError(message=f"Template format error: duplicate key {key}.")
        return super().construct_mapping(node, deep)


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
        loader = _Loader(text)
        document = loader.get_single_data()
    except yaml.YAMLError as error:
        raise ValidationError(
            message=f"Template format error: YAML not well-formed. {error}"
        ) from error
    if not isinstance(document, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    return json.loads(json.dumps(document))  # plain JSON: no key or value of another kind


def check_structure(template: dict[str, Any]) -> None:
    """Refuse sections and resource attributes that CloudFormation, or the simulator, does not know."""
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        raise ValidationError(message=f"Invalid template property or properties {unknown}")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(
            message="Template format error: At least one Resources member must be defined."
        )
    for name, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ValidationError(
                message=f"Template format error: [/Resources/{name}] Every resource needs a Type."
            )
        unknown = sorted(set(resource) - _RESOURCE_KEYS)
        if unknown:
            raise ValidationError(
                message=f"Invalid template resource property {unknown} of resource {name}"
            )
