"""Tool: reads the two documents that explain works from."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster, read_moment
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting, SecurityConfigurationFacts
from emr_in_transit.judgement.overrides import select_properties
from emr_in_transit.judgement.parameters import OverrideScope, RuleParameters
from emr_in_transit.judgement.security_configuration import read_body

A_CLUSTER = "an answer of DescribeCluster, or a request for RunJobFlow"
A_CONFIGURATION = "an answer of DescribeSecurityConfiguration, or a security configuration"
NOT_LAUNCHED = "not launched"  # the id of a cluster that is only requested


class InputError(Exception):
    """A file or a parameter is not what it should be."""


def read_facts(
    cluster_path: str, configuration_path: str, parameters: RuleParameters, now: datetime
) -> ClusterFacts:
    """Return the cluster's facts from two files; "-" is standard input, "" is no file."""
    if not cluster_path:
        raise InputError("name the cluster's file: make explain CLUSTER=cluster.json")
    if cluster_path == configuration_path == "-":
        raise InputError("only one of the two documents can come from standard input")
    document = _cluster_document(_read(cluster_path, A_CLUSTER), now)
    name = document.get("SecurityConfiguration") or ""
    configuration = None
    if name and not configuration_path:
        command = f"aws emr describe-security-configuration --name {shlex.quote(str(name))}"
        raise InputError(
            f"{_shown(cluster_path)} names security configuration {name!r}: give it as well, "
            f"such as {command} answers"
        )
    if name:
        configuration = _configuration(configuration_path, str(name), now)
    try:
        facts = read_cluster(document, configuration, parameters.exemption_tag_key)
    except MalformedDocumentError as error:
        raise InputError(f"{_shown(cluster_path)} is not {A_CLUSTER}: {error}") from error
    nodes = _primary_nodes(document.get("Instances")) or facts.primary_nodes
    return facts._replace(
        settings=facts.settings + _instance_settings(document), primary_nodes=nodes
    )


def notes(facts: ClusterFacts, configuration_path: str, parameters: RuleParameters) -> list[str]:
    """Return what the verdict leaves out, and the reader may not expect it to."""
    found = []
    if configuration_path and not facts.security_configuration_name:
        unused = _shown(configuration_path)
        found.append(f"the cluster names no security configuration, so {unused} is not looked at")
    described = facts.cluster_id != NOT_LAUNCHED
    if described and parameters.override_scope is OverrideScope.INSTANCES:
        found.append(
            "DescribeCluster does not tell what instance groups or fleets override; the rule "
            "reads it from EMR"
        )
    return found


def _instance_settings(document: Mapping[str, Any]) -> tuple[PropertySetting, ...]:
    """Return what a request for RunJobFlow sets for instance groups or fleets."""
    return tuple(
        setting
        for configurations, scope in _instance_configurations(document.get("Instances"))
        for setting in select_properties(configurations, scope)
    )


def _primary_nodes(instances: object) -> int | None:
    """Return how many primary nodes a request for RunJobFlow asks for, where it says so."""
    for group in _objects(instances, "InstanceGroups"):
        if group.get("InstanceRole") == "MASTER" and isinstance(group.get("InstanceCount"), int):
            return int(group["InstanceCount"])
    uniform = isinstance(instances, Mapping) and "MasterInstanceType" in instances
    return 1 if uniform else None


def _instance_configurations(instances: object) -> Iterator[tuple[object, str]]:
    for group in _objects(instances, "InstanceGroups"):
        yield group.get("Configurations"), _scope(group, "InstanceRole")
    for fleet in _objects(instances, "InstanceFleets"):
        for instance_type in _objects(fleet, "InstanceTypeConfigs"):
            yield instance_type.get("Configurations"), _scope(fleet, "InstanceFleetType")


def _scope(members: Mapping[str, Any], kind: str) -> str:
    return str(members.get("Name") or members.get(kind) or "unnamed")


def _objects(document: object, key: str) -> list[Mapping[str, Any]]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _cluster_document(document: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    cluster = document.get("Cluster", document)
    if not isinstance(cluster, Mapping):
        return {}
    if "Instances" in cluster and "Status" not in cluster:  # a request: nothing is launched yet
        timeline = {"CreationDateTime": now}
        status = {"State": "STARTING", "Timeline": timeline}
        return {**cluster, "Id": NOT_LAUNCHED, "Status": status}
    return cluster


def _configuration(path: str, name: str, now: datetime) -> SecurityConfigurationFacts:
    document = _read(path, A_CONFIGURATION)
    if "Cluster" in document:
        raise InputError(f"{_shown(path)} is not {A_CONFIGURATION}, but a cluster")
    if "SecurityConfiguration" not in document:
        return SecurityConfigurationFacts(name, now, read_body(document))
    body, described = document["SecurityConfiguration"], document.get("Name", name)
    if not isinstance(body, str | Mapping):
        raise InputError(
            f"{_shown(path)} is not {A_CONFIGURATION}: SecurityConfiguration is no text"
        )
    if described != name:
        raise InputError(f"{_shown(path)} describes {described!r}, but the cluster names {name!r}")
    try:
        # A request for CreateSecurityConfiguration has no time yet.
        created = read_moment(document.get("CreationDateTime", now), "CreationDateTime")
    except MalformedDocumentError as error:
        raise InputError(f"{_shown(path)} is not {A_CONFIGURATION}: {error}") from error
    return SecurityConfigurationFacts(name, created, read_body(body))


def _read(path: str, expected: str) -> dict[str, Any]:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        document = json.loads(content)
    except OSError as error:
        raise InputError(
            f"{_shown(path)} cannot be read ({error.strerror}); expected {expected}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{_shown(path)} is not JSON ({error}); expected {expected}") from error
    if not isinstance(document, dict):
        raise InputError(f"{_shown(path)} is JSON, but not an object; expected {expected}")
    return document


def _shown(path: str) -> str:
    return "standard input" if path == "-" else path
