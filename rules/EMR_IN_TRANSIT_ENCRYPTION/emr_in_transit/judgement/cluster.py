"""Pure: turns a DescribeCluster document into facts.

A document that lacks what a verdict rests on is refused by name: nothing is guessed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from emr_in_transit.judgement.facts import ClusterFacts, SecurityConfigurationFacts
from emr_in_transit.judgement.overrides import select_properties


class MalformedDocumentError(Exception):
    """A document lacks a member that a verdict needs, or holds something else there."""


def read_cluster(
    document: Mapping[str, object],
    security_configuration: SecurityConfigurationFacts | None,
    exemption_tag_key: str = "",
    alert_tag_keys: tuple[str, ...] = (),
) -> ClusterFacts:
    """Return the facts of the ``Cluster`` member of a DescribeCluster answer.

    ``security_configuration`` is the one that the cluster names, where it exists. Tags are read
    only by the keys that are given. Raises MalformedDocumentError, which names the member.
    """
    status = _object(document, "Status", "Status.State")
    label, ami = _release(document)
    return ClusterFacts(
        cluster_id=_text(document, "Id", "Id"),
        name=_optional_text(document, "Name"),
        state=_text(status, "State", "Status.State"),
        created=_created(status),
        release_label=label,
        ami_version=ami,
        security_configuration_name=_optional_text(document, "SecurityConfiguration"),
        security_configuration=security_configuration,
        applications=_application_names(document),
        settings=select_properties(document.get("Configurations"), ""),
        kerberos_attributes=_has_kerberos_attributes(document),
        has_fleets=document.get("InstanceCollectionType") == "INSTANCE_FLEET",
        exemption=_exemption(document, exemption_tag_key),
        primary_nodes=_primary_nodes(document),
        tags=_tags(document, alert_tag_keys),
    )


def _created(status: Mapping[str, object]) -> datetime:
    name = "Status.Timeline.CreationDateTime"
    return read_moment(_object(status, "Timeline", name).get("CreationDateTime"), name)


def _release(document: Mapping[str, object]) -> tuple[str, str]:
    """Return the release label, or else the version of the AMI: a cluster has one of the two."""
    label = _optional_text(document, "ReleaseLabel")
    if label:
        return label, ""
    ami = _optional_text(document, "RunningAmiVersion") or _optional_text(
        document, "RequestedAmiVersion"
    )
    if not ami:
        raise MalformedDocumentError("neither ReleaseLabel nor RunningAmiVersion is there")
    return "", ami


def _application_names(document: Mapping[str, object]) -> tuple[str, ...]:
    applications = _objects(document, "Applications")
    return tuple(_text(each, "Name", "Applications[].Name") for each in applications)


def _has_kerberos_attributes(document: Mapping[str, object]) -> bool:
    # Realm is the member that every set of Kerberos attributes has (EMR API, KerberosAttributes).
    attributes = document.get("KerberosAttributes")
    return isinstance(attributes, Mapping) and bool(_optional_text(attributes, "Realm").strip())


def _primary_nodes(document: Mapping[str, object]) -> int | None:
    """Return how many primary nodes there are, where the AWS CLI has merged instance groups in."""
    groups = document.get("InstanceGroups")
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Mapping) and group.get("InstanceGroupType") == "MASTER":
            count = group.get("RequestedInstanceCount")
            return count if isinstance(count, int) else None
    return None


def _exemption(document: Mapping[str, object], key: str) -> str | None:
    found = _tags(document, (key,) if key else ())
    return found[0][1] if found else None


def _tags(document: Mapping[str, object], keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the tags with these keys that the cluster has, in the order of the keys."""
    return tuple(
        (key, _optional_text(tag, "Value"))
        for key in keys
        for tag in _objects(document, "Tags")
        if tag.get("Key") == key
    )


def read_moment(value: object, name: str) -> datetime:
    """Return a moment as boto3 gives it, as ISO text, or as the seconds that AWS CLI 1 prints."""
    try:
        moment = _datetime(value)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedDocumentError(f"{name} is no moment") from error
    if moment is None:
        raise MalformedDocumentError(f"{name} is missing or no moment")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _datetime(value: object) -> datetime | None:
    match value:
        case datetime():
            return value
        case str():
            return datetime.fromisoformat(value.strip())
        case bool():
            return None
        case int() | float():
            return datetime.fromtimestamp(value, UTC)
        case _:
            return None


def _objects(document: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise MalformedDocumentError(f"{key} is no list of objects")
    return value


def _object(document: Mapping[str, object], key: str, name: str) -> Mapping[str, object]:
    value = document.get(key)
    if not isinstance(value, Mapping):
        raise MalformedDocumentError(f"{name} is missing")
    return value


def _text(document: Mapping[str, object], key: str, name: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value.strip():
        raise MalformedDocumentError(f"{name} is missing or no text")
    return value


def _optional_text(document: Mapping[str, object], key: str) -> str:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise MalformedDocumentError(f"{key} is no text")
    return value or ""
