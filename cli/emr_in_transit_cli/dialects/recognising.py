"""Recognises what a document is, and refuses by name what is none of ours."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit_cli.dialects import (
    cloudformation,
    command_line,
    emr_api,
    step_functions,
    terraform,
)
from emr_in_transit_cli.dialects.documents import parse
from emr_in_transit_cli.errors import InputError, NotOursError
from emr_in_transit_cli.subjects import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

EXPECTED = (
    "a request to EMR or its answer, a security configuration, an AWS Config item, "
    "a CloudFormation template, a Terraform plan or state, or a Step Functions definition"
)
# What a text begins with, or holds, that was meant for us; a broken one is not passed over.
_OURS = re.compile(
    r"AWSTemplateFormatVersion|AWS::EMR::|aws_emr_|\bEncryptionConfiguration\b|\bReleaseLabel\b"
    r"|\"format_version\"|\"StartAt\"|elasticmapreduce:createCluster"
)


class Context(NamedTuple):
    """What a document is read with."""

    now: datetime
    template_parameters: Mapping[str, str]


def read_text(text: str, context: Context) -> list[tuple[int, Found]]:
    """Return what each document of a text holds, with its position; raise InputError."""
    try:
        documents = parse(text)
    except InputError:
        if command_line.is_command_line(text):
            return [(0, command_line.read(text, context.now))]
        raise
    if all(isinstance(each, str) for each in documents) and command_line.is_command_line(text):
        return [(0, command_line.read(text, context.now))]
    if not documents:
        raise NotOursError("holds no document")
    return [(index, recognise(each, context)) for index, each in enumerate(documents)]


def looks_like_ours(text: str) -> bool:
    """Return whether a text that cannot be read was meant for us."""
    return bool(_OURS.search(text))


def recognise(document: object, context: Context) -> Found:
    """Return what a document holds; raise InputError, NotOursError for what is no dialect of ours."""
    if isinstance(document, list):
        return _recognise_list(document, context)
    if not isinstance(document, dict):
        kind = "text" if isinstance(document, str) else "a number or a flag"
        raise NotOursError(f"holds only {kind}; expected {EXPECTED}")
    for is_it, read in _DIALECTS:
        if is_it(document):
            return read(document, context)
    raise NotOursError(_refusal(document))


def _recognise_list(document: list[Any], context: Context) -> Found:
    properties = emr_api.property_list(document)
    if properties is not None:
        return properties
    if document and all(isinstance(each, dict) and "resourceType" in each for each in document):
        return _items({"configurationItems": document}, context)
    raise NotOursError(f"holds a list of something else; expected {EXPECTED}")


def _items(document: Mapping[str, Any], _: Context) -> Found:
    items = document.get("configurationItems") or document.get("baseConfigurationItems") or []
    found = [(index, emr_api.config_item(each)) for index, each in enumerate(items)
             if isinstance(each, dict)]  # fmt: skip
    subjects = [
        subject._replace(path=("configurationItems", index))
        for index, each in found
        for subject in each.subjects
    ]
    return Found("AWS Config items", tuple(subjects))


def _item(document: Mapping[str, Any], _: Context) -> Found:
    item = document.get("configurationItem", document)
    if isinstance(item, dict) and isinstance(item.get("configuration"), str):
        item = {**item, "configuration": _decoded(item["configuration"])}
    found = emr_api.config_item(item if isinstance(item, dict) else {})
    if not found.subjects:
        kind = str(item.get("resourceType"))[:60] if isinstance(item, dict) else "nothing"
        raise NotOursError(f"is an AWS Config item of {kind}, not of a security configuration")
    return found


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_request(document: Mapping[str, Any]) -> bool:
    plain = {name[:1].upper() + name[1:].removesuffix(".$") for name in document}
    return "Instances" in plain or bool(plain & {"ReleaseLabel", "AmiVersion"})


def _is_body(document: Mapping[str, Any]) -> bool:
    return bool(
        {*document}
        & {
            "AuthenticationConfiguration",
            "AuthorizationConfiguration",
            "EnableAtRestEncryption",
            "EnableInTransitEncryption",
            "EncryptionConfiguration",
            "InstanceMetadataServiceConfiguration",
            "InTransitEncryptionConfiguration",
        }
    )


def _is_configuration(document: Mapping[str, Any]) -> bool:
    small = {"name", "securityConfiguration"}  # as SDKs spell a request
    return ({"Name", "SecurityConfiguration"} <= {*document} and not _is_request(document)) or (
        {*document} == small
    )  # fmt: skip


def _configuration(document: Mapping[str, Any], _: Context) -> Found:
    return emr_api.described_configuration(document)


_DIALECTS: tuple[
    tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any], Context], Found]], ...
] = (
    (
        cloudformation.is_template,
        lambda document, given: cloudformation.read(document, given.now, given.template_parameters),
    ),
    (
        lambda document: bool(terraform.dialect_of(document)),
        lambda document, given: terraform.read(document, given.now),
    ),
    (
        step_functions.is_definition,
        lambda document, given: step_functions.read(document, given.now),
    ),
    (
        lambda document: "configurationItems" in document or "baseConfigurationItems" in document,
        _items,
    ),
    (lambda document: "configurationItem" in document or "resourceType" in document, _item),
    (lambda document: "Cluster" in document, lambda each, _: emr_api.described_cluster(each)),
    (_is_configuration, _configuration),
    (_is_request, lambda document, given: emr_api.request(document, given.now)),
    (_is_body, lambda document, _: emr_api.body(document)),
)

# What people take for one of ours, by a member that tells it.
_OTHERS = {
    "SecurityConfigurations": "an answer of ListSecurityConfigurations, which has names only: "
    "give one of DescribeSecurityConfiguration",
    "Clusters": "an answer of ListClusters, which does not tell enough: "
    "give one of DescribeCluster",
    "JobFlowId": "an answer of RunJobFlow: give the request, or an answer of DescribeCluster",
    "ClusterArn": "an answer of create-cluster: give one of DescribeCluster",
    "Error": "an error answer of AWS",
    "__type": "an error answer of AWS",
    "securityConfiguration": "what an SDK prints of an answer: give what the AWS CLI or the API "
    "answers, whose members begin with a capital letter",
    "security_configuration": "a resource of Terraform alone: give the plan, as terraform show "
    "-json writes it",
    "securityConfigurationData": "of EMR on EKS, which this rule does not judge",
    "virtualClusterId": "of EMR on EKS, which this rule does not judge",
    "Type": "a single resource of a template: give the template",
    "Classification": "a single classification: give a list of them",
    "Properties": "a single resource of a template: give the template",
}


def _refusal(document: Mapping[str, Any]) -> str:
    for member, meaning in _OTHERS.items():
        if member in document:
            return f"is {meaning}"
    named = ", ".join(sorted(str(each)[:30] for each in document)[:3])
    return f"is an object with {named or 'nothing in it'}; expected {EXPECTED}"
