"""Findings in Security Hub: in step with what violates and what has ended, with few imports."""

import logging
from datetime import timedelta

import pytest
from moto import mock_aws

from emr_in_transit.alerting.alert import CLUSTER_TYPE, DetectedBy
from emr_in_transit.alerting.alerting_sweep import alerted_clusters
from emr_in_transit.aws.errors import HubError
from emr_in_transit.judgement.reasons import Reason
from tests.support.builders import (
    BARE,
    GOOD,
    LATER,
    OLD,
    Inbox,
    client,
    judged,
    make_alerting,
    make_table,
    many,
    origin,
    refusing,
    violating,
)
from tests.support.facts import NOW
from tests.support.hub import Hub

BAD = judged()
WORSE = judged(violating(BARE, OLD))
OPEN, CLOSED = ("FAILED", "ACTIVE", "NEW"), ("PASSED", "ARCHIVED", "RESOLVED")
OWNED = {"Workflow", "Severity", "Types"}  # by Security Hub, and by the people who use it
IMPORT, UPDATE, READ = "BatchImportFindings", "BatchUpdateFindings", "GetFindings"


@pytest.fixture
def hub():
    """A ledger, a topic and an empty Security Hub."""
    with mock_aws():
        make_table()
        yield Hub()


@pytest.fixture
def alerting(hub):
    """Alerts that go to Security Hub too."""
    return make_alerting(Inbox().arn, DetectedBy.LAUNCH_CHECK, hub=hub.adapter(origin()))


def hours(count):
    return NOW + timedelta(hours=count)


def update(alerting, *told, ended=None, now=LATER):
    alerting.hub.update(CLUSTER_TYPE, told, ended or {}, now)


def test_the_life_of_a_finding(alerting, hub):
    """New, updated when a reason is added, closed, and NEW again under the same id."""
    with hub.watched() as calls:
        update(alerting, BAD, now=hours(1))
        assert hub.states() == {"j-1": OPEN}
        created = hub.findings()["j-1"]["CreatedAt"]

        update(alerting, WORSE, now=hours(2))
        (finding,) = hub.findings().values()
        assert "RELEASE_WITHOUT_SUPPORT" in finding["Description"]
        assert finding["CreatedAt"] == created < finding["UpdatedAt"]

        update(alerting, ended={"j-1": judged(GOOD)}, now=hours(3))
        assert hub.states() == {"j-1": CLOSED}
        assert hub.findings()["j-1"]["Description"] == "The violation has ended. PEM."

        update(alerting, BAD, now=hours(4))
        assert hub.states() == {"j-1": OPEN}
    assert calls.count(IMPORT) == 4


def test_what_is_shown_already_costs_no_import(alerting, hub):
    """Security Hub bills imports; a sweep every hour asks only what it shows."""
    update(alerting, BAD)
    with hub.watched() as calls:
        for count in range(24):
            update(alerting, BAD, ended={"j-2": None}, now=hours(count))
    assert calls == [READ] * 24
    with hub.watched() as calls:
        update(alerting, BAD, now=hours(24 * 31))
    assert calls == [READ, IMPORT], "before Security Hub forgets it"


@pytest.mark.parametrize("ended", [{"j-1": judged(GOOD)}, {"j-1": None}], ids=["good", "gone"])
def test_what_never_violated_leaves_no_finding(alerting, hub, ended):
    """There is nothing to close."""
    update(alerting, ended=ended)
    assert hub.states() == {}


def test_hundreds_are_imported_and_closed_in_batches(alerting, hub):
    """Security Hub takes a hundred at once, and shows a hundred on a page."""
    with hub.watched() as calls:
        update(alerting, *many(250))
    assert calls == [READ] + [IMPORT] * 3
    assert set(hub.states().values()) == {OPEN}
    with hub.watched() as calls:
        update(
            alerting, ended={each.resource.resource_id: None for each in many(250)}, now=hours(9)
        )
    assert calls == [READ] * 3 + [UPDATE] * 3 + [IMPORT] * 3
    assert set(hub.states().values()) == {CLOSED}
    assert len(hub.states()) == 250


def test_what_could_not_be_judged_keeps_its_finding(alerting, hub):
    """Neither violating nor ended: nobody knows."""
    alerting.violation(BAD, NOW)
    update(alerting, BAD)
    update(alerting, now=hours(1))
    assert hub.states() == {"j-1": OPEN}


@pytest.mark.parametrize("operation", [READ, UPDATE, IMPORT])
def test_an_end_that_security_hub_did_not_take_is_told_again(alerting, hub, operation):
    """The cluster has gone meanwhile, and only its closed episode remembers it."""
    alerting.violation(BAD, NOW)
    update(alerting, BAD)
    alerting.ended(CLUSTER_TYPE, "j-1", None, LATER)
    with refusing("securityhub", operation), pytest.raises(HubError, match=f"^{operation}: Access"):
        update(alerting, ended={"j-1": None}, now=hours(1))
    assert hub.states()["j-1"][:2] == OPEN[:2]
    update(alerting, now=hours(2))
    assert hub.states() == {"j-1": CLOSED}
    with hub.watched() as calls:
        update(alerting, now=hours(3))
    assert calls == [READ]


