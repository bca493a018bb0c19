"""Simulator: a template with its parameters' values, evaluated as far as one can before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.utilities.utils import get_partition

from tools.simulator.cloudformation import template_parameters
from tools.simulator.cloudformation.template_intrinsics import NO_VALUE, UNKNOWN, Intrinsics
from tools.simulator.cloudformation.template_schema import attributes_of, schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def pseudo_parameters(account: str, region: str, stack_name: str) -> dict[str, Any]:
    """Return the pseudo parameters of a stack that is not there yet."""
    partition = get_partition(region)
    return {
        "AWS::AccountId": account,
        "AWS::NoValue": NO_VALUE,
        "AWS::NotificationARNs": [],
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": UNKNOWN,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
    }


class Evaluation:
    """A template together with its parameter values, evaluated as far as possible."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        pseudo: Mapping[str, Any],
        exports: Mapping[str, str],
    ) -> None:
        self.template = template
        self.resources: Mapping[str, Any] = template["Resources"]
        self.region = str(pseudo["AWS::Region"])
        values = template_parameters.values(template, parameters)
        template_parameters.check_rules(template, {**pseudo, **values})
        self._values = {**pseudo, **values}
        self.intrinsics = Intrinsics(
            self._reference,
            self._attribute,
            template.get("Mappings") or {},
            exports=exports,
            region=self.region,
        )
        named = template.get("Conditions") or {}
        self.conditions = {name: self.intrinsics.holds(one, named) for name, one in named.items()}
        self.intrinsics.conditions = self.conditions

    def exists(self, resource: Mapping[str, Any]) -> bool:
        """Return whether the resource's condition holds."""
        condition = resource.get("Condition")
        if condition is not None and condition not in self.conditions:
            raise ValidationError(
                message=f"Template format error: Unresolved condition dependency {condition}"
            )
        return condition is None or self.conditions[condition]

    def _resource(self, name: str) -> Mapping[str, Any]:
        resource = self.resources.get(name)
        if resource is None or not self.exists(resource):
            raise ValidationError(
                message=f"Template format error: Unresolved resource dependencies [{name}] in the "
                "template"
            )
        found: Mapping[str, Any] = resource
        return found

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        self._resource(name)
        return UNKNOWN

    def _attribute(self, name: str, attribute: str) -> Any:
        resource_type = self._resource(name)["Type"]
        schema = schema_of(resource_type, self.region)
        if schema is not None and attribute not in attributes_of(resource_type, schema):
            raise ValidationError(
                message=f"Template error: resource {name} does not support attribute type "
                f"{attribute} in Fn::GetAtt"
            )
        return UNKNOWN
