"""The doors with Security Hub: after people have been told, and what becomes of an outage."""

import importlib
import logging

import boto3
import pytest

from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.alerting.episode import State
from tests.support.builders import client, on, refusing, unreachable
from tests.support.doors import OFF, PEM, launch
from tests.support.hub import Hub
from tests.unit.test_launch import aws as launch_aws
from tests.unit.test_rule_alerts import aws as rule_aws

__all__ = ["launch_aws", "rule_aws"]
door = importlib.import_module("EMR_IN_TRANSIT_ENCRYPTION")
OPEN, CLOSED = ("FAILED", "ACTIVE", "NEW"), ("PASSED", "ARCHIVED", "RESOLVED")


def client_of(service, region=None, config=None):
    """Return the tests' client; the rule's own for EMR is paced, so that is a new one."""
    if service == "emr":
        return boto3.session.Session().client(service, region, config=config)
    return client(service)


@pytest.fixture
def hub(monkeypatch):
    """Security Hub, where the template has switched it on."""
    monkeypatch.setenv("SECURITY_HUB", "true")
    monkeypatch.setattr(boto3, "client", client_of)
    return Hub()


@pytest.fixture
def rule(rule_aws, hub):
    """The rule, with Security Hub."""
    return rule_aws, hub


@pytest.fixture
def check(launch_aws, hub):
    """The launch check, with Security Hub."""
    return launch_aws, hub


def test_a_sweep_imports_what_violates_and_closes_what_has_ended(rule):
    """By the alerts' own verdicts."""
    aws, hub = rule
    bad, _ = launch(aws.emr), launch(aws.emr, "pem", PEM)
    aws.sweep()
    assert hub.states() == {bad: OPEN}
    aws.emr.terminate_job_flows(JobFlowIds=[bad])
    aws.sweep()
    assert hub.states() == {bad: CLOSED}


def test_people_are_told_before_security_hub_is(rule):
    """Their alert waits for nothing."""
    aws, hub = rule
    bad, seen = launch(aws.emr), []
    event = "before-call.securityhub.BatchImportFindings"
    with on("securityhub", event, lambda **_: seen.append(aws.state(bad))):
        aws.sweep()
    assert set(seen) == {State.SENT}
    assert hub.states() == {bad: OPEN}


@pytest.mark.parametrize(
    ("outage", "why"),
    [
        (lambda: refusing("securityhub", "BatchImportFindings", "ThrottlingException"), "Throttl"),
        (lambda: unreachable("securityhub"), "GetFindings: EndpointConnectionError"),
    ],
    ids=["throttled", "unreachable"],
)
def test_a_sweep_that_cannot_reach_security_hub_alerts_once_and_ends_as_an_error(rule, outage, why):
    """The retries of the run, and the next sweep, repeat no alert."""
    aws, hub = rule
    bad = launch(aws.emr)
    for _ in range(3):
        with outage(), pytest.raises(door.RuleRunError, match=f"Security Hub .*{why}"):
            aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]
    assert (aws.verdicts(), aws.state(bad)) == ({bad: "NON_COMPLIANT"}, State.SENT)
    aws.sweep()
    assert hub.states() == {bad: OPEN}
    assert aws.kinds() == ["violation"]


def test_a_sweep_that_cannot_tell_people_does_not_tell_security_hub(rule):
    """It follows the alerts; the next sweep does both."""
    aws, hub = rule
    launch(aws.emr)
    with refusing("sns", "Publish"), pytest.raises(door.RuleRunError), hub.watched() as calls:
        aws.sweep()
    assert set(calls) == {"GetFindings"}, "what it shows is asked, and nothing is imported"


def test_a_security_configuration_has_a_finding_of_its_own(rule):
    """Opened, closed by a repair, opened anew, and closed by its deletion."""
    aws, hub = rule
    for body, state in ((OFF, OPEN), (PEM, CLOSED), (OFF, OPEN)):
        aws.change(body)
        assert hub.states() == {"strict": state}
    aws.change(OFF, configurationItemStatus="ResourceDeleted")
    assert hub.states() == {"strict": CLOSED}
    assert SECURITY_CONFIGURATION_TYPE in hub.findings()["strict"]["Id"]


def test_a_change_that_security_hub_does_not_take_is_an_error_and_its_retry_repeats_no_alert(rule):
    """No sweep comes by a security configuration, so the retry has to make up for it."""
    aws, hub = rule
    with (
        refusing("securityhub", "BatchImportFindings"),
        pytest.raises(door.RuleRunError, match="strict: BatchImportFindings: AccessDenied"),
    ):
        aws.change(OFF)
    aws.change(OFF)
    assert hub.states() == {"strict": OPEN}
    assert aws.kinds() == ["violation"]


def test_a_bad_launch_is_imported_after_its_alert(check):
    """Within a minute, as the alert; a second event of the launch imports nothing."""
    aws, hub = check
    bad = launch(aws.emr)
    with hub.watched() as calls:
        aws.starts(bad)
        aws.called(bad)
    assert calls == ["BatchImportFindings"]
    assert hub.states() == {bad: OPEN}
    assert aws.inbox.told == [("violation", [bad])]
    assert CLUSTER_TYPE in hub.findings()[bad]["Id"]


def test_a_launch_check_that_cannot_reach_security_hub_has_done_its_work(check, caplog):
    """It alerts, asks for an evaluation, and says in its log what is missing."""
    aws, _ = check
    client("securityhub").disable_security_hub()
    bad = launch(aws.emr)
    with caplog.at_level(logging.WARNING):
        assert aws.starts(bad) == {"outcome": "NON_COMPLIANT"}
    assert aws.inbox.told == [("violation", [bad])]
    assert aws.evaluations == ["any-name"]
    assert [line.message for line in caplog.records] == ["verdict", "not in Security Hub"]


def test_a_launch_check_with_little_time_left_leaves_security_hub_to_the_sweep(check, monkeypatch):
    """Killed, it would be run again, and where the ledger is down alert again."""
    aws, hub = check
    monkeypatch.setattr(
        "tests.support.doors.Context.get_remaining_time_in_millis", lambda _: 44_000
    )
    with hub.watched() as calls:
        aws.starts(launch(aws.emr))
    assert calls == []
    assert len(aws.inbox.told) == 1


def test_what_is_held_back_is_not_imported_so_no_other_run_closes_it(rule):
    """It violated, complied, and violates again where nobody can read of it: its episode is over."""
    aws, hub = rule
    for body in (OFF, PEM):
        aws.change(body)
    aws.inbox.count(confirmed=0)
    aws.change(OFF)
    aws.sweep()
    assert hub.states() == {"strict": CLOSED}, "not yet"

    aws.inbox.count(confirmed=1)
    aws.change(OFF)
    aws.sweep()
    assert hub.states() == {"strict": OPEN}
