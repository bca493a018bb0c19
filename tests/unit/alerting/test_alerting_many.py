"""Alerting on many resources: single alerts, digests and ends, and that none costs another its own."""

from datetime import timedelta

import pytest

from emr_in_transit.alerting.alert import CLUSTER_TYPE, MOST_SINGLE_ALERTS, Kind, gone
from emr_in_transit.alerting.alerting import RESERVE, AlertingResult
from emr_in_transit.alerting.episode import LEASE, Delivery, State, claimed_episode, fingerprint
from emr_in_transit.aws.errors import LedgerError
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Finding, verdict_of
from emr_in_transit.sweep_alerts import told_clusters
from tests.support.builders import (
    BARE,
    BROKEN_EPISODES,
    GOOD,
    LATER,
    OLD,
    crowded,
    items,
    judged,
    make_alerting,
    many,
    on,
    refusing,
    refusing_some,
    spoil,
    unreachable,
    unwritable,
    violating,
)
from tests.support.facts import NOW


def states(alerting):
    return {
        key: each.state for key, each in alerting.episodes.read_all(CLUSTER_TYPE).episodes.items()
    }


def ids_of(told):
    return [each.resource_id for each in told]


def ended(cluster_id):
    """Make the judgement of a cluster that has gone."""
    return gone(CLUSTER_TYPE, cluster_id)


def unsent(count, delivery, why):
    """Make the result of telling of so many of which nobody has been told, all for one reason."""
    ids = ids_of(many(count))
    return AlertingResult(dict.fromkeys(ids, delivery), dict.fromkeys(ids, why))


def claim(alerting, *told, alert_id="theirs", now=NOW):
    """Have another function claim these, and die or go on."""
    known = alerting.episodes.read_all(CLUSTER_TYPE).episodes
    for each in told:
        cluster_id = each.resource_id
        claimed = claimed_episode(known.get(cluster_id), fingerprint(each.verdict), alert_id, now)
        alerting.episodes.put(CLUSTER_TYPE, cluster_id, claimed)


@pytest.mark.parametrize("count", [0, 1, MOST_SINGLE_ALERTS])
def test_up_to_ten_new_violations_are_one_message_each(alerting, inbox, count):
    """Each with an alert id of its own."""
    assert alerting.tell(many(count), NOW).sent == count
    assert inbox.told == [("violation", [f"j-{number:03}"]) for number in range(count)]
    assert len(set(inbox.ids)) == count


def test_more_than_ten_new_violations_are_one_digest(alerting, inbox):
    """A first deployment over many bad clusters is one email, and no later repeats."""
    told = many(MOST_SINGLE_ALERTS + 1)
    assert alerting.tell(told, NOW).sent == 11
    assert inbox.told == [("digest", ids_of(told))]
    assert set(states(alerting).values()) == {State.SENT}
    assert alerting.tell(told, LATER).sent == 0
    assert len(inbox.told) == 1


def test_only_what_is_new_counts_for_a_digest(alerting, inbox):
    """Eleven violations of which people know one are ten messages."""
    told = many(11)
    alerting.tell(told[:1], NOW)
    assert alerting.tell(told, LATER).sent == 10
    assert [kind for kind, _ in inbox.told] == ["violation"] * 11


def test_what_grew_is_told_once_more_and_the_rest_is_not(alerting, inbox):
    """One reason more on one of two clusters."""
    alerting.tell(many(2), NOW)
    worse = judged(violating(BARE, OLD), "j-001")
    for _ in range(2):
        alerting.tell([many(1)[0], worse], LATER)
    assert inbox.told[2:] == [("violation", ["j-001"])]


def test_what_another_function_is_telling_just_now_is_left_to_it(alerting, inbox):
    """The launch check has claimed it; the next sweep looks again."""
    told = many(2)
    claim(alerting, told[0])
    assert alerting.tell(told, NOW).sent == 1
    assert inbox.told == [("violation", ["j-001"])]


def test_a_claim_whose_function_died_is_taken_over_with_its_alert_id(alerting, inbox):
    """So a repeat can be seen."""
    claim(alerting, *many(1))
    alerting.tell(many(1), LATER)
    assert inbox.ids == ["theirs"]


