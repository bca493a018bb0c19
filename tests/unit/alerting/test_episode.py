"""Episodes: who has to alert, who waits, and that nobody is told the same twice."""

import itertools
from datetime import date, timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from emr_in_transit.alerting.alert import Kind
from emr_in_transit.alerting.episode import (
    LEASE,
    Episode,
    State,
    Step,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    episode_key,
    fingerprint,
    fingerprint_of,
    next_step,
)
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Finding, verdict_of
from tests.support.builders import EXEMPTED, EXPIRING, exempt, expiring, judged, violating
from tests.support.facts import CREATED, NOW

REASONS = ("A", "B", "C")
SETS = [frozenset(c) for n in range(4) for c in itertools.combinations(REASONS, n)]
FOUND = [each for each in SETS if each]
FOUND_OFTEN = [frozenset("A"), frozenset("B"), frozenset("AB")]
INSTANT = timedelta(microseconds=1)
LEASES = [NOW - LEASE, NOW - INSTANT, NOW, NOW + INSTANT, NOW + LEASE]
EPISODES = [
    Episode(state, "first", claimed, sent, lease, version=7)
    for state, claimed, sent, lease in itertools.product(State, SETS, SETS, LEASES)
]
OPEN = [each for each in EPISODES if each.state is not State.CLOSED]


def steps(episodes, found):
    return {
        (each, f): next_step(each, f, NOW) for each in episodes for f in FOUND if found(each, f)
    }


def is_news(episode, found):
    return bool(found - episode.sent)


def test_what_has_no_episode_or_a_closed_one_is_alerted_on():
    """Resolved and broken again is new, whatever was sent before."""
    closed = [None, *(each for each in EPISODES if each.state is State.CLOSED)]
    assert set(steps(closed, lambda *_: True).values()) == {Step.ALERT}


def test_what_people_have_been_told_of_needs_nothing():
    """A part of what was sent is no news, even while another function is telling more."""
    answers = steps(OPEN, lambda episode, found: not is_news(episode, found))
    assert set(answers.values()) == {Step.NOTHING}


def test_a_set_that_grows_beyond_what_was_sent_is_alerted_on():
    """One reason more than people know of is enough."""
    sent = [each for each in OPEN if each.state is State.SENT]
    assert set(steps(sent, is_news).values()) == {Step.ALERT}


KEY = "core-site/hadoop.ssl.hostname.verifier"
OVERRIDDEN, WEAKENED = f"ENCRYPTION_OVERRIDDEN:{KEY}", f"ENCRYPTION_WEAKENED:{KEY}"
KNOWN = [
    ("who knows of clear text knows of weakness", {OVERRIDDEN}, {WEAKENED}, Step.NOTHING),
    ("who knows of weakness does not know of clear text", {WEAKENED}, {OVERRIDDEN}, Step.ALERT),
    ("another property is news", {OVERRIDDEN}, {"ENCRYPTION_WEAKENED:a/b"}, Step.ALERT),
    ("and so is another reason beside it", {OVERRIDDEN}, {WEAKENED, "A"}, Step.ALERT),
]


@pytest.mark.parametrize(
    ("sent", "found", "step"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN]
)
def test_what_people_know_of_a_property(sent, found, step):
    """That a property only weakens what it was said to undo is no news."""
    episode = Episode(State.SENT, "first", frozenset(sent), frozenset(sent), NOW)
    assert next_step(episode, frozenset(found), NOW) is step


def test_news_waits_exactly_as_long_as_the_claim_of_another_function():
    """Until the moment at which the lease ends; from then on it is taken over."""
    pending = [each for each in OPEN if each.state is State.PENDING]
    for (episode, _), step in steps(pending, is_news).items():
        assert step is (Step.ALERT if episode.lease_until <= NOW else Step.WAIT)


def test_a_lease_ends_before_lambda_tries_again():
    """A retry, after a minute, must find out whether the first attempt has told people."""
    assert timedelta(seconds=10) < LEASE < timedelta(minutes=1)


@pytest.mark.parametrize("found", FOUND, ids=sorted)
def test_a_first_claim_begins_an_episode(found):
    """Nobody has been told yet, and it is the first version."""
    assert claimed_episode(None, found, "new", NOW) == Episode(
        State.PENDING, "new", found, frozenset(), NOW + LEASE, version=1
    )


def test_every_claim_is_pending_with_what_it_found_for_one_lease():
    """Whatever there was before, and it is a new version."""
    for episode, found in itertools.product(EPISODES, FOUND):
        claimed = claimed_episode(episode, found, "new", NOW)
        assert (claimed.state, claimed.claimed) == (State.PENDING, found)
        assert (claimed.lease_until, claimed.version) == (NOW + LEASE, 8)


