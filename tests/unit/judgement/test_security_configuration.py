"""How the body of a security configuration is read, from AWS's documents to hostile texts."""

import json
import tracemalloc
from typing import Any

import pytest

from emr_in_transit.judgement.facts import (
    DEFAULT_VALIDITY_DAYS,
    Certificates,
    EncryptionSettings,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.security_configuration import read_body
from tests.support.facts import on_with

MIB = 1024 * 1024


def settings_of(body: Any) -> EncryptionSettings:
    settings = read_body(body if isinstance(body, str) else json.dumps(body))
    assert isinstance(settings, EncryptionSettings), settings
    return settings


def switched(value: Any) -> dict[str, Any]:
    return {"EncryptionConfiguration": {"EnableInTransitEncryption": value}}


def deep(levels: int, inner: str = "") -> str:
    return "[" * levels + inner + "]" * levels


SWITCH_VALUES = [
    ("true is on", True, Switch.ON, ""),
    ("the text true is on", "true", Switch.ON, ""),
    ("the text True is on", "True", Switch.ON, ""),
    ("the text TRUE is on", "TRUE", Switch.ON, ""),
    ("false is off", False, Switch.FALSE, ""),
    ("the text false is off", "false", Switch.FALSE, ""),
    ("the text False is off", "False", Switch.FALSE, ""),
    ("null is as good as omitted", None, Switch.OMITTED, ""),
    ("a text with a space is no boolean", "true ", Switch.NOT_BOOLEAN, 'the text "true"'),
    ("an empty text is no boolean", "", Switch.NOT_BOOLEAN, 'the text ""'),
    ("the text yes is no boolean", "yes", Switch.NOT_BOOLEAN, 'the text "yes"'),
    ("the text 1 is no boolean", "1", Switch.NOT_BOOLEAN, 'the text "1"'),
    ("the number 1 is no boolean", 1, Switch.NOT_BOOLEAN, "a number"),
    ("the number 0 is no boolean", 0, Switch.NOT_BOOLEAN, "a number"),
    ("the number 1.0 is no boolean", 1.0, Switch.NOT_BOOLEAN, "a number"),
    ("an object is no boolean", {"value": True}, Switch.NOT_BOOLEAN, "an object"),
    ("an empty object is no boolean", {}, Switch.NOT_BOOLEAN, "an object"),
    ("an array is no boolean", [True], Switch.NOT_BOOLEAN, "an array"),
]


@pytest.mark.parametrize(
    ("value", "switch", "found"),
    [row[1:] for row in SWITCH_VALUES],
    ids=[r[0] for r in SWITCH_VALUES],
)
def test_switch_value(value: Any, switch: Switch, found: str):
    """Only true, or the text "true" in any letter case, switches encryption on."""
    settings = settings_of(switched(value))

    assert (settings.switch, settings.switch_found) == (switch, found)


MISPLACED = [
    ("at top level", {"EnableInTransitEncryption": True}, "EnableInTransitEncryption"),
    (
        "a level too deep",
        {
            "EncryptionConfiguration": {
                "InTransitEncryptionConfiguration": {"EnableInTransitEncryption": True}
            }
        },
        "EncryptionConfiguration.InTransitEncryptionConfiguration.EnableInTransitEncryption",
    ),
    (
        "among the certificates",
        {
            "EncryptionConfiguration": {
                "InTransitEncryptionConfiguration": {
                    "TLSCertificateConfiguration": {"EnableInTransitEncryption": True}
                }
            }
        },
        "EncryptionConfiguration.InTransitEncryptionConfiguration.TLSCertificateConfiguration.EnableInTransitEncryption",
    ),
    (
        "in another letter case",
        {"EncryptionConfiguration": {"enableInTransitEncryption": True}},
        "EncryptionConfiguration.enableInTransitEncryption",
    ),
    (
        "under a wrapper in another letter case",
        {"encryptionConfiguration": {"EnableInTransitEncryption": True}},
        "encryptionConfiguration.EnableInTransitEncryption",
    ),
    (
        "inside an array",
        {"EncryptionConfiguration": [{"EnableInTransitEncryption": True}]},
        "EncryptionConfiguration.0.EnableInTransitEncryption",
    ),
    (
        "even when it says false there",
        {"EnableInTransitEncryption": False},
        "EnableInTransitEncryption",
    ),
    (
        "while the right place holds null",
        {**switched(None), "EnableInTransitEncryption": True},
        "EnableInTransitEncryption",
    ),
    (
        "below a key of spaces and line breaks",
        {" \n": {"EnableInTransitEncryption": True}},
        "EnableInTransitEncryption",
    ),
    (
        "beside a key with a line break",
        {"a\nb": {"EnableInTransitEncryption": True}},
        "a b.EnableInTransitEncryption",
    ),
]


@pytest.mark.parametrize(
    ("body", "path"), [row[1:] for row in MISPLACED], ids=[r[0] for r in MISPLACED]
)
def test_misplaced_switch(body: dict[str, Any], path: str):
    """A switch at another level, or in another letter case, is off, and its place is told."""
    settings = settings_of(body)

    assert (settings.switch, settings.switch_found) == (Switch.MISPLACED, path)


NOT_MISPLACED = [
    ("an empty object has no switch", {}),
    ("another block has no switch", {"InstanceMetadataServiceConfiguration": {"Version": 2}}),
    ("a null elsewhere is no switch", {"EnableInTransitEncryption": None}),
    ("the switch of at-rest encryption is another", {"EnableAtRestEncryption": True}),
    ("a text that names the switch is none", {"Comment": "EnableInTransitEncryption"}),
    ("an encryption block that is a text has no switch", {"EncryptionConfiguration": "true"}),
    ("an encryption block that is null has no switch", {"EncryptionConfiguration": None}),
    ("an encryption block that is true has no switch", {"EncryptionConfiguration": True}),
]


@pytest.mark.parametrize(
    "body", [row[1] for row in NOT_MISPLACED], ids=[r[0] for r in NOT_MISPLACED]
)
def test_omitted_switch(body: dict[str, Any]):
    """A body without the switch, wherever, omits it."""
    settings = settings_of(body)

    assert (settings.switch, settings.switch_found) == (Switch.OMITTED, "")


def test_switch_at_its_place_beats_one_elsewhere():
    """What stands at the right place decides, whatever stands elsewhere."""
    body = {**switched(False), "EnableInTransitEncryption": True}

    assert settings_of(body).switch is Switch.FALSE


CERTIFICATES = [
    (
        "PEM with its object",
        {"CertificateProviderType": "PEM", "S3Object": "s3://b/k"},
        Certificates("PEM", "s3://b/k"),
    ),
    (
        "Custom with object and class",
        {
            "CertificateProviderType": "Custom",
            "S3Object": "s3://b/k",
            "CertificateProviderClass": "com.example.P",
        },
        Certificates("Custom", "s3://b/k", "com.example.P"),
    ),
    (
        "EMR with its validity",
        {"CertificateProviderType": "EMR", "ValidityInDays": 90},
        Certificates("EMR", validity_days=90),
    ),
    ("an empty block is a block", {}, Certificates("")),
    ("keys that are not known are ignored", {"Future": {"a": 1}}, Certificates("")),
    (
        "values that are no texts count as missing",
        {"CertificateProviderType": 1, "S3Object": ["s3://b/k"], "CertificateProviderClass": {}},
        Certificates(""),
    ),
    (
        "null counts as missing",
        {"CertificateProviderType": None, "S3Object": None, "CertificateProviderClass": None},
        Certificates(""),
    ),
    ("a block that is null is none", None, None),
    ("a block that is a text is none", "PEM", None),
    ("a block that is an array is none", [{"CertificateProviderType": "PEM"}], None),
    ("a block that is true is none", True, None),
]


@pytest.mark.parametrize(
    ("block", "certificates"), [row[1:] for row in CERTIFICATES], ids=[r[0] for r in CERTIFICATES]
)
def test_certificates(block: Any, certificates: Certificates | None):
    """The TLS block is read as it stands; a block that is no object counts as none."""
    assert settings_of(on_with(block)).certificates == certificates


@pytest.mark.parametrize(
    "block", [None, "text", [], True, 0, {}, {"TLSCertificateConfiguration": 1}]
)
def test_in_transit_block_without_certificates(block: Any):
    """Whatever else stands where the in-transit block belongs holds no certificates."""
    encryption = {"EnableInTransitEncryption": True, "InTransitEncryptionConfiguration": block}
    settings = settings_of({"EncryptionConfiguration": encryption})

    assert settings == EncryptionSettings(Switch.ON)


VALIDITIES = [
    ("omitted is the default", "null", DEFAULT_VALIDITY_DAYS),
    ("a whole number", "365", 365),
    ("zero", "0", 0),
    ("minus zero", "-0", 0),
    ("a negative number", "-1", -1),
    ("a float that is whole", "365.0", 365),
    ("a whole number with an exponent", "3.65e2", 365),
    ("a text with a whole number", '"365"', 365),
    ("a text with spaces around", '" 365\\n"', 365),
    ("a text with many spaces around", json.dumps(" " * 5_000 + "365" + " " * 5_000), 365),
    ("a text with a plus sign", '"+365"', 365),
    ("a text with a minus sign", '"-365"', -365),
    ("a fraction is no whole number", "365.5", DEFAULT_VALIDITY_DAYS),
    ("a text with a fraction is none", '"365.5"', DEFAULT_VALIDITY_DAYS),
    ("a text with letters is none", '"one year"', DEFAULT_VALIDITY_DAYS),
    ("an empty text is none", '""', DEFAULT_VALIDITY_DAYS),
    ("other alphabets' digits are none", '"\\u0663\\u0666\\u0665"', DEFAULT_VALIDITY_DAYS),
    ("an underscore makes none", '"3_65"', DEFAULT_VALIDITY_DAYS),
    ("true is none", "true", DEFAULT_VALIDITY_DAYS),
    ("false is none", "false", DEFAULT_VALIDITY_DAYS),
    ("an object is none", '{"days": 1}', DEFAULT_VALIDITY_DAYS),
    ("an array is none", "[1]", DEFAULT_VALIDITY_DAYS),
]


@pytest.mark.parametrize(
    ("written", "days"), [row[1:] for row in VALIDITIES], ids=[r[0] for r in VALIDITIES]
)
def test_validity(written: str, days: int):
    """ValidityInDays is a whole number, as a number or a text; anything else is the default."""
    body = json.dumps(on_with({"ValidityInDays": "HERE"})).replace('"HERE"', written)
    certificates = settings_of(body).certificates

    assert certificates is not None
    assert certificates.validity_days == days


HUGE = ["1e308", "1e999", "9" * 5_000, f'"{"9" * 5_000}"', f'"+{"9" * 5_000}"']


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("written", HUGE, ids=["float", "beyond floats", "number", "text", "plus"])
def test_huge_validity_stays_huge(written: str, sign: int):
    """A validity beyond all numbers is read as a very large one, of its own sign."""
    if sign < 0:
        written = "-" + written if written[0] != '"' else '"-' + written.strip('"+') + '"'
    body = json.dumps(on_with({"ValidityInDays": "HERE"})).replace('"HERE"', written)
    certificates = settings_of(body).certificates

    assert certificates is not None
    assert certificates.validity_days * sign > 10**18


def test_validity_of_a_decoded_object_that_is_not_a_number():
    """NaN, which only an object decoded elsewhere can hold, is no whole number."""
    settings = read_body(on_with({"ValidityInDays": float("nan")}))

    assert isinstance(settings, EncryptionSettings)
    assert settings.certificates == Certificates("")


DISK = {"LocalDiskEncryptionConfiguration": {"EncryptionKeyProviderType": "AwsKms"}}
AT_REST = [
    ("both the switch and the block", {"EnableAtRestEncryption": True, "AtRestEncryptionConfiguration": DISK}, True),
    ("the switch as a text", {"EnableAtRestEncryption": "True", "AtRestEncryptionConfiguration": DISK}, True),
    ("the switch alone", {"EnableAtRestEncryption": True}, False),
    ("the block alone", {"AtRestEncryptionConfiguration": DISK}, False),
    ("the switch off", {"EnableAtRestEncryption": "false", "AtRestEncryptionConfiguration": DISK}, False),
    ("S3 alone", {"EnableAtRestEncryption": True, "AtRestEncryptionConfiguration": {"S3EncryptionConfiguration": {}}}, False),
    ("a block that is no object", {"EnableAtRestEncryption": True, "AtRestEncryptionConfiguration": {"LocalDiskEncryptionConfiguration": True}}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("encryption", "on"), [r[1:] for r in AT_REST], ids=[r[0] for r in AT_REST]
)
def test_local_disk_encryption(encryption: dict[str, Any], on: bool):
    """Local disks are encrypted where at-rest encryption is on and says how."""
    assert settings_of({"EncryptionConfiguration": encryption}).local_disk_encryption is on


KERBEROS = [
    ("a configuration", {"KerberosConfiguration": {"Provider": "ClusterDedicatedKdc"}}, True),
    ("another way to sign in", {"IdentityCenterConfiguration": {}}, False),
    ("null", {"KerberosConfiguration": None}, False),
    ("a text", "KerberosConfiguration", False),
]


@pytest.mark.parametrize(("block", "on"), [r[1:] for r in KERBEROS], ids=[r[0] for r in KERBEROS])
def test_kerberos(block: Any, on: bool):
    """Kerberos is configured where the authentication block holds an object for it."""
    assert settings_of({"AuthenticationConfiguration": block}).kerberos is on


RUNTIME_ROLES = {"EnableApplicationScopedIAMRole": True}
MANAGED_KERBEROS = [
    ("LDAP", {"AuthenticationConfiguration": {"LDAPConfiguration": {"EnableLDAPServerCertificateVerification": True}}}, True),
    ("Identity Center", {"AuthenticationConfiguration": {"IdentityCenterConfiguration": {"IdentityCenterInstanceARN": "arn:aws:sso:::instance/ssoins-1"}}}, True),
    ("Identity Center, said to be on", {"AuthenticationConfiguration": {"IdentityCenterConfiguration": {"EnableIdentityCenter": True}}}, True),
    ("Identity Center that is off", {"AuthenticationConfiguration": {"IdentityCenterConfiguration": {"EnableIdentityCenter": False}}}, False),
    ("runtime roles", {"AuthorizationConfiguration": {"IAMConfiguration": RUNTIME_ROLES}}, True),
    ("runtime roles as a text", {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": "true"}}}, True),
    ("runtime roles that are off", {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": False}}}, False),
    ("a mapping of roles for S3 alone", {"AuthorizationConfiguration": {"EmrFsConfiguration": {"RoleMappings": []}}}, False),
    ("runtime roles in the wrong block", {"AuthenticationConfiguration": {"IAMConfiguration": RUNTIME_ROLES}}, False),
    ("Kerberos of one's own", {"AuthenticationConfiguration": {"KerberosConfiguration": {}}}, False),
    ("LDAP that is no object", {"AuthenticationConfiguration": {"LDAPConfiguration": True}}, False),
    ("nothing", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "on"), [r[1:] for r in MANAGED_KERBEROS], ids=[r[0] for r in MANAGED_KERBEROS]
)
def test_kerberos_that_emr_sets_up(body: dict[str, Any], on: bool):
    """EMR sets Kerberos up by itself for LDAP, Identity Center and runtime roles."""
    assert settings_of(body).managed_kerberos is on


UNREADABLE = [
    ("an empty text", "", "it is empty"),
    ("a blank text", " \r\n\t ", "it is empty"),
    ("YAML", "EncryptionConfiguration:\n  EnableInTransitEncryption: true\n", "it is not JSON ("),
    ("JSON that is cut off", '{"EncryptionConfiguration": {', "it is not JSON ("),
    ("single quotes", "{'EncryptionConfiguration': {}}", "it is not JSON ("),
    ("a byte order mark", "\ufeff{}", "it is not JSON ("),
    ("two documents", "{}{}", "it is not JSON ("),
    ("a comment", '{} // "EnableInTransitEncryption": true', "it is not JSON ("),
    ("NaN", '{"a": NaN}', "it is not JSON (NaN is no JSON value)"),
    ("Infinity", '{"a": Infinity}', "it is not JSON (Infinity is no JSON value)"),
    ("-Infinity", '{"a": -Infinity}', "it is not JSON (-Infinity is no JSON value)"),
    ("a raw line break in a text", '{"a": "\n"}', "it is not JSON ("),
    ("a lone surrogate alone", "\ud800", "it is not JSON ("),
    ("a NUL character", "\0", "it is not JSON ("),
    ("an array", '[{"EncryptionConfiguration": {}}]', "it is JSON, but not an object"),
    (
        "JSON inside a JSON text",
        json.dumps(json.dumps(on_with({}))),
        "it is JSON, but not an object",
    ),
    ("a number", "1", "it is JSON, but not an object"),
    ("a number of 5,000 digits", "1" * 5_000, "it is JSON, but not an object"),
    ("true", "true", "it is JSON, but not an object"),
    ("null", "null", "it is JSON, but not an object"),
    ("arrays nested 200,000 deep", deep(200_000), "it is nested too deeply"),
    ("objects nested 200,000 deep", '{"a":' * 200_000, "it is nested too deeply"),
]


@pytest.mark.parametrize(
    ("body", "problem"), [r[1:] for r in UNREADABLE], ids=[r[0] for r in UNREADABLE]
)
def test_unreadable_body(body: str, problem: str):
    """A body that is not a JSON object cannot be read, and says why."""
    settings = read_body(body)

    assert isinstance(settings, Unreadable)
    assert settings.problem.startswith(problem)
    assert settings.problem.isprintable()


ODD_BUT_READABLE = [
    ("equal keys: the last one counts", '{"EncryptionConfiguration":{"EnableInTransitEncryption":false},"EncryptionConfiguration":{"EnableInTransitEncryption":true}}', Switch.ON),
    ("equal keys: the last one counts when it is off", '{"EncryptionConfiguration":{"EnableInTransitEncryption":true,"EnableInTransitEncryption":false}}', Switch.FALSE),
    ("an escaped key is the same key", '{"EncryptionConfiguration":{"\\u0045nableInTransitEncryption":true}}', Switch.ON),
    ("blanks around", " \n" + json.dumps(switched(True)) + "\r\n", Switch.ON),
    ("1 MB of blanks around", " " * MIB + json.dumps(switched(True)), Switch.ON),
    ("1 MB in another key", json.dumps({"a": "\u00e9" * MIB, **switched(True)}), Switch.ON),
    ("lone surrogates in keys and values", json.dumps({"\ud800": "\udfff", **switched(True)}), Switch.ON),
    ("a switch that is a text with a lone surrogate", json.dumps(switched("\ud800true")), Switch.NOT_BOOLEAN),
    ("a switch that is a text of 1 MB", json.dumps(switched("true" * (MIB // 4))), Switch.NOT_BOOLEAN),
    ("a switch that is an array 300 deep", '{"EncryptionConfiguration":{"EnableInTransitEncryption":' + deep(300) + "}}", Switch.NOT_BOOLEAN),
    ("a switch that is a number of 5,000 digits", '{"EncryptionConfiguration":{"EnableInTransitEncryption":' + "1" * 5_000 + "}}", Switch.NOT_BOOLEAN),
    ("a switch that is a huge float", '{"EncryptionConfiguration":{"EnableInTransitEncryption":1e999}}', Switch.NOT_BOOLEAN),
    ("a switch 300 objects deep", '{"a":' * 300 + '{"EnableInTransitEncryption":true}' + "}" * 300, Switch.MISPLACED),
    ("a switch 300 arrays deep", '{"a":' + deep(300, '{"EnableInTransitEncryption":true}') + "}", Switch.MISPLACED),
    ("a key of 1 MB above the switch", json.dumps({"K" * MIB: {"EnableInTransitEncryption": True}}), Switch.MISPLACED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "switch"), [row[1:] for row in ODD_BUT_READABLE], ids=[r[0] for r in ODD_BUT_READABLE]
)
def test_odd_but_readable_body(body: str, switch: Switch):
    """Whatever JSON object somebody stored is read, and what it shows of itself stays short."""
    settings = settings_of(body)

    assert settings.switch is switch
    assert len(settings.switch_found) <= 120
    assert settings.switch_found.isprintable()


def test_paths_do_not_add_up():
    """A long key above many others costs memory once, not once for each of them."""
    body = json.dumps({"K" * 100_000: {str(number): {} for number in range(1_000)}})
    tracemalloc.start()
    try:
        read_body(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20 * len(body)


def test_decoded_object_reads_like_its_text():
    """An object that a configuration item holds decoded says the same as its JSON text."""
    body = on_with({"CertificateProviderType": "PEM", "S3Object": "s3://b/k"})

    assert read_body(body) == read_body(json.dumps(body))
