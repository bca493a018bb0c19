"""Tool: reads the two documents that explain works from."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from judgement.cluster import MalformedDocumentError, read_cluster, read_moment
from judgement.facts import ClusterFacts, SecurityConfigurationFacts
from judgement.parameters import RuleParameters
from judgement.security_configuration import read_body

A_CLUSTER = "an answer of DescribeCluster, or a request for RunJobFlow"
A_CONFIGURATION = "an answer of DescribeSecurityConfiguration, or a security configuration"


class InputError(Exception):
    """A file or a parameter is not what it should be."""


def read_facts(
    cluster_path: str, configuration_path: str, parameters: RuleParameters, now: datetime
) -> ClusterFacts:
    """Answer the cluster's facts from two files; "-" is standard input, "" is no file."""
    if cluster_path == configuration_path == "-":
        raise InputError("only one of the two documents can come from standard input")
    document = _cluster_document(_read(cluster_path, A_CLUSTER), now)
    name = document.get("SecurityConfiguration") or ""
    configuration = None
    if name and not configuration_path:
        raise InputError(f"{cluster_path} names security configuration {name!r}: give it as well")
    if name:
        configuration = _configuration(configuration_path, str(name), now)
    try:
        return read_cluster(document, configuration, parameters.exemption_tag_key)
    except MalformedDocumentError as error:
        raise InputError(f"{cluster_path} is not {A_CLUSTER}: {error}") from error


def _cluster_document(document: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    cluster = document.get("Cluster", document)
    if not isinstance(cluster, Mapping):
        return {}
    if "Instances" in cluster and "Status" not in cluster:  # a request: nothing is launched yet
        timeline = {"CreationDateTime": now}
        status = {"State": "STARTING", "Timeline": timeline}
        return {**cluster, "Id": "not launched", "Status": status}
    return cluster


def _configuration(path: str, name: str, now: datetime) -> SecurityConfigurationFacts:
    document = _read(path, A_CONFIGURATION)
    if "Cluster" in document:
        raise InputError(f"{path} is not {A_CONFIGURATION}, but a cluster")
    if "SecurityConfiguration" not in document:
        return SecurityConfigurationFacts(name, now, read_body(document))
    body, described = document["SecurityConfiguration"], document.get("Name", name)
    if not isinstance(body, str | Mapping):
        raise InputError(f"{path} is not {A_CONFIGURATION}: SecurityConfiguration is no text")
    if described != name:
        raise InputError(f"{path} describes {described!r}, but the cluster names {name!r}")
    try:
        # A request for CreateSecurityConfiguration has no time yet.
        created = read_moment(document.get("CreationDateTime", now), "CreationDateTime")
    except MalformedDocumentError as error:
        raise InputError(f"{path} is not {A_CONFIGURATION}: {error}") from error
    return SecurityConfigurationFacts(name, created, read_body(body))


def _read(path: str, expected: str) -> dict[str, Any]:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        document = json.loads(content)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); expected {expected}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}); expected {expected}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} is JSON, but not an object; expected {expected}")
    return document
