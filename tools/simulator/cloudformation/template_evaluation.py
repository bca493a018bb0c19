"""Simulator: a template with its parameters' values, over the resources that a stack has.

`check` is called before a stack is made or changed, so that nothing is made of a template that the
simulator, or AWS, does not take. What properties may be is cfn-lint's business, in `make check`.
"""

import functools
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError

from tools.simulator.cloudformation.template import ordered, values
from tools.simulator.cloudformation.template_intrinsics import (
    UNKNOWN,
    Intrinsics,
    text_of,
)
from tools.simulator.cloudformation.types import TYPES
from tools.simulator.cloudformation.types.base import Deployed

Schema = Mapping[str, Any]


class InsufficientCapabilitiesError(CloudFormationError):
    """The template makes IAM resources, and nobody has acknowledged that."""

    code = "InsufficientCapabilitiesException"


class Evaluation:
    """A template, evaluated as far as one can: what is not deployed (yet) is UNKNOWN."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        pseudo: Mapping[str, Any],
        deployed: Mapping[str, Deployed] | None = None,
    ) -> None:
        self.resources: Mapping[str, Any] = template["Resources"]
        self._template = template
        self._deployed = {} if deployed is None else deployed
        self._values = {**pseudo, **values(template, parameters)}
        self._intrinsics = Intrinsics(self._reference, self._attribute)
        named = template.get("Conditions") or {}
        self._intrinsics.conditions = {
            name: self._intrinsics.holds(one, named) for name, one in named.items()
        }

    def check_rules(self) -> None:
        """Refuse values that break an assertion of the template's Rules."""
        for name, rule in (self._template.get("Rules") or {}).items():
            if not self._intrinsics.holds(rule.get("RuleCondition", {"Fn::And": []}), {}):
                continue
            for assertion in rule["Assertions"]:
                if not self._intrinsics.holds(assertion["Assert"], {}):
                    described = assertion.get("AssertDescription", "An assertion does not hold.")
                    raise ValidationError(
                        message=f"Template constraint {name} is violated: {described}"
                    )

    def _exists(self, one: Mapping[str, Any]) -> bool:
        return "Condition" not in one or self._intrinsics.conditions[one["Condition"]]

    def _find(self, name: str) -> Deployed | None:
        if name not in self.resources or not self._exists(self.resources[name]):
            raise ValidationError(
                message=f"Template format error: Unresolved resource dependencies [{name}] in the "
                "template"
            )
        return self._deployed.get(name)

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        one = self._find(name)
        return one.physical_id if one else UNKNOWN

    def _attribute(self, name: str, attribute: str) -> Any:
        one = self._find(name)
        if one and attribute not in one.attributes:
            raise ValidationError(
                message=f"Template error: resource {name} does not support attribute type "
                f"{attribute} in Fn::GetAtt"
            )
        return one.attributes[attribute] if one else UNKNOWN

    def names(self) -> list[str]:
        """Return the resources that there shall be, in the order of their making."""
        return [name for name in ordered(self.resources) if self._exists(self.resources[name])]

    def properties(self, name: str) -> dict[str, Any]:
        """Return a resource's properties, of the types that its schema says."""
        given = self._intrinsics.resolve(self.resources[name].get("Properties") or {})
        schema = schema_of(self.resources[name]["Type"])
        found: dict[str, Any] = _coerced(given, schema, schema)
        return found

    def outputs(self) -> list[dict[str, Any]]:
        """Return the stack's outputs."""
        return [
            {
                "OutputKey": key,
                "OutputValue": self._intrinsics.resolve(output["Value"]),
                "Description": output.get("Description"),
            }
            for key, output in (self._template.get("Outputs") or {}).items()
            if self._exists(output)
        ]


def check(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    pseudo: Mapping[str, Any],
    capabilities: frozenset[str],
) -> None:
    """Refuse a template that AWS or the simulator would not take with these parameters."""
    evaluation = Evaluation(template, parameters, pseudo)
    evaluation.check_rules()
    for name, resource in evaluation.resources.items():
        resource_type = resource["Type"]
        if resource_type not in TYPES:
            raise ValidationError(
                message=f"Template format error: Unrecognized resource types: [{resource_type}] "
                f"of resource {name}: AWS or the simulator does not have it"
            )
    made = evaluation.names()
    _check_capabilities([evaluation.resources[name] for name in made], capabilities)
    for name in made:
        resource_type = evaluation.resources[name]["Type"]
        if unknown := sorted(evaluation.properties(name).keys() - TYPES[resource_type].honoured):
            raise ValidationError(
                message=f"{name} ({resource_type}): the simulator does not honour {unknown}."
            )
    evaluation.outputs()


def _check_capabilities(made: list[Mapping[str, Any]], capabilities: frozenset[str]) -> None:
    roles = [one for one in made if one["Type"].startswith("AWS::IAM::")]
    named = any("RoleName" in one["Properties"] for one in roles if one["Type"].endswith("Role"))
    enough = {"CAPABILITY_NAMED_IAM"} | (set() if named else {"CAPABILITY_IAM"})
    if roles and not enough & capabilities:
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{needed}]")


@functools.cache
def schema_of(resource_type: str) -> Schema:
    """Return AWS's schema of a resource type, from what cfn-lint brings along."""
    # Importing cfn-lint itself would take two seconds.
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The simulator reads cfn-lint's schemas.")
    folder = Path(spec.origin).parent / "data" / "schemas"
    # Which file has a type's schema differs between Regions; what is read here does not.
    files = json.loads((folder / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    text = (folder / "resources" / f"{files[resource_type]}.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    return schema


def replacing(resource_type: str, changed: set[str]) -> set[str]:
    """Return those of the changed properties whose change makes a new resource."""
    pointers = schema_of(resource_type).get("createOnlyProperties") or []
    return changed & {one.removeprefix("/properties/").split("/")[0] for one in pointers}


def _coerced(value: Any, schema: Schema, root: Schema) -> Any:
    """Return the value with its scalars converted to the types of the schema."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, dict):
        known = schema.get("properties") or {}
        return {name: _coerced(item, known.get(name, {}), root) for name, item in value.items()}
    if isinstance(value, list):
        return [_coerced(item, schema.get("items") or {}, root) for item in value]
    kind = schema.get("type")
    if kind == "string" and value is not UNKNOWN:
        return text_of(value)
    if isinstance(value, str) and kind in ("integer", "number"):
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    return value.lower() == "true" if isinstance(value, str) and kind == "boolean" else value