def test_a_digest_that_was_cut_off_is_repeated_under_its_alert_id(alerting, inbox):
    """Killed before it confirmed; what is new joins the repeat, and belongs to it from then on."""
    claim(alerting, *many(12))
    alerting.tell(many(14), LATER)
    assert inbox.ids == ["theirs"]
    assert len(inbox.told[0][1]) == 14
    known = alerting.episodes.read_all(CLUSTER_TYPE).episodes
    assert {each.alert_id for each in known.values()} == {"theirs"}


def test_what_an_outage_kept_from_being_told_is_one_digest_afterwards(alerting, inbox):
    """Each launch has left a claim of its own; nobody wants a hundred messages at once."""
    for number, each in enumerate(many(12)):
        claim(alerting, each, alert_id=f"launch-{number}")
    alerting.tell(many(12), LATER)
    assert [kind for kind, _ in inbox.told] == ["digest"]
    known = alerting.episodes.read_all(CLUSTER_TYPE).episodes
    assert {each.alert_id for each in known.values()} == set(inbox.ids), "its end can be traced"


def test_a_digest_says_of_which_resources_an_earlier_message_may_have_told(alerting, inbox):
    """SNS did not answer, and the message may have gone out: whoever counts alerts sees the repeat."""
    for number, each in enumerate(many(3)):
        claim(alerting, each, alert_id=f"launch-{number}")
    alerting.tell(many(12), LATER)
    [digest] = inbox.documents
    earlier = {one["resourceId"]: one.get("earlierAlertId") for one in digest["resources"]}
    assert {each: was for each, was in earlier.items() if was} == {
        f"j-{number:03}": f"launch-{number}" for number in range(3)
    }
    assert digest["alertId"] not in earlier.values()


def test_what_another_function_claims_meanwhile_is_not_told_by_the_sweep(alerting, inbox):
    """The sweep has read that nobody had told it, and its write fails."""
    told = many(3)
    once = [told[:1]]

    def interfere(**_):
        if once:
            claim(alerting, *once.pop())

    with on("dynamodb", "before-call.dynamodb.PutItem", interfere):
        result = alerting.tell(told, NOW)
    assert result == AlertingResult(
        {"j-000": Delivery.CLAIMED_ELSEWHERE, "j-001": Delivery.SENT, "j-002": Delivery.SENT}, {}
    )
    assert [ids for _, ids in inbox.told] == [["j-001"], ["j-002"]]
    assert states(alerting)["j-000"] is State.PENDING


def test_a_digest_of_which_others_claim_a_part_tells_the_rest(alerting, inbox):
    """And no message at all where nothing is left to tell."""
    told = many(12)
    once = [told[:4]]

    def interfere(**_):
        if once:
            claim(alerting, *once.pop())

    with on("dynamodb", "before-call.dynamodb.PutItem", interfere):
        alerting.tell(told, NOW)
    assert [len(ids) for _, ids in inbox.told] == [8]


def wide(count):
    """Make clusters that each have much to say."""
    reasons = (BARE, OLD, Reason.CERTIFICATES_INCOMPLETE, Reason.IN_TRANSIT_ENCRYPTION_OFF)
    return many(count, verdict_of([Finding(each, "detail " * 280) for each in reasons], ""))


def test_a_digest_is_split_into_parts_that_sns_takes(alerting, inbox):
    """All have the alert id of the digest, and together they carry every cluster once."""
    told = wide(100)
    alerting.tell(told, NOW)
    documents = inbox.documents
    assert len(documents) > 1
    assert [(each["part"], each["parts"]) for each in documents] == [
        (number, len(documents)) for number in range(1, len(documents) + 1)
    ]
    assert len(set(inbox.ids)) == 1
    carried = [each["resourceId"] for document in documents for each in document["resources"]]
    assert carried == ids_of(told)


def test_what_complies_again_is_told_and_closed(alerting, inbox):
    """Under the alert id of its violation, and once."""
    alerting.tell(many(1), NOW)
    for _ in range(2):
        assert alerting.tell(many(1, GOOD), LATER) == AlertingResult({}, {})
    assert inbox.told == [("violation", ["j-000"]), ("resolved", ["j-000"])]
    assert len(set(inbox.ids)) == 1
    assert states(alerting) == {"j-000": State.CLOSED}


def test_what_is_exempt_or_has_gone_is_closed_silently(alerting, inbox):
    """And what the sweep did not come to stays open."""
    alerting.tell(many(2), NOW)
    told = alerting.tell([ended("j-000"), ended("j-other")], LATER)
    assert told == AlertingResult({}, {})
    assert len(inbox.told) == 2
    assert states(alerting) == {"j-000": State.CLOSED, "j-001": State.SENT}


