"""What holds for every security configuration: by enumeration, and by Hypothesis."""

import json
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.facts import (
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.judge import judge_cluster, judge_security_configuration
from emr_in_transit.judgement.parameters import RuleParameters
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit.judgement.verdict import Compliance, Verdict
from emr_in_transit.judgement.wording import annotation
from tests.support.facts import (
    CREATED,
    NOW,
    ON_WITH_EMR,
    ON_WITH_PEM,
    cluster,
    configuration,
    on_with,
    parameters,
    reasons,
)

pytestmark = pytest.mark.untraced  # tables cover each line; this is the whole space, and chance
DEFAULTS = parameters()
ABSENT = object()


def judge_body(body: Any, given: RuleParameters = DEFAULTS) -> Verdict:
    facts = SecurityConfigurationFacts("secure", CREATED, read_body(body))
    return judge_security_configuration(facts, given, NOW)


def without_absent(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not ABSENT}


# ---- the whole space, against an oracle that knows the answer for each part

SWITCHES = [
    *((value, True) for value in (True, "true", "TRUE")),
    *((value, False) for value in (ABSENT, None, False, "false", "yes", 1, [True])),
]
PROVIDERS = [ABSENT, 1, "", "PEM", "Custom", "EMR", "emr", "PrivateCA"]
OBJECTS = [
    *((value, True) for value in ("s3://b/k", "arn:aws-us-gov:s3:::b/k")),
    *((value, False) for value in (ABSENT, 7, "s3://b")),
]
CLASSES = [("com.example.P", True), (ABSENT, False), ("", False)]
ALLOWED = ["PEM,Custom,EMR", "PEM", "EMR,PrivateCA", "Custom,emr"]
# The configuration is 410 days and a half old, and the warning begins 30 days before the end.
VALIDITIES = [
    *((value, None) for value in (ABSENT, "soon", 441, 10**30)),
    *((value, Reason.CERTIFICATES_EXPIRING) for value in (411,)),
    *((value, Reason.CERTIFICATES_EXPIRED) for value in (410, "0")),
]


def expected_reason(
    on: bool, provider: Any, complete: dict[str, bool], allowed: list[str], expiry: Reason | None
) -> Reason | None:
    if not on:
        return Reason.IN_TRANSIT_ENCRYPTION_OFF
    if provider in ("PEM", "Custom", "EMR"):
        if provider not in allowed:
            return Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED
        if not complete[provider]:
            return Reason.CERTIFICATES_INCOMPLETE
        return expiry if provider == "EMR" else None
    return None if provider in allowed else Reason.CERTIFICATES_INCOMPLETE


@pytest.mark.parametrize("allowed", ALLOWED)
def test_every_combination(allowed: str):
    """Switch, provider, object, class and validity, in every combination, get the one reason due."""
    given = parameters(allowedCertificateProviders=allowed)
    space = product(SWITCHES, PROVIDERS, OBJECTS, CLASSES, VALIDITIES)
    for (switch, on), provider, (s3, has_object), (name, has_class), (days, expiry) in space:
        block = {
            "CertificateProviderType": provider,
            "S3Object": s3,
            "CertificateProviderClass": name,
            "ValidityInDays": days,
        }
        body = on_with(without_absent(block))
        body["EncryptionConfiguration"] = without_absent(
            body["EncryptionConfiguration"] | {"EnableInTransitEncryption": switch}
        )
        complete = {"PEM": has_object, "Custom": has_object and has_class, "EMR": True}
        expected = expected_reason(on, provider, complete, allowed.split(","), expiry)

        found = reasons(judge_body(body, given))

        assert found == ([] if expected is None else [expected]), body


BODIES = {
    "none": (None, [Reason.NO_SECURITY_CONFIGURATION]),
    "missing": (None, [Reason.SECURITY_CONFIGURATION_MISSING]),
    "unreadable": (Unreadable("it is empty"), [Reason.SECURITY_CONFIGURATION_UNREADABLE]),
    "off": (EncryptionSettings(Switch.FALSE), [Reason.IN_TRANSIT_ENCRYPTION_OFF]),
    "bare": (EncryptionSettings(Switch.ON), [Reason.CERTIFICATES_NOT_CONFIGURED]),
    "PEM": (ON_WITH_PEM, []),
    "EMR": (ON_WITH_EMR, []),
}
RELEASES = {
    "": (True, True, False),
    "emr-4.7.4": (True, True, False),
    "emr-4.8.0": (False, True, False),
    "emr-7.10.0": (False, True, False),
    "emr-7.11.0": (False, False, False),
    "next": (False, False, True),
}


@pytest.mark.parametrize("coverage", ["configured", "complete"])
@pytest.mark.parametrize("allowed", ["PEM,Custom,EMR", "PEM"])
@pytest.mark.parametrize("approved", ["secure,*-tls", "other"])
def test_every_cluster(coverage: str, allowed: str, approved: str):
    """Configuration, release, provider list and name list, in every combination, add up."""
    given = parameters(
        coverage=coverage,
        allowedCertificateProviders=allowed,
        approvedSecurityConfigurations=approved,
    )
    for (kind, (body, own)), (label, (too_old, too_old_for_emr, odd)) in product(
        BODIES.items(), RELEASES.items()
    ):
        facts = cluster(
            body,
            release_label=label,
            security_configuration_name="" if kind == "none" else "secure",
        )
        expected = set(own)
        if kind == "EMR" and allowed == "PEM":
            expected.add(Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED)
        if kind != "none" and approved == "other":
            expected.add(Reason.SECURITY_CONFIGURATION_NOT_APPROVED)
        if too_old or (kind == "EMR" and too_old_for_emr):
            expected.add(Reason.RELEASE_WITHOUT_SUPPORT)
        if odd:
            expected.add(Reason.RELEASE_NOT_RECOGNISED)

        verdict = judge_cluster(facts, given, NOW)

        assert set(reasons(verdict)) == expected, (kind, label)
        check(verdict)


# ---- totality: whatever somebody stored gives a verdict that AWS Config can take


def check(verdict: Verdict) -> None:
    """Hold a verdict against what is true of every verdict."""
    violates = any(finding.severity is Severity.VIOLATION for finding in verdict.findings)
    assert verdict.compliance is (Compliance.NON_COMPLIANT if violates else Compliance.COMPLIANT)
    text = annotation(verdict)
    assert 0 < len(text.encode("utf-16-le")) <= 512
    assert text.isprintable()
    assert text.encode()
    if violates:
        assert text.startswith(f"{verdict.violations[0].reason}: ")
    else:
        assert text.startswith('Security configuration "')
    for finding in verdict.findings:
        assert finding.detail.isprintable()
        assert finding.detail.endswith(".")


def check_total(body: Any) -> None:
    """Hold both judgements of a body against what is true of every verdict."""
    facts = configuration(read_body(body))
    check(judge_security_configuration(facts, DEFAULTS, NOW))
    check(judge_cluster(cluster(security_configuration=facts), DEFAULTS, NOW))


hostile_text = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too
words = st.sampled_from(
    ["true", "false", "PEM", "Custom", "EMR", "s3://b/k", "com.example.P", "365", "", "\ud800"]
)
names = st.sampled_from(
    [
        *("EncryptionConfiguration", "EnableInTransitEncryption", "enableInTransitEncryption"),
        *("InTransitEncryptionConfiguration", "TLSCertificateConfiguration"),
        *("CertificateProviderType", "S3Object", "CertificateProviderClass", "ValidityInDays"),
        *("EnableAtRestEncryption", "AtRestEncryptionConfiguration"),
        *("AuthenticationConfiguration", "KerberosConfiguration"),
    ]
)
numbers = st.integers() | st.floats() | st.sampled_from([10**4_000, -(10**4_000), 1e308, -0.0])
leaves = st.none() | st.booleans() | numbers | words | hostile_text
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names | hostile_text, inner, max_size=4)
    ),
    max_leaves=15,
)


