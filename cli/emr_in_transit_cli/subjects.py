"""What is judged: clusters, security configurations and properties, as the dialects find them.

A dialect brings every cluster into the shape of a DescribeCluster answer, in which Unknown stands
for what nobody knows before the launch. Here that shape becomes the facts that the engine judges,
once for each possible world.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.aws.emr import ENDED_STATES
from emr_in_transit.judgement.applications import APPLICATIONS, ENDPOINTS
from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting, SecurityConfigurationFacts
from emr_in_transit.judgement.override_table import (
    ANY_NAME,
    KNOWN_NAMES,
    OVERRIDES,
    Kind,
    is_known,
    is_weak,
    rows_of,
)
from emr_in_transit.judgement.overrides import select_properties
from emr_in_transit.judgement.releases import NEWEST, NEWEST_SPARK, Release
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.worlds import Unknown, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit_cli.worlds import World

NOT_LAUNCHED = "not launched"  # the id of a cluster that is only asked for
Path = tuple[str | int, ...]


class What(StrEnum):
    """What a subject is."""

    CLUSTER = "cluster"
    SECURITY_CONFIGURATION = "security configuration"
    PROPERTIES = "configurations"


class Cluster(NamedTuple):
    """One cluster in one world: DescribeCluster's members, and what its groups or fleets set.

    ``SecurityConfiguration`` can be an Unknown that names a resource of the same document.
    """

    document: Mapping[str, Any]
    groups: tuple[tuple[str, object], ...] = ()
    primary_nodes: int | None = None


class Configuration(NamedTuple):
    """One security configuration in one world; its body is a text or an object."""

    name: str | Unknown
    body: object
    created: datetime | None = None  # None: it is not created yet
    label: str = ""  # how to call it where its name is not known


class Subject(NamedTuple):
    """One thing to judge; ``read`` says what it is in a world."""

    what: What
    address: str  # how people find it in their document
    path: Path  # where it stands there
    read: Callable[[World], Any]  # a Cluster, a Configuration, or groups of properties
    remark: str = ""


class Found(NamedTuple):
    """What a document holds that can be judged, and the dialect that it is written in."""

    dialect: str
    subjects: tuple[Subject, ...]


class Directory:
    """Finds a cluster's security configuration: in its own document, else among all that is given."""

    def __init__(
        self, own: Sequence[Subject], given: Sequence[Subject], others: Sequence[Subject]
    ) -> None:
        self._groups = [
            [each for each in group if each.what is What.SECURITY_CONFIGURATION]
            for group in (own, given, others)
        ]
        self.missed = False  # whether something was looked for in vain
        self.took_given = False  # whether one that was given by --configuration was found
        self._own = {each.address: each for each in self._groups[0]}

    def find(self, wanted: str | Unknown, world: World) -> Configuration | None:
        """Return it, None where nothing that was given is it; raise CannotTellError for several."""
        if isinstance(wanted, Unknown) and wanted.resource in self._own:
            own: Configuration = self._own[wanted.resource].read(world)
            return own
        for group in self._groups:
            read = [each for each in map(partial(_read, world), group) if each]
            same = [each for each in read if _is_called(each.name, wanted)]
            if len({json.dumps(each.body, default=str, sort_keys=True) for each in same}) > 1:
                raise CannotTellError(
                    f"several security configurations are called {_shown(wanted)}"
                )
            if same:
                self.took_given |= group is self._groups[1]
                return same[0]
        # A body without a name is for whichever cluster it was given with.
        given = [each for each in map(partial(_read, world), self._groups[1]) if each]
        bare = [each for each in given if not each.name]
        self.missed |= not bare
        self.took_given |= len(bare) == 1
        return bare[0] if len(bare) == 1 else None


def _read(world: World, subject: Subject) -> Configuration | None:
    """Return a security configuration; None for one that cannot be read, nor be the one wanted."""
    try:
        found: Configuration = subject.read(world)
    except CannotTellError:
        return None
    return found


def _is_called(name: str | Unknown, wanted: str | Unknown) -> bool:
    if isinstance(name, Unknown) and isinstance(wanted, Unknown):
        return name.key == wanted.key
    return name == wanted and bool(name)


def _shown(name: str | Unknown) -> str:
    return name.what if isinstance(name, Unknown) else json.dumps(name[:80])


