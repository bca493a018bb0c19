"""Documents of EMR's own API: requests, answers, and what the AWS CLI makes and takes."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from emr_in_transit.judgement.cluster import MalformedDocumentError, read_moment
from emr_in_transit_cli.errors import CannotTellError, InputError
from emr_in_transit_cli.subjects import NOT_LAUNCHED, Cluster, Configuration, Found, Subject, What
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from botocore.model import Shape

    from emr_in_transit_cli.subjects import Path

# How other dialects call what EMR's API calls otherwise.
_FOREIGN = {
    "ConfigurationProperties": "that is CloudFormation's word for Properties",
    "MasterInstanceGroup": "that is CloudFormation's word: give the template",
    "RunningAmiVersion": "that is an answer's word for AmiVersion",
}
_PATH_KEY = ".$"  # Step Functions takes the value of such a member from its input


@cache
def _shape(name: str) -> Shape:
    """Return a shape of EMR's API as botocore has it."""
    model = ServiceModel(Loader().load_service_model("emr", "service-2"))
    return model.shape_for(name)


def conform(document: object, shape_name: str, dialect: str) -> Any:
    """Return a request with its members as the API spells them.

    SDKs that begin members with a small letter are read as well, where all of them are so. Any
    other member that the API does not have is refused by name: what it says would not be seen.
    """
    is_small = isinstance(document, dict) and all(key[:1].islower() for key in document)
    return _conformed(document, _shape(shape_name), dialect, "", is_small=is_small)


def _conformed(value: Any, shape: Any, dialect: str, path: str, *, is_small: bool) -> Any:
    if shape.type_name == "list" and isinstance(value, list):
        return [
            _conformed(each, shape.member, dialect, f"{path}[{index}]", is_small=is_small)
            for index, each in enumerate(value)
        ]
    if not isinstance(value, dict) or shape.type_name not in {"structure", "map"}:
        return value
    ready: dict[str, Any] = {}
    for key, inner in value.items():
        name = key.removesuffix(_PATH_KEY)
        where = f"{path}.{name}" if path else name
        if name != key:
            inner = Unknown(f"{where} of {inner}", f"{where}, which the state's input gives")  # noqa: PLW2901
        if shape.type_name == "structure":
            name = _member(name, shape, dialect, where, is_small=is_small)
            ready[name] = _conformed(inner, shape.members[name], dialect, where, is_small=is_small)
        else:
            ready[name] = inner
    return ready


def _member(name: str, shape: Any, dialect: str, where: str, *, is_small: bool) -> str:
    if name in shape.members:
        return name
    capital = name[:1].upper() + name[1:]
    if is_small and capital in shape.members:
        return capital
    near = get_close_matches(capital, shape.members, n=1)
    hint = _FOREIGN.get(name) or (f"did you mean {near[0]}?" if near else "it is none of the API")
    raise InputError(f"is no {dialect}: {where[-80:]} is no member of it ({hint})")


def request(
    document: Mapping[str, Any], now: datetime, path: Path = (), address: str = ""
) -> Found:
    """Return the cluster that a request for RunJobFlow asks for."""
    dialect = "RunJobFlow request"
    conformed = conform(document, "RunJobFlowInput", dialect)
    cluster = launch(conformed, now)
    shown = address or _name(conformed, "cluster")
    subject = Subject(What.CLUSTER, shown, path, lambda _: cluster)
    return Found(dialect, (subject,))


def _name(document: Mapping[str, Any], otherwise: str) -> str:
    name = document.get("Name")
    return name if isinstance(name, str) and name else otherwise


def launch(asked: Mapping[str, Any], now: datetime) -> Cluster:
    """Return the cluster that would be, from RunJobFlow's members."""
    kept = ("Name", "ReleaseLabel", "Applications", "Configurations", "KerberosAttributes", "Tags")
    document = {key: asked[key] for key in (*kept, "SecurityConfiguration") if key in asked}
    if not document.get("ReleaseLabel"):
        document["RunningAmiVersion"] = asked.get("AmiVersion")
        if not document["RunningAmiVersion"]:
            raise InputError("has neither ReleaseLabel nor AmiVersion")
    instances = asked.get("Instances")
    instances = instances if isinstance(instances, dict) else {}
    if "InstanceFleets" in instances:
        document["InstanceCollectionType"] = "INSTANCE_FLEET"
    return Cluster(planned(document, now), _groups(instances), _primary_nodes(instances))


