"""The ways in with certificate bundles looked into: verdicts, alerts, metrics, and an outage of S3."""

import importlib
import json
import logging
import subprocess
import sys

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.emr.models import emr_backends

from emr_in_transit.judgement.bundle import KEY, TRUSTED
from tests.support.buckets import Bucket, bundle
from tests.support.builders import REGION, RULE, client, unreachable
from tests.support.doors import OFF, PEM, launch
from tests.support.facts import CUSTOM, on_with
from tests.unit.aws.test_rules import rule as own_rule
from tests.unit.test_launch import aws as launch_aws
from tests.unit.test_rule_alerts import aws as rule_aws

__all__ = ["launch_aws", "rule_aws"]
door = importlib.import_module("EMR_IN_TRANSIT_ENCRYPTION")
NAME = "bucket"  # of PEM's S3Object
INVALID = bundle(KEY, TRUSTED)  # without the certificates of the nodes


def client_of(service, region=None, config=None):
    """Return the tests' client; the rule's own for EMR is paced, so that is a new one."""
    if service == "emr":
        return boto3.session.Session().client(service, region, config=config)
    return client(service)


@pytest.fixture
def bucket(monkeypatch):
    """The bucket of the certificates, where the template has switched the option on."""
    monkeypatch.setenv("CERTIFICATE_BUNDLES", "check")
    monkeypatch.setenv("CERTIFICATE_BUCKETS", f"arn:aws:s3:::{NAME},arn:aws:s3:::unused")
    monkeypatch.setattr(boto3, "client", client_of)
    made = Bucket(NAME)
    with made.watched():
        yield made


@pytest.fixture
def rule(rule_aws, bucket):
    """The rule, with the option on."""
    return rule_aws, bucket


@pytest.fixture
def check(launch_aws, bucket):
    """The launch check, with the option on."""
    return launch_aws, bucket


def bring(cluster_id, state):
    """Bring a cluster into a state."""
    emr_backends[DEFAULT_ACCOUNT_ID][REGION].clusters[cluster_id].state = state


def log(caplog, message):
    """Return the log's records with this message."""
    return [each for each in caplog.records if each.message == message]


def reasons(record):
    return [each["reason"] for each in record.findings if each["reason"] != "TRAFFIC_NOT_COVERED"]


def test_a_sweep_reads_a_bundle_once_for_all_that_use_it(rule, caplog):
    """And the next one asks only whether it is the same."""
    aws, bucket = rule
    bucket.put(bundle())
    clusters = [launch(aws.emr, "pem", PEM), *(launch(aws.emr, "pem") for _ in range(9))]
    with caplog.at_level(logging.INFO):
        aws.sweep()
    assert aws.verdicts() == dict.fromkeys(clusters, "COMPLIANT")
    assert len(bucket.asked) == 4
    [summary] = log(caplog, "sweep finished")
    assert (summary.bundles_not_read, summary.BundlesNotRead) == (0, 0)
    aws.sweep()
    assert bucket.asked[4:] == ["bytes=-22"]


def test_a_bad_bundle_violates_while_the_cluster_starts_and_warns_later(rule):
    """It would fail to start; one that runs has its copy, and only a new node will fail.

    The ledger remembers the state of the launch, and is not asked for it.
    """
    aws, bucket = rule
    bucket.put(INVALID)
    cluster = launch(aws.emr, "pem", PEM)
    bring(cluster, "BOOTSTRAPPING")
    aws.sweep()
    assert aws.verdicts() == {cluster: "NON_COMPLIANT"}
    assert "BUNDLE_INVALID: " in aws.record[cluster]["Annotation"]
    bring(cluster, "RUNNING")
    aws.sweep()
    assert aws.verdicts() == {cluster: "COMPLIANT"}
    assert "BUNDLE_INVALID: " in aws.record[cluster]["Annotation"]
    assert aws.kinds() == ["violation", "resolved"]


def test_certificates_of_a_bundle_that_expire_soon_are_told_once_and_those_after_them_too(rule):
    """A bundle is renewed under its name, where EMR's own are renewed with their configuration."""
    aws, bucket = rule
    launch(aws.emr, "pem", PEM)
    for days in (10, 10, 20, 365):
        bucket.put(bundle(ends_in=days))
        aws.sweep()
        aws.sweep()
    assert aws.inbox.told == [("expiring", ["pem"])] * 2
    assert "certificateChain.pem" in aws.inbox.documents[0]["findings"][0]["detail"]


def test_an_outage_of_s3_warns_and_hides_nothing(rule, caplog):
    """No verdict comes of it: what violates for another reason goes on, and the run is no error."""
    aws, _ = rule
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr, "off", OFF)
    for each in (good, bad):
        bring(each, "STARTING")
    with unreachable("s3"), caplog.at_level(logging.INFO):
        aws.sweep()
    assert aws.verdicts() == {good: "COMPLIANT", bad: "NON_COMPLIANT"}
    [summary] = log(caplog, "sweep finished")
    assert (summary.bundles_not_read, summary.BundlesNotRead) == (1, 1)
    assert summary.could_not_tell == 0
    told = {each.resource_id: reasons(each) for each in log(caplog, "verdict")}
    assert told == {good: ["BUNDLE_NOT_READ"], bad: ["IN_TRANSIT_ENCRYPTION_OFF"]}