def object_of(**members: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


certificates = object_of(
    CertificateProviderType=st.sampled_from(["PEM", "Custom", "EMR"]) | anything,
    S3Object=st.just("s3://b/k") | anything,
    CertificateProviderClass=st.just("com.example.P") | anything,
    ValidityInDays=st.integers(0, 1_000) | anything,
)
shaped = object_of(
    EncryptionConfiguration=object_of(
        EnableInTransitEncryption=st.just(True) | anything,
        InTransitEncryptionConfiguration=object_of(TLSCertificateConfiguration=certificates)
        | anything,
        EnableAtRestEncryption=anything,
        AtRestEncryptionConfiguration=anything,
    )
    | anything,
    AuthenticationConfiguration=anything,
)


@settings(deadline=None, max_examples=400)
@given(anything | shaped)
def test_any_json_gets_a_verdict(value: Any):
    """Any JSON value, however shaped, gives a verdict and an annotation, as text and decoded."""
    check_total(json.dumps(value))
    check_total(json.dumps(value, ensure_ascii=False))
    if isinstance(value, dict):
        check_total(value)


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_categories=())))
@example("\ufeff{}")
@example('{"EncryptionConfiguration": {"EnableInTransitEncryption": "\ud800"}}')
def test_any_text_gets_a_verdict(text: str):
    """Any text at all gives a verdict and an annotation."""
    check_total(text)


# ---- law: a body that cannot be read never complies

GOOD = json.dumps(on_with({"CertificateProviderType": "EMR"}))
damaged = st.one_of(
    st.integers(0, len(GOOD) - 1).map(lambda end: GOOD[:end]),
    st.integers(1, len(GOOD)).map(lambda start: GOOD[start:]),
    st.tuples(st.integers(0, len(GOOD)), hostile_text).map(
        lambda place: GOOD[: place[0]] + place[1] + GOOD[place[0] :]
    ),
    st.sampled_from(["[]", "1", "null", "true", '"{}"', json.dumps(GOOD), f"[{GOOD}]", GOOD * 2]),
    st.text(),
)


