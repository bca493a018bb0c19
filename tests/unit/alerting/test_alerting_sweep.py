"""What a sweep tells people: single alerts, digests and ends, all of them once."""

from datetime import timedelta

import pytest
from moto import mock_aws

from emr_in_transit.alerting.alert import CLUSTER_TYPE, MOST_SINGLE_ALERTS
from emr_in_transit.alerting.alerting_sweep import (
    SweepAlerts,
    alert_after_sweep,
    alerted_clusters,
    in_parts,
)
from emr_in_transit.alerting.episode import LEASE, State, claimed_episode, fingerprint
from emr_in_transit.aws.errors import LedgerError, PublishError
from emr_in_transit.aws.topic import MESSAGE_LIMIT, fits, message
from emr_in_transit.judgement.verdict import Finding, verdict_of
from tests.support.builders import (
    BARE,
    GOOD,
    LATER,
    OLD,
    Inbox,
    alert,
    judged,
    make_alerting,
    make_table,
    many,
    on,
    refusing,
    unreachable,
    violating,
)
from tests.support.facts import NOW


@pytest.fixture
def inbox():
    """A topic and an empty ledger."""
    with mock_aws():
        make_table()
        yield Inbox()


@pytest.fixture
def alerting(inbox):
    return make_alerting(inbox.arn)


def states(alerting):
    return {key: each.state for key, each in alerting.episodes.read_all(CLUSTER_TYPE).items()}


def claim(alerting, *told, alert_id="theirs", now=NOW):
    """Have another function claim these, and die or go on."""
    known = alerting.episodes.read_all(CLUSTER_TYPE)
    for each in told:
        cluster_id = each.resource.resource_id
        claimed = claimed_episode(known.get(cluster_id), fingerprint(each.verdict), alert_id, now)
        alerting.episodes.put(CLUSTER_TYPE, cluster_id, claimed)


@pytest.mark.parametrize("count", [0, 1, MOST_SINGLE_ALERTS])
def test_up_to_ten_new_violations_are_one_message_each(alerting, inbox, count):
    """Each with an alert id of its own."""
    assert alert_after_sweep(alerting, many(count), {}, NOW).new == count
    assert inbox.told == [("violation", [f"j-{number:03}"]) for number in range(count)]
    assert len(set(inbox.ids)) == count


def test_more_than_ten_new_violations_are_one_digest(alerting, inbox):
    """A first deployment over many bad clusters is one email, and no later repeats."""
    told = many(MOST_SINGLE_ALERTS + 1)
    assert alert_after_sweep(alerting, told, {}, NOW).new == 11
    assert inbox.told == [("digest", [each.resource.resource_id for each in told])]
    assert set(states(alerting).values()) == {State.SENT}
    assert alert_after_sweep(alerting, told, {}, LATER).new == 0
    assert len(inbox.told) == 1


def test_only_what_is_new_counts_for_a_digest(alerting, inbox):
    """Eleven violations of which people know one are ten messages."""
    told = many(11)
    alert_after_sweep(alerting, told[:1], {}, NOW)
    assert alert_after_sweep(alerting, told, {}, LATER).new == 10
    assert [kind for kind, _ in inbox.told] == ["violation"] * 11


def test_what_grew_is_told_once_more_and_the_rest_is_not(alerting, inbox):
    """One reason more on one of two clusters."""
    alert_after_sweep(alerting, many(2), {}, NOW)
    worse = judged(violating(BARE, OLD), "j-001")
    for _ in range(2):
        alert_after_sweep(alerting, [many(1)[0], worse], {}, LATER)
    assert inbox.told[2:] == [("violation", ["j-001"])]


def test_what_another_function_is_telling_just_now_is_left_to_it(alerting, inbox):
    """The launch check has claimed it; the next sweep looks again."""
    told = many(2)
    claim(alerting, told[0])
    assert alert_after_sweep(alerting, told, {}, NOW).new == 1
    assert inbox.told == [("violation", ["j-001"])]


def test_a_claim_whose_function_died_is_taken_over_with_its_alert_id(alerting, inbox):
    """So a repeat can be seen."""
    claim(alerting, *many(1))
    alert_after_sweep(alerting, many(1), {}, LATER)
    assert inbox.ids == ["theirs"]


