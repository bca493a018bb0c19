"""Digests: many new violations in one run are one message, and each of them is told once."""

from collections import Counter

import pytest

from tests.end_to_end.watched import Watched
from tools.account import RULE

FLEET = 250


@pytest.fixture(scope="module")
def old_fleet(simulator):
    """A deployment over bad clusters that have been there for long."""
    simulator.reset()
    account = Watched(simulator)
    account.prepare()
    for number in range(FLEET):
        account.launch(f"old-{number}")
    account.change(EmrCallShare="100")
    return account


def test_the_first_deployment_over_250_bad_clusters_is_one_message_and_never_repeated(old_fleet):
    """The email counts them by reason and names the first 50, the document names all."""
    (message,) = old_fleet.published()
    (email,) = old_fleet.emails()
    assert message.document["kind"] == "digest"
    told = {resource["resourceId"] for resource in message.document["resources"]}
    assert told == old_fleet.results().keys()
    assert len(told) == FLEET
    assert f"{FLEET} clusters not encrypted in transit" in email["subject"]
    assert f"{FLEET}  NO_SECURITY_CONFIGURATION" in email["text"]
    assert sum(cluster in email["text"] for cluster in told) == 50
    assert "and 200 more" in email["text"]

    assert old_fleet.sweep()["ok"]
    assert len(old_fleet.published()) == 1


def test_a_sweep_cut_short_between_publishing_and_confirming_repeats_only_what_is_unconfirmed(
    old_fleet,
):
    """The repeats carry the alertId of the digest that people may have got."""
    alerts = old_fleet
    alerts.simulator.set_events(drop=True)
    clusters = {alerts.launch(f"new-{number}") for number in range(12)}
    dead = {"code": "InternalServerError", "status": 500}
    alerts.simulator.add_fault(
        "dynamodb", "PutItem", body_contains='{"S": "sent"}', after=4, **dead
    )
    alerts.simulator.settle()
    before = len(alerts.published())
    attempts = alerts.simulator.schedule(RULE)
    assert "InternalServerError" in attempts[0]["error_message"]
    assert [each["ok"] for each in attempts[1:]] == [True]  # the claims are not its own
    (digest,) = alerts.published()[before:]
    assert {each["resourceId"] for each in digest.document["resources"]} == clusters

    alerts.simulator.clear_faults()
    for _ in range(2):
        assert alerts.sweep()["ok"]
    repeats = [each.document for each in alerts.published()[before + 1 :]]
    assert {each["alertId"] for each in repeats} == {digest.document["alertId"]}
    told_again = Counter(each["resourceId"] for each in repeats)
    assert len(told_again) == 12 - 4
    assert set(told_again.values()) == {1}


def test_nothing_is_told_before_somebody_can_read_it_and_all_of_it_afterwards(simulator):
    """The owner of AlertEmail has to confirm; the deployment's own sweep does not wait for that."""
    simulator.reset()
    simulator.confirm_emails(confirm=False)
    account = Watched(simulator)
    account.prepare()
    old = {account.launch(f"old-{number}") for number in range(11)}
    account.change()
    assert set(account.results()) == old, "recorded all the same"
    early = account.launch_and_wait("launched before the confirmation")
    assert (account.published(), account.emails()) == ([], [])

    simulator.confirm_emails()
    assert account.sweep()["ok"]
    (email,) = account.emails()
    (message,) = account.published()
    told = {resource["resourceId"] for resource in message.document["resources"]}
    assert told == old | {early}
    assert "12 clusters not encrypted in transit" in email["subject"]
    late = account.launch_and_wait("launched after it")
    assert account.published()[-1].document["resourceId"] == late
