"""Simulator: what the CloudFormation types that are made by their service's API have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

from tools.simulator.cloudformation import forwarded
from tools.simulator.cloudformation.resources import StackResource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ApiResource(StackResource):
    """A resource made by calls to its service, as CloudFormation itself makes it."""

    SERVICE: ClassVar[str]
    HONOURED: ClassVar[frozenset[str]]
    HARMLESS: ClassVar[dict[str, str]] = {}

    def __init__(self, physical_id: str, properties: Mapping[str, Any], **attributes: Any) -> None:
        self.physical_resource_id = physical_id
        self.properties = properties
        self.attributes = attributes

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """Return the value of Fn::GetAtt."""
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[attribute_name]

    @classmethod
    def client(cls, account: str, region: str) -> Any:
        """Return a client of the type's service, in the name of whoever asked for the stack."""
        return forwarded.client(cls.SERVICE, account, region)


def chosen(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return those of the properties that are named."""
    return {name: properties[name] for name in names if name in properties}


def policy_text(document: Any) -> str:
    """Return a policy document as text, whichever form the template gives it."""
    return document if isinstance(document, str) else json.dumps(document)


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags as a map, as some APIs want them."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