def test_a_digest_that_was_cut_off_is_repeated_under_its_alert_id(alerting, inbox):
    """Killed before it confirmed; what is new joins the repeat, and belongs to it from then on."""
    claim(alerting, *many(12))
    alert_after_sweep(alerting, many(14), {}, LATER)
    assert inbox.ids == ["theirs"]
    assert len(inbox.told[0][1]) == 14
    known = alerting.episodes.read_all(CLUSTER_TYPE)
    assert {each.alert_id for each in known.values()} == {"theirs"}


def test_what_an_outage_kept_from_being_told_is_one_digest_afterwards(alerting, inbox):
    """Each launch has left a claim of its own; nobody wants a hundred messages at once."""
    for number, each in enumerate(many(12)):
        claim(alerting, each, alert_id=f"launch-{number}")
    alert_after_sweep(alerting, many(12), {}, LATER)
    assert [kind for kind, _ in inbox.told] == ["digest"]
    known = alerting.episodes.read_all(CLUSTER_TYPE)
    assert {each.alert_id for each in known.values()} == set(inbox.ids), "its end can be traced"


def test_what_another_function_claims_meanwhile_is_not_told_by_the_sweep(alerting, inbox):
    """The sweep has read that nobody had told it, and its write fails."""
    told = many(3)
    once = [told[:1]]

    def interfere(**_):
        if once:
            claim(alerting, *once.pop())

    with on("dynamodb", "before-call.dynamodb.PutItem", interfere):
        assert alert_after_sweep(alerting, told, {}, NOW).new == 3
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
        alert_after_sweep(alerting, told, {}, NOW)
    assert [len(ids) for _, ids in inbox.told] == [8]


def wide(count):
    """Make clusters that each have much to say."""
    return many(count, verdict_of([Finding(BARE, "detail " * 1000)], ""))


def test_a_digest_is_split_into_parts_that_sns_takes(alerting, inbox):
    """All have the alert id of the digest, and together they carry every cluster once."""
    told = wide(100)
    alert_after_sweep(alerting, told, {}, NOW)
    documents = inbox.documents
    assert len(documents) > 1
    assert [(each["part"], each["parts"]) for each in documents] == [
        (number, len(documents)) for number in range(1, len(documents) + 1)
    ]
    assert len(set(inbox.ids)) == 1
    carried = [each["resourceId"] for document in documents for each in document["resources"]]
    assert carried == [each.resource.resource_id for each in told]


@pytest.mark.parametrize("count", [11, 40, 100])
def test_each_part_is_within_the_limit_and_there_are_as_few_as_possible(count):
    """Together the parts are hardly more than the digest would be in one."""
    digest = alert(*wide(count))
    parts = in_parts(digest)
    assert all(map(fits, parts))
    assert len(parts) == len(message(digest)) // MESSAGE_LIMIT + 1


def test_what_does_not_fit_alone_is_sent_alone_all_the_same():
    """Splitting ends; SNS then says what is wrong."""
    endless = verdict_of([Finding(BARE, "x" * MESSAGE_LIMIT)], "")
    parts = in_parts(alert(*many(3, endless)))
    assert [len(each.judged) for each in parts] == [1, 1, 1]
    assert not any(map(fits, parts))


def test_what_complies_again_is_told_and_closed(alerting, inbox):
    """Under the alert id of its violation, and once."""
    alert_after_sweep(alerting, many(1), {}, NOW)
    for _ in range(2):
        alert_after_sweep(alerting, [], {"j-000": judged(GOOD, "j-000")}, LATER)
    assert inbox.told == [("violation", ["j-000"]), ("resolved", ["j-000"])]
    assert len(set(inbox.ids)) == 1
    assert states(alerting) == {"j-000": State.CLOSED}


def test_what_is_exempt_or_has_gone_is_closed_silently(alerting, inbox):
    """And what the sweep did not come to stays open."""
    alert_after_sweep(alerting, many(2), {}, NOW)
    alert_after_sweep(alerting, [], {"j-000": None, "j-other": None}, LATER)
    assert len(inbox.told) == 2
    assert states(alerting) == {"j-000": State.CLOSED, "j-001": State.SENT}


