"""CloudFormation templates: EMR's resources, and state machines that launch clusters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.dialects import step_functions
from emr_in_transit_cli.dialects.emr_api import planned
from emr_in_transit_cli.dialects.intrinsics import (
    NO_VALUE,
    Evaluator,
    expand_loops,
    parse_partly_known,
)
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.subjects import Cluster, Configuration, Found, Subject, What
from emr_in_transit_cli.worlds import Unknown, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

DIALECT = "CloudFormation template"
_CLUSTER = "AWS::EMR::Cluster"
_CONFIGURATION = "AWS::EMR::SecurityConfiguration"
_GROUPS = {"AWS::EMR::InstanceGroupConfig": "JobFlowId", "AWS::EMR::InstanceFleetConfig": "ClusterId"}  # fmt: skip
_STATE_MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
# What these do to a template is documented, and changes nothing that is read here.
_KNOWN_MACROS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-",
    "AWS::Serverless-2016-10-31",
)
_CLUSTER_MEMBERS = (
    *("Name", "ReleaseLabel", "Applications", "Tags"),
    *("SecurityConfiguration", "KerberosAttributes"),
)
_MEMBERS = ("Classification", "ConfigurationProperties", "Configurations")


def is_template(document: Mapping[str, Any]) -> bool:
    """Return whether a document is a template."""
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        return False
    typed = [each for each in resources.values() if isinstance(each, dict) and "Type" in each]
    return bool(typed) or "AWSTemplateFormatVersion" in document or any(
        name.startswith("Fn::") for name in resources
    )  # fmt: skip


def read(document: Mapping[str, Any], now: datetime, given: Mapping[str, str]) -> Found:
    """Return what the template holds; an unknown macro leaves all of it unknown."""
    if macro := _unknown_macro(document.get("Transform")):
        return Found(DIALECT, (_whole(f"the macro {macro} can change all of the template"),))
    try:
        resources = expand_loops(
            document["Resources"], lambda each: Evaluator(document, World(), given).value(each)
        )
    except CannotTellError as error:
        return Found(DIALECT, (_whole(str(error)),))
    if "Fn::Transform" in resources:
        return Found(DIALECT, (_whole("Fn::Transform can add any resource to the template"),))
    template = {**document, "Resources": resources}
    subjects: list[Subject] = []
    for name, resource in resources.items():
        if isinstance(resource, dict):
            subjects += _Resource(template, name, resource, given, now).subjects()
    return Found(DIALECT, tuple(subjects))


def _whole(problem: str) -> Subject:
    def read(_: World) -> Any:
        raise CannotTellError(problem)

    return Subject(What.CLUSTER, "the whole template", ("Resources",), read)


def _unknown_macro(transform: object) -> str:
    names = transform if isinstance(transform, list) else [transform]
    for each in names:
        name = each.get("Name", each.get("Fn::Transform")) if isinstance(each, dict) else each
        if name and not str(name).startswith(_KNOWN_MACROS):
            return json.dumps(name)[:60]
    return ""


class _Resource:
    """One resource of a template."""

    def __init__(
        self,
        template: Mapping[str, Any],
        name: str,
        resource: Mapping[str, Any],
        given: Mapping[str, str],
        now: datetime,
    ) -> None:
        self._template = template
        self._name = name
        self._resource = resource
        self._given = given
        self._now = now

    def subjects(self) -> list[Subject]:
        """Return what of it is judged."""
        kind = self._resource.get("Type")
        readers: dict[str, tuple[What, Callable[[World], Any]]] = {
            _CLUSTER: (What.CLUSTER, self._cluster),
            _CONFIGURATION: (What.SECURITY_CONFIGURATION, self._configuration),
        }
        path = ("Resources", self._name)
        if isinstance(kind, str) and kind in readers:
            what, read = readers[kind]
            return [Subject(what, self._name, path, read)]
        if isinstance(kind, str) and kind in _GROUPS and not self._owner():
            return [Subject(What.PROPERTIES, self._name, path, self._properties_of_group)]
        if kind in _STATE_MACHINES:
            return self._state_machine()
        return []

    def _evaluator(self, world: World) -> Evaluator:
        evaluator = Evaluator(self._template, world, self._given)
        evaluator.assume(self._resource.get("Condition"))
        return evaluator

    def _properties(self, world: World, *names: str) -> dict[str, Any]:
        """Return these properties; others are not even looked at, nor what they would assume."""
        stated = self._resource.get("Properties") or {}
        if isinstance(stated, dict) and not any(key.startswith("Fn::") for key in stated):
            stated = {key: stated[key] for key in names if key in stated}
        properties = self._evaluator(world).value(stated)
        if isinstance(properties, Unknown) or properties is NO_VALUE:
            raise CannotTellError("its properties are only known when it is deployed")
        if not isinstance(properties, dict):
            raise CannotTellError("its Properties are no object")
        return properties

    def _cluster(self, world: World) -> Cluster:
        properties = self._properties(world, *_CLUSTER_MEMBERS, "Configurations", "Instances")
        document: dict[str, Any] = {
            key: properties[key] for key in _CLUSTER_MEMBERS if key in properties
        }
        document["Configurations"] = _configurations(properties.get("Configurations"))
        if not document.get("ReleaseLabel"):
            raise CannotTellError("it has no ReleaseLabel")
        instances = properties.get("Instances")
        groups, nodes = _groups_of(instances if isinstance(instances, dict) else {})
        for name, resource in self._template["Resources"].items():
            if isinstance(resource, dict):
                other = _Resource(self._template, name, resource, self._given, self._now)
                if other._owner() == self._name:
                    groups += other._properties_of_group(world)
        return Cluster(planned(document, self._now), tuple(groups), nodes)

    def _configuration(self, world: World) -> Configuration:
        properties = self._properties(world, "Name", "SecurityConfiguration")
        name = properties.get("Name") or Unknown(f"Ref {self._name}", f"Ref {self._name}")
        if "SecurityConfiguration" not in properties:
            raise CannotTellError("it has no SecurityConfiguration")
        body = properties["SecurityConfiguration"]
        if isinstance(body, Unknown) and body.text != "unknown":
            parsed = parse_partly_known(body)
            body = body if parsed is None else parsed
        if not isinstance(body, str | dict | Unknown):
            raise CannotTellError("its SecurityConfiguration is neither an object nor a text")
        name = name if isinstance(name, str | Unknown) else str(name)
        return Configuration(name, body, label=self._name)

    def _owner(self) -> str:
        """Return the cluster of the template that an instance group or fleet belongs to."""
        member = _GROUPS.get(str(self._resource.get("Type")))
        properties = self._resource.get("Properties")
        reference = properties.get(member) if isinstance(properties, dict) and member else None
        name = reference.get("Ref") if isinstance(reference, dict) else None
        owner = self._template["Resources"].get(name) if isinstance(name, str) else None
        is_cluster = isinstance(owner, dict) and owner.get("Type") == _CLUSTER
        return str(name) if is_cluster else ""

    def _properties_of_group(self, world: World) -> list[tuple[str, object]]:
        properties = self._properties(world, "Name", "Configurations", "InstanceTypeConfigs")
        scope = str(properties.get("Name") or self._name)
        return _group(properties, scope)

    def _state_machine(self) -> list[Subject]:
        """Return the clusters that a state machine launches, where it stands in the template."""
        properties = self._resource.get("Properties")
        if not isinstance(properties, dict):
            return []
        world = World()
        for member in ("DefinitionString", "Definition"):
            value = self._evaluator(world).value(properties.get(member))
            if isinstance(value, str):
                value = step_functions.from_text(value)
            elif isinstance(value, Unknown):
                value = parse_partly_known(value)
            if isinstance(value, dict) and step_functions.is_definition(value):
                path = ("Resources", self._name)
                found = step_functions.read(value, self._now, path, f"{self._name}/")
                return [each._replace(path=path) for each in found.subjects]
        return []


def _groups_of(instances: Mapping[str, Any]) -> tuple[list[tuple[str, object]], int | None]:
    groups: list[tuple[str, object]] = []
    for member, value in instances.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                groups += _group(each, str(each.get("Name") or member))
    master = instances.get("MasterInstanceGroup")
    count = master.get("InstanceCount") if isinstance(master, dict) else None
    return groups, int(str(count)) if str(count).isdecimal() else None


def _group(group: Mapping[str, Any], scope: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [(scope, _configurations(group.get("Configurations")))]
    configs = group.get("InstanceTypeConfigs")
    found += [
        (scope, _configurations(each.get("Configurations")))
        for each in (configs if isinstance(configs, list) else [])
        if isinstance(each, dict)
    ]
    return [each for each in found if each[1]]


def _configurations(value: Any) -> Any:
    """Return configurations with EMR's own names; raise for a member that CloudFormation refuses."""
    if isinstance(value, list):
        return [_configurations(each) for each in value]
    if not isinstance(value, dict):
        return value
    for name in value:
        if name not in _MEMBERS:
            raise CannotTellError(
                f"{name[:40]} is no member of its Configurations: CloudFormation takes "
                f"{', '.join(_MEMBERS)}"
            )
    return {
        "Classification": value.get("Classification"),
        "Properties": value.get("ConfigurationProperties"),
        "Configurations": _configurations(value.get("Configurations")),
    }