def test_what_violates_again_after_its_end_is_told_again_by_the_next_sweep(alerting, inbox):
    """Resolved and broken again, or exempted and no more: once more, however soon."""
    for over in (judged(GOOD, "j-000"), ended("j-000")):
        alerting.tell(many(1), NOW)
        alerting.tell([over], NOW)
    alerting.tell(many(1), NOW)
    assert [kind for kind, _ in inbox.told] == [
        "violation",
        "resolved",
        "violation",
        "violation",
    ]
    assert len(set(inbox.ids)) == 3


def test_with_the_ledger_down_nothing_is_sent(alerting, inbox):
    """Who has been told is not known; the run ends as an error, and the next one looks again."""
    told = [*many(20), ended("j-900")]
    with unreachable("dynamodb"), pytest.raises(LedgerError, match="Query"):
        alerting.tell(told, NOW)
    with refusing("dynamodb", "PutItem"):
        result = alerting.tell(told, NOW)
    assert result == unsent(20, Delivery.NOT_CLAIMED, "PutItem: AccessDeniedException: no")
    assert inbox.told == []
    assert states(alerting) == {}


@pytest.mark.parametrize("count", [2, 12])
def test_what_sns_does_not_take_is_told_by_the_next_sweep(alerting, inbox, count):
    """Nothing is marked as sent, be it one message or a digest."""
    with refusing("sns", "Publish", "AuthorizationError"):
        result = alerting.tell(many(count), NOW)
    assert result == unsent(count, Delivery.NOT_SENT, "Publish: AuthorizationError: no")
    assert State.SENT not in states(alerting).values()
    alerting.tell(many(count), NOW + LEASE)
    assert sorted(each for _, ids in inbox.told for each in ids) == ids_of(many(count))
    assert set(states(alerting).values()) == {State.SENT}


def test_clusters_are_alerted_while_their_episode_is_open(alerting):
    """Claimed or sent; not those whose episode is over."""
    alerting.tell(many(2), NOW)
    alerting.tell([ended("j-001")], NOW)
    claim(alerting, judged(cluster_id="j-claimed"), now=NOW + timedelta(minutes=2))
    assert sorted(told_clusters(alerting)[Kind.VIOLATION]) == ["j-000", "j-claimed"]


def test_without_alerts_or_while_the_ledger_is_down_no_cluster_is_known_as_alerted(alerting):
    """The sweep judges and records all the same."""
    alerting.tell(many(1), NOW)
    with unreachable("dynamodb"):
        assert list(told_clusters(alerting)[Kind.VIOLATION]) == []
    assert list(told_clusters(None)[Kind.VIOLATION]) == []
    assert list(told_clusters(alerting)[Kind.VIOLATION]) == ["j-000"]


def test_a_sweep_tells_all_at_once_when_somebody_has_confirmed_a_subscription(alerting, inbox):
    """What a deployment found before anybody could read it."""
    inbox.count(confirmed=0)
    result = alerting.tell(many(12), NOW)
    assert result == AlertingResult(dict.fromkeys(ids_of(many(12)), Delivery.HELD_BACK), {})
    assert (result.sent, result.unsent) == (0, set(ids_of(many(12))))
    assert (inbox.documents, states(alerting)) == ([], {})
    inbox.count(confirmed=1)
    result = alerting.tell(many(12), LATER)
    assert (result.sent, result.unsent, result.problems) == (12, set(), {})
    assert [kind for kind, _ in inbox.told] == ["digest"]


@pytest.mark.parametrize("count", [MOST_SINGLE_ALERTS, MOST_SINGLE_ALERTS + 1])
def test_more_than_ten_that_comply_again_are_one_digest(alerting, inbox, count):
    """A parameter that was relaxed ends many at once; what has gone is closed and not told of."""
    alerting.tell(many(count + 1), NOW)
    before = len(inbox.told)
    comply = many(count, GOOD)
    over = [*comply, ended(f"j-{count:03}")]
    assert alerting.tell(over, LATER) == AlertingResult({}, {})
    ids = ids_of(comply)
    if count > MOST_SINGLE_ALERTS:
        assert inbox.told[before:] == [("resolvedDigest", ids)]
    else:
        assert sorted(inbox.told[before:]) == [("resolved", [each]) for each in ids]
    assert inbox.ids[before:] == [inbox.ids[0]] * len(inbox.told[before:])
    assert set(states(alerting).values()) == {State.CLOSED}
    alerting.tell(over, LATER)
    assert len(inbox.told) == before + (1 if count > MOST_SINGLE_ALERTS else count)


