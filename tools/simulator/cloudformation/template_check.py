"""Simulator: a template is held against AWS's schemas, and its parameters against the template.

`check` is called before a stack or a change set is made or changed. What the simulator neither
honours nor knows to be harmless is refused too: passing silently would be a lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError

from tools.simulator.cloudformation.template_document import check_structure
from tools.simulator.cloudformation.template_evaluation import Evaluation
from tools.simulator.cloudformation.template_order import dependencies, ordered
from tools.simulator.cloudformation.template_problems import problems
from tools.simulator.cloudformation.template_schema import schema_of
from tools.simulator.cloudformation.types.registry import support_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_IAM_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
_IAM_TYPES = frozenset({*_IAM_NAMES, "AWS::IAM::Policy", "AWS::IAM::RolePolicy"})


class InsufficientCapabilitiesError(CloudFormationError):
    """The template makes IAM resources, and nobody has acknowledged that."""

    code = "InsufficientCapabilitiesException"


def _check_resource(checked: Evaluation, name: str, resource: Mapping[str, Any]) -> None:
    resource_type = resource["Type"]
    schema = schema_of(resource_type, checked.region)
    if schema is None:
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: [{resource_type}] "
            f"of resource {name}"
        )
    properties = checked.intrinsics.resolve(resource.get("Properties") or {})
    found = list(problems(properties, schema, schema, f"{name} ({resource_type})"))
    if found:
        raise ValidationError(message=f"Properties validation failed: {'; '.join(found)}")
    support = support_of(resource_type)
    if support is None:
        raise ValidationError(
            message=f"{name}: the simulator does not have the type {resource_type}."
        )
    unknown = sorted(set(properties) - support.honoured - set(support.harmless))
    if unknown:
        raise ValidationError(
            message=f"{name} ({resource_type}): the simulator does not honour {unknown}."
        )


def _check_capabilities(checked: Evaluation, capabilities: frozenset[str]) -> None:
    made = [one for one in checked.resources.values() if checked.exists(one)]
    iam = [one for one in made if one["Type"] in _IAM_TYPES]
    named = [one for one in iam if _IAM_NAMES.get(one["Type"], "") in (one.get("Properties") or {})]
    needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    enough = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    if iam and not enough & capabilities:
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{needed}]")


def _check_outputs(checked: Evaluation) -> None:
    for name, output in (checked.template.get("Outputs") or {}).items():
        if "Value" not in output:
            raise ValidationError(
                message=f"Template format error: Output {name} is malformed: it has no Value."
            )
        if checked.exists(output):
            checked.intrinsics.resolve({key: output[key] for key in output if key != "Condition"})


def check(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    pseudo: Mapping[str, Any],
    *,
    capabilities: frozenset[str] | None = None,
    exports: Mapping[str, str] | None = None,
) -> None:
    """Refuse a template that AWS would refuse; `capabilities` None leaves them out."""
    check_structure(dict(template))
    checked = Evaluation(template, parameters, pseudo, exports or {})
    for name, resource in checked.resources.items():
        for needed in dependencies(resource):
            known = needed in checked.resources or needed in (template.get("Parameters") or {})
            if not known and needed not in pseudo:
                raise ValidationError(
                    message="Template format error: Unresolved resource dependencies "
                    f"[{needed}] in the Resources block of the template, by {name}"
                )
    ordered(checked.resources)
    if capabilities is not None:
        _check_capabilities(checked, capabilities)
    for name, resource in checked.resources.items():
        if checked.exists(resource):
            _check_resource(checked, name, resource)
    _check_outputs(checked)
