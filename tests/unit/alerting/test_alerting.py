"""Alerting on one resource: told once, told of the end, and never marked as told when it was not."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
from moto import mock_aws

from emr_in_transit.alerting.alert import CLUSTER_TYPE, DetectedBy
from emr_in_transit.alerting.alerting import CLAIM_ATTEMPTS, ClaimedElsewhereError
from emr_in_transit.alerting.episode import (
    State,
    Told,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    fingerprint,
)
from emr_in_transit.aws.errors import LedgerError, PublishError
from tests.support.builders import (
    BARE,
    GOOD,
    LATER,
    OLD,
    Inbox,
    judged,
    make_alerting,
    make_table,
    on,
    refusing,
    unreachable,
    violating,
)
from tests.support.facts import NOW

BAD = judged()
WORSE = judged(violating(BARE, OLD))


@pytest.fixture
def inbox():
    """A topic and an empty ledger."""
    with mock_aws():
        make_table()
        yield Inbox()


@pytest.fixture
def alerting(inbox):
    return make_alerting(inbox.arn, DetectedBy.LAUNCH_CHECK)


def episode(alerting):
    return alerting.episodes.get(CLUSTER_TYPE, "j-1")


def claim_for_another(alerting, told=BAD, alert_id="theirs"):
    """Have another function claim what there is, and die or go on."""
    claimed = claimed_episode(episode(alerting), fingerprint(told.verdict), alert_id, NOW)
    alerting.episodes.put(CLUSTER_TYPE, "j-1", claimed)
    return claimed


def test_a_violation_is_told_once(alerting, inbox):
    """However often it is met, and by whichever way."""
    assert alerting.violation(BAD, NOW) is Told.NOW
    assert alerting.violation(BAD, NOW) is Told.BEFORE
    assert alerting.violation(judged(name="renamed"), LATER, at_launch=True) is Told.BEFORE
    assert inbox.told == [("violation", ["j-1"])]
    assert (episode(alerting).state, episode(alerting).alert_id) == (State.SENT, inbox.ids[0])


def test_a_violation_that_grows_is_told_once_more(alerting, inbox):
    """With an alert id of its own; one that shrinks is not told again, nor when it grows back."""
    for told in (BAD, WORSE, WORSE, BAD, WORSE):
        alerting.violation(told, LATER)
    assert inbox.told == [("violation", ["j-1"])] * 2
    assert len(set(inbox.ids)) == 2
    assert episode(alerting).sent == fingerprint(WORSE.verdict)


def test_a_violation_that_comes_back_after_its_end_is_told_anew(alerting, inbox):
    """Resolved and broken again: once more, under a new alert id."""
    for _ in range(2):
        alerting.violation(BAD, NOW)
        alerting.ended(CLUSTER_TYPE, "j-1", judged(GOOD), NOW)
    assert [kind for kind, _ in inbox.told] == ["violation", "resolved"] * 2
    first, end, second, second_end = inbox.ids
    assert (first, second) == (end, second_end)
    assert first != second


def test_a_claim_of_another_function_is_left_to_it_while_its_lease_runs(alerting, inbox):
    """A retry finds out whether it has told people."""
    claim_for_another(alerting)
    with pytest.raises(ClaimedElsewhereError, match="j-1: another function has claimed it"):
        alerting.violation(BAD, NOW + timedelta(seconds=44), at_launch=True)
    assert inbox.told == []


def test_a_claim_whose_lease_has_lapsed_is_taken_over_with_its_alert_id(alerting, inbox):
    """Its function died: before it published, or after, which the same id then shows."""
    claim_for_another(alerting)
    assert alerting.violation(BAD, LATER) is Told.NOW
    assert inbox.ids == ["theirs"]
    assert episode(alerting).state is State.SENT


def test_a_function_that_was_taken_over_changes_nothing_when_it_wakes_up(alerting, inbox):
    """What the other one wrote stands."""
    late = claim_for_another(alerting)
    alerting.violation(WORSE, LATER)
    told = episode(alerting)
    alerting.confirm(BAD, late)
    assert episode(alerting) == told
    assert inbox.ids == ["theirs"]


def interfere(*turns):
    """Have another function act between reading and writing, once for each of ``turns``."""
    left = list(turns)
    busy = []

    def act(**_):
        if left and not busy:  # what the other one writes is a write too
            busy.append(True)
            left.pop(0)()
            busy.clear()

    return on("dynamodb", "before-call.dynamodb.PutItem", act)


def test_of_two_functions_at_the_same_moment_one_tells_and_the_other_waits(alerting, inbox):
    """Both have read that there is no episode; only one write succeeds."""
    with (
        interfere(lambda: claim_for_another(alerting)),
        pytest.raises(ClaimedElsewhereError),
    ):
        alerting.violation(BAD, NOW)
    assert inbox.told == []
    assert episode(alerting).alert_id == "theirs"


def test_a_function_that_was_slower_by_a_moment_finds_that_people_were_told(alerting, inbox):
    """The other one published and confirmed in between."""

    def tell():
        alerting.confirm(BAD, claim_for_another(alerting))

    with interfere(tell):
        assert alerting.violation(BAD, NOW) is Told.BEFORE
    assert inbox.told == []


def churn(alerting):
    """Have another function write an episode that leaves the violation to be told."""
    before = episode(alerting)
    claimed = claimed_episode(before, frozenset({"X"}), "churn", NOW)
    alerting.episodes.put(CLUSTER_TYPE, "j-1", claimed)
    alerting.episodes.put(CLUSTER_TYPE, "j-1", closed_episode(claimed))


def test_a_claim_that_fails_again_and_again_is_left_to_a_retry(alerting, inbox):
    """It does not turn in circles for ever; one time less, and it succeeds."""
    turns = [lambda: churn(alerting)] * CLAIM_ATTEMPTS
    with interfere(*turns), pytest.raises(ClaimedElsewhereError):
        alerting.violation(BAD, NOW)
    assert inbox.told == []
    with interfere(*turns[1:]):
        assert alerting.violation(BAD, NOW) is Told.NOW
    assert inbox.told == [("violation", ["j-1"])]


@pytest.mark.parametrize("at_launch", [True, False])
def test_what_sns_does_not_take_is_not_marked_as_sent(alerting, inbox, at_launch):
    """The next one who meets it after the lease tells people, under the same alert id."""
    with refusing("sns", "Publish", "AuthorizationError"), pytest.raises(PublishError):
        alerting.violation(BAD, NOW, at_launch=at_launch)
    claimed = episode(alerting)
    assert (claimed.state, claimed.sent) == (State.PENDING, frozenset())
    assert alerting.violation(BAD, LATER, at_launch=at_launch) is Told.NOW
    assert inbox.ids == [claimed.alert_id]


def test_without_the_ledger_only_a_launch_is_told(alerting, inbox, caplog):
    """At launch better twice than never, and the log says so; a sweep comes again."""
    with unreachable("dynamodb"):
        with pytest.raises(LedgerError, match="GetItem"):
            alerting.violation(BAD, NOW)
        assert inbox.told == []
        assert alerting.violation(BAD, NOW, at_launch=True) is Told.NOW
    assert inbox.told == [("violation", ["j-1"])]
    assert [each.why for each in caplog.records if each.message == "alert sent without the ledger"]


def test_a_ledger_that_fails_at_the_claim_is_no_ledger_either(alerting, inbox):
    """It can be read, but not be written."""
    with refusing("dynamodb", "PutItem"):
        assert alerting.violation(BAD, NOW, at_launch=True) is Told.NOW
    assert inbox.told == [("violation", ["j-1"])]
    assert episode(alerting) is None


def test_a_ledger_that_fails_at_the_confirmation_is_an_error(alerting, inbox):
    """People have been told; the retry repeats it under the same alert id, which shows."""
    with ExitStack() as outage:

        def begin(**_):
            outage.enter_context(refusing("dynamodb", "PutItem"))

        outage.enter_context(on("sns", "before-call.sns.Publish", begin))
        with pytest.raises(LedgerError, match="PutItem"):
            alerting.violation(BAD, NOW, at_launch=True)
    assert alerting.violation(BAD, LATER, at_launch=True) is Told.NOW
    assert len(inbox.ids) == 2
    assert len(set(inbox.ids)) == 1


def test_an_event_of_the_launch_that_comes_after_the_end_tells_nobody(alerting, inbox):
    """CloudTrail may be minutes late, and the cluster gone: its violation is no new one."""
    alerting.violation(BAD, NOW, at_launch=True)
    alerting.ended(CLUSTER_TYPE, "j-1", None, LATER)
    assert alerting.violation(BAD, LATER, at_launch=True) is Told.BEFORE
    assert inbox.told == [("violation", ["j-1"])]
    assert episode(alerting).state is State.CLOSED


@pytest.mark.parametrize(
    ("complies", "send_resolved", "kinds"),
    [
        (judged(GOOD), True, ["violation", "resolved"]),
        (judged(GOOD), False, ["violation"]),
        (None, True, ["violation"]),
        (None, False, ["violation"]),
    ],
    ids=["complies", "complies, messages off", "exempt or gone", "gone, messages off"],
)
def test_an_episode_is_closed_with_a_message_only_where_the_resource_complies(
    inbox, complies, send_resolved, kinds
):
    """An exemption is no repair, and what has gone is no news."""
    alerting = make_alerting(inbox.arn, DetectedBy.LAUNCH_CHECK, send_resolved=send_resolved)
    alerting.violation(BAD, NOW)
    for _ in range(2):
        alerting.ended(CLUSTER_TYPE, "j-1", complies, LATER)
    assert [kind for kind, _ in inbox.told] == kinds
    assert len(set(inbox.ids)) == 1
    assert episode(alerting).state is State.CLOSED


def test_nobody_is_told_of_the_end_of_what_nobody_was_told_of(alerting, inbox):
    """Neither where there is no episode, nor where its alert was never confirmed."""
    alerting.ended(CLUSTER_TYPE, "j-1", judged(GOOD), NOW)
    assert episode(alerting) is None
    claim_for_another(alerting)
    alerting.ended(CLUSTER_TYPE, "j-1", judged(GOOD), NOW)
    assert inbox.told == []
    assert episode(alerting).state is State.CLOSED


def test_an_end_that_sns_does_not_take_is_told_by_the_next_run(alerting, inbox):
    """The episode stays open until people know."""
    alerting.violation(BAD, NOW)
    with refusing("sns", "Publish", "Throttled"), pytest.raises(PublishError):
        alerting.ended(CLUSTER_TYPE, "j-1", judged(GOOD), NOW)
    assert episode(alerting).state is State.SENT
    alerting.ended(CLUSTER_TYPE, "j-1", judged(GOOD), LATER)
    assert [kind for kind, _ in inbox.told] == ["violation", "resolved"]


def test_an_episode_that_another_function_changed_meanwhile_is_left_to_it(alerting, caplog):
    """It violates again, says the other; what is written later counts."""
    caplog.set_level("INFO")
    alerting.violation(BAD, NOW)
    stale = episode(alerting)
    worse = claim_for_another(alerting, WORSE)
    alerting.end(CLUSTER_TYPE, "j-1", stale, None, NOW)
    assert episode(alerting) == worse
    assert caplog.records[-1].message == "episode changed meanwhile"
    assert confirmed_episode(worse).sent == fingerprint(WORSE.verdict)


def test_each_message_is_one_line_of_the_log(alerting, caplog):
    """With its alert id, so that a message can be traced back."""
    caplog.set_level("INFO")
    alerting.violation(BAD, NOW)
    [line] = [each for each in caplog.records if each.message == "alert sent"]
    assert (line.kind, line.resources, line.alert_id) == (
        "violation",
        1,
        episode(alerting).alert_id,
    )


def test_an_alert_that_nobody_could_read_is_held_back_and_not_taken_for_told(
    alerting, inbox, caplog
):
    """The first email asks for a confirmation; what SNS takes before that reaches nobody."""
    inbox.count(confirmed=0)
    assert alerting.violation(BAD, NOW) is Told.NOT_YET
    assert alerting.violation(BAD, NOW, at_launch=True) is Told.NOT_YET
    assert (inbox.documents, episode(alerting)) == ([], None)
    assert [each.why for each in caplog.records] == ["the topic has no confirmed subscription"] * 2
    inbox.count(confirmed=1)
    assert alerting.violation(BAD, LATER) is Told.NOW
    assert len(inbox.documents) == 1
