"""Alerting on what is exempt and on certificates that expire: told once, and never mixed up."""

from dataclasses import replace

import pytest

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Kind,
    gone,
)
from emr_in_transit.alerting.alerting import AlertingResult
from emr_in_transit.alerting.episode import (
    Delivery,
    State,
    claimed_episode,
    episode_key,
    fingerprint_of,
)
from emr_in_transit.aws.errors import LedgerError
from tests.support.builders import (
    ACCOUNT,
    EXEMPTED,
    EXPIRING,
    GOOD,
    LATER,
    REGION,
    TABLE,
    client,
    exempt,
    expiring,
    items,
    judged,
    many,
    origin,
    refusing,
    refusing_some,
    unreachable,
)
from tests.support.facts import NOW

BAD, COMPLIES, GONE = judged(), judged(GOOD), gone(CLUSTER_TYPE, "j-1")
EXEMPT_AND_GOOD = judged(exempt()._replace(findings=()))
SENT, ALREADY_SENT = Delivery.SENT, Delivery.ALREADY_SENT


@pytest.fixture
def launch_check(alerting):
    """The same as the launch check has it."""
    return replace(alerting, origin=origin(DetectedBy.LAUNCH_CHECK))


def state(alerting, kind, told=EXEMPTED):
    episode = alerting.episodes.get(*episode_key(told, kind))
    return episode.state if episode else None


def kinds(inbox):
    return [kind for kind, _ in inbox.told]


def tell(alerting, *told, now=NOW):
    """Tell of these, one after another, without any problem."""
    for each in told:
        assert alerting.tell([each], now).problems == {}


def test_an_exemption_is_told_once(alerting, launch_check, inbox):
    """However often it is met, and by whichever way."""
    assert launch_check.tell_at_launch(EXEMPTED, NOW) == AlertingResult({"j-1": SENT}, {})
    for each in (alerting.tell, lambda told, now: launch_check.tell_at_launch(told[0], now)):
        assert each([EXEMPTED], LATER) == AlertingResult({"j-1": ALREADY_SENT}, {})
    assert inbox.told == [("exempted", ["j-1"])]
    assert state(alerting, Kind.EXEMPTED) is State.SENT
    assert state(alerting, Kind.VIOLATION) is None, "nobody was told of a violation"


def test_an_exemption_that_is_prolonged_is_told_again_and_one_that_is_reworded_is_not(
    alerting, inbox
):
    """Whoever oversees exemptions hears of each last day, and of no comma."""
    other_day = judged(exempt(None, "for good"))
    tell(alerting, EXEMPTED, judged(exempt(text="2026-06-30 other words")), other_day, EXEMPTED)
    assert kinds(inbox) == ["exempted", "exempted"]
    assert [each["exemption"]["until"] for each in inbox.documents] == ["2026-06-30", None]


def test_a_tag_that_is_put_on_after_the_alert_ends_it_with_a_message(alerting, inbox):
    """Under its id, so that whoever has a ticket open finds it; nothing is said to be resolved."""
    tell(alerting, BAD, EXEMPTED, EXEMPTED)
    assert kinds(inbox) == ["violation", "exempted"]
    assert len(set(inbox.ids)) == 1
    assert state(alerting, Kind.VIOLATION) is State.CLOSED


def test_when_an_exemption_ends_the_violation_is_told_anew_and_so_is_the_next_exemption(
    alerting, inbox
):
    """Each begins with an id of its own."""
    for _ in range(2):
        tell(alerting, EXEMPTED, EXEMPTED, BAD, BAD)
        assert state(alerting, Kind.EXEMPTED) is State.CLOSED
    assert kinds(inbox) == ["exempted", "violation"] * 2
    first, violation, second, another = inbox.ids
    assert violation == second, "the second exemption ends the violation before it"
    assert len({first, violation, another}) == 3


@pytest.mark.parametrize(
    "ended", [COMPLIES, GONE, EXEMPT_AND_GOOD], ids=["complies", "gone", "exempt and good"]
)
def test_an_exemption_that_hides_nothing_any_more_ends_without_a_word(alerting, inbox, ended):
    """Nobody was told of a violation, so nobody hears that it is over."""
    tell(alerting, EXEMPTED, ended, ended)
    assert kinds(inbox) == ["exempted"]
    assert state(alerting, Kind.EXEMPTED) is State.CLOSED
    tell(alerting, EXEMPTED)
    assert kinds(inbox) == ["exempted", "exempted"]