def test_what_violates_again_after_its_end_is_told_again_by_the_next_sweep(alerting, inbox):
    """Resolved and broken again, or exempted and no more: once more, however soon."""
    for ended in (judged(GOOD, "j-000"), None):
        alert_after_sweep(alerting, many(1), {}, NOW)
        alert_after_sweep(alerting, [], {"j-000": ended}, NOW)
    alert_after_sweep(alerting, many(1), {}, NOW)
    assert [kind for kind, _ in inbox.told] == [
        "violation",
        "resolved",
        "violation",
        "violation",
    ]
    assert len(set(inbox.ids)) == 3


def test_with_the_ledger_down_nothing_is_sent(alerting, inbox):
    """Who has been told is not known; the run ends as an error, and the next one looks again."""
    with unreachable("dynamodb"), pytest.raises(LedgerError, match="Query"):
        alert_after_sweep(alerting, many(20), {"j-900": None}, NOW)
    with refusing("dynamodb", "PutItem"), pytest.raises(LedgerError, match="PutItem"):
        alert_after_sweep(alerting, many(20), {}, NOW)
    assert inbox.told == []
    assert states(alerting) == {}


@pytest.mark.parametrize("count", [2, 12])
def test_what_sns_does_not_take_is_told_by_the_next_sweep(alerting, inbox, count):
    """Nothing is marked as sent, be it one message or a digest."""
    with refusing("sns", "Publish", "AuthorizationError"), pytest.raises(PublishError):
        alert_after_sweep(alerting, many(count), {}, NOW)
    assert State.SENT not in states(alerting).values()
    alert_after_sweep(alerting, many(count), {}, NOW + LEASE)
    assert sorted(each for _, ids in inbox.told for each in ids) == [
        each.resource.resource_id for each in many(count)
    ]
    assert set(states(alerting).values()) == {State.SENT}


def test_clusters_are_alerted_while_their_episode_is_open(alerting):
    """Claimed or sent; not those whose episode is over."""
    alert_after_sweep(alerting, many(2), {"j-001": None}, NOW)
    alert_after_sweep(alerting, [], {"j-001": None}, NOW)
    claim(alerting, judged(cluster_id="j-claimed"), now=NOW + timedelta(minutes=2))
    assert sorted(alerted_clusters(alerting)) == ["j-000", "j-claimed"]


def test_without_alerts_or_while_the_ledger_is_down_no_cluster_is_known_as_alerted(alerting):
    """The sweep judges and records all the same."""
    alert_after_sweep(alerting, many(1), {}, NOW)
    with unreachable("dynamodb"):
        assert list(alerted_clusters(alerting)) == []
    assert list(alerted_clusters(None)) == []
    assert list(alerted_clusters(alerting)) == ["j-000"]


def test_a_sweep_tells_all_at_once_when_somebody_has_confirmed_a_subscription(alerting, inbox):
    """What a deployment found before anybody could read it."""
    inbox.count(confirmed=0)
    assert alert_after_sweep(alerting, many(12), {}, NOW) == SweepAlerts(0, [])
    assert (inbox.documents, alerting.episodes.read_all(CLUSTER_TYPE)) == ([], {})
    inbox.count(confirmed=1)
    assert alert_after_sweep(alerting, many(12), {}, LATER) == SweepAlerts(12, many(12))
    assert [kind for kind, _ in inbox.told] == ["digest"]


@pytest.mark.parametrize("count", [MOST_SINGLE_ALERTS, MOST_SINGLE_ALERTS + 1])
def test_more_than_ten_that_comply_again_are_one_digest(alerting, inbox, count):
    """A parameter that was relaxed ends many at once; what has gone is closed and not told of."""
    alert_after_sweep(alerting, many(count + 1), {}, NOW)
    before = len(inbox.told)
    comply = many(count, GOOD)
    ended = {each.resource.resource_id: each for each in comply} | {f"j-{count:03}": None}
    alert_after_sweep(alerting, [], ended, LATER)
    ids = [each.resource.resource_id for each in comply]
    if count > MOST_SINGLE_ALERTS:
        assert inbox.told[before:] == [("resolvedDigest", ids)]
    else:
        assert sorted(inbox.told[before:]) == [("resolved", [each]) for each in ids]
    assert inbox.ids[before:] == [inbox.ids[0]] * len(inbox.told[before:])
    assert set(states(alerting).values()) == {State.CLOSED}
    alert_after_sweep(alerting, [], ended, LATER)
    assert len(inbox.told) == before + (1 if count > MOST_SINGLE_ALERTS else count)
