"""Alerting on one resource: told once, told of the end, and never marked as told when it was not."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    Resource,
    gone,
)
from emr_in_transit.alerting.alerting import (
    CLAIM_ATTEMPTS,
    RESERVE,
    AlertingResult,
    ClaimedElsewhereError,
)
from emr_in_transit.alerting.episode import (
    Delivery,
    State,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    fingerprint,
)
from emr_in_transit.aws.errors import LedgerError, PublishError
from emr_in_transit.judgement.verdict import Compliance, Verdict
from tests.support.builders import (
    BARE,
    GOOD,
    LATER,
    OLD,
    items,
    judged,
    make_alerting,
    on,
    origin,
    refusing,
    spoil,
    unreachable,
    unwritable,
    violating,
)
from tests.support.facts import NOW

BAD = judged()
WORSE = judged(violating(BARE, OLD))
COMPLIES = judged(GOOD)
EXEMPT = judged(Verdict(Compliance.NOT_APPLICABLE, protection="Exempt."))
GONE = gone(CLUSTER_TYPE, "j-1")
NO_TIME = "not begun, the function's time is nearly up"


def launching(alerting):
    """Return the same alerting as the launch check has it."""
    return replace(alerting, origin=origin(DetectedBy.LAUNCH_CHECK))


def episode(alerting):
    return alerting.episodes.get(CLUSTER_TYPE, "j-1")


def tell(alerting, told, now=NOW):
    """Tell of one violation without any problem; return what became of its alert."""
    result = alerting.tell([told], now)
    assert result.problems == {}
    return result.deliveries["j-1"]


def tell_at_launch(alerting, told, now=NOW):
    """Tell of one violation at launch without any problem; return what became of its alert."""
    result = launching(alerting).tell_at_launch(told, now)
    assert result.problems == {}
    return result.deliveries["j-1"]


def end(alerting, ended, now=NOW):
    """Tell of the end of a violation without any problem."""
    assert alerting.tell([ended], now) == AlertingResult({}, {})


def by(alerting, at_launch):
    """Return the one way of telling of one violation, or the other."""
    if at_launch:
        return launching(alerting).tell_at_launch
    return lambda told, now: alerting.tell([told], now)


either_way = pytest.mark.parametrize("at_launch", [True, False])


def claim_for_another(alerting, told=BAD, alert_id="theirs"):
    """Have another function claim what there is, and die or go on."""
    claimed = claimed_episode(episode(alerting), fingerprint(told.verdict), alert_id, NOW)
    alerting.episodes.put(CLUSTER_TYPE, "j-1", claimed)
    return claimed


def test_a_violation_is_told_once(alerting, inbox):
    """However often it is met, and by whichever way."""
    assert tell(alerting, BAD) is Delivery.SENT
    assert tell(alerting, BAD) is Delivery.ALREADY_SENT
    assert tell_at_launch(alerting, judged(name="renamed"), LATER) is Delivery.ALREADY_SENT
    assert inbox.told == [("violation", ["j-1"])]
    assert (episode(alerting).state, episode(alerting).alert_id) == (State.SENT, inbox.ids[0])


def test_a_violation_that_grows_is_told_once_more(alerting, inbox):
    """With an alert id of its own; one that shrinks is not told again, nor when it grows back."""
    for told in (BAD, WORSE, WORSE, BAD, WORSE):
        tell(alerting, told, LATER)
    assert inbox.told == [("violation", ["j-1"])] * 2
    assert len(set(inbox.ids)) == 2
    assert episode(alerting).sent == fingerprint(WORSE.verdict)


def test_a_violation_that_comes_back_after_its_end_is_told_anew(alerting, inbox):
    """Resolved and broken again: once more, under a new alert id."""
    for _ in range(2):
        tell(alerting, BAD)
        end(alerting, COMPLIES)
    assert [kind for kind, _ in inbox.told] == ["violation", "resolved"] * 2
    first, end_of_first, second, end_of_second = inbox.ids
    assert (first, second) == (end_of_first, end_of_second)
    assert first != second


def test_a_security_configuration_is_told_of_by_its_name(alerting, inbox):
    """Its episode is none of a cluster with that id."""
    told = Judged(Resource(SECURITY_CONFIGURATION_TYPE, "j-1", "j-1", "j-1"), violating(OLD))
    assert tell(alerting, told) is Delivery.SENT
    assert tell(alerting, BAD) is Delivery.SENT
    assert tell(alerting, told) is Delivery.ALREADY_SENT
    assert [each["resourceType"] for each in inbox.documents] == [
        SECURITY_CONFIGURATION_TYPE,
        CLUSTER_TYPE,
    ]


@either_way
def test_a_claim_of_another_function_is_left_to_it_while_its_lease_runs(alerting, inbox, at_launch):
    """A retry finds out whether it has told people."""
    claim_for_another(alerting)
    told = by(alerting, at_launch)(BAD, NOW + timedelta(seconds=44))
    assert told == AlertingResult({"j-1": Delivery.CLAIMED_ELSEWHERE}, {})
    with pytest.raises(ClaimedElsewhereError, match=r"^j-1: another function has claimed it$"):
        told.raise_for("j-1")
    assert inbox.told == []


def test_a_claim_whose_lease_has_lapsed_is_taken_over_with_its_alert_id(alerting, inbox):
    """Its function died: before it published, or after, which the same id then shows."""
    claim_for_another(alerting)
    assert tell(alerting, BAD, LATER) is Delivery.SENT
    assert inbox.ids == ["theirs"]
    assert episode(alerting).state is State.SENT


def interfere(*turns, operation="dynamodb.PutItem"):
    """Have another function act before an operation, once for each of ``turns``."""
    left = list(turns)
    busy = []

    def act(**_):
        if left and not busy:  # what the other one writes is a write too
            busy.append(True)
            left.pop(0)()
            busy.clear()

    return on(operation.split(".")[0], f"before-call.{operation}", act)


def test_a_function_that_was_taken_over_changes_nothing_when_it_wakes_up(alerting, inbox):
    """What the other one wrote stands."""
    written = []

    def take_over():
        tell(alerting, WORSE, LATER)
        written.append(episode(alerting))

    with interfere(take_over, operation="sns.Publish"):
        assert tell(alerting, BAD) is Delivery.SENT
    assert [episode(alerting)] == written
    assert written[0].sent == fingerprint(WORSE.verdict)
    assert inbox.ids == [written[0].alert_id] * 2, "the repeat can be seen"


@either_way
def test_of_two_functions_at_the_same_moment_one_tells_and_the_other_waits(
    alerting, inbox, at_launch
):
    """Both have read that there is no episode; only one write succeeds."""
    with interfere(lambda: claim_for_another(alerting)):
        told = by(alerting, at_launch)(BAD, NOW)
    assert told == AlertingResult({"j-1": Delivery.CLAIMED_ELSEWHERE}, {})
    assert inbox.told == []
    assert episode(alerting).alert_id == "theirs"


def test_a_function_that_was_slower_by_a_moment_finds_that_people_were_told(alerting, inbox):
    """The other one published and confirmed in between."""

    def tell_them():
        claimed = claim_for_another(alerting)
        alerting.episodes.put(CLUSTER_TYPE, "j-1", confirmed_episode(claimed))

    with interfere(tell_them):
        assert tell(alerting, BAD) is Delivery.ALREADY_SENT
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
    with interfere(*turns):
        assert tell(alerting, BAD) is Delivery.CLAIMED_ELSEWHERE
    assert inbox.told == []
    with interfere(*turns[1:]):
        assert tell(alerting, BAD) is Delivery.SENT
    assert inbox.told == [("violation", ["j-1"])]


@either_way
def test_what_sns_does_not_take_is_not_marked_as_sent(alerting, inbox, at_launch):
    """The next one who meets it after the lease tells people, under the same alert id."""
    with refusing("sns", "Publish", "AuthorizationError"):
        told = by(alerting, at_launch)(BAD, NOW)
    assert told.deliveries == {"j-1": Delivery.NOT_SENT}
    assert told.problems == {"j-1": "Publish: AuthorizationError: no"}
    claimed = episode(alerting)
    assert (claimed.state, claimed.sent) == (State.PENDING, frozenset())
    told = by(alerting, at_launch)(BAD, LATER)
    assert told == AlertingResult({"j-1": Delivery.SENT}, {})
    assert inbox.ids == [claimed.alert_id]


def sent_without_ledger(caplog):
    """Return why an alert was sent without the ledger, each time."""
    return [each.why for each in caplog.records if each.message == "alert sent without the ledger"]


def test_without_the_ledger_only_a_launch_is_told(alerting, inbox, caplog):
    """At launch better twice than never, and the log says so; a sweep comes again."""
    with unreachable("dynamodb"):
        with pytest.raises(LedgerError, match="GetItem"):
            alerting.tell([BAD], NOW)
        assert inbox.told == []
        assert tell_at_launch(alerting, BAD) is Delivery.SENT
    assert inbox.told == [("violation", ["j-1"])]
    [why] = sent_without_ledger(caplog)
    assert why.startswith("GetItem: EndpointConnectionError")


def test_a_ledger_that_fails_at_the_claim_is_no_ledger_either(alerting, inbox, caplog):
    """It can be read, but not be written."""
    refused = "PutItem: AccessDeniedException: no"
    with refusing("dynamodb", "PutItem"):
        assert alerting.tell([BAD], NOW) == AlertingResult(
            {"j-1": Delivery.NOT_CLAIMED}, {"j-1": refused}
        )
        assert inbox.told == []
        assert tell_at_launch(alerting, BAD) is Delivery.SENT
    assert inbox.told == [("violation", ["j-1"])]
    assert sent_without_ledger(caplog) == [refused]
    assert episode(alerting) is None


def test_a_launch_that_neither_the_ledger_nor_sns_takes_is_not_sent(alerting, inbox):
    """Nobody has been told, and whoever asks again tries again."""
    with unreachable("dynamodb"), refusing("sns", "Publish", "Throttled"):
        assert alerting.tell_at_launch(BAD, NOW) == AlertingResult(
            {"j-1": Delivery.NOT_SENT}, {"j-1": "Publish: Throttled: no"}
        )
    assert tell_at_launch(alerting, BAD) is Delivery.SENT
    assert inbox.told == [("violation", ["j-1"])]


@either_way
def test_a_ledger_that_fails_at_the_confirmation_is_named(alerting, inbox, at_launch):
    """People have been told; the retry repeats it under the same alert id, which shows."""
    with ExitStack() as outage:

        def begin(**_):
            outage.enter_context(refusing("dynamodb", "PutItem"))

        outage.enter_context(on("sns", "before-call.sns.Publish", begin))
        assert by(alerting, at_launch)(BAD, NOW) == AlertingResult(
            {"j-1": Delivery.SENT},
            {"j-1": "sent, but not written down: PutItem: AccessDeniedException: no"},
        )
    told = by(alerting, at_launch)(BAD, LATER)
    assert told == AlertingResult({"j-1": Delivery.SENT}, {})
    assert len(inbox.ids) == 2
    assert len(set(inbox.ids)) == 1


def test_an_event_of_the_launch_that_comes_after_the_end_tells_nobody(alerting, inbox):
    """CloudTrail may be minutes late, and the cluster gone: its violation is no new one."""
    tell_at_launch(alerting, BAD)
    end(alerting, GONE, LATER)
    assert tell_at_launch(alerting, BAD, LATER) is Delivery.ALREADY_SENT
    assert inbox.told == [("violation", ["j-1"])]
    assert episode(alerting).state is State.CLOSED


def test_a_late_event_of_a_launch_that_meets_the_end_of_its_episode_tells_nobody(alerting, inbox):
    """It closes between reading and claiming, by the hand of a sweep."""

    def close():
        claimed = claim_for_another(alerting)
        alerting.episodes.put(CLUSTER_TYPE, "j-1", closed_episode(claimed))

    with interfere(close):
        assert tell_at_launch(alerting, BAD) is Delivery.ALREADY_SENT
    assert inbox.told == []


def test_a_launch_that_cannot_be_put_in_words_is_a_problem_of_its_own(alerting, inbox):
    """Without the ledger too, it is an error that names what is wrong."""
    with unreachable("dynamodb"):
        told = launching(alerting).tell_at_launch(unwritable(), NOW)
    assert told.deliveries == {"j-1": Delivery.NOT_SENT}
    assert told.problems["j-1"].startswith("its alert cannot be written (")
    assert inbox.told == []


def test_a_launch_whose_episode_cannot_be_read_is_told_all_the_same(alerting, inbox, caplog):
    """Nobody knows whether people have been told; others are left as they are."""
    tell(alerting, BAD)
    broken = spoil("j-1", {"state": {"S": "paused"}})
    told = alerting.tell([BAD], NOW)
    assert told.deliveries == {"j-1": Delivery.NOT_CLAIMED}
    assert told.problems["j-1"].startswith("the episode is none that can be read")
    assert tell_at_launch(alerting, BAD) is Delivery.SENT
    assert inbox.told == [("violation", ["j-1"])] * 2
    assert sent_without_ledger(caplog) == [
        "the episode is none that can be read (ValueError: 'paused' is not a valid State)"
    ]
    assert items() == [broken]


@pytest.mark.parametrize(
    ("ended", "send_resolved", "kinds"),
    [
        (COMPLIES, True, ["violation", "resolved"]),
        (COMPLIES, False, ["violation"]),
        (EXEMPT, True, ["violation"]),
        (GONE, True, ["violation"]),
        (GONE, False, ["violation"]),
    ],
    ids=["complies", "complies, messages off", "exempt", "gone", "gone, messages off"],
)
def test_an_episode_is_closed_with_a_message_only_where_the_resource_complies(
    inbox, ended, send_resolved, kinds
):
    """An exemption is no repair, and what has gone is no news."""
    alerting = make_alerting(inbox.arn, DetectedBy.LAUNCH_CHECK, send_resolved=send_resolved)
    tell(alerting, BAD)
    for _ in range(2):
        end(alerting, ended, LATER)
    assert [kind for kind, _ in inbox.told] == kinds
    assert len(set(inbox.ids)) == 1
    assert episode(alerting).state is State.CLOSED


def test_nobody_is_told_of_the_end_of_what_nobody_was_told_of(alerting, inbox):
    """Neither where there is no episode, nor where its alert was never confirmed."""
    end(alerting, COMPLIES)
    assert episode(alerting) is None
    claim_for_another(alerting)
    end(alerting, COMPLIES)
    assert inbox.told == []
    assert episode(alerting).state is State.CLOSED


def test_an_end_that_sns_does_not_take_is_told_by_the_next_run(alerting, inbox):
    """The episode stays open until people know."""
    tell(alerting, BAD)
    with refusing("sns", "Publish", "Throttled"):
        told = alerting.tell([COMPLIES], NOW)
    assert told == AlertingResult({}, {"j-1": "Publish: Throttled: no"}, ("j-1",))
    assert episode(alerting).state is State.SENT
    end(alerting, COMPLIES, LATER)
    assert [kind for kind, _ in inbox.told] == ["violation", "resolved"]


@pytest.mark.parametrize("ended", [COMPLIES, GONE], ids=["complies", "gone"])
def test_an_end_that_the_ledger_does_not_take_is_named_and_comes_again(alerting, inbox, ended):
    """Better told twice than an episode that is open for ever."""
    tell(alerting, BAD)
    with refusing("dynamodb", "PutItem"):
        told = alerting.tell([ended], NOW)
    assert told == AlertingResult({}, {"j-1": "PutItem: AccessDeniedException: no"})
    assert episode(alerting).state is State.SENT
    end(alerting, ended, LATER)
    assert episode(alerting).state is State.CLOSED
    assert [kind for kind, _ in inbox.told] == [
        "violation",
        *(["resolved"] * 2 if ended is COMPLIES else []),
    ]


def test_an_episode_that_another_function_changed_meanwhile_is_left_to_it(alerting, caplog):
    """It violates again, says the other; what is written later counts."""
    caplog.set_level("INFO")
    tell(alerting, BAD)
    worse = []
    with interfere(lambda: worse.append(claim_for_another(alerting, WORSE))):
        end(alerting, GONE)
    assert [episode(alerting)] == worse
    assert caplog.records[-1].message == "episode changed meanwhile"
    assert caplog.records[-1].resource_id == "j-1"
    assert confirmed_episode(worse[0]).sent == fingerprint(WORSE.verdict)


def test_each_message_is_one_line_of_the_log(alerting, caplog):
    """With its alert id, so that a message can be traced back."""
    caplog.set_level("INFO")
    tell(alerting, BAD)
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
    assert tell(alerting, BAD) is Delivery.HELD_BACK
    assert tell_at_launch(alerting, BAD) is Delivery.HELD_BACK
    assert (inbox.documents, episode(alerting)) == ([], None)
    assert [each.why for each in caplog.records] == ["the topic has no confirmed subscription"] * 2
    inbox.count(confirmed=1)
    assert tell(alerting, BAD, LATER) is Delivery.SENT
    assert len(inbox.documents) == 1


def short_of_time(inbox, *seconds):
    """Make what alerts with so many seconds left each time that it looks; then the last for ever."""
    left = list(seconds)
    return make_alerting(inbox.arn, seconds_left=lambda: left.pop(0) if len(left) > 1 else left[0])


@pytest.mark.parametrize(
    ("at_launch", "delivery", "why"),
    [
        (False, Delivery.NOT_CLAIMED, f"the claim was {NO_TIME}"),
        (True, Delivery.NOT_SENT, f"Publish: {NO_TIME}"),
    ],
)
def test_without_time_enough_no_alert_is_begun(inbox, at_launch, delivery, why):
    """A function that is cut off while it tells people may have to tell them again."""
    alerting = short_of_time(inbox, RESERVE - 0.001)
    told = by(alerting, at_launch)(BAD, NOW)
    assert told == AlertingResult({"j-1": delivery}, {"j-1": why})
    assert (inbox.told, items()) == ([], [])
    told = by(short_of_time(inbox, RESERVE), at_launch)(BAD, NOW)
    assert told == AlertingResult({"j-1": Delivery.SENT}, {})


@either_way
def test_time_that_ends_after_the_claim_leaves_the_alert_to_the_next_run(inbox, at_launch):
    """Under the same alert id."""
    told = by(short_of_time(inbox, RESERVE, RESERVE - 1), at_launch)(BAD, NOW)
    assert told == AlertingResult({"j-1": Delivery.NOT_SENT}, {"j-1": f"Publish: {NO_TIME}"})
    assert inbox.told == []
    [item] = items()
    assert tell(short_of_time(inbox, RESERVE), BAD, LATER) is Delivery.SENT
    assert inbox.ids == [item["alertId"]["S"]]


def test_what_has_been_published_is_confirmed_whatever_time_is_left(inbox):
    """The next run would tell people again."""
    alerting = short_of_time(inbox, RESERVE, RESERVE, 0.0)
    assert tell(alerting, BAD) is Delivery.SENT
    assert episode(alerting).state is State.SENT


@pytest.mark.parametrize(
    ("ended", "why"),
    [(COMPLIES, f"Publish: {NO_TIME}"), (GONE, f"closing its episode was {NO_TIME}")],
    ids=["complies", "gone"],
)
def test_without_time_enough_no_end_is_begun(alerting, inbox, ended, why):
    """The next run tells of it, and closes it."""
    tell(alerting, BAD)
    told = short_of_time(inbox, RESERVE - 0.001).tell([ended], NOW)
    assert told == AlertingResult({}, {"j-1": why}, ("j-1",) if ended is COMPLIES else ())
    assert len(inbox.told) == 1
    assert episode(alerting).state is State.SENT
    end(short_of_time(inbox, RESERVE), ended, NOW)
    assert episode(alerting).state is State.CLOSED


@either_way
def test_what_cannot_be_written_is_named_and_not_claimed(alerting, inbox, caplog, at_launch):
    """An error of ours; the log has all of it."""
    told = by(alerting, at_launch)(unwritable(), NOW)
    assert told.deliveries == {"j-1": Delivery.NOT_SENT}
    assert told.problems["j-1"].startswith("its alert cannot be written (")
    assert (inbox.told, items()) == ([], [])
    [line] = [each for each in caplog.records if each.message == "not in words"]
    assert (line.resource_id, bool(line.exc_info)) == ("j-1", True)


def test_an_end_that_cannot_be_written_is_named_and_not_closed(alerting, inbox):
    """People have not been told of it; where nobody is to be told, nothing needs words."""
    tell(alerting, BAD)
    told = alerting.tell([unwritable(GOOD)], NOW)
    assert told.deliveries == {}
    assert told.problems["j-1"].startswith("its alert cannot be written (")
    assert episode(alerting).state is State.SENT
    end(make_alerting(inbox.arn, send_resolved=False), unwritable(GOOD), LATER)
    assert episode(alerting).state is State.CLOSED
    assert [kind for kind, _ in inbox.told] == ["violation"]


def test_a_result_counts_what_was_sent_and_names_what_nobody_is_sending():
    """What another function has claimed is being sent; what was sent before needs nothing."""
    result = AlertingResult({f"j-{each.value}": each for each in Delivery}, {"j-other": "why"})
    assert result.sent == 1
    assert result.unsent == {"j-held back", "j-not claimed", "j-not sent"}
    several = dict.fromkeys(("j-1", "j-2", "j-3"), Delivery.SENT) | {"j-4": Delivery.NOT_SENT}
    assert AlertingResult(several, {}).sent == 3
    assert (AlertingResult({}, {}).sent, AlertingResult({}, {}).unsent) == (0, set())


@pytest.mark.parametrize("deliveries", [{}, *({"j-1": each} for each in Delivery)], ids=str)
def test_a_problem_is_raised_for_its_resource_whatever_became_of_its_alert(deliveries):
    """Sent and not written down is a problem too; those of others are none of its own."""
    with pytest.raises(PublishError, match=r"^why$"):
        AlertingResult(deliveries, {"j-1": "why", "j-2": "other"}).raise_for("j-1")
    others = AlertingResult({"j-2": Delivery.CLAIMED_ELSEWHERE}, {"j-3": "other"})
    assert others.raise_for("j-1") is None


@pytest.mark.parametrize(
    "delivery", [each for each in Delivery if each is not Delivery.CLAIMED_ELSEWHERE]
)
def test_without_a_problem_only_the_claim_of_another_function_is_raised(delivery):
    """What is held back waits for a reader, and no retry brings one."""
    assert AlertingResult({"j-1": delivery}, {}).raise_for("j-1") is None


def test_nothing_to_tell_makes_no_call(alerting):
    """Neither of DynamoDB nor of SNS."""
    calls = []

    def note(model, **_):
        calls.append(model.name)

    with on("dynamodb", "before-call", note), on("sns", "before-call", note):
        assert alerting.tell([], NOW) == AlertingResult({}, {})
    assert calls == []