def planned(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return DescribeCluster's members for a cluster that is launched now."""
    status = {"State": "STARTING", "Timeline": {"CreationDateTime": now}}
    return {"Id": NOT_LAUNCHED, **document, "Status": status}


def _groups(instances: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    """Return what instance groups and fleets set, in requests and in what the AWS CLI merges in."""
    found: list[tuple[str, object]] = []
    for group in _objects(instances.get("InstanceGroups")):
        scope = _scope(group, "InstanceRole", "InstanceGroupType")
        # What is asked for, and what was last applied: one of them is in force.
        members = ("Configurations", "LastSuccessfullyAppliedConfigurations")
        found += [(scope, group.get(member)) for member in members]
    for fleet in _objects(instances.get("InstanceFleets")):
        scope = _scope(fleet, "InstanceFleetType")
        for member in ("InstanceTypeConfigs", "InstanceTypeSpecifications"):
            found += [(scope, each.get("Configurations")) for each in _objects(fleet.get(member))]
    return tuple(each for each in found if each[1])


def _scope(group: Mapping[str, Any], *kinds: str) -> str:
    names = (group.get(name) for name in ("Name", "Id", *kinds))
    return next((each for each in names if isinstance(each, str) and each), "unnamed")


def _primary_nodes(instances: Mapping[str, Any]) -> int | None:
    for group in _objects(instances.get("InstanceGroups")):
        if "MASTER" in (group.get("InstanceRole"), group.get("InstanceGroupType")):
            count = group.get("InstanceCount", group.get("RequestedInstanceCount"))
            return count if isinstance(count, int) else None
    return 1 if "MasterInstanceType" in instances else None


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def described_cluster(document: Mapping[str, Any]) -> Found:
    """Return the cluster of a DescribeCluster answer, with what the AWS CLI merges in."""
    described = document["Cluster"]
    if not isinstance(described, dict):
        raise InputError("is no DescribeCluster answer: Cluster is no object")
    if not isinstance(described.get("Id"), str) or not isinstance(described.get("Status"), dict):
        raise InputError("is no DescribeCluster answer: Cluster has no Id or no Status")
    merged = "InstanceGroups" in described or "InstanceFleets" in described
    remark = "" if merged else "DescribeCluster does not tell what instance groups or fleets set"
    cluster = Cluster(described, _groups(described), _primary_nodes(described))
    subject = Subject(What.CLUSTER, described["Id"], ("Cluster",), lambda _: cluster, remark=remark)
    return Found("DescribeCluster answer", (subject,))


def described_configuration(document: Mapping[str, Any]) -> Found:
    """Return the security configuration of an answer, or of a request to create it."""
    is_answer = "CreationDateTime" in document
    dialect = "DescribeSecurityConfiguration answer" if is_answer else (
        "CreateSecurityConfiguration request")  # fmt: skip
    if not is_answer:
        document = conform(document, "CreateSecurityConfigurationInput", dialect)
    name, body = document.get("Name"), document.get("SecurityConfiguration")
    if not isinstance(body, str | dict):
        raise InputError(f"is no {dialect}: SecurityConfiguration is no text")
    if not isinstance(name, str) or not name:
        raise InputError(f"is no {dialect}: it has no Name")
    created = _moment(document, dialect) if is_answer else None
    configuration = Configuration(name, body, created)
    subject = Subject(What.SECURITY_CONFIGURATION, name, (), lambda _: configuration)
    return Found(dialect, (subject,))


def _moment(document: Mapping[str, Any], dialect: str) -> datetime:
    try:
        return read_moment(document["CreationDateTime"], "CreationDateTime")
    except MalformedDocumentError as error:
        raise InputError(f"is no {dialect}: {error}") from error


def body(document: Mapping[str, Any]) -> Found:
    """Return a security configuration that is only its body."""
    configuration = Configuration("", document)
    subject = Subject(What.SECURITY_CONFIGURATION, "security configuration", (), lambda _: configuration)  # fmt: skip
    return Found("security configuration document", (subject,))


_LISTS = {
    "Classification": ("--configurations file", "ConfigurationList"),
    "InstanceGroupType": ("--instance-groups file", ""),
    "InstanceFleetType": ("--instance-fleets file", "InstanceFleetConfigList"),
}


def property_list(document: list[Any]) -> Found | None:
    """Return the properties of a file that ``aws emr create-cluster`` takes, None for another."""
    objects = _objects(document)
    member = next((each for each in _LISTS if objects and each in objects[0]), None)
    member = member or ("Classification" if objects and "classification" in objects[0] else None)
    if member is None or len(objects) < len(document):
        return None
    dialect, shape = _LISTS[member]
    groups: tuple[tuple[str, object], ...]
    if member == "Classification":
        groups = (("", conform(document, shape, dialect)),)
    elif member == "InstanceFleetType":
        groups = _groups({"InstanceFleets": conform(document, shape, dialect)})
    else:
        for each in objects:
            conform(each.get("Configurations"), "ConfigurationList", dialect)
        groups = _groups({"InstanceGroups": document})
    return Found(dialect, (Subject(What.PROPERTIES, dialect, (), lambda _: groups),))


def config_item(item: Mapping[str, Any]) -> Found:
    """Return the security configuration that AWS Config has recorded."""
    dialect = "AWS Config item"
    kind = item.get("resourceType")
    if kind != "AWS::EMR::SecurityConfiguration":
        return Found(dialect, ())
    name = str(item.get("resourceName") or item.get("resourceId") or "")
    configuration = item.get("configuration")
    recorded = configuration if isinstance(configuration, dict) else {}
    found = recorded.get("SecurityConfiguration")
    shown = str(recorded.get("Name") or name)

    def read(_: object) -> Configuration:
        if not isinstance(found, str | dict):
            raise CannotTellError("the item does not hold the security configuration's body")
        return Configuration(shown, found)

    subject = Subject(What.SECURITY_CONFIGURATION, shown, (), read)
    return Found(dialect, (subject,))
