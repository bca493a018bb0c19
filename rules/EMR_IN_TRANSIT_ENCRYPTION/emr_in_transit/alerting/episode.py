"""Pure: an episode, one violation of one resource from its first alert to its end."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from emr_in_transit.alerting.alert import Judged, Kind, safe_id
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Verdict

# Shorter than the minute after which Lambda tries a failed delivery again.
LEASE = timedelta(seconds=45)


class State(StrEnum):
    """Where an episode stands."""

    PENDING = "pending"  # claimed by a function that is about to publish
    SENT = "sent"  # the alert has been published
    CLOSED = "closed"  # the resource complies, is exempt, or has gone


class Step(StrEnum):
    """What a function that meets a violation has to do."""

    ALERT = "alert"
    NOTHING = "nothing"  # the alert has been sent
    WAIT = "wait"  # another function is sending it just now


class Delivery(StrEnum):
    """What became of the alert on one violation."""

    SENT = "sent"
    ALREADY_SENT = "already sent"
    HELD_BACK = "held back"  # nobody could read it
    HELD_FOR_DIGEST = "held for digest"  # many came at once: the next sweep tells of them together
    CLAIMED_ELSEWHERE = "claimed elsewhere"  # another function is sending it just now
    NOT_CLAIMED = "not claimed"  # the ledger did not take the claim, so nothing was sent
    NOT_SENT = "not sent"  # SNS did not take it


class Episode(NamedTuple):
    """One episode as the ledger holds it; ``version`` grows with every write."""

    state: State
    alert_id: str  # "" where no message has been tried yet
    claimed: frozenset[str]  # the fingerprint that an alert is, or was last, sent for
    sent: frozenset[str]  # all that alerts have been sent for
    lease_until: datetime
    version: int = 1
    held: str = ""  # what the next sweep is to tell of it, in a digest; "" where nothing is held


def fingerprint(verdict: Verdict) -> frozenset[str]:
    """Return what makes a violation the same: reasons and their properties, never wording or dates."""
    return frozenset(
        f"{finding.reason}:{finding.subject}" if finding.subject else finding.reason.value
        for finding in verdict.violations
    )


class Key(NamedTuple):
    """By what the ledger knows an episode: a kind of resource, and the id of one."""

    resource_type: str
    resource_id: str


def episode_type(resource_type: str, kind: Kind) -> str:
    """Return the type of resource under which what has been told of a kind is remembered.

    What is told of an exemption, or of certificates, is no part of the violation's episode, and
    none that an older version of the rule would read.
    """
    is_violation = kind in {Kind.VIOLATION, Kind.RESOLVED}
    return resource_type if is_violation else f"{kind.value}:{resource_type}"


def episode_key(judged: Judged, kind: Kind) -> Key:
    """Return the key of the episode in which the ledger remembers what was told of a kind."""
    resource_type, resource_id = judged.resource.resource_type, judged.resource_id
    created = judged.resource.configured
    if kind is Kind.EXPIRING and created is not None:
        # One that is created anew under its old name has new certificates.
        resource_id = f"{created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}/{safe_id(resource_id)}"
    return Key(episode_type(resource_type, kind), resource_id)


def fingerprint_of(judged: Judged) -> frozenset[str]:
    """Return what makes that which is to be told the same as what has been told.

    Of an exemption it is the day until which it holds, of certificates that they expire: EMR's own
    once, and those of a bundle, which can be renewed, by what is said of them, their day in it.
    """
    exemption = judged.verdict.exemption
    if judged.kind is Kind.EXEMPTED and exemption is not None:
        return frozenset({f"EXEMPTED:{exemption.until or 'without an end'}"})
    if judged.kind is Kind.EXPIRING:
        found = judged.verdict.findings
        return frozenset(each.detail if each.subject else each.reason.value for each in found)
    return fingerprint(judged.verdict)


def next_step(episode: Episode | None, found: frozenset[str], now: datetime) -> Step:
    """Return what is to be done about a violation with this fingerprint."""
    if episode is None or episode.state is State.CLOSED:
        return Step.ALERT
    if found <= _known(episode.sent):
        return Step.NOTHING
    if episode.state is State.PENDING and now < episode.lease_until:
        return Step.WAIT
    return Step.ALERT


def _known(sent: frozenset[str]) -> frozenset[str]:
    """Return what people know who have been told of this.

    Whoever was told that a property undoes encryption knows that it weakens it: version 0.1.0 told
    so of properties that today only weaken it.
    """
    undone, weakened = f"{Reason.ENCRYPTION_OVERRIDDEN}:", f"{Reason.ENCRYPTION_WEAKENED}:"
    return sent | {weakened + each.removeprefix(undone) for each in sent if each.startswith(undone)}


def claimed_episode(
    episode: Episode | None, found: frozenset[str], alert_id: str, now: datetime
) -> Episode:
    """Return the episode once it is claimed; a lapsed claim is taken over with its own alert id.

    Whoever held it may have published before it died: the same id lets a reader see a repeat.
    """
    lease_until = now + LEASE
    if episode is None:
        return Episode(State.PENDING, alert_id, found, frozenset(), lease_until)
    version = episode.version + 1
    if episode.state is State.PENDING and episode.alert_id:
        return episode._replace(claimed=found, lease_until=lease_until, version=version)
    sent = frozenset() if episode.state is State.CLOSED else episode.sent
    return Episode(State.PENDING, alert_id, found, sent, lease_until, version, episode.held)


def held_episode(
    episode: Episode | None, found: frozenset[str], told: str, now: datetime
) -> Episode:
    """Return the episode once the next sweep is to tell of it.

    It is a claim that has lapsed, with something to tell beside it, and no message yet: version
    0.1.0, after a rollback, takes it over and tells at once.
    """
    claimed = claimed_episode(episode, found, "", now)
    return claimed._replace(lease_until=now, held=told)


def confirmed_episode(episode: Episode) -> Episode:
    """Return the episode once its alert has been published."""
    sent = episode.sent | episode.claimed
    return episode._replace(state=State.SENT, sent=sent, version=episode.version + 1, held="")


def closed_episode(episode: Episode) -> Episode:
    """Return the episode once it is over."""
    return episode._replace(state=State.CLOSED, version=episode.version + 1, held="")