@pytest.mark.parametrize(
    ("stale", "newest"),
    [(EXEMPTED, BAD), (BAD, EXEMPTED)],
    ids=["the tag is gone", "the tag is new"],
)
def test_an_event_of_the_launch_that_comes_late_tells_nothing_and_ends_nothing(
    alerting, launch_check, inbox, stale, newest
):
    """It judges by the tags of the launch; what a sweep has found since stands."""
    tell(alerting, stale, newest)
    told, stored = list(inbox.told), items()
    assert launch_check.tell_at_launch(stale, LATER).deliveries == {"j-1": ALREADY_SENT}
    assert (inbox.told, items()) == (told, stored)
    assert state(alerting, newest.kind) is State.SENT


def test_a_violation_stays_open_until_people_know_that_it_is_exempt(alerting, inbox):
    """What SNS does not take comes with the next sweep, under the same id."""
    tell(alerting, BAD)
    with refusing("sns", "Publish", "Throttled"):
        told = alerting.tell([EXEMPTED], NOW)
    assert told == AlertingResult({"j-1": Delivery.NOT_SENT}, {"j-1": "Publish: Throttled: no"})
    assert state(alerting, Kind.VIOLATION) is State.SENT
    tell(alerting, EXEMPTED, now=LATER)
    assert kinds(inbox) == ["violation", "exempted"]
    assert len(set(inbox.ids)) == 1
    assert state(alerting, Kind.VIOLATION) is State.CLOSED


def test_while_nobody_reads_an_exemption_is_held_back(alerting, inbox):
    """It is told as soon as somebody has confirmed a subscription, and the violation ends then."""
    tell(alerting, BAD)
    inbox.count(confirmed=0)
    assert alerting.tell([EXEMPTED], NOW).deliveries == {"j-1": Delivery.HELD_BACK}
    assert state(alerting, Kind.VIOLATION) is State.SENT
    inbox.count(confirmed=1)
    tell(alerting, EXEMPTED)
    assert kinds(inbox) == ["violation", "exempted"]


def test_without_the_ledger_only_a_launch_is_told_of_its_exemption(alerting, launch_check, inbox):
    """As of a violation: better twice than never; a sweep comes again."""
    with unreachable("dynamodb"):
        with pytest.raises(LedgerError, match="GetItem"):
            alerting.tell([EXEMPTED], NOW)
        for told in (EXEMPTED, EXEMPTED, judged(exempt(None)), BAD):
            assert launch_check.tell_at_launch(told, NOW) == AlertingResult({"j-1": SENT}, {})
    assert kinds(inbox) == ["exempted", "exempted", "exempted", "violation"]
    assert inbox.ids[0] == inbox.ids[1], "a repeat can be seen"
    assert len(set(inbox.ids)) == 3, "what is no repeat has an id of its own"


def test_a_sweep_reads_all_that_people_know_before_it_tells_anything(alerting, inbox):
    """With half of it, it could tell of a violation and forget what it ends."""
    told = [judged(cluster_id="j-1"), judged(exempt(), "j-2")]
    with (
        refusing_some("dynamodb", "Query", "exempted:"),
        pytest.raises(LedgerError, match="Query: AccessDenied"),
    ):
        alerting.tell(told, NOW)
    assert inbox.told == []
    assert alerting.tell(told, NOW).deliveries == {"j-1": SENT, "j-2": SENT}
    assert inbox.told == [("violation", ["j-1"]), ("exempted", ["j-2"])]


@pytest.mark.parametrize("kind", [Kind.VIOLATION, Kind.EXEMPTED])
def test_an_episode_that_cannot_be_read_costs_no_other_its_message(alerting, inbox, kind):
    """It is named, it stays as it is, and the violation is not ended behind people's backs."""
    key = episode_key(EXEMPTED, kind)
    broken = {
        "pk": {"S": f"{ACCOUNT}/{REGION}/episode"},
        "sk": {"S": "/".join(key)},
        "state": {"S": "paused"},
        "version": {"N": "1"},
    }
    tell(alerting, BAD)
    client("dynamodb").put_item(TableName=TABLE, Item=broken)
    result = alerting.tell([EXEMPTED, judged(exempt(), "j-2")], NOW)
    assert result.problems.keys() == {"j-1"}
    assert result.problems["j-1"].startswith("the episode is none that can be read")
    assert result.deliveries["j-2"] is SENT
    assert ("exempted", ["j-2"]) in inbox.told
    assert broken in items()
    if kind is Kind.EXEMPTED:
        assert result.deliveries["j-1"] is Delivery.NOT_CLAIMED
        assert state(alerting, Kind.VIOLATION) is State.SENT


