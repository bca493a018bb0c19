"""Simulator: what every CloudFormation type of our own has in common.

moto finds a type among the direct subclasses of CloudFormationModel, so a type names both:
`class Thing(StackResource, CloudFormationModel)`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException


class StackResource:
    """A resource of a stack: its type, what Ref and GetAtt answer, updates by replacement."""

    TYPE: ClassVar[str]
    NAME_PROPERTY: ClassVar[str] = ""  # empty: CloudFormation alone names it
    ATTRIBUTES: ClassVar[dict[str, str]] = {}  # GetAtt's name -> the Python attribute

    @classmethod
    def cloudformation_type(cls) -> str:
        """Return the type's name."""
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """Return the property that holds the resource's name."""
        return cls.NAME_PROPERTY

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Return whether GetAtt knows the attribute."""
        return attr in cls.ATTRIBUTES

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """Return the value of Fn::GetAtt."""
        if attribute_name not in self.ATTRIBUTES:
            raise UnformattedGetAttTemplateException
        return getattr(self, self.ATTRIBUTES[attribute_name])

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Make the resource."""
        raise NotImplementedError

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change the resource: here by making it anew."""
        self.delete(account, region)
        return self.create(name, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Remove the resource."""
        raise NotImplementedError

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> Self:
        """Create, as moto's CloudFormation calls it."""
        return cls.create(resource_name, cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Self:
        """Update, as moto's CloudFormation calls it."""
        return original_resource.update(
            new_resource_name, cloudformation_json["Properties"], account_id, region_name
        )