def cluster_facts(
    cluster: Cluster, world: World, directory: Directory, parameters: RuleParameters
) -> ClusterFacts:
    """Return the facts of a cluster in a world.

    Raises CannotTellError where the rule would not judge either, MalformedDocumentError for what
    is no cluster.
    """
    tag_key, approved = parameters.exemption_tag_key, parameters.approved_security_configurations
    document = _instantiated(cluster.document, world, tag_key)
    wanted = cluster.document.get("SecurityConfiguration") or ""
    if not isinstance(wanted, str | Unknown):
        raise MalformedDocumentError("SecurityConfiguration is no text")
    document["SecurityConfiguration"] = wanted and _UNNAMED
    facts = read_cluster(document, None, tag_key)
    if wanted:
        found = directory.find(wanted, world)
        name = _name_in(world, wanted if found is None else found.name or wanted, found, approved)
        # One that does not say when it was created is as old as the cluster.
        configuration = _configuration_of(found, wanted, name, world, facts.created)
        facts = facts._replace(
            security_configuration_name=name, security_configuration=configuration
        )
        if configuration.created > facts.created and facts.cluster_id != NOT_LAUNCHED:
            raise CannotTellError(
                f"security configuration {_shown(wanted)} is younger than the cluster, so it is "
                "not the one that the cluster was launched with"
            )
    settings = tuple(
        setting
        for scope, configurations in cluster.groups
        for setting in settings_of(configurations, scope, world)
    )
    nodes = facts.primary_nodes if cluster.primary_nodes is None else cluster.primary_nodes
    return facts._replace(settings=facts.settings + settings, primary_nodes=nodes)


def _name_in(
    world: World,
    name: str | Unknown,
    found: Configuration | None,
    approved: Sequence[str],
) -> str:
    """Return a name; one that nobody knows may be an approved one, or not."""
    if isinstance(name, str):
        return name
    label = (found.label if found else "") or name.text
    options = (approved[0].replace("*", label), label) if approved else (label,)
    return world.choose(name, options)


def _configuration_of(
    found: Configuration | None, wanted: str | Unknown, name: str, world: World, created: datetime
) -> SecurityConfigurationFacts:
    if found is not None:
        return configuration_facts(found, world, created)._replace(name=name)
    key = wanted.key if isinstance(wanted, Unknown) else wanted
    what = (
        f"the security configuration ({wanted.what})"
        if isinstance(wanted, Unknown)
        else f"security configuration {_shown(wanted)}, which is not in the input: "
        "give it by --configuration FILE"
    )
    body = world.choose(Unknown(f"body of {key}", what), (_FULL, _PLAIN, _OFF))
    return SecurityConfigurationFacts(name, created, read_body(body))


def has_ended(document: Mapping[str, Any]) -> bool:
    """Return whether a described cluster is one that the rule no longer judges."""
    status = document.get("Status")
    return isinstance(status, dict) and status.get("State") in ENDED_STATES


def configuration_facts(
    configuration: Configuration, world: World, now: datetime
) -> SecurityConfigurationFacts:
    """Return the facts of a security configuration in a world."""
    body = _body_in(configuration.body, world)
    name = configuration.name
    shown = configuration.label if isinstance(name, Unknown) else name
    return SecurityConfigurationFacts(
        shown or _UNNAMED, configuration.created or now, read_body(body)
    )


def full_configuration(now: datetime) -> SecurityConfigurationFacts:
    """Return a security configuration with all that any endpoint asks for."""
    return SecurityConfigurationFacts("any", now, read_body(_FULL))


_UNNAMED = "without a name"
_PEM = {"CertificateProviderType": "PEM", "S3Object": "s3://unknown/unknown"}
_PLAIN: dict[str, Any] = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "EnableAtRestEncryption": False,
        "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": _PEM},
    }
}
# With all that any condition of an endpoint asks for.
_FULL: dict[str, Any] = {
    "EncryptionConfiguration": {
        **_PLAIN["EncryptionConfiguration"],
        "EnableAtRestEncryption": True,
        "AtRestEncryptionConfiguration": {"LocalDiskEncryptionConfiguration": {}},
    },
    "AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}},
}
_OFF: dict[str, Any] = {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}
_TLS = {"TLSCertificateConfiguration": _PEM}
# What may stand at each member of a body that decides something; any other is some text.
_POSSIBLE_BODIES: dict[str, tuple[Any, ...]] = {
    "EncryptionConfiguration": tuple(
        each["EncryptionConfiguration"] for each in (_FULL, _PLAIN, _OFF)
    ),
    "EnableInTransitEncryption": (True, False),
    "EnableAtRestEncryption": (True, False),
    "InTransitEncryptionConfiguration": (_TLS, None),
    "TLSCertificateConfiguration": (_PEM, None),
    "CertificateProviderType": ("PEM", "Custom", "EMR", "unknown"),
    "ValidityInDays": (100_000, 0),
    "AtRestEncryptionConfiguration": ({"LocalDiskEncryptionConfiguration": {}}, None),
    "LocalDiskEncryptionConfiguration": ({}, None),
    "AuthenticationConfiguration": ({"KerberosConfiguration": {}}, None),
    "AuthorizationConfiguration": (_FULL["AuthorizationConfiguration"], None),
    "IAMConfiguration": ({"EnableApplicationScopedIAMRole": True}, None),
    "EnableApplicationScopedIAMRole": (True, False),
    "IdentityCenterConfiguration": ({}, None),
    "EnableIdentityCenter": (True, False),
    "KerberosConfiguration": ({}, None),
    "LDAPConfiguration": ({}, None),
}