def test_a_finding_that_is_not_resolved_is_not_archived(alerting, hub, monkeypatch):
    """It would be out of sight, and its workflow NEW for ever."""
    update(alerting, BAD)
    resolve = alerting.hub._hub.resolve
    monkeypatch.setattr(alerting.hub._hub, "resolve", lambda findings: {f["Id"] for f in findings})
    with pytest.raises(HubError, match=r"^1 findings were refused, .*/j-1 among them$"):
        update(alerting, ended={"j-1": None}, now=hours(1))
    assert hub.states() == {"j-1": OPEN}
    monkeypatch.setattr(alerting.hub._hub, "resolve", resolve)
    update(alerting, ended={"j-1": None}, now=hours(2))
    assert hub.states() == {"j-1": CLOSED}


@pytest.mark.parametrize("status", ["SUPPRESSED", "RESOLVED"])
def test_what_people_say_of_a_finding_stands_until_it_violates_anew(alerting, hub, status):
    """SUPPRESSED even longer: Security Hub leaves that to those who said it."""
    update(alerting, BAD)
    key = {name: hub.findings()["j-1"][name] for name in ("Id", "ProductArn")}
    client("securityhub").batch_update_findings(
        FindingIdentifiers=[key], Workflow={"Status": status}
    )
    update(alerting, WORSE, now=hours(1))
    assert hub.states()["j-1"][2] == status
    update(alerting, ended={"j-1": None}, now=hours(2))
    assert hub.states()["j-1"] == ("PASSED", "ARCHIVED", status)
    update(alerting, BAD, now=hours(3))
    assert hub.states()["j-1"][2] == ("NEW" if status == "RESOLVED" else status)


def test_findings_of_others_are_left_alone(alerting, hub):
    """Other programs of the account import under the same product."""
    update(alerting, BAD)
    other = {name: value for name, value in hub.findings()["j-1"].items() if name not in OWNED}
    client("securityhub").batch_import_findings(Findings=[other | {"Id": "scanner/j-1"}])
    client("securityhub").batch_import_findings(
        Findings=[other | {"Id": other["Id"].replace("Cluster", "SecurityConfiguration")}]
    )
    with hub.watched() as calls:
        update(alerting, BAD, ended={"scanner": None}, now=hours(1))
    assert calls == [READ]


def test_a_launch_is_imported_at_once(alerting, hub):
    """By one call; the sweep that follows finds it as it should be."""
    with hub.watched() as calls:
        alerting.hub.import_violation(BAD, NOW)
        update(alerting, BAD)
    assert calls == [IMPORT, READ]
    assert hub.states() == {"j-1": OPEN}


def test_a_launch_that_security_hub_does_not_take_is_only_logged(alerting, hub, caplog):
    """An error would have the launch delivered again; the next sweep makes up for it."""
    client("securityhub").disable_security_hub()
    with caplog.at_level(logging.WARNING):
        alerting.hub.import_violation(BAD, NOW)
    (line,) = caplog.records
    assert (line.message, line.resource_id) == ("not in Security Hub", "j-1")
    assert line.why.startswith("BatchImportFindings: InvalidAccessException: Account ")
    client("securityhub").enable_security_hub()
    update(alerting, BAD)
    assert hub.states() == {"j-1": OPEN}


def test_a_warning_that_changes_is_shown(alerting, hub):
    """It is no news for an alert, but the finding says what is so now."""
    update(alerting, BAD)
    warned = judged(violating(BARE, Reason.CERTIFICATES_EXPIRING))
    update(alerting, warned, now=hours(1))
    assert "CERTIFICATES_EXPIRING" in hub.findings()["j-1"]["Description"]


def test_a_violation_that_is_not_judged_again_is_not_forgotten(alerting, hub):
    """A security configuration is judged once, and Security Hub deletes what nobody updates."""
    alerting.violation(BAD, NOW)
    update(alerting, BAD)
    before = hub.findings()["j-1"]
    with hub.watched() as calls:
        assert alerting.hub.after_sweep([], {}, hours(24 * 29)) == {}
    assert IMPORT not in calls
    with hub.watched() as calls:
        assert alerting.hub.after_sweep([], {}, hours(24 * 31)) == {}
    assert calls.count(IMPORT) == 1
    after = hub.findings()["j-1"]
    assert hub.states() == {"j-1": OPEN}
    changing = {"UpdatedAt", "ProcessedAt"}
    told = {name for name in before if before[name] != after.get(name)}
    assert told <= changing | {"ProductFields"}
    assert after["UpdatedAt"] > before["UpdatedAt"]


def test_a_sweep_says_what_security_hub_refused(alerting):
    """People have been told; it is a problem of the sweep all the same."""
    with refusing("securityhub", READ):
        problems = alerting.hub.after_sweep([BAD], {}, LATER)
    assert list(problems) == ["Security Hub"]
    assert problems["Security Hub"].startswith("GetFindings: Access")


def test_a_cluster_that_only_security_hub_remembers_is_looked_for(alerting):
    """The ledger was down when its launch was alerted, and it ended before any sweep."""
    update(alerting, BAD)
    assert set(alerted_clusters(alerting)) == {"j-1"}
    with refusing("securityhub", READ):
        assert set(alerted_clusters(alerting)) == set()
