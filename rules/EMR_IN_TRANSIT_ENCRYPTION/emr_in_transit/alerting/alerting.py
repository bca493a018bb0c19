"""Alerting: sends one alert for each violation, and one for its end; every way in uses it."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.alerting.alert import MOST_SINGLE_ALERTS, Alert, DetectedBy, Judged
from emr_in_transit.alerting.episode import (
    Delivery,
    Episode,
    State,
    Step,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    fingerprint,
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
    """What became of the alerts: by resource id for violations, and what went wrong for any."""

    deliveries: Mapping[str, Delivery]
    problems: Mapping[str, str]
    untold: tuple[str, ...] = ()  # ids of the resources of whose end nobody has told

    @property
    def sent(self) -> int:
        """How many violations people have just been told of."""
        return Counter(self.deliveries.values())[Delivery.SENT]

    @property
    def unsent(self) -> set[str]:
        """The ids of the violations whose alert nobody has sent, and nobody is sending."""
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
        """Tell people of what violates and what has ended, as far as they do not know of it.

        All resources are of one type. What cannot be told of one costs no other its alert. Raises
        LedgerError when the episodes cannot be read, and then nobody has been told of anything.
        """
        if not judged:
            return AlertingResult({}, {})
        known, unreadable = self._episodes(judged)
        readable = [each for each in judged if each.resource_id not in unreadable]
        violations = self._tell_violations([each for each in readable if each.violates], known, now)
        ends = self._tell_ends([each for each in readable if not each.violates], known, now)
        refused = {
            each.resource_id: Delivery.NOT_CLAIMED
            for each in judged
            if each.violates and each.resource_id in unreadable
        }
        return AlertingResult(
            {**refused, **violations.deliveries},
            {**unreadable, **violations.problems, **ends.problems},
            ends.untold,
        )

    def tell_at_launch(self, judged: Judged, now: datetime) -> AlertingResult:
        """Tell people of a violation at launch, without the ledger too where that fails.

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

    def _id_without_ledger(self, judged: Judged) -> str:
        """Return an id that is the same each time: the first attempt may have told people."""
        resource = judged.resource
        parts = (self.origin.account, self.origin.region, resource.resource_type)
        found = sorted(fingerprint(judged.verdict))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join([*parts, judged.resource_id, *found])))

    def _episodes(self, judged: Sequence[Judged]) -> tuple[dict[str, Episode], dict[str, str]]:
        """Return the episodes of these resources by id, and why some of them cannot be read."""
        resource_type = judged[0].resource.resource_type
        if len(judged) == 1:
            resource_id = judged[0].resource_id
            try:
                episode = self.episodes.get(resource_type, resource_id)
            except UnreadableEpisodeError as error:
                return {}, {resource_id: str(error)}
            return {resource_id: episode} if episode is not None else {}, {}
        found = self.episodes.read_all(resource_type)
        ids = {each.resource_id for each in judged}
        return found.episodes, {each: why for each, why in found.unreadable.items() if each in ids}

    def _tell_violations(
        self, violating: Sequence[Judged], known: Mapping[str, Episode], now: datetime
    ) -> AlertingResult:
        deliveries: dict[str, Delivery] = {}
        problems: dict[str, str] = {}
        due = []
        for judged in violating:
            delivery = self._delivery_without_alert(judged, known.get(judged.resource_id), now)
            if delivery is not None:
                deliveries[judged.resource_id] = delivery
            elif why := self._why_not_in_words(judged, now):
                deliveries[judged.resource_id] = Delivery.NOT_SENT
                problems[judged.resource_id] = why
            else:
                due.append(judged)
        if due and self._nobody_reads(len(due)):
            held_back = {each.resource_id: Delivery.HELD_BACK for each in due}
            return AlertingResult(deliveries | held_back, problems)
        for alert in self._alerts(due, now):
            done = self._claim_and_publish(alert, known)
            deliveries |= done.deliveries
            problems |= done.problems
        return AlertingResult(deliveries, problems)

    def _alerts(self, due: Sequence[Judged], now: datetime) -> Iterable[Alert]:
        digested = len(due) > MOST_SINGLE_ALERTS
        groups = [tuple(due)] if digested else [(each,) for each in due]
        for group in groups:
            alert = Alert(str(uuid.uuid4()), group, self.origin, now)
            yield from (part for part, _ in messages(alert)) if digested else (alert,)

    def _claim_and_publish(self, alert: Alert, known: Mapping[str, Episode]) -> AlertingResult:
        claims: list[tuple[Judged, Episode]] = []
        deliveries: dict[str, Delivery] = {}
        problems: dict[str, str] = {}
        for judged in alert.judged:
            try:
                claimed = self._claim(judged, known.get(judged.resource_id), alert)
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
        resource, found = judged.resource, fingerprint(judged.verdict)
        for _ in range(CLAIM_ATTEMPTS):
            claimed = claimed_episode(episode, found, alert.alert_id, alert.time)
            try:
                self.episodes.put(resource.resource_type, resource.resource_id, claimed)
            except ConflictError:
                episode = self.episodes.get(resource.resource_type, resource.resource_id)
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
            try:
                self._put(judged, confirmed_episode(claimed._replace(alert_id=alert.alert_id)))
            except LedgerError as error:
                problems[judged.resource_id] = f"sent, but not written down: {error}"
        return AlertingResult(dict.fromkeys(ids, Delivery.SENT), problems)

    def _tell_ends(
        self, ended: Sequence[Judged], known: Mapping[str, Episode], now: datetime
    ) -> AlertingResult:
        """Close the episodes of what has ended; tell of those that end by compliance."""
        over = [
            (judged, episode)
            for judged in ended
            if (episode := known.get(judged.resource_id)) and episode.state is not State.CLOSED
        ]
        told = []
        problems: dict[str, str] = {}
        for judged, episode in over:
            if self._tells_of_end(judged, episode):
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
                problems |= self._close(judged, episode)
        return AlertingResult({}, problems, untold)

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

    def _close(self, judged: Judged, episode: Episode) -> dict[str, str]:
        if self.seconds_left() < RESERVE:
            return {judged.resource_id: f"closing its episode was {TIME_IS_UP}"}
        try:
            if not self._put(judged, closed_episode(episode)):
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
        """Return what becomes of a violation that needs no alert from here; None where one is due."""
        is_closed = episode is not None and episode.state is State.CLOSED
        if is_closed and self.origin.detected_by is DetectedBy.LAUNCH_CHECK:
            # An event of the launch that comes after the end of the episode is no new violation.
            return Delivery.ALREADY_SENT
        return WITHOUT_ALERT.get(next_step(episode, fingerprint(judged.verdict), now))

    def _put(self, judged: Judged, episode: Episode) -> bool:
        """Write an episode; False where another function was faster, and what it wrote stands."""
        resource = judged.resource
        try:
            self.episodes.put(resource.resource_type, resource.resource_id, episode)
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


def _most_common(episodes: Iterable[Episode]) -> str:
    """Return the alert id that most of the episodes have."""
    return Counter(episode.alert_id for episode in episodes).most_common(1)[0][0]
