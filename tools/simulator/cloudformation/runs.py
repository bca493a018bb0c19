"""Simulator: bringing a stack to what its template says: make, change, replace, remove, roll back."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError

from tools.simulator.cloudformation import template_parameters
from tools.simulator.cloudformation.deployed import (
    Deployed,
    ResourceError,
    add_event,
    generated_name,
    reason_of,
)
from tools.simulator.cloudformation.template_intrinsics import Intrinsics
from tools.simulator.cloudformation.template_order import ordered
from tools.simulator.cloudformation.template_schema import coerce, replacing_properties, schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.cloudformation.models import Stack


class StackRun:
    """One run over a template's resources, with the values of one set of parameters."""

    def __init__(
        self,
        stack: Stack,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        exports: Mapping[str, str],
    ) -> None:
        self.stack = stack
        self.template = template
        self.deployed: dict[str, Deployed] = stack.deployed
        self.superseded: list[Deployed] = []
        self.made: list[Deployed] = []
        values = template_parameters.values(template, parameters)
        self._values = stack.pseudo_parameters() | values
        self._intrinsics = Intrinsics(
            self._reference,
            self._attribute,
            template.get("Mappings") or {},
            exports=exports,
            region=stack.region_name,
        )
        named = template.get("Conditions") or {}
        self._intrinsics.conditions = {
            name: self._intrinsics.holds(one, named) for name, one in named.items()
        }

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return self._model(name).physical_resource_id

    def _attribute(self, name: str, attribute: str) -> Any:
        return self._model(name).get_cfn_attribute(attribute)

    def _model(self, name: str) -> Any:
        if name not in self.deployed:
            raise ValidationError(message=f"Unresolved resource dependencies [{name}]")
        return self.deployed[name].model

    def _exists(self, one: Mapping[str, Any]) -> bool:
        return "Condition" not in one or self._intrinsics.conditions[one["Condition"]]

    def names(self) -> list[str]:
        """Return the resources that there shall be, in the order of their making."""
        resources = self.template["Resources"]
        return [name for name in ordered(resources) if self._exists(resources[name])]

    def bring_about(self) -> None:
        """Make and change resources until they are as the template says, or raise ResourceError."""
        for name in self.names():
            try:
                self._bring(name, self.template["Resources"][name])
            except Exception as error:
                verb = "UPDATE" if name in self.deployed else "CREATE"
                reason = reason_of(error)
                add_event(self.stack, self.deployed.get(name), name, f"{verb}_FAILED", reason)
                raise ResourceError(f"{name}: {reason}") from error

    def _bring(self, name: str, resource: Mapping[str, Any]) -> None:
        resource_type = resource["Type"]
        schema = schema_of(resource_type, self.stack.region_name) or {}
        given = self._intrinsics.resolve(resource.get("Properties") or {})
        properties = coerce(given, schema, schema)
        retained = resource.get("DeletionPolicy", "Delete").startswith("Retain")
        old = self.deployed.get(name)
        if old is None:
            self._make(name, resource_type, properties, retained=retained)
        elif (old.resource_type, old.properties) == (resource_type, properties):
            old.retained = retained
        elif self._must_replace(old, resource_type, properties, schema):
            old.retained = resource.get("UpdateReplacePolicy") == "Retain"
            self.superseded.append(self.deployed.pop(name))
            self._make(name, resource_type, properties, retained=retained)
        else:
            self._change(old, properties)
            old.retained = retained

    @staticmethod
    def _must_replace(
        old: Deployed, resource_type: str, properties: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> bool:
        keys = set(old.properties) | set(properties)
        changed = {key for key in keys if old.properties.get(key) != properties.get(key)}
        update = parsing.get_model_map()[resource_type].update_from_cloudformation_json
        return (
            old.resource_type != resource_type
            or bool(changed & replacing_properties(schema))
            or hasattr(update, "__isabstractmethod__")
        )

    def _make(
        self, name: str, resource_type: str, properties: dict[str, Any], *, retained: bool
    ) -> None:
        add_event(self.stack, None, name, "CREATE_IN_PROGRESS")
        model_type = parsing.get_model_map()[resource_type]
        given = properties.get(model_type.cloudformation_name_type() or "")
        model = model_type.create_from_cloudformation_json(
            given or generated_name(self.stack.name, name),
            {"Type": resource_type, "Properties": copy.deepcopy(properties)},
            self.stack.account_id,
            self.stack.region_name,
            LogicalId=name,
            StackId=self.stack.stack_id,
            ResourceType=resource_type,
        )
        self._note(name, resource_type, model)
        one = Deployed(name, resource_type, properties, model, retained)
        self.deployed[name] = one
        self.made.append(one)
        add_event(self.stack, one, name, "CREATE_COMPLETE")

    def _change(self, old: Deployed, properties: dict[str, Any]) -> None:
        add_event(self.stack, old, old.name, "UPDATE_IN_PROGRESS")
        model = parsing.get_model_map()[old.resource_type].update_from_cloudformation_json(
            original_resource=old.model,
            new_resource_name=old.physical_id,
            cloudformation_json={
                "Type": old.resource_type,
                "Properties": copy.deepcopy(properties),
            },
            account_id=self.stack.account_id,
            region_name=self.stack.region_name,
        )
        self._note(old.name, old.resource_type, model)
        old.model, old.properties = model, properties
        add_event(self.stack, old, old.name, "UPDATE_COMPLETE")

    @staticmethod
    def _note(name: str, resource_type: str, model: Any) -> None:
        model.logical_resource_id, model.cf_resource_type = name, resource_type

    def outputs(self) -> list[dict[str, Any]]:
        """Return the stack's outputs."""
        found = []
        for key, output in (self.template.get("Outputs") or {}).items():
            if self._exists(output):
                export = self._intrinsics.resolve((output.get("Export") or {}).get("Name"))
                found.append(
                    {
                        "OutputKey": key,
                        "OutputValue": self._intrinsics.resolve(output["Value"]),
                        "Description": output.get("Description"),
                        "ExportName": export,
                    }
                )
        return found

    def put_back(self) -> list[Deployed]:
        """Put back what this run had set aside; return what it made, which is no more the stack's."""
        for one in self.made:
            if self.deployed.get(one.name) is one:
                del self.deployed[one.name]
            resource = self.template["Resources"][one.name]
            one.retained = resource.get("DeletionPolicy") == "Retain"  # RetainExceptOnCreate is not
        for old in self.superseded:
            self.deployed[old.name] = old
        return self.made[::-1]
