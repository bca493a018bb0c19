"""Exemptions by tag, from the tag on a cluster to what AWS Config records and people read."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.end_to_end.depth import alerts, configuration, sweep, verdict

pytestmark = pytest.mark.usefixtures("scanned_too")
KEY = "encryption-exempt"
TODAY = datetime.now(UTC).date()
FUTURE = f"{TODAY + timedelta(days=30)} lab, no data"
FAR = f"{TODAY + timedelta(days=60)} lab, no data"
PAST = str(TODAY - timedelta(days=1))


def test_an_exemption_that_lasts_longer_than_allowed_does_not_exempt(account):
    """The launch check and the sweep say the same, by a setting that both functions have."""
    account.outputs = account.deploy(ExemptionTagKey=KEY, ExemptionMaxDays="45")
    account.simulator.settle()
    near, far, undated = (launched(account, each) for each in (FUTURE, FAR, "sandbox"))
    summary = sweep(account)
    assert [verdict(account, each)[0] for each in (near, far, undated)] == [
        *("no verdict", "NON_COMPLIANT", "NON_COMPLIANT")
    ]
    assert (summary["exempted_violations"], summary["error"]) == (1, None)
    for cluster, why in ((far, "is more than 45 days away"), (undated, "it has no end")):
        (alert,) = alerts(account, cluster)
        assert (alert["kind"], alert["detectedBy"]) == ("violation", "LAUNCH_CHECK")
        assert why in alert["findings"][0]["detail"]


@pytest.fixture
def exempting(account):
    """An account whose rule exempts clusters with the tag."""
    account.outputs = account.deploy(ExemptionTagKey=KEY)
    account.simulator.settle()
    return account


def tag(value):
    """Make the tags of a cluster."""
    return [{"Key": KEY, "Value": value}]


def launched(account, value=None, name=None):
    """Launch a cluster with the tag, if any, without encryption unless a configuration is named."""
    cluster = account.launch("lab", name, Tags=tag(value) if value is not None else [])
    account.simulator.settle()
    return cluster


def test_the_value_of_the_tag_says_how_long_the_exemption_holds(exempting):
    """A future date and no date exempt; a past date and a malformed one do not, and it is said."""
    account = exempting
    future, undated = launched(account, FUTURE), launched(account, "sandbox")
    past, malformed = launched(account, PAST), launched(account, "2027-02-30")
    good = launched(account, FUTURE, configuration(account))
    untagged = launched(account)
    summary = sweep(account)

    for exempt, until in ((future, FUTURE[:10]), (undated, None), (good, "not told")):
        assert verdict(account, exempt)[0] == "no verdict"
        told = [(each["kind"], each["exemption"]["until"]) for each in alerts(account, exempt)]
        assert told == ([("exempted", until)] if exempt != good else [])
    for judged, note in (
        (past, f'The exemption by tag "{KEY}" ended on {PAST}. '),
        (malformed, f'The exemption by tag "{KEY}" does not hold: "2027-02-30" begins with no '),
        (untagged, "No security configuration is attached."),
    ):
        compliance, annotation = verdict(account, judged)
        assert compliance == "NON_COMPLIANT"
        assert annotation.startswith(f"NO_SECURITY_CONFIGURATION: {note}")
        (alert,) = alerts(account, judged)
        assert alert["findings"][0]["detail"].startswith(note)
    assert (summary["not_applicable"], summary["exempted_violations"]) == (3, 2)
    assert (summary["non_compliant"], summary["error"]) == (3, None)


def test_a_tag_that_is_added_or_taken_after_launch_counts_at_the_next_sweep(exempting):
    """Tags come from the tagging API in one call, and no cluster is described again for them."""
    account = exempting
    clusters = [launched(account) for _ in range(3)]
    sweep(account)
    first = clusters[0]
    assert verdict(account, first)[0] == "NON_COMPLIANT"

    account.emr.add_tags(ResourceId=first, Tags=tag(FUTURE))
    account.simulator.clear_journal()
    assert sweep(account)["exempted_violations"] == 1
    assert [verdict(account, each)[0] for each in clusters] == [
        *("no verdict", "NON_COMPLIANT", "NON_COMPLIANT")
    ]
    assert len(account.simulator.journal("resourcegroupstaggingapi", "GetResources")) == 1
    assert [each["operation"] for each in account.simulator.journal("emr")] == ["ListClusters"]

    account.emr.remove_tags(ResourceId=first, TagKeys=[KEY])
    assert sweep(account)["exempted_violations"] == 0
    assert verdict(account, first)[0] == "NON_COMPLIANT"
    # Exempting is no resolution, and what is back is a new violation.
    told = alerts(account, first)
    assert [each["kind"] for each in told] == ["violation", "exempted", "violation"]
    ids = [each["alertId"] for each in told]
    assert ids[0] == ids[1] != ids[2]


def test_without_the_tagging_api_only_what_complies_is_recorded(exempting):
    """Whether a violating cluster is exempt is not known then: its result stays, the run fails."""
    account = exempting
    good = launched(account, None, configuration(account))
    bad, exempt = launched(account), launched(account, FUTURE)
    sweep(account)
    before = verdict(account, bad)
    # What is on record is as old as it takes for a result to be put again.
    account.simulator.age_evaluations(90_000)
    account.simulator.clear_invocations()
    put_before = {each: account.results()[each]["ResultRecordedTime"] for each in (good, bad)}
    account.simulator.add_fault("tagging", "GetResources", code="AccessDeniedException")

    summary = sweep(account)
    assert summary["error"].startswith("2 could not be judged, recorded or told: ")
    assert "GetResources: AccessDeniedException" in summary["error"]
    assert bad in summary["error"]
    assert exempt in summary["error"]
    assert good not in summary["error"]
    assert (summary["compliant"], summary["could_not_tell"]) == (1, 2)
    assert verdict(account, bad) == before
    assert verdict(account, exempt)[0] == "no verdict"
    recorded = {each: account.results()[each]["ResultRecordedTime"] for each in (good, bad)}
    assert recorded[good] > put_before[good]
    assert recorded[bad] == put_before[bad]
    assert [each["kind"] for each in alerts(account, exempt)] == ["exempted"], "at its launch"
    assert [each["ok"] for each in account.simulator.invocations()] == [False] * 3  # Lambda retries

    account.simulator.clear_faults()
    summary = sweep(account)
    assert (summary["error"], summary["exempted_violations"]) == (None, 1)
    assert verdict(account, exempt)[0] == "no verdict"
    assert account.results()[bad]["ResultRecordedTime"] > put_before[bad]