def test_many_exemptions_in_one_run_are_one_digest(alerting, inbox):
    """Whoever switches exemptions on gets one message; their violations end all the same."""
    assert alerting.tell(many(12), NOW).sent == 12
    assert alerting.tell(many(12, exempt()), NOW).sent == 12
    assert [(kind, len(ids)) for kind, ids in inbox.told] == [
        ("digest", 12),
        ("exemptedDigest", 12),
    ]
    assert alerting.tell(many(12, exempt()), NOW).sent == 0
    known = alerting.episodes.read_all(CLUSTER_TYPE).episodes
    assert {each.state for each in known.values()} == {State.CLOSED}
    assert len(known) == 12


def test_violations_and_exemptions_of_one_run_are_told_apart(alerting, inbox):
    """Ten of each are twenty messages: each kind is digested by itself."""
    told = [*many(10), *(judged(exempt(), f"j-1{number:02}") for number in range(10))]
    alerting.tell(told, NOW)
    assert sorted(kinds(inbox)) == ["exempted"] * 10 + ["violation"] * 10


def test_a_claim_of_an_exemption_is_left_to_the_function_that_has_it(alerting, inbox):
    """Two functions that meet it at once send one message."""
    claimed = claimed_episode(None, fingerprint_of(EXEMPTED), "theirs", NOW)
    alerting.episodes.put(*episode_key(EXEMPTED, Kind.EXEMPTED), claimed)
    assert alerting.tell([EXEMPTED], NOW).deliveries == {"j-1": Delivery.CLAIMED_ELSEWHERE}
    assert alerting.tell([EXEMPTED], LATER).deliveries == {"j-1": SENT}
    assert inbox.ids == ["theirs"]


def test_certificates_that_expire_are_told_once_for_each_creation(alerting, inbox):
    """Whichever clusters use it; one that is created anew under its name has others."""
    again = expiring(created=NOW)
    for told in ([EXPIRING], [expiring("j-2", "j-3")], [EXPIRING, again], [again]):
        assert alerting.tell_expiring(told, NOW).problems == {}
    assert inbox.told == [("expiring", ["managed"])] * 2
    assert len(set(inbox.ids)) == 2


def test_certificates_that_expire_never_mix_with_a_violation_of_the_same_configuration(
    alerting, inbox
):
    """Its end does not end theirs, and what was told of them is no violation."""
    bad = EXPIRING._replace(verdict=BAD.verdict, used_by=())
    good = EXPIRING._replace(verdict=GOOD, used_by=())
    tell(alerting, bad)
    alerting.tell_expiring([EXPIRING], NOW)
    tell(alerting, good)
    alerting.tell_expiring([EXPIRING], NOW)
    assert kinds(inbox) == ["violation", "expiring", "resolved"]
    assert list(alerting.episodes.read_all(SECURITY_CONFIGURATION_TYPE).episodes) == ["managed"]


def test_many_configurations_whose_certificates_expire_are_one_digest(alerting, inbox):
    """As of any other kind."""
    told = [expiring(f"j-{number}", name=f"managed-{number}") for number in range(11)]
    alerting.tell_expiring(told, NOW)
    alerting.tell_expiring(told, NOW)
    assert [(kind, len(ids)) for kind, ids in inbox.told] == [("expiringDigest", 11)]


def test_certificates_are_held_back_and_tried_again_like_all_that_is_told(alerting, inbox):
    """Nobody reads, then SNS refuses, then it gets through, once."""
    inbox.count(confirmed=0)
    assert alerting.tell_expiring([EXPIRING], NOW).deliveries == {"managed": Delivery.HELD_BACK}
    inbox.count(confirmed=1)
    with refusing("sns", "Publish", "Throttled"):
        assert alerting.tell_expiring([EXPIRING], NOW).problems == {
            "managed": "Publish: Throttled: no"
        }
    with unreachable("dynamodb"), pytest.raises(LedgerError, match="GetItem"):
        alerting.tell_expiring([EXPIRING], LATER)
    for _ in range(2):
        assert alerting.tell_expiring([EXPIRING], LATER).problems == {}
    assert kinds(inbox) == ["expiring"]


def test_where_no_certificates_expire_the_ledger_is_not_asked(alerting):
    """Most sweeps find none."""
    with unreachable("dynamodb"):
        assert alerting.tell_expiring([], NOW) == AlertingResult({}, {})