def _body_in(body: object, world: World) -> Any:
    if isinstance(body, Unknown):
        return world.choose(body, (_FULL, _PLAIN, _OFF))
    if isinstance(body, str):
        return body
    return _members_in(body, world)


def _members_in(value: object, world: World, name: str = "") -> Any:
    if isinstance(value, Unknown):
        if name == "S3Object":
            # Well formed as far as it is known; what begins with what is unknown can be.
            return value.text if value.begins_known else "s3://unknown/unknown"
        return world.choose(value, _POSSIBLE_BODIES.get(name, (value.text,)))
    if isinstance(value, dict):
        return {key: _members_in(inner, world, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_members_in(each, world) for each in value]
    return value


def _instantiated(document: Mapping[str, Any], world: World, tag_key: str) -> dict[str, Any]:
    """Return the members that read_cluster looks at, with an answer for each that is unknown."""
    ready: dict[str, Any] = {
        key: document[key]
        for key in ("Id", "Status", "InstanceCollectionType", "InstanceGroups")
        if key in document
    }
    for key in ("Name", "RunningAmiVersion", "RequestedAmiVersion"):
        if key in document:
            ready[key] = _text_of(document[key])
    ready["ReleaseLabel"] = _release(document.get("ReleaseLabel"), world)
    ready["Applications"] = _applications(document.get("Applications"), world)
    ready["Configurations"] = _configurations(document.get("Configurations"), world)
    ready["KerberosAttributes"] = _kerberos(document.get("KerberosAttributes"), world)
    ready["Tags"] = _tags(document.get("Tags"), world, tag_key) if tag_key else None
    return ready


def _text_of(value: Any) -> Any:
    """Return a text for what is one; a number in YAML is one that lacks its quotes."""
    if isinstance(value, Unknown):
        return value.text
    return as_text(value) if isinstance(value, int | float) else value


def _release(label: Any, world: World) -> Any:
    return world.choose(label, _LABELS) if isinstance(label, Unknown) else label


def _boundaries() -> Iterator[Release]:
    """Return each release from which on something is different, as the tables have it."""
    for endpoint in ENDPOINTS:
        for protection in endpoint.protections:
            yield from protection.starts
    for row in OVERRIDES:
        yield from row.applies_to.starts
        if row.applies_to.before:
            yield row.applies_to.before
    yield from (Release(7, 11, 0), NEWEST, Release(4, 7, 0))


# The newest first, then the oldest: they differ most, so what depends on the release shows soon.
RELEASES = tuple(sorted(set(_boundaries()), key=lambda each: (each != NEWEST, each)))
_LABELS = (*(f"emr-{release}" for release in RELEASES), f"emr-{NEWEST_SPARK}", "unknown")
# All that something depends on: none but Hadoop, Trino alone, which has no Hadoop, and everything.
_APPLICATION_SETS = ((), ("Trino",), APPLICATIONS)


def _applications(value: Any, world: World) -> Any:
    if isinstance(value, Unknown):
        return [{"Name": name} for name in world.choose(value, _APPLICATION_SETS)]
    if not isinstance(value, list):
        return value
    known: list[Any] = []
    for each in value:
        name = each.get("Name") if isinstance(each, dict) else each
        if isinstance(name, Unknown):
            known += [{"Name": one} for one in world.choose(name, _APPLICATION_SETS)]
        else:
            known.append(each)
    return known


def _kerberos(value: Any, world: World) -> Any:
    if isinstance(value, Unknown):
        return world.choose(value, (None, {"Realm": "unknown"}))
    if isinstance(value, dict):
        return {"Realm": _text_of(value.get("Realm"))}
    return value


def _tags(value: Any, world: World, key: str) -> Any:
    tags = [value] if isinstance(value, Unknown) else value
    if not isinstance(tags, list):
        return tags
    known: list[Any] = []
    for tag in tags:
        if (
            isinstance(tag, dict)
            and tag.get("Key") == key
            and isinstance(tag.get("Value"), Unknown)
        ):
            known.append({"Key": key, "Value": world.choose(tag["Value"], _TAG_VALUES)})
        elif (unknown := _unknown_key(tag)) is not None:
            found = world.choose(unknown, (None, *_TAG_VALUES))
            known += [] if found is None else [{"Key": key, "Value": found}]
        elif isinstance(tag, dict):
            known.append({name: _text_of(inner) for name, inner in tag.items()})
        else:
            known.append(tag)
    return known


_TAG_VALUES = ("unknown", "2000-01-01")  # an exemption without an end, and one that has ended


def _unknown_key(tag: object) -> Unknown | None:
    key = tag.get("Key") if isinstance(tag, dict) else tag
    return key if isinstance(key, Unknown) else None


def settings_of(configurations: object, scope: str, world: World) -> tuple[PropertySetting, ...]:
    """Return the properties of ``Configurations`` that the engine knows, in a world."""
    return select_properties(_configurations(configurations, world), scope)


def _configurations(value: Any, world: World) -> Any:
    if isinstance(value, Unknown):
        return world.choose(value, (None, _all_weak(), _all_secure()))
    if isinstance(value, list):
        known: list[Any] = []
        for each in value:
            read = _configurations(each, world)
            known += read if isinstance(read, list) else [read]
        return known
    if not isinstance(value, dict):
        return value
    classification = value.get("Classification")
    if isinstance(classification, Unknown):
        return world.choose(classification, (None, _all_weak(), _all_secure()))
    properties = value.get("Properties")
    return {
        "Classification": classification,
        "Properties": _properties(as_text(classification), properties, world),
        "Configurations": _configurations(value.get("Configurations"), world),
    }


def _properties(classification: str, value: Any, world: World) -> Any:
    if isinstance(value, Unknown):
        return world.choose(
            value,
            ({}, _of(classification, _all_weak()), _of(classification, _all_secure())),
        )
    if not isinstance(value, dict):
        return value
    return {
        name: _value(classification, str(name).strip(), inner, world)
        for name, inner in value.items()
        if not isinstance(inner, Unknown) or is_known(classification, str(name).strip())
    }


def _value(classification: str, name: str, value: Any, world: World) -> Any:
    if not isinstance(value, Unknown):
        return as_text(value) if isinstance(value, bool | float) else value
    rows = rows_of(classification, name)
    if rows and rows[0].values.kind in _ADDRESSES and "://" in value.pieces[0]:
        return value.text  # its scheme decides
    return world.choose(value, (_secure(classification, name), _weak(classification, name)))


_ADDRESSES = {Kind.ADDRESS, Kind.S3A_ADDRESS}
_CANDIDATES = ("false", "true", "http://unknown", "ALLOW_ALL", "", "none", "unknown", "3des")


def _secure(classification: str, name: str) -> str:
    rows = rows_of(classification, name)
    if not rows:
        return "true"
    return "https://unknown" if rows[0].values.kind in _ADDRESSES else rows[0].values.shown


def _weak(classification: str, name: str) -> str:
    rows = rows_of(classification, name)
    candidates = (*(weak for row in rows for weak in sorted(row.values.weak)), *_CANDIDATES)
    return next(
        (each for each in candidates if any(is_weak(row.values, each) for row in rows)), "false"
    )


def _all_weak() -> list[dict[str, Any]]:
    return _every_property(_weak)


def _all_secure() -> list[dict[str, Any]]:
    return _every_property(_secure)


def _every_property(value: Callable[[str, str], str]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, str]] = {}
    for key in KNOWN_NAMES:
        classification, _, name = key.rpartition("/")
        name = name.replace(ANY_NAME, "unknown")
        found.setdefault(classification, {})[name] = value(classification, name)
    # The name of a section of hue.ini has a slash; as one classification it is read as well.
    return [{"Classification": each, "Properties": found[each]} for each in found]


def _of(classification: str, everything: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return next(
        (
            dict(each["Properties"])
            for each in everything
            if each["Classification"] == classification
        ),
        {},
    )
