"""Pure: reads the body of a security configuration as AWS sends it.

Total: whatever text somebody managed to store gives settings or Unreadable, never an exception.
The document is described in the EMR Management Guide, emr-create-security-configuration.
"""

import json
import re
from collections.abc import Iterable, Mapping

from emr_in_transit.judgement.facts import (
    DEFAULT_VALIDITY_DAYS,
    Certificates,
    EncryptionSettings,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.wording import clip, quoted

_SWITCH = "EnableInTransitEncryption"
# int() refuses texts of more than 4,300 digits; 20 keep the sign and stay beyond any real number.
_DIGITS_KEPT = 20
_FAR = 1e20
_PATH_LIMIT = 120  # the longest path of AWS's own blocks fits
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)


def read_body(body: str | Mapping[str, object]) -> EncryptionSettings | Unreadable:
    """Return what a security configuration's body says: JSON text, or an object decoded already."""
    if isinstance(body, str):
        try:
            document = json.loads(body, parse_int=_whole_number, parse_constant=_refuse_constant)
        except RecursionError:
            return Unreadable("it is nested too deeply")
        except ValueError as error:
            return Unreadable("it is empty" if not body.strip() else f"it is not JSON ({error})")
    else:
        document = body
    if not isinstance(document, Mapping):
        return Unreadable("it is JSON, but not an object")
    return _settings(document)


def _settings(document: Mapping[str, object]) -> EncryptionSettings:
    encryption = _object(document, "EncryptionConfiguration")
    switch, found = _read_switch(document, encryption)
    at_rest = _object(encryption, "AtRestEncryptionConfiguration")
    authentication = _object(document, "AuthenticationConfiguration")
    return EncryptionSettings(
        switch=switch,
        switch_found=found,
        certificates=_read_certificates(encryption),
        local_disk_encryption=_is_true(encryption.get("EnableAtRestEncryption"))
        and isinstance(at_rest.get("LocalDiskEncryptionConfiguration"), Mapping),
        kerberos=isinstance(authentication.get("KerberosConfiguration"), Mapping),
        managed_kerberos=_sets_kerberos_up(document, authentication),
    )


def _sets_kerberos_up(document: Mapping[str, object], authentication: Mapping[str, object]) -> bool:
    """Return whether EMR sets Kerberos up by itself.

    It does for LDAP (EMR Management Guide, ldap-setup-security), for Identity Center and for
    runtime roles (EMR best practices, trusted-identity-propagation and encryption).
    """
    center = authentication.get("IdentityCenterConfiguration")
    iam = _object(_object(document, "AuthorizationConfiguration"), "IAMConfiguration")
    return (
        isinstance(authentication.get("LDAPConfiguration"), Mapping)
        or (isinstance(center, Mapping) and _is_true(center.get("EnableIdentityCenter", True)))
        or _is_true(iam.get("EnableApplicationScopedIAMRole"))
    )


def _read_switch(
    document: Mapping[str, object], encryption: Mapping[str, object]
) -> tuple[Switch, str]:
    value = encryption.get(_SWITCH)
    if _is_true(value):
        return Switch.ON, ""
    if value is None:
        elsewhere = _path_of_switch(document)
        return (Switch.MISPLACED, elsewhere) if elsewhere else (Switch.OMITTED, "")
    if value is False or _lowered(value) == "false":
        return Switch.FALSE, ""
    return Switch.NOT_BOOLEAN, _kind(value)


def _path_of_switch(document: Mapping[str, object]) -> str:
    """Find the switch at a wrong level or in wrong letter case, without recursion."""
    pending: list[tuple[str, Mapping[str, object] | list[object]]] = [("", document)]
    while pending:
        path, value = pending.pop()
        for key, inner in _members(value):
            if key.lower() == _SWITCH.lower() and inner is not None:
                return _path(path, key)
            if isinstance(inner, Mapping | list):
                pending.append((_path(path, key), inner))
    return ""


def _path(parent: str, key: str) -> str:
    # Clipped at every step: a long key above many others would add up to gigabytes.
    return clip(f"{parent}.{key}" if parent else key, _PATH_LIMIT)


def _members(value: Mapping[str, object] | list[object]) -> Iterable[tuple[str, object]]:
    if isinstance(value, list):
        return ((str(index), inner) for index, inner in enumerate(value))
    return ((str(key), inner) for key, inner in value.items())


def _read_certificates(encryption: Mapping[str, object]) -> Certificates | None:
    block = _object(encryption, "InTransitEncryptionConfiguration").get(
        "TLSCertificateConfiguration"
    )
    if not isinstance(block, Mapping):
        return None
    return Certificates(
        provider=_text(block, "CertificateProviderType"),
        s3_object=_text(block, "S3Object"),
        provider_class=_text(block, "CertificateProviderClass"),
        validity_days=_validity_days(block.get("ValidityInDays")),
    )


def _validity_days(value: object) -> int:
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return _whole_number(value.strip())
    if isinstance(value, float) and (near := min(max(value, -_FAR), _FAR)).is_integer():
        return int(near)  # 1e999 is infinite in Python, and a whole number in JSON
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return DEFAULT_VALIDITY_DAYS


def _whole_number(text: str) -> int:
    return int(text[:_DIGITS_KEPT])


def _refuse_constant(name: str) -> object:
    # Python's parser takes NaN and Infinity, which JSON does not have.
    raise ValueError(f"{name} is no JSON value")


def _object(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(document: Mapping[str, object], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _is_true(value: object) -> bool:
    # AWS's own example writes the flag as the text "true"; bool("false") would be True.
    return value is True or _lowered(value) == "true"


def _kind(value: object) -> str:
    # Only a text is shown: writing out a deep array or a long number could fail.
    match value:
        case str():
            return f"the text {quoted(value)}"
        case int() | float():
            return "a number"
        case Mapping():
            return "an object"
        case _:
            return "an array"


def _lowered(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""