@pytest.mark.parametrize("count", [3, 10])
def test_an_alert_that_sns_refuses_costs_no_other_its_own(alerting, inbox, count):
    """The next sweep tells of that one too, and of no other again."""
    with refusing_some("sns", "Publish", "j-001", code="InvalidParameter"):
        result = alerting.tell(many(count), NOW)
    others = [each for each in ids_of(many(count)) if each != "j-001"]
    assert result.deliveries == dict.fromkeys(others, Delivery.SENT) | {"j-001": Delivery.NOT_SENT}
    assert result.problems == {"j-001": "Publish: InvalidParameter: no"}
    assert (result.sent, result.unsent) == (count - 1, {"j-001"})
    assert inbox.told == [("violation", [each]) for each in others]
    assert alerting.tell(many(count), LATER).sent == 1
    assert inbox.told[-1] == ("violation", ["j-001"])


def test_a_part_of_a_digest_that_sns_refuses_costs_no_other_part_its_own(alerting, inbox):
    """All of that part, and only these, are told of by the next sweep."""
    with refusing_some("sns", "Publish", "j-099"):
        result = alerting.tell(wide(100), NOW)
    told = [each for _, ids in inbox.told for each in ids]
    refused = [each for each in ids_of(wide(100)) if each not in told]
    assert len(inbox.told) > 1
    assert 1 < len(refused) < 99
    assert result.deliveries == dict.fromkeys(told, Delivery.SENT) | dict.fromkeys(
        refused, Delivery.NOT_SENT
    )
    assert result.problems == dict.fromkeys(refused, "Publish: AccessDeniedException: no")
    assert alerting.tell(wide(100), LATER).sent == len(refused)
    assert inbox.told[-1] == ("digest", refused)


def test_an_end_that_sns_refuses_costs_no_other_its_own(alerting, inbox):
    """Only its episode stays open, and the next sweep tells of it."""
    alerting.tell(many(3), NOW)
    with refusing_some("sns", "Publish", "j-001"):
        result = alerting.tell([*many(2, GOOD), ended("j-002")], LATER)
    why = {"j-001": "Publish: AccessDeniedException: no"}
    assert result == AlertingResult({}, why, ("j-001",))
    assert result.held_back == 1
    assert inbox.told[3:] == [("resolved", ["j-000"])]
    assert states(alerting) == {
        "j-000": State.CLOSED,
        "j-001": State.SENT,
        "j-002": State.CLOSED,
    }
    assert alerting.tell(many(2, GOOD), LATER) == AlertingResult({}, {})
    assert inbox.told[4:] == [("resolved", ["j-001"])]


def test_a_digest_of_ends_that_sns_refuses_leaves_all_of_them_open(alerting, inbox):
    """But not what ends without a message."""
    alerting.tell(many(13), NOW)
    with refusing("sns", "Publish"):
        result = alerting.tell([*many(12, GOOD), ended("j-012")], LATER)
    assert result.problems.keys() == set(ids_of(many(12)))
    assert [each for each, state in states(alerting).items() if state is State.CLOSED] == ["j-012"]
    assert alerting.tell(many(12, GOOD), LATER) == AlertingResult({}, {})
    assert inbox.told[1:] == [("resolvedDigest", ids_of(many(12)))]
    assert set(states(alerting).values()) == {State.CLOSED}


def test_a_violation_that_sns_refuses_keeps_no_end_from_being_told(alerting, inbox):
    """One run tells of both."""
    alerting.tell(many(2), NOW)
    with refusing_some("sns", "Publish", "j-bad"):
        result = alerting.tell([judged(cluster_id="j-bad"), *many(2, GOOD)], LATER)
    assert result.deliveries == {"j-bad": Delivery.NOT_SENT}
    assert inbox.told[2:] == [("resolved", ["j-000"]), ("resolved", ["j-001"])]


@pytest.mark.parametrize("count", [3, 12])
def test_a_claim_that_the_ledger_refuses_costs_no_other_its_alert(alerting, inbox, count):
    """Be it a message of its own or its place in a digest."""
    with refusing_some("dynamodb", "PutItem", "j-001"):
        result = alerting.tell(many(count), NOW)
    assert result.problems == {"j-001": "PutItem: AccessDeniedException: no"}
    assert (result.sent, result.unsent) == (count - 1, {"j-001"})
    assert result.deliveries["j-001"] is Delivery.NOT_CLAIMED
    told = [each for _, ids in inbox.told for each in ids]
    assert told == [each for each in ids_of(many(count)) if each != "j-001"]