def test_a_claim_that_is_taken_over_keeps_its_alert_id_and_no_other_does():
    """Whoever died may have published: the same id lets a reader see the repeat."""
    ids = {
        (each.state, claimed_episode(each, found, "new", NOW).alert_id)
        for each, found in itertools.product(EPISODES, FOUND)
    }
    assert ids == {(State.PENDING, "first"), (State.SENT, "new"), (State.CLOSED, "new")}


def test_what_was_sent_counts_until_the_episode_is_closed():
    """A claim within an open episode remembers it; a new episode begins with nothing."""
    for episode, found in itertools.product(EPISODES, FOUND):
        remembered = frozenset() if episode.state is State.CLOSED else episode.sent
        assert claimed_episode(episode, found, "new", NOW).sent == remembered


def test_a_confirmation_adds_what_was_claimed_to_what_was_sent():
    """It forgets nothing, and the same violation needs nothing any more."""
    for episode in OPEN:
        confirmed = confirmed_episode(episode)
        assert confirmed == episode._replace(
            state=State.SENT, sent=episode.sent | episode.claimed, version=8
        )
        assert not episode.claimed or next_step(confirmed, episode.claimed, NOW) is Step.NOTHING


def test_closing_only_closes():
    """Its alert id stays, for the message that tells of the end."""
    for episode in OPEN:
        assert closed_episode(episode) == episode._replace(state=State.CLOSED, version=8)


def finding(reason=Reason.ENCRYPTION_OVERRIDDEN, detail="d", subject="", only_warns=False):
    return Finding(reason, detail, subject, only_warns)


SAME = [
    ("other details", [finding(detail="ends on 2026-01-01")], [finding(detail="2026-02-02")]),
    ("a warning more", [finding()], [finding(), finding(Reason.CERTIFICATES_EXPIRING)]),
    (
        "the same reason as a warning",
        [finding()],
        [finding(), finding(Reason.TRAFFIC_NOT_COVERED, only_warns=True)],
    ),
    (
        "another order",
        [finding(subject="a"), finding(subject="b")],
        [finding(subject="b"), finding(subject="a")],
    ),
]
OTHER = [
    ("another property", [finding(subject="a")], [finding(subject="b")]),
    ("a property more", [finding(subject="a")], [finding(subject="a"), finding(subject="b")]),
    ("another reason", [finding()], [finding(Reason.NO_SECURITY_CONFIGURATION)]),
]


@pytest.mark.parametrize(("one", "two"), [r[1:] for r in SAME], ids=[r[0] for r in SAME])
def test_a_violation_is_the_same_with(one, two):
    """Wording, dates, order and warnings do not make a violation a new one."""
    assert fingerprint(verdict_of(one, "")) == fingerprint(verdict_of(two, "")) != frozenset()


@pytest.mark.parametrize(("one", "two"), [r[1:] for r in OTHER], ids=[r[0] for r in OTHER])
def test_a_violation_is_another_with(one, two):
    """Reasons and their properties make a violation what it is."""
    assert fingerprint(verdict_of(one, "")) != fingerprint(verdict_of(two, ""))