def test_a_cluster_that_is_new_and_not_exempt_is_judged_with_its_bundle_both_times(
    rule, monkeypatch
):
    """Its own tags are asked for before it is called a violation; its bundle is not asked again."""
    aws, bucket = rule
    bucket.put(INVALID)
    cluster = launch(aws.emr, "pem", PEM)
    bring(cluster, "STARTING")
    monkeypatch.setattr("emr_in_transit.sweep.Clusters.may_be_exempt", lambda *_: True)
    aws.sweep()
    assert aws.verdicts() == {cluster: "NON_COMPLIANT"}
    assert bucket.asked.count("bytes=-22") == 1


def test_a_rule_of_somebody_elses_looks_too_and_remembers_nothing(rule):
    """Its verdicts are its own."""
    aws, bucket = rule
    aws.rules_there(own_rule(RULE))
    bucket.put(bundle())
    launch(aws.emr, "pem", PEM)
    for _ in range(2):
        aws.sweep(configRuleName="trial")
    assert len(bucket.asked) == 8


@pytest.mark.parametrize(
    ("content", "outcome", "reason"),
    [
        (bundle(), "COMPLIANT", None),
        (INVALID, "NON_COMPLIANT", "BUNDLE_INVALID"),
        (None, "NON_COMPLIANT", "BUNDLE_MISSING"),
    ],
    ids=["good", "invalid", "missing"],
)
def test_a_launch_is_told_of_a_bundle_that_it_will_fail_of(check, content, outcome, reason):
    """Before EMR gives up, with the object, what is wrong and what to do about it."""
    aws, bucket = check
    if content is not None:
        bucket.put(content)
    cluster = launch(aws.emr, "pem", PEM)
    bring(cluster, "STARTING")
    assert aws.starts(cluster) == {"outcome": outcome}
    assert [each["findings"][0]["reason"] for each in aws.inbox.documents] == (
        [reason] if reason else []
    )
    for each in aws.inbox.documents:
        assert f"s3://{NAME}/certificates.zip" in each["findings"][0]["detail"]
        assert each["findings"][0]["remedy"]


def test_a_launch_with_a_jar_is_told_that_it_is_not_there(check):
    """Of a Custom provider no more is looked at."""
    aws, bucket = check
    certificates = {
        "CertificateProviderType": "Custom",
        "S3Object": f"s3://{NAME}/provider.jar",
        "CertificateProviderClass": CUSTOM.provider_class,
    }
    cluster = launch(aws.emr, "custom", json.dumps(on_with(certificates)))
    bring(cluster, "STARTING")
    assert aws.starts(cluster) == {"outcome": "NON_COMPLIANT"}
    bucket.put(b"PK", "provider.jar")
    second = launch(aws.emr, "custom")
    bring(second, "STARTING")
    assert aws.starts(second) == {"outcome": "COMPLIANT"}


def test_a_launch_check_that_cannot_reach_s3_alerts_on_what_else_it_finds(check, caplog):
    """A provider that is not allowed is one whatever S3 says."""
    aws, _ = check
    aws.rules[0]["InputParameters"] = json.dumps({"allowedCertificateProviders": "Custom"})
    cluster = launch(aws.emr, "pem", PEM)
    bring(cluster, "STARTING")
    with unreachable("s3"), caplog.at_level(logging.INFO):
        assert aws.starts(cluster) == {"outcome": "NON_COMPLIANT"}
    [told] = aws.inbox.documents
    assert [each["reason"] for each in told["findings"]][:2] == [
        "CERTIFICATE_PROVIDER_NOT_ALLOWED",
        "BUNDLE_NOT_READ",
    ]
    [counted] = log(caplog, "certificates not looked at")
    assert counted.BundlesNotRead == 1


def test_without_the_option_s3_is_not_asked(check, monkeypatch):
    """Whatever the certificates come from."""
    aws, bucket = check
    monkeypatch.setenv("CERTIFICATE_BUNDLES", "off")
    cluster = launch(aws.emr, "pem", PEM)
    bring(cluster, "STARTING")
    assert aws.starts(cluster) == {"outcome": "COMPLIANT"}
    assert bucket.asked == []


PROGRAM = """
import sys
import {door}
from emr_in_transit import deployment
settings = deployment.read_settings({environment})
place = deployment.Deployment("111122223333", "eu-west-1", "arn", "rule", settings, lambda: 900.0)
place.bundles(None)
print(*(each for each in sys.modules if "pyasn1" in each or "bundle" in each))
"""
ON = {"CERTIFICATE_BUNDLES": "check", "CERTIFICATE_BUCKETS": "arn:aws:s3:::any-bucket"}
WITH = [
    "emr_in_transit.aws.bundles",
    "emr_in_transit.judgement.bundle",
    "emr_in_transit.judgement.bundle_problems",
]


@pytest.mark.parametrize("entry", ["EMR_IN_TRANSIT_ENCRYPTION", "launch_check"])
@pytest.mark.parametrize(("environment", "loaded"), [({}, []), (ON, WITH)], ids=["off", "on"])
def test_nobody_pays_for_an_option_that_is_off(entry, environment, loaded):
    """Nothing of it is imported; where it is on, pyasn1 waits for a bundle that nobody knows."""
    program = PROGRAM.format(door=entry, environment=environment)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stdout.split()) == loaded