def is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@settings(deadline=None, max_examples=400)
@given(damaged, st.sampled_from(["configured", "complete"]))
def test_unreadable_never_complies(body: str, coverage: str):
    """A body that is no JSON object violates, on a cluster too, whatever else is right."""
    facts = configuration(read_body(body))
    verdicts = [
        judge_security_configuration(facts, DEFAULTS, NOW),
        judge_cluster(cluster(security_configuration=facts), parameters(coverage=coverage), NOW),
    ]

    for verdict in verdicts:
        unreadable = Reason.SECURITY_CONFIGURATION_UNREADABLE in reasons(verdict)
        assert unreadable is not is_json_object(body)
        assert verdict.compliance is Compliance.NON_COMPLIANT or not unreadable


# ---- law: more encryption never makes it worse


def encryption_of(body: dict[str, Any]) -> dict[str, Any]:
    return body.setdefault("EncryptionConfiguration", {})


def certificates_of(body: dict[str, Any]) -> dict[str, Any]:
    block = encryption_of(body).setdefault("InTransitEncryptionConfiguration", {})
    return block.setdefault("TLSCertificateConfiguration", {})


def switch_on(body: dict[str, Any]) -> None:
    encryption_of(body)["EnableInTransitEncryption"] = True


def add_certificates(body: dict[str, Any]) -> None:
    certificates_of(body).setdefault("CertificateProviderType", "PEM")


def complete_object(body: dict[str, Any]) -> None:
    certificates_of(body)["S3Object"] = "s3://b/k"


def complete_class(body: dict[str, Any]) -> None:
    certificates_of(body).setdefault("CertificateProviderClass", "com.example.P")


def prolong(body: dict[str, Any]) -> None:
    block = certificates_of(body)
    block["ValidityInDays"] = block.get("ValidityInDays", 7305) + 1_000


def encrypt_disks(body: dict[str, Any]) -> None:
    encryption_of(body)["EnableAtRestEncryption"] = True
    disks = encryption_of(body).setdefault("AtRestEncryptionConfiguration", {})
    disks["LocalDiskEncryptionConfiguration"] = {"EncryptionKeyProviderType": "AwsKms"}


def add_kerberos(body: dict[str, Any]) -> None:
    body["AuthenticationConfiguration"] = {"KerberosConfiguration": {"Provider": "ExternalKdc"}}


STEPS = [
    *(switch_on, add_certificates, complete_object, complete_class),
    *(prolong, encrypt_disks, add_kerberos),
]
plausible = object_of(
    EncryptionConfiguration=st.fixed_dictionaries(
        {"EnableInTransitEncryption": st.sampled_from([True, True, "true", False, "no"])},
        optional={
            "EnableAtRestEncryption": st.booleans(),
            "InTransitEncryptionConfiguration": st.fixed_dictionaries(
                {
                    "TLSCertificateConfiguration": st.fixed_dictionaries(
                        {
                            "CertificateProviderType": st.sampled_from(
                                ["PEM", "Custom", "EMR", "EMR", "PrivateCA"]
                            )
                        },
                        optional={
                            "S3Object": st.sampled_from(["s3://b/k", "s3://b/k", "b"]),
                            "CertificateProviderClass": st.just("com.example.P"),
                            "ValidityInDays": st.sampled_from([0, 365, 425, 500, 7305]),
                        },
                    )
                }
            ),
        },
    )
)
SHUFFLE = PropertySetting("mapred-site", "mapreduce.shuffle.ssl.enabled", "false")


situations = st.fixed_dictionaries(
    {
        "allowed": st.sampled_from(ALLOWED),
        "coverage": st.sampled_from(["configured", "complete"]),
        "release": st.sampled_from(["emr-4.8.0", "emr-6.15.0", "emr-7.10.0", "emr-7.11.0", "next"]),
        "overrides": st.sampled_from([(), (SHUFFLE,)]),
    }
)


@settings(deadline=None, max_examples=500)
@given(plausible, st.lists(st.sampled_from(STEPS), min_size=1, max_size=4), situations)
def test_more_encryption_never_makes_it_worse(
    body: dict[str, Any], steps: list[Any], situation: dict[str, Any]
):
    """Making a configuration more encrypted never turns COMPLIANT into NON_COMPLIANT."""
    better = deepcopy(body)
    for step in steps:
        step(better)

    before = compliances(body, situation)
    after = compliances(better, situation | {"overrides": ()})

    for earlier, later in zip(before, after, strict=True):
        assert later is Compliance.COMPLIANT or earlier is Compliance.NON_COMPLIANT


def compliances(body: dict[str, Any], situation: dict[str, Any]) -> list[Compliance]:
    facts = configuration(read_body(body))
    of = cluster(
        security_configuration=facts,
        release_label=situation["release"],
        settings=situation["overrides"],
        kerberos_attributes=True,
    )
    given = parameters(
        allowedCertificateProviders=situation["allowed"], coverage=situation["coverage"]
    )
    return [
        judge_security_configuration(facts, given, NOW).compliance,
        judge_cluster(of, given, NOW).compliance,
    ]
