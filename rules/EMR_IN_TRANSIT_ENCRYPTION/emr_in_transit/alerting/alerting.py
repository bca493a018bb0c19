"""Alerting: tells people once of each violation, exemption and end; every way in uses it."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    MOST_SINGLE_ALERTS,
    SECURITY_CONFIGURATION_TYPE,
    Alert,
    DetectedBy,
    Judged,
    Kind,
    held_text,
)
from emr_in_transit.alerting.episode import (
    Delivery,
    Episode,
    Key,
    State,
    Step,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    episode_key,
    episode_type,
    fingerprint_of,
    held_episode,
    next_step,
)
from emr_in_transit.alerting.messages import message, messages
from emr_in_transit.aws.episodes import ConflictError, UnreadableEpisodeError
from emr_in_transit.aws.errors import LedgerError, PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from emr_in_transit.alerting.alert import Origin
    from emr_in_transit.alerting.security_hub import SecurityHubFindings
    from emr_in_transit.aws.episodes import Episodes
    from emr_in_transit.aws.topic import Topic

# So often a claim is tried again when another function wrote the episode in between.
CLAIM_ATTEMPTS = 5
# With less left of the function's time, in seconds, no alert is begun: one attempt of a call may
# take so long (CLIENT_CONFIG in aws/clients.py), and a function that is cut off may repeat it.
RESERVE = 15.0
TIME_IS_UP = "not begun, the function's time is nearly up"
WITHOUT_ALERT = {
    Step.NOTHING: Delivery.ALREADY_SENT,
    Step.WAIT: Delivery.CLAIMED_ELSEWHERE,
}

logger = logging.getLogger(__name__)


class ClaimedElsewhereError(Exception):
    """Another function is sending this alert just now; a retry finds out whether it did."""


class AlertingResult(NamedTuple):
    """What became of the news: by resource id where there is any, and what went wrong for any."""

    deliveries: Mapping[str, Delivery]
    problems: Mapping[str, str]
    untold: tuple[str, ...] = ()  # ids of the resources of whose end nobody has told

    @property
    def sent(self) -> int:
        """How many violations and exemptions people have just been told of."""
        return Counter(self.deliveries.values())[Delivery.SENT]

    @property
    def unsent(self) -> set[str]:
        """The ids of the resources whose alert nobody has sent, and nobody is sending."""
        waiting = {Delivery.HELD_BACK, Delivery.NOT_CLAIMED, Delivery.NOT_SENT}
        return {each for each, delivery in self.deliveries.items() if delivery in waiting}

    @property
    def held_back(self) -> int:
        """Of how many resources people should have been told, and were not."""
        return len(self.unsent) + len(self.untold)

    def raise_for(self, resource_id: str) -> None:
        """Raise PublishError, or ClaimedElsewhereError, unless all about a resource is told."""
        if resource_id in self.problems:
            raise PublishError(self.problems[resource_id])
        if self.deliveries.get(resource_id) is Delivery.CLAIMED_ELSEWHERE:
            raise ClaimedElsewhereError(f"{resource_id}: another function has claimed it")


class _Remembered(NamedTuple):
    """What the ledger says about one kind of news: episodes by id, and why some are unreadable."""

    kind: Kind
    episodes: Mapping[str, Episode]
    unreadable: Mapping[str, str]

    def episode(self, judged: Judged) -> Episode | None:
        return self.episodes.get(episode_key(judged, self.kind).resource_id)

    def why_unreadable(self, judged: Judged) -> str:
        return self.unreadable.get(episode_key(judged, self.kind).resource_id, "")

    def open_alert_id(self, judged: Judged) -> str:
        episode = self.episode(judged)
        return episode.alert_id if episode and episode.state is not State.CLOSED else ""


@dataclass(frozen=True)
class Alerting:
    """Sends alerts on behalf of one function.

    Claimed before it is published and confirmed after it, an alert is neither lost nor, unless
    the function dies between the two, repeated.
    """

    episodes: Episodes
    topic: Topic
    origin: Origin
    send_resolved: bool
    seconds_left: Callable[[], float]
    security_hub: SecurityHubFindings | None = None

    def tell(self, judged: Sequence[Judged], now: datetime) -> AlertingResult:
        """Send messages on what violates, is exempted and has ended, as far as people do not know.

        All resources are of one type. What cannot be told of one costs no other its alert. Raises
        LedgerError when the episodes cannot be read, and then nobody has been told of anything.
        """
        if not judged:
            return AlertingResult({}, {})
        remembered = [self._remembered(kind, judged) for kind in self._kinds(judged)]
        violations = remembered[0]
        deliveries: dict[str, Delivery] = {}
        problems: dict[str, str] = {}
        untold: list[str] = []
        for each in remembered:
            news = [one for one in judged if one.kind is each.kind]
            # An exemption ends the violation that people were told of, under its alert id.
            before = violations if each is not violations else None
            told = self._tell_news(news, each, now, before)
            deliveries |= told.deliveries
            problems |= told.problems
        for each in remembered:
            ended = [one for one in judged if _is_over(one, each.kind, deliveries)]
            ends = self._tell_ends(ended, each, now)
            problems |= ends.problems
            untold += ends.untold
        return AlertingResult(deliveries, problems, tuple(untold))

    def tell_expiring(self, configurations: Sequence[Judged], now: datetime) -> AlertingResult:
        """Send a message, once for each, on security configurations whose certificates expire soon.

        Raises LedgerError when the ledger cannot be read, and then nobody has been told.
        """
        if not configurations:
            return AlertingResult({}, {})
        remembered = self._remembered(Kind.EXPIRING, configurations)
        return self._tell_news(configurations, remembered, now)

    def tell_at_launch(self, judged: Judged, now: datetime) -> AlertingResult:
        """Send an alert on a violation at launch, without the ledger too where that fails.

        Nobody knows then whether people have been told: better twice than never.
        """
        resource_id = judged.resource_id
        try:
            result = self.tell([judged], now)
            if result.deliveries[resource_id] is not Delivery.NOT_CLAIMED:
                return result
            why = result.problems[resource_id]
        except LedgerError as error:
            why = str(error)
        logger.warning("alert sent without the ledger", extra={"why": why})
        unwritable = self._why_not_in_words(judged, now)
        try:
            if not unwritable:
                self._publish(Alert(self._id_without_ledger(judged), (judged,), self.origin, now))
                return AlertingResult({resource_id: Delivery.SENT}, {})
        except PublishError as error:
            unwritable = str(error)
        return AlertingResult({resource_id: Delivery.NOT_SENT}, {resource_id: unwritable})

    def tell_of_change(self, judged: Judged, now: datetime) -> AlertingResult:
        """Send a message on a change; many violations within ten minutes are left to the next sweep.

        Raises LedgerError when the episode cannot be read or written.
        """
        resource = judged.resource
        if not judged.violates:
            return self.tell([judged], now)
        episode = self.episodes.get(resource.resource_type, resource.resource_id)
        found = fingerprint_of(judged)
        if episode is not None and episode.held and found <= episode.claimed:
            return AlertingResult({judged.resource_id: Delivery.HELD_FOR_DIGEST}, {})
        is_due = self._delivery_without_alert(judged, episode, now) is None
        # Whoever takes a claim over has been counted, before its first attempt failed.
        is_counted = episode is not None and episode.state is State.PENDING and not episode.held
        if not is_due or is_counted:
            return self.tell([judged], now)
        number = self.episodes.count(resource.resource_type, now)
        if number <= MOST_SINGLE_ALERTS:
            return self.tell([judged], now)
        return self._hold(judged, episode, now, announces=number == MOST_SINGLE_ALERTS + 1)

    def _hold(
        self, judged: Judged, episode: Episode | None, now: datetime, *, announces: bool
    ) -> AlertingResult:
        """Leave a violation to the next sweep, and tell people that more will follow."""
        if why := self._why_not_in_words(judged, now):
            return AlertingResult(
                {judged.resource_id: Delivery.NOT_SENT}, {judged.resource_id: why}
            )
        held = held_episode(episode, fingerprint_of(judged), held_text(judged), now)
        if not self._put(episode_key(judged, Kind.VIOLATION), held):
            return AlertingResult({judged.resource_id: Delivery.CLAIMED_ELSEWHERE}, {})
        result = AlertingResult({judged.resource_id: Delivery.HELD_FOR_DIGEST}, {})
        if not announces or self._nobody_reads(1):
            return result
        try:
            self._publish(Alert(str(uuid.uuid4()), (judged,), self.origin, now, announces=True))
        except PublishError as error:
            problems = {judged.resource_id: str(error)}
            return result._replace(problems=problems, untold=(judged.resource_id,))
        return result

    def _id_without_ledger(self, judged: Judged) -> str:
        """Return an id that is the same each time: the first attempt may have told people."""
        key, found = episode_key(judged, judged.kind), sorted(fingerprint_of(judged))
        parts = [self.origin.account, self.origin.region, *key, *found]
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))

    def _kinds(self, judged: Sequence[Judged]) -> Sequence[Kind]:
        """Return the kinds of news that these may be about, or that they may end."""
        if judged[0].resource.resource_type != CLUSTER_TYPE:
            return (Kind.VIOLATION,)
        if self.origin.detected_by is DetectedBy.LAUNCH_CHECK:
            # Its events may come late, so what it finds ends nothing of another kind.
            return (Kind.EXEMPTED,) if judged[0].kind is Kind.EXEMPTED else (Kind.VIOLATION,)
        return (Kind.VIOLATION, Kind.EXEMPTED)

    def _remembered(self, kind: Kind, judged: Sequence[Judged]) -> _Remembered:
        """Return what people have been told of these resources, of that kind."""
        if len(judged) == 1:
            key = episode_key(judged[0], kind)
            try:
                episode = self.episodes.get(*key)
            except UnreadableEpisodeError as error:
                return _Remembered(kind, {}, {key.resource_id: str(error)})
            return _Remembered(kind, {key.resource_id: episode} if episode else {}, {})
        found = self.episodes.read_all(episode_type(judged[0].resource.resource_type, kind))
        return _Remembered(kind, found.episodes, found.unreadable)

    def _tell_news(
        self,
        news: Sequence[Judged],
        known: _Remembered,
        now: datetime,
        before: _Remembered | None = None,
    ) -> AlertingResult:
        """Send what people do not know; where it ends what is open ``before``, by its id."""
        due, settled = self._due(news, known, now)
        if due and self._nobody_reads(len(due)):
            held_back = {each.resource_id: Delivery.HELD_BACK for each in due}
            return AlertingResult({**settled.deliveries, **held_back}, settled.problems)
        deliveries, problems = dict(settled.deliveries), dict(settled.problems)
        for alert in self._alerts(due, now, before):
            done = self._claim_and_publish(alert, known)
            deliveries |= done.deliveries
            problems |= done.problems
        return AlertingResult(deliveries, problems)

    def _due(
        self, news: Sequence[Judged], known: _Remembered, now: datetime
    ) -> tuple[list[Judged], AlertingResult]:
        """Return what people are to be told now, and what becomes of the rest."""
        deliveries: dict[str, Delivery] = {}
        problems: dict[str, str] = {}
        due = []
        for judged in news:
            if why := known.why_unreadable(judged):
                deliveries[judged.resource_id] = Delivery.NOT_CLAIMED
                problems[judged.resource_id] = why
                continue
            delivery = self._delivery_without_alert(judged, known.episode(judged), now)
            if delivery is not None:
                deliveries[judged.resource_id] = delivery
            elif why := self._why_not_in_words(judged, now):
                deliveries[judged.resource_id] = Delivery.NOT_SENT
                problems[judged.resource_id] = why
            else:
                due.append(judged)
        return due, AlertingResult(deliveries, problems)

    def _alerts(
        self, due: Sequence[Judged], now: datetime, before: _Remembered | None
    ) -> Iterable[Alert]:
        # What a sweep tells of security configurations, a change has held for one digest.
        is_held = self.origin.detected_by is DetectedBy.SWEEP and any(
            each.resource.resource_type == SECURITY_CONFIGURATION_TYPE for each in due
        )
        digested = len(due) > (1 if is_held else MOST_SINGLE_ALERTS)
        groups = [tuple(due)] if digested else [(each,) for each in due]
        for group in groups:
            alert_id = before.open_alert_id(group[0]) if before and not digested else ""
            alert = Alert(alert_id or str(uuid.uuid4()), group, self.origin, now)
            yield from (part for part, _ in messages(alert)) if digested else (alert,)

    def _claim_and_publish(self, alert: Alert, known: _Remembered) -> AlertingResult:
        claims: list[tuple[Judged, Episode]] = []
        deliveries: dict[str, Delivery] = {}
        problems: dict[str, str] = {}
        for judged in alert.judged:
            try:
                claimed = self._claim(judged, known.episode(judged), alert)
            except LedgerError as error:
                deliveries[judged.resource_id] = Delivery.NOT_CLAIMED
                problems[judged.resource_id] = str(error)
                continue
            if isinstance(claimed, Delivery):
                deliveries[judged.resource_id] = claimed
            else:
                claims.append((judged, claimed))
        if claims:
            done = self._publish_claimed(alert, claims)
            deliveries |= done.deliveries
            problems |= done.problems
        return AlertingResult(deliveries, problems)

    def _claim(self, judged: Judged, episode: Episode | None, alert: Alert) -> Episode | Delivery:
        """Return the claimed episode, or what becomes of the alert without a claim."""
        if self.seconds_left() < RESERVE:
            raise LedgerError(f"the claim was {TIME_IS_UP}")
        key, found = episode_key(judged, judged.kind), fingerprint_of(judged)
        for _ in range(CLAIM_ATTEMPTS):
            claimed = claimed_episode(episode, found, alert.alert_id, alert.time)
            try:
                self.episodes.put(*key, claimed)
            except ConflictError:
                episode = self.episodes.get(*key)
                delivery = self._delivery_without_alert(judged, episode, alert.time)
                if delivery is not None:
                    return delivery
            else:
                return claimed
        return Delivery.CLAIMED_ELSEWHERE

    def _publish_claimed(
        self, alert: Alert, claims: Sequence[tuple[Judged, Episode]]
    ) -> AlertingResult:
        """Publish what is claimed, and write down that people have been told."""
        alert = _as_claimed(alert, claims)
        ids = [judged.resource_id for judged, _ in claims]
        try:
            self._publish(alert)
        except PublishError as error:
            why = str(error)
            return AlertingResult(dict.fromkeys(ids, Delivery.NOT_SENT), dict.fromkeys(ids, why))
        problems = {}
        for judged, claimed in claims:
            key = episode_key(judged, judged.kind)
            try:
                self._put(key, confirmed_episode(claimed._replace(alert_id=alert.alert_id)))
            except LedgerError as error:
                problems[judged.resource_id] = f"sent, but not written down: {error}"
        return AlertingResult(dict.fromkeys(ids, Delivery.SENT), problems)

    def _tell_ends(
        self, ended: Sequence[Judged], known: _Remembered, now: datetime
    ) -> AlertingResult:
        """Close the episodes of what has ended; tell of violations that end by compliance."""
        over = [
            (judged, episode)
            for judged in ended
            if (episode := known.episode(judged)) and episode.state is not State.CLOSED
        ]
        told = []
        problems: dict[str, str] = {}
        for judged, episode in over:
            if known.kind is Kind.VIOLATION and self._tells_of_end(judged, episode):
                if why := self._why_not_in_words(judged, now):
                    problems[judged.resource_id] = why
                else:
                    told.append((judged, episode))
        for alert in self._end_alerts(told, now):
            try:
                self._publish(alert)
            except PublishError as error:
                problems |= {each.resource_id: str(error) for each in alert.judged}
        untold = tuple(problems)
        for judged, episode in over:
            if judged.resource_id not in untold:
                problems |= self._close(judged, known.kind, episode)
        unreadable = {
            each.resource_id: why for each in ended if (why := known.why_unreadable(each))
        }
        return AlertingResult({}, unreadable | problems, untold)

    def _end_alerts(self, told: Sequence[tuple[Judged, Episode]], now: datetime) -> Iterable[Alert]:
        if len(told) <= MOST_SINGLE_ALERTS:
            return [
                Alert(episode.alert_id, (judged,), self.origin, now) for judged, episode in told
            ]
        # A parameter that was relaxed, or a table that was mended, ends many at once.
        alert_id = _most_common(episode for _, episode in told)
        digest = Alert(alert_id, tuple(judged for judged, _ in told), self.origin, now)
        return [part for part, _ in messages(digest)]

    def _tells_of_end(self, judged: Judged, episode: Episode) -> bool:
        """Return whether people want to know; not of the end of what nobody was told of."""
        return judged.complies and self.send_resolved and bool(episode.sent)

    def _close(self, judged: Judged, kind: Kind, episode: Episode) -> dict[str, str]:
        if self.seconds_left() < RESERVE:
            return {judged.resource_id: f"closing its episode was {TIME_IS_UP}"}
        try:
            if not self._put(episode_key(judged, kind), closed_episode(episode)):
                extra = {"resource_id": judged.resource_id}
                logger.info("episode changed meanwhile", extra=extra)
        except LedgerError as error:
            return {judged.resource_id: str(error)}
        return {}

    def _nobody_reads(self, resources: int) -> bool:
        """Return whether nobody could read an alert; a sweep alerts as soon as somebody can."""
        if not self.topic.has_no_reader():
            return False
        why = "the topic has no confirmed subscription"
        logger.warning("alerts held back", extra={"resources": resources, "why": why})
        return True

    def _why_not_in_words(self, judged: Judged, now: datetime) -> str:
        """Return "", or why nothing can be written of a resource; it must not stop a digest."""
        try:
            message(Alert("", (judged,), self.origin, now))
        except Exception as error:
            logger.exception("not in words", extra={"resource_id": judged.resource_id})
            return f"its alert cannot be written ({type(error).__name__}: {error})"
        return ""

    def _publish(self, alert: Alert) -> None:
        if self.seconds_left() < RESERVE:
            raise PublishError(f"Publish: {TIME_IS_UP}")
        for part, written in messages(alert):
            self.topic.publish(written)
            extra = {"alert_id": part.alert_id, "kind": part.kind, "resources": len(part.judged)}
            logger.info("alert sent", extra=extra)

    def _delivery_without_alert(
        self, judged: Judged, episode: Episode | None, now: datetime
    ) -> Delivery | None:
        """Return what becomes of news that needs no alert from here; None where one is due."""
        is_closed = episode is not None and episode.state is State.CLOSED
        if is_closed and self.origin.detected_by is DetectedBy.LAUNCH_CHECK:
            # An event of the launch that comes after the end of the episode is no news.
            return Delivery.ALREADY_SENT
        return WITHOUT_ALERT.get(next_step(episode, fingerprint_of(judged), now))

    def _put(self, key: Key, episode: Episode) -> bool:
        """Write an episode; False where another function was faster, and what it wrote stands."""
        try:
            self.episodes.put(*key, episode)
        except ConflictError:
            return False
        return True


def _as_claimed(alert: Alert, claims: Sequence[tuple[Judged, Episode]]) -> Alert:
    """Return the alert on what has been claimed, under an id by which a reader sees a repeat.

    A claim that was taken over has the id of a message that may have gone out. The alert has the
    one that most of them have, and says of the others which theirs was.
    """
    alert_id = _most_common(claimed for _, claimed in claims)
    earlier = {
        judged.resource_id: claimed.alert_id
        for judged, claimed in claims
        if claimed.alert_id not in {alert_id, alert.alert_id}
    }
    told = tuple(judged for judged, _ in claims)
    return alert._replace(alert_id=alert_id, judged=told, earlier=earlier)


def _is_over(judged: Judged, kind: Kind, deliveries: Mapping[str, Delivery]) -> bool:
    """Return whether what people know of one kind is over, and what ends it has been told."""
    if judged.kind is kind:
        return False
    if kind is Kind.VIOLATION and judged.kind is Kind.EXEMPTED:
        return deliveries.get(judged.resource_id) in {Delivery.SENT, Delivery.ALREADY_SENT}
    return True


def _most_common(episodes: Iterable[Episode]) -> str:
    """Return the alert id that most of the episodes have."""
    return Counter(episode.alert_id for episode in episodes).most_common(1)[0][0]
