"""Alerting: tells people of each violation once, and of its end; every entry point uses it."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import Alert, Judged
from emr_in_transit.alerting.episode import (
    Episode,
    State,
    Step,
    Told,
    claimed_episode,
    closed_episode,
    confirmed_episode,
    fingerprint,
    next_step,
)
from emr_in_transit.aws.episodes import ConflictError
from emr_in_transit.aws.errors import LedgerError

if TYPE_CHECKING:
    from datetime import datetime

    from emr_in_transit.alerting.alert import Origin
    from emr_in_transit.alerting.alerting_hub import HubFindings
    from emr_in_transit.aws.episodes import Episodes
    from emr_in_transit.aws.topic import Topic

# So often a claim is tried again when another function wrote the episode in between.
CLAIM_ATTEMPTS = 5

logger = logging.getLogger(__name__)


class ClaimedElsewhereError(Exception):
    """Another function is publishing this alert just now; a retry finds out whether it did."""


@dataclass(frozen=True)
class Alerting:
    """Publishes alerts on behalf of one function.

    Claimed before it is published and confirmed after it, an alert is neither lost nor, unless
    the function dies between the two, repeated. Every method raises LedgerError or PublishError.
    """

    episodes: Episodes
    topic: Topic
    origin: Origin
    send_resolved: bool
    hub: HubFindings | None = None

    def violation(self, judged: Judged, now: datetime, *, at_launch: bool = False) -> Told:
        """Alert on one violation, unless people have been told of it, or nobody could read it.

        ``at_launch`` it alerts without the ledger too, for nobody knows then whether people have
        been told: better twice than never. Raises ClaimedElsewhereError while another function is
        about to tell them.
        """
        try:
            claimed = self._claim_alone(judged, now, at_launch)
        except LedgerError as error:
            if not at_launch:
                raise
            logger.warning("alert sent without the ledger", extra={"why": str(error)})
            self.publish(Alert(str(uuid.uuid4()), (judged,), self.origin, now))
            return Told.NOW
        if isinstance(claimed, Told):
            return claimed
        self.publish(Alert(claimed.alert_id, (judged,), self.origin, now))
        self.confirm(judged, claimed)
        return Told.NOW

    def ended(
        self, resource_type: str, resource_id: str, complies: Judged | None, now: datetime
    ) -> None:
        """Close the episode of a resource, if there is one; see ``end``."""
        episode = self.episodes.get(resource_type, resource_id)
        if episode is not None and episode.state is not State.CLOSED:
            self.end(resource_type, resource_id, episode, complies, now)

    def claim(
        self, judged: Judged, episode: Episode | None, alert_id: str, now: datetime
    ) -> Episode | None:
        """Answer the claimed episode; None when another function was faster."""
        claimed = claimed_episode(episode, fingerprint(judged.verdict), alert_id, now)
        return claimed if self._put(judged, claimed) else None

    def confirm(self, judged: Judged, claimed: Episode) -> None:
        """Write down that people have been told."""
        # If the lease lapsed and another function took over, what it writes stands.
        self._put(judged, confirmed_episode(claimed))

    def end(
        self,
        resource_type: str,
        resource_id: str,
        episode: Episode,
        complies: Judged | None,
        now: datetime,
    ) -> None:
        """Close an episode; tell of it where the resource ``complies`` again.

        What is exempt or has gone (None) is closed without a message.
        """
        if complies is not None and self.tells_of_end(episode):
            self.publish(Alert(episode.alert_id, (complies,), self.origin, now))
        self.close(resource_type, resource_id, episode)

    def tells_of_end(self, episode: Episode) -> bool:
        """Answer whether people want to know; not of the end of what nobody was told of."""
        return self.send_resolved and bool(episode.sent)

    def close(self, resource_type: str, resource_id: str, episode: Episode) -> None:
        """Write down that an episode is over, unless it has changed meanwhile."""
        try:
            self.episodes.put(resource_type, resource_id, closed_episode(episode))
        except ConflictError:
            logger.info("episode changed meanwhile", extra={"resource_id": resource_id})

    def holds_back(self, resources: int) -> bool:
        """Answer whether nobody could read an alert; a sweep alerts as soon as somebody can."""
        if not self.topic.has_no_reader():
            return False
        why = "the topic has no confirmed subscription"
        logger.warning("alerts held back", extra={"resources": resources, "why": why})
        return True

    def publish(self, alert: Alert) -> None:
        """Publish one message."""
        self.topic.publish(alert)
        logger.info(
            "alert sent",
            extra={"alert_id": alert.alert_id, "kind": alert.kind, "resources": len(alert.judged)},
        )

    def _claim_alone(self, judged: Judged, now: datetime, at_launch: bool) -> Episode | Told:
        """Answer the claimed episode, or why there is none to claim."""
        resource, found = judged.resource, fingerprint(judged.verdict)
        for _ in range(CLAIM_ATTEMPTS):
            episode = self.episodes.get(resource.resource_type, resource.resource_id)
            step = next_step(episode, found, now)
            # An event of the launch that comes after the end of the episode is no new violation.
            is_late = at_launch and episode is not None and episode.state is State.CLOSED
            if is_late or step is Step.NOTHING:
                return Told.BEFORE
            if step is Step.WAIT:
                break
            if self.holds_back(1):
                return Told.NOT_YET
            claimed = self.claim(judged, episode, str(uuid.uuid4()), now)
            if claimed is not None:
                return claimed
        raise ClaimedElsewhereError(f"{resource.resource_id}: another function has claimed it")

    def _put(self, judged: Judged, episode: Episode) -> bool:
        resource = judged.resource
        try:
            self.episodes.put(resource.resource_type, resource.resource_id, episode)
        except ConflictError:
            return False
        return True
