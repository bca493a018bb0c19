"""Certificate bundles: the zip and the template that ship, with the option on, and S3 as moto has it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from emr_in_transit.judgement.bundle import KEY, TRUSTED
from tests.end_to_end.watched import Watched
from tests.support.buckets import bundle

BUCKET = "certs"  # of Watched.configure
CHECK = {"CertificateBundles": "check", "CertificateBuckets": f"arn:aws:s3:::{BUCKET}"}
INVALID = bundle(KEY, TRUSTED)


class Account(Watched):
    """A deployment that looks into the bundles of one bucket."""

    def put(self, content, key, bucket=BUCKET):
        """Store an object; return its address."""
        self.simulator.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"

    def asked(self, role="Role"):
        """Return what the functions, or one of them, asked of S3 since the last time."""
        found = [each for each in self.simulator.journal("s3") if role in (each["role"] or "")]
        self.simulator.clear_journal()
        return [each["operation"] for each in found]

    def use(self, name, s3_object):
        """Launch a cluster with PEM certificates from there; it stays STARTING."""
        pem = {"CertificateProviderType": "PEM", "S3Object": s3_object}
        slow = {"Name": "slow", "ScriptBootstrapAction": {"Path": "s3://scripts/slow.sh"}}
        return self.launch_and_wait(name, self.configure(name, **pem), BootstrapActions=[slow])


@pytest.fixture(scope="module")
def deployment(simulator):
    """The template with its option switched on, and the bucket that it names."""
    simulator.reset()
    account = Account(simulator)
    account.prepare()
    for name in (BUCKET, "elsewhere"):
        where = {"LocationConstraint": account.region}
        simulator.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    account.change(**CHECK)
    account.queue_url = account.subscribe("alerts")
    return account


@pytest.fixture
def account(deployment):
    """That deployment with nothing going on."""
    deployment.tidy()
    return deployment


def test_a_launch_with_a_broken_bundle_is_told_within_the_minute(account):
    """By the launch check, before EMR gives up; and the sweep that follows tells nobody again."""
    account.simulator.set_functions(time_scale=1)
    address, launched = account.put(INVALID, "broken.zip"), datetime.now(UTC)
    cluster = account.use("broken", address)
    assert datetime.now(UTC) - launched < timedelta(minutes=1)
    (message,) = account.messages()
    document, (found, *_) = message.document, message.document["findings"]
    assert (document["resourceId"], document["detectedBy"]) == (cluster, "LAUNCH_CHECK")
    assert (found["reason"], found["severity"]) == ("BUNDLE_INVALID", "VIOLATION")
    assert address in found["detail"]
    assert "certificateChain.pem" in found["detail"]
    assert found["remedy"]
    assert set(account.asked("LaunchCheck")) == {"GetObject"}
    assert account.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"


def test_a_good_bundle_is_read_once_by_whoever_comes_first(account):
    """The launch check has four calls; the sweep asks whether it is the same, for ten clusters."""
    address = account.put(bundle(), "good.zip")
    account.use("good", address)
    assert account.asked("LaunchCheck").count("GetObject") == 4 + 1  # two events tell of a launch
    for number in range(9):
        account.launch(f"good-{number}", "good")
    account.simulator.settle()
    account.asked()
    assert account.sweep()["ok"]
    assert account.asked() == ["GetObject"]
    assert account.messages() == []


def test_what_cannot_be_read_is_a_warning_and_a_metric(account):
    """A bucket that is not listed, which is not asked, and one that does not answer."""
    clusters = [account.use("unlisted", account.put(bundle(), "good.zip", "elsewhere"))]
    assert account.asked() == []
    account.simulator.add_fault("s3", "GetObject", code="SlowDown", status=503)
    clusters.append(account.use("silent", account.put(bundle(), "silent.zip")))
    assert account.sweep()["ok"]
    for each in clusters:
        assert account.results()[each]["ComplianceType"] == "COMPLIANT"
        assert "BUNDLE_NOT_READ: " in account.results()[each]["Annotation"]
    lines = [json.loads(line) for line in account.log("RuleLogGroupName")]
    assert [each["BundlesNotRead"] for each in lines if "BundlesNotRead" in each][-1] == 2
    assert account.messages() == []


def test_a_bundle_that_is_not_there_is_missing_until_somebody_uploads_it(account):
    """The next sweep sees it, and says that it is over."""
    address = f"s3://{BUCKET}/late.zip"
    cluster = account.use("early", address)
    (message,) = account.messages()
    found = message.document["findings"][0]
    assert (message.document["resourceId"], found["reason"]) == (cluster, "BUNDLE_MISSING")
    assert address in found["detail"]
    account.put(bundle(), "late.zip")
    assert account.sweep()["ok"]
    assert account.results()[cluster]["ComplianceType"] == "COMPLIANT"
    assert [each.document["kind"] for each in account.messages()] == ["resolved"]
