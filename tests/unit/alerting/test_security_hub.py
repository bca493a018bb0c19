"""Findings in Security Hub: in step with what violates and what has ended, with few imports."""

import logging
from datetime import timedelta

import pytest
from moto import mock_aws

from emr_in_transit import sweep_alerts
from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Kind,
    gone,
)
from emr_in_transit.aws.errors import LedgerError, SecurityHubError
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Verdict
from emr_in_transit.sweep_result import SweepResult
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
    spoil,
    unreachable,
    unwritable,
    violating,
)
from tests.support.facts import NOW
from tests.support.hub import Hub

BAD = judged()
WORSE = judged(violating(BARE, OLD))
COMPLIES = judged(GOOD)
EXEMPT = judged(Verdict(Compliance.NOT_APPLICABLE, protection="Exempt."))
GONE = gone(CLUSTER_TYPE, "j-1")
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


def update(alerting, *told, now=LATER):
    alerting.security_hub.update(CLUSTER_TYPE, told, now)


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

        update(alerting, COMPLIES, now=hours(3))
        assert hub.states() == {"j-1": CLOSED}
        assert hub.findings()["j-1"]["Description"] == "The violation has ended. PEM."

        update(alerting, BAD, now=hours(4))
        assert hub.states() == {"j-1": OPEN}
    assert calls.count(IMPORT) == 4


def after_sweep(alerting, now):
    """Bring the findings in step as a sweep does that has judged nothing."""
    for resource_type in (CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE):
        alerting.security_hub.update(resource_type, (), now)


def test_what_is_shown_already_costs_no_import(alerting, hub):
    """Security Hub bills imports; a sweep every hour asks only what it shows."""
    update(alerting, BAD)
    with hub.watched() as calls:
        for count in range(24):
            update(alerting, BAD, gone(CLUSTER_TYPE, "j-2"), now=hours(count))
    assert calls == [READ] * 24
    with hub.watched() as calls:
        update(alerting, BAD, now=hours(24 * 31))
    assert calls == [READ, IMPORT], "before Security Hub forgets it"


@pytest.mark.parametrize("ended", [COMPLIES, EXEMPT, GONE], ids=["good", "exempt", "gone"])
def test_what_never_violated_leaves_no_finding(alerting, hub, ended):
    """There is nothing to close."""
    update(alerting, ended)
    assert hub.states() == {}


def test_hundreds_are_imported_and_closed_in_batches(alerting, hub):
    """Security Hub takes a hundred at once, and shows a hundred on a page."""
    with hub.watched() as calls:
        update(alerting, *many(250))
    assert calls == [READ] + [IMPORT] * 3
    assert set(hub.states().values()) == {OPEN}
    with hub.watched() as calls:
        update(
            alerting, *(gone(CLUSTER_TYPE, each.resource_id) for each in many(250)), now=hours(9)
        )
    assert calls == [READ] * 3 + [UPDATE] * 3 + [IMPORT] * 3
    assert set(hub.states().values()) == {CLOSED}
    assert len(hub.states()) == 250


def test_what_could_not_be_judged_keeps_its_finding(alerting, hub):
    """Neither violating nor ended: nobody knows."""
    alerting.tell([BAD], NOW)
    update(alerting, BAD)
    update(alerting, now=hours(1))
    assert hub.states() == {"j-1": OPEN}


@pytest.mark.parametrize("operation", [READ, UPDATE, IMPORT])
def test_an_end_that_security_hub_did_not_take_is_told_again(alerting, hub, operation):
    """The cluster has gone meanwhile, and only its closed episode remembers it."""
    alerting.tell([BAD], NOW)
    update(alerting, BAD)
    alerting.tell([GONE], LATER)
    with (
        refusing("securityhub", operation),
        pytest.raises(SecurityHubError, match=f"^{operation}: Access"),
    ):
        update(alerting, GONE, now=hours(1))
    assert hub.states()["j-1"][:2] == OPEN[:2]
    update(alerting, now=hours(2))
    assert hub.states() == {"j-1": CLOSED}
    with hub.watched() as calls:
        update(alerting, now=hours(3))
    assert calls == [READ]


def test_a_finding_that_is_not_resolved_is_not_archived(alerting, hub, monkeypatch):
    """It would be out of sight, and its workflow NEW for ever."""
    update(alerting, BAD)
    resolve = alerting.security_hub._hub.resolve
    monkeypatch.setattr(
        alerting.security_hub._hub, "resolve", lambda findings: {f["Id"] for f in findings}
    )
    with pytest.raises(SecurityHubError, match=r"^1 findings were refused, .*/j-1 among them$"):
        update(alerting, GONE, now=hours(1))
    assert hub.states() == {"j-1": OPEN}
    monkeypatch.setattr(alerting.security_hub._hub, "resolve", resolve)
    update(alerting, GONE, now=hours(2))
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
    update(alerting, GONE, now=hours(2))
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
        update(alerting, BAD, gone(CLUSTER_TYPE, "scanner"), now=hours(1))
    assert calls == [READ]