class Interleavings(RuleBasedStateMachine):
    """Functions that look, claim, publish, confirm, die and close in any order.

    The ledger takes a write only over the version that was read. A function publishes while its
    lease runs: one that is slower counts as dead, and its claim may be taken over. One that dies
    is one whose turn never comes.
    """

    looks = Bundle("looks")
    claims = Bundle("claims")
    published = Bundle("published")

    def __init__(self):
        super().__init__()
        self.now, self.stored, self.number = NOW, None, 0
        self.told = frozenset()  # confirmed within the open episode
        self.last = None  # the last message within the open episode
        self.ids = itertools.count()

    def write(self, episode):
        before = self.stored.version if self.stored else 0
        if before != episode.version - 1:
            return False
        self.stored = episode
        return True

    @rule(seconds=st.sampled_from([1, 44, 60]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(target=looks, found=st.sampled_from(FOUND_OFTEN))
    def look(self, found):
        return self.stored, found

    @rule(target=claims, look=consumes(looks))
    def claim_what_was_seen(self, look):
        return self.claim(*look)

    @rule(target=claims, found=st.sampled_from(FOUND_OFTEN))
    def look_and_claim(self, found):
        return self.claim(self.stored, found)

    @rule(found=st.sampled_from(FOUND_OFTEN))
    def tell_undisturbed(self, found):
        claim = self.claim(self.stored, found)
        if claim != multiple():
            self.publish(claim)
            self.confirm(claim)

    @rule(found=st.sampled_from(FOUND_OFTEN))
    def publish_and_die(self, found):
        claim = self.claim(self.stored, found)
        if claim != multiple():
            self.publish(claim)
            self.now += LEASE

    def claim(self, episode, found):
        if next_step(episode, found, self.now) is not Step.ALERT:
            return multiple()
        claimed = claimed_episode(episode, found, f"alert-{next(self.ids)}", self.now)
        is_new = self.stored is None or self.stored.state is State.CLOSED
        if not self.write(claimed):
            return multiple()
        if is_new:
            self.number, self.told, self.last = self.number + 1, frozenset(), None
        return self.number, claimed

    @rule(target=published, claim=consumes(claims))
    def publish_a_claim(self, claim):
        return self.publish(claim)

    def publish(self, claim):
        number, claimed = claim
        if self.now >= claimed.lease_until or number != self.number:
            return multiple()
        assert claimed.claimed - self.told, "nobody is told again of what is confirmed"
        if self.last and self.last.claimed == claimed.claimed:
            assert self.last.alert_id == claimed.alert_id, "a repeat can be seen"
        self.last = claimed
        return claim

    @rule(claim=consumes(published))
    def confirm_what_is_published(self, claim):
        self.confirm(claim)

    def confirm(self, claim):
        number, claimed = claim
        if self.write(confirmed_episode(claimed)):
            assert number == self.number
            self.told |= claimed.claimed

    @precondition(lambda self: self.stored and self.stored.state is not State.CLOSED)
    @rule()
    def close(self):
        assert self.write(closed_episode(self.stored))

    @invariant()
    def the_ledger_knows_what_was_confirmed(self):
        if self.stored and self.stored.state is not State.CLOSED:
            assert self.stored.sent == self.told

    @invariant()
    def nothing_is_stuck(self):
        for found in FOUND:
            step = next_step(self.stored, found, self.now + LEASE)
            is_closed = self.stored is None or self.stored.state is State.CLOSED
            assert (step is Step.ALERT) == (is_closed or not found <= self.told)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_what_is_told_of_each_kind_has_a_key_of_its_own():
    """An exemption and a violation of one cluster never mix, nor do two creations of one name."""
    again = expiring(created=NOW)
    keys = {
        *(episode_key(EXEMPTED, kind) for kind in Kind),
        *(episode_key(EXPIRING, kind) for kind in Kind),
        episode_key(again, Kind.EXPIRING),
    }
    # A violation and its end are one episode, of either type.
    assert len(keys) == 2 * (len(Kind) - 1) + 1
    assert episode_key(EXEMPTED, Kind.RESOLVED) == ("AWS::EMR::Cluster", "j-1")


def test_the_key_of_what_expires_is_the_moment_of_creation_whatever_the_zone():
    """An answer of EMR has the zone of the machine, an entry of the ledger that of its writer."""
    there = timezone(timedelta(hours=5, minutes=45))
    here, elsewhere = expiring(), expiring(created=CREATED.astimezone(there))
    assert episode_key(here, Kind.EXPIRING) == episode_key(elsewhere, Kind.EXPIRING)


@pytest.mark.parametrize("name", ["x" * 10_280, "\ud800", "two words", "\u3042" * 1000])
def test_the_key_of_what_expires_fits_into_the_ledger_whatever_the_name_is(name):
    """DynamoDB takes a sort key of 1,024 bytes of UTF-8."""
    key = episode_key(expiring(name=name), Kind.EXPIRING)
    assert len("/".join(key).encode()) < 1024


def test_an_exemption_is_the_same_until_its_last_day_changes():
    """A new text is no news, nor a new reason behind it; a later end is."""
    found = fingerprint_of(judged(exempt()))
    assert found == {"EXEMPTED:2026-06-30"}
    assert fingerprint_of(judged(exempt(text="2026-06-30 other"))) == found
    more = exempt()._replace(findings=violating(Reason.RELEASE_WITHOUT_SUPPORT).findings)
    assert fingerprint_of(judged(more)) == found
    assert fingerprint_of(judged(exempt(date(2027, 1, 1)))) != found
    assert fingerprint_of(judged(exempt(None))) == {"EXEMPTED:without an end"}


def test_certificates_that_expire_are_the_same_until_others_take_their_place():
    """EMR's are told once, those of a bundle once for each day; a violation by its reasons."""
    assert fingerprint_of(EXPIRING) == {"CERTIFICATES_EXPIRING"}
    found = Finding(Reason.CERTIFICATES_EXPIRING, "It expires on 2027-01-31.", "chain.pem")
    of_bundle = EXPIRING._replace(verdict=EXPIRING.verdict._replace(findings=(found,)))
    assert fingerprint_of(of_bundle) == {"It expires on 2027-01-31."}
    assert fingerprint_of(judged()) == fingerprint(violating())
