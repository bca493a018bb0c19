"""What may stand where nobody knows before the launch: the answers that worlds choose from.

The answers are taken from the rule's own tables, so that wherever the verdict depends on what is
unknown, it differs among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_in_transit.judgement.applications import APPLICATIONS, ENDPOINTS
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
from emr_in_transit_cli.worlds import Unknown, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from emr_in_transit.judgement.facts import PropertySetting
    from emr_in_transit_cli.worlds import World

_PEM = {"CertificateProviderType": "PEM", "S3Object": "s3://unknown/unknown"}
_PLAIN: dict[str, Any] = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "EnableAtRestEncryption": False,
        "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": _PEM},
    }
}
# With all that any condition of an endpoint asks for.
FULL_BODY: dict[str, Any] = {
    "EncryptionConfiguration": {
        **_PLAIN["EncryptionConfiguration"],
        "EnableAtRestEncryption": True,
        "AtRestEncryptionConfiguration": {"LocalDiskEncryptionConfiguration": {}},
    },
    "AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}},
}
_OFF: dict[str, Any] = {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}
BODIES = (FULL_BODY, _PLAIN, _OFF)
_TLS = {"TLSCertificateConfiguration": _PEM}
# What may stand at each member of a body that decides something; any other is some text.
_POSSIBLE_BODIES: dict[str, tuple[Any, ...]] = {
    "EncryptionConfiguration": tuple(each["EncryptionConfiguration"] for each in BODIES),
    "EnableInTransitEncryption": (True, False),
    "EnableAtRestEncryption": (True, False),
    "InTransitEncryptionConfiguration": (_TLS, None),
    "TLSCertificateConfiguration": (_PEM, None),
    "CertificateProviderType": ("PEM", "Custom", "EMR", "unknown"),
    "ValidityInDays": (100_000, 0),
    "AtRestEncryptionConfiguration": ({"LocalDiskEncryptionConfiguration": {}}, None),
    "LocalDiskEncryptionConfiguration": ({}, None),
    "AuthenticationConfiguration": ({"KerberosConfiguration": {}}, None),
    "AuthorizationConfiguration": (FULL_BODY["AuthorizationConfiguration"], None),
    "IAMConfiguration": ({"EnableApplicationScopedIAMRole": True}, None),
    "EnableApplicationScopedIAMRole": (True, False),
    "IdentityCenterConfiguration": ({}, None),
    "EnableIdentityCenter": (True, False),
    "KerberosConfiguration": ({}, None),
    "LDAPConfiguration": ({}, None),
}


def body_in(body: object, world: World) -> Any:
    """Return the body of a security configuration in a world, as a text or an object."""
    if isinstance(body, Unknown):
        return world.choose(body, BODIES)
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


def instantiated(document: Mapping[str, Any], world: World, tag_key: str) -> dict[str, Any]:
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