def test_a_confirmation_that_the_ledger_refuses_costs_no_other_its_own(alerting, inbox):
    """People have been told of all; of one nobody has written it down."""
    with refusing_some("dynamodb", "PutItem", "j-003", "'S': 'sent'"):
        result = alerting.tell(many(12), NOW)
    assert result == AlertingResult(
        dict.fromkeys(ids_of(many(12)), Delivery.SENT),
        {"j-003": "sent, but not written down: PutItem: AccessDeniedException: no"},
    )
    assert [each for each, state in states(alerting).items() if state is State.PENDING] == ["j-003"]
    assert alerting.tell(many(12), LATER).sent == 1
    assert inbox.told[1:] == [("violation", ["j-003"])]
    assert len(set(inbox.ids)) == 1, "the repeat can be seen"


@pytest.mark.parametrize("others", [2, 11])
def test_what_cannot_be_written_costs_no_other_its_alert(alerting, inbox, others):
    """It would stop a digest, and whatever comes after it."""
    told = [*many(others), unwritable(cluster_id="j-900"), judged(GOOD, "j-901")]
    result = alerting.tell(told, NOW)
    assert result.deliveries == dict.fromkeys(ids_of(many(others)), Delivery.SENT) | {
        "j-900": Delivery.NOT_SENT
    }
    assert result.problems.keys() == {"j-900"}
    assert result.problems["j-900"].startswith("its alert cannot be written (")
    assert [each for _, ids in inbox.told for each in ids] == ids_of(many(others))
    assert states(alerting) == dict.fromkeys(ids_of(many(others)), State.SENT)


def test_an_end_that_cannot_be_written_costs_no_other_its_own(alerting, inbox):
    """Eleven are one digest, and closed; of the twelfth people still do not know."""
    alerting.tell([*many(11), judged(cluster_id="j-900")], NOW)
    result = alerting.tell([*many(11, GOOD), unwritable(GOOD, "j-900")], LATER)
    assert result.problems.keys() == {"j-900"}
    assert inbox.told[1:] == [("resolvedDigest", ids_of(many(11)))]
    assert states(alerting) == dict.fromkeys(ids_of(many(11)), State.CLOSED) | {"j-900": State.SENT}


def test_what_cannot_be_written_is_named_while_nobody_reads_the_others(alerting, inbox):
    """It waits for a correction, these for a subscription."""
    inbox.count(confirmed=0)
    result = alerting.tell([*many(2), unwritable(cluster_id="j-900")], NOW)
    assert result.deliveries == {
        "j-000": Delivery.HELD_BACK,
        "j-001": Delivery.HELD_BACK,
        "j-900": Delivery.NOT_SENT,
    }
    assert result.problems.keys() == {"j-900"}


def test_a_cluster_with_more_findings_than_fit_is_sent_cut(alerting, inbox):
    """SNS refused it otherwise, and nobody would be told of the worst cluster of all."""
    assert alerting.tell([crowded(300)], NOW) == AlertingResult({"j-1": Delivery.SENT}, {})
    [document], [text] = inbox.documents, inbox.emails
    assert document["findingsLeftOut"] == 300 - len(document["findings"])
    assert f"and {document['findingsLeftOut']} more, left out to fit" in text
    assert alerting.tell([crowded(300)], LATER).sent == 0, "all of them count as told"


def test_a_cluster_with_more_findings_than_fit_is_cut_in_a_digest_too(alerting, inbox):
    """And costs those beside it nothing of theirs."""
    told = [*many(11), crowded(300)]
    assert alerting.tell(told, NOW).sent == 12
    assert [each for _, ids in inbox.told for each in ids] == ids_of(told)
    left_out = {
        each["resourceId"]: each["findingsLeftOut"]
        for document in inbox.documents
        for each in document["resources"]
        if "findingsLeftOut" in each
    }
    assert left_out.keys() == {"j-1"}
    assert {document["kind"] for document in inbox.documents} == {"digest"}