def test_a_launch_is_imported_at_once(alerting, hub):
    """By one call; the sweep that follows finds it as it should be."""
    with hub.watched() as calls:
        alerting.security_hub.import_violation(BAD, NOW)
        update(alerting, BAD)
    assert calls == [IMPORT, READ]
    assert hub.states() == {"j-1": OPEN}


def test_a_launch_that_security_hub_does_not_take_is_only_logged(alerting, hub, caplog):
    """An error would have the launch delivered again; the next sweep makes up for it."""
    client("securityhub").disable_security_hub()
    with caplog.at_level(logging.WARNING):
        alerting.security_hub.import_violation(BAD, NOW)
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
    alerting.tell([BAD], NOW)
    update(alerting, BAD)
    before = hub.findings()["j-1"]
    with hub.watched() as calls:
        after_sweep(alerting, hours(24 * 29))
    assert IMPORT not in calls
    with hub.watched() as calls:
        after_sweep(alerting, hours(24 * 31))
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
        result = sweep_alerts._tell(alerting, SweepResult({}, judged=(BAD,)))
    assert list(result.problems) == ["Security Hub"]
    assert result.problems["Security Hub"].startswith("GetFindings: Access")
    assert result.alerts == 1


def test_a_violation_that_cannot_be_written_stops_no_sweep(alerting, hub):
    """Neither the digest of eleven others nor their findings; only that one is a problem."""
    told = (*many(11), unwritable(cluster_id="j-900"), judged(GOOD, "j-901"))
    result = sweep_alerts._tell(alerting, SweepResult({}, judged=told))
    assert (result.alerts, result.problems.keys()) == (11, {"j-900"})
    assert hub.states() == {each.resource_id: OPEN for each in many(11)}


def test_a_cluster_that_only_security_hub_remembers_is_looked_for(alerting):
    """The ledger was down when its launch was alerted, and it ended before any sweep."""
    update(alerting, BAD)
    assert set(sweep_alerts.told_clusters(alerting)[Kind.VIOLATION]) == {"j-1"}
    with refusing("securityhub", READ):
        assert set(sweep_alerts.told_clusters(alerting)[Kind.VIOLATION]) == set()


@pytest.mark.parametrize("ended", [COMPLIES, EXEMPT, GONE], ids=["good", "exempt", "gone"])
def test_the_end_of_a_violation_closes_its_finding(alerting, hub, ended):
    """What complies says by what; of the rest it is enough that it is over."""
    update(alerting, BAD)
    update(alerting, ended, now=hours(1))
    assert hub.states() == {"j-1": CLOSED}
    assert hub.findings()["j-1"]["Description"] == (
        "The violation has ended. "
        + ("PEM." if ended is COMPLIES else "The resource is exempt, or has gone.")
    )


def test_a_violation_that_cannot_be_written_costs_no_other_its_finding(alerting, hub, caplog):
    """It is named as refused; what ends at the same time is closed."""
    update(alerting, *many(3))
    told = [*many(2), judged(cluster_id="j-new"), unwritable(cluster_id="j-900")]
    with pytest.raises(SecurityHubError, match=r"^1 findings were refused, .*/j-900 among them$"):
        update(alerting, *told, gone(CLUSTER_TYPE, "j-002"), now=hours(1))
    assert hub.states() == {"j-000": OPEN, "j-001": OPEN, "j-002": CLOSED, "j-new": OPEN}
    [line] = [each for each in caplog.records if each.message == "not in words"]
    assert (line.resource_id, bool(line.exc_info)) == ("j-900", True)


def test_a_violation_that_cannot_be_written_any_more_keeps_the_finding_that_it_has(alerting, hub):
    """It violates as before, and Security Hub says so."""
    update(alerting, BAD)
    before = hub.findings()["j-1"]
    with hub.watched() as calls, pytest.raises(SecurityHubError, match="/j-1 among them"):
        update(alerting, unwritable(), now=hours(1))
    assert calls == [READ]
    assert hub.findings()["j-1"] == before


def test_an_end_needs_no_words_of_the_resource(alerting, hub):
    """What names it is what Security Hub shows already."""
    update(alerting, BAD)
    update(alerting, unwritable(GOOD), now=hours(1))
    assert hub.states() == {"j-1": CLOSED}


def test_an_episode_that_cannot_be_read_closes_no_finding(alerting, hub):
    """Nobody knows whether its violation is over; those of the others are."""
    alerting.tell(many(2), NOW)
    update(alerting, *many(2))
    alerting.tell([gone(CLUSTER_TYPE, each.resource_id) for each in many(2)], LATER)
    spoil("j-000", {"version": None})
    update(alerting, now=hours(1))
    assert hub.states() == {"j-000": OPEN, "j-001": CLOSED}


def test_a_ledger_that_does_not_answer_is_an_error_where_it_is_needed(alerting, hub):
    """Only there: what was judged says enough of itself."""
    update(alerting, *many(2))
    with unreachable("dynamodb"):
        update(alerting, *many(1), gone(CLUSTER_TYPE, "j-001"), now=hours(1))
        assert hub.states() == {"j-000": OPEN, "j-001": CLOSED}
        with pytest.raises(LedgerError, match=r"^Query: EndpointConnectionError"):
            update(alerting, now=hours(2))
    assert hub.states()["j-000"] == OPEN
