"""Simulator: the template of a conformance pack, and the rules that it makes somewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from tools.simulator.awsconfig.store import settings
from tools.simulator.cloudformation import template_check, template_document
from tools.simulator.cloudformation.template_evaluation import Evaluation, pseudo_parameters
from tools.simulator.cloudformation.template_intrinsics import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIMIT = 51_200  # bytes of a body in the request (AWS Config API, PutConformancePack)
RULES_LIMIT = 130
# What AWS documents, and Conditions, which its own sample packs have.
_SECTIONS = frozenset({"Conditions", "Parameters", "Resources"})
_RULE = "AWS::Config::ConfigRule"


class PackTemplateError(Exception):
    """The template is not one of a conformance pack, or does not work with these parameters."""


def rules(
    text: str, parameters: Mapping[str, str], account: str, region: str
) -> list[dict[str, Any]]:
    """Answer the rules as PutConfigRule takes them, still under the names in the template."""
    try:
        template = template_document.parse(text)
        _check(template)
        pseudo = pseudo_parameters(account, region, "pack")
        if not settings.packs_resolve_pseudo_parameters:
            _check_pseudo_parameters(template, parameters, pseudo)
        template_check.check(template, parameters, pseudo)
        checked = Evaluation(template, parameters, pseudo, {})
        return [
            _request(checked.intrinsics.resolve(resource["Properties"]))
            for resource in checked.resources.values()
            if checked.exists(resource)
        ]
    except ValidationError as problem:
        raise PackTemplateError(str(problem.message)) from problem


def declared(text: str) -> frozenset[str]:
    """Answer the parameters that the template has; none if it cannot be read."""
    try:
        return frozenset(template_document.parse(text).get("Parameters") or {})
    except ValidationError:
        return frozenset()


def _check(template: Mapping[str, Any]) -> None:
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        raise PackTemplateError(f"A conformance pack has no sections {unknown}.")
    template_document.check_structure(dict(template))
    resources = template["Resources"]
    if len(resources) > RULES_LIMIT:
        raise PackTemplateError(f"A conformance pack has at most {RULES_LIMIT} rules.")
    for name, resource in resources.items():
        if resource["Type"] != _RULE:
            raise PackTemplateError(f"{name}: the simulator's packs hold {_RULE} only.")
        if not isinstance(resource.get("Properties", {}).get("ConfigRuleName"), str):
            raise PackTemplateError(f"{name}: ConfigRuleName must be a text, and no function.")


def _check_pseudo_parameters(
    template: Mapping[str, Any], parameters: Mapping[str, str], pseudo: Mapping[str, Any]
) -> None:
    """Refuse pseudo parameters where they are used, but for the one that leaves a property out."""
    checked = Evaluation(template, parameters, pseudo, {})
    checked.intrinsics.reference = _without_pseudo_parameters(checked.intrinsics.reference)
    for resource in checked.resources.values():
        checked.intrinsics.resolve(resource["Properties"])


def _without_pseudo_parameters(reference: Callable[[str], Any]) -> Callable[[str], Any]:
    def answer(name: str) -> Any:
        if name.startswith("AWS::") and name != "AWS::NoValue":
            raise PackTemplateError(f"Unresolved pseudo parameter {name} in a conformance pack.")
        return reference(name)

    return answer


def _request(properties: Mapping[str, Any]) -> dict[str, Any]:
    given = properties.get("InputParameters")
    if given is None or isinstance(given, str):
        return dict(properties)
    texts = {name: text_of(value) for name, value in given.items()}
    return {**properties, "InputParameters": json.dumps(texts)}