@pytest.mark.parametrize("change", [change for change, _ in BROKEN_EPISODES], ids=str)
def test_an_episode_that_cannot_be_read_costs_no_other_its_own(alerting, inbox, change):
    """Whether people know is not known of it, so it is named and stays as it is."""
    alerting.tell(many(4), NOW)
    spoilt = [spoil(each, change) for each in ("j-000", "j-002", "j-003")]
    # One violates and one has ended that cannot be read; another is not judged at all.
    result = alerting.tell(
        [judged(cluster_id="j-000"), judged(GOOD, "j-001"), ended("j-002"), judged()], LATER
    )
    assert result.deliveries == {"j-000": Delivery.NOT_CLAIMED, "j-1": Delivery.SENT}
    assert result.problems.keys() == {"j-000", "j-002"}
    for why in result.problems.values():
        assert why.startswith("the episode is none that can be read (")
    assert result.unsent == {"j-000"}
    assert inbox.told[4:] == [("violation", ["j-1"]), ("resolved", ["j-001"])]
    assert states(alerting) == {"j-001": State.CLOSED, "j-1": State.SENT}
    assert all(each in items() for each in spoilt)


def test_an_episode_that_becomes_unreadable_meanwhile_is_named(alerting, inbox):
    """Another version of the rule writes it between our reading and our claim."""
    once = [True]

    def interfere(**_):
        if once:
            once.clear()
            claim(alerting, judged(cluster_id="j-000"))
            spoil("j-000", {"state": {"S": "paused"}})

    with on("dynamodb", "before-call.dynamodb.PutItem", interfere):
        result = alerting.tell(many(2), NOW)
    assert result.deliveries == {"j-000": Delivery.NOT_CLAIMED, "j-001": Delivery.SENT}
    assert result.problems.keys() == {"j-000"}
    assert inbox.told == [("violation", ["j-001"])]


def test_a_lease_without_a_time_zone_counts_as_utc(alerting, inbox):
    """It could not be compared with ours, and would stop every sweep."""
    claim(alerting, *many(2))
    spoil("j-000", {"leaseUntil": {"S": (NOW + LEASE).replace(tzinfo=None).isoformat()}})
    almost = NOW + LEASE - timedelta(microseconds=1)
    for now, delivery in [(almost, Delivery.CLAIMED_ELSEWHERE), (NOW + LEASE, Delivery.SENT)]:
        result = alerting.tell(many(2), now)
        assert result == AlertingResult(dict.fromkeys(ids_of(many(2)), delivery), {})
    assert len(inbox.told) == 2


@pytest.mark.parametrize("count", [2, 12])
def test_without_time_enough_no_alert_is_begun(inbox, count):
    """All of them are named, and the next sweep begins with them."""
    alerting = make_alerting(inbox.arn, seconds_left=lambda: RESERVE - 0.001)
    why = "the claim was not begun, the function's time is nearly up"
    assert alerting.tell(many(count), NOW) == unsent(count, Delivery.NOT_CLAIMED, why)
    assert (inbox.told, items()) == ([], [])
    assert make_alerting(inbox.arn, seconds_left=lambda: RESERVE).tell(many(count), NOW).sent


def test_time_that_ends_among_alerts_costs_those_before_nothing(inbox):
    """The first has looked twice, before its claim and before its message."""
    left = [RESERVE] * 2
    alerting = make_alerting(inbox.arn, seconds_left=lambda: left.pop() if left else 0.0)
    result = alerting.tell(many(3), NOW)
    assert result.deliveries == {
        "j-000": Delivery.SENT,
        "j-001": Delivery.NOT_CLAIMED,
        "j-002": Delivery.NOT_CLAIMED,
    }
    assert result.problems.keys() == {"j-001", "j-002"}
    assert inbox.told == [("violation", ["j-000"])]
    assert states(alerting) == {"j-000": State.SENT}


def test_without_time_enough_no_end_is_begun(alerting, inbox):
    """Neither one that is told of nor one that is not; the next sweep looks again."""
    alerting.tell(many(13), NOW)
    over = [*many(12, GOOD), ended("j-012")]
    short = make_alerting(inbox.arn, seconds_left=lambda: RESERVE - 0.001)
    result = short.tell(over, LATER)
    assert result.deliveries == {}
    assert result.problems == dict.fromkeys(
        ids_of(many(12)), "Publish: not begun, the function's time is nearly up"
    ) | {"j-012": "closing its episode was not begun, the function's time is nearly up"}
    assert len(inbox.told) == 1
    assert set(states(alerting).values()) == {State.SENT}
    assert alerting.tell(over, LATER) == AlertingResult({}, {})
    assert set(states(alerting).values()) == {State.CLOSED}
