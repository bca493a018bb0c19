"""Alerting: what a sweep tells people, one message each or all in one digest."""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.alerting.alert import CLUSTER_TYPE, MOST_SINGLE_ALERTS, Alert, Judged
from emr_in_transit.alerting.episode import State, Step, fingerprint, next_step
from emr_in_transit.aws.errors import HubError, LedgerError
from emr_in_transit.aws.topic import fits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from emr_in_transit.alerting.alerting import Alerting
    from emr_in_transit.alerting.episode import Episode


class SweepAlerts(NamedTuple):
    """What a sweep has told people."""

    new: int  # violations that nobody had been told of
    told: list[Judged]  # all violations of which people know


def alerted_clusters(alerting: Alerting | None) -> Collection[str]:
    """Answer the ids of all clusters of which people know that they violate.

    One that was launched and ended between two sweeps is not on record in AWS Config: only its
    episode, or its finding in Security Hub, remembers it. Where these do not answer, the sweep
    judges and records all the same; what comes after it says what is wrong.
    """
    if alerting is None:
        return ()
    found: set[str] = set()
    with suppress(LedgerError):
        known = alerting.episodes.read_all(CLUSTER_TYPE)
        found |= {each for each, episode in known.items() if episode.state is not State.CLOSED}
    if alerting.hub is not None:
        with suppress(HubError):
            found |= alerting.hub.shown(CLUSTER_TYPE)
    return found


def alert_after_sweep(
    alerting: Alerting,
    violating: Sequence[Judged],
    ended: Mapping[str, Judged | None],
    now: datetime,
) -> SweepAlerts:
    """Tell of what nobody has been told of, and close what has ended.

    ``ended`` holds by cluster id what complies again; None for what is exempt or has gone. What
    another function has claimed is left to it: the next sweep looks again. Raises LedgerError or
    PublishError.
    """
    known = alerting.episodes.read_all(CLUSTER_TYPE)
    fresh = [
        judged
        for judged in violating
        if next_step(known.get(judged.resource.resource_id), fingerprint(judged.verdict), now)
        is Step.ALERT
    ]
    not_yet: set[str] = set()
    if fresh and alerting.holds_back(len(fresh)):
        not_yet = {judged.resource.resource_id for judged in fresh}
        fresh = []
    for alert in _alerts(alerting, fresh, now):
        _claim_and_publish(alerting, alert, known)
    _end(alerting, known, ended, now)
    told = [judged for judged in violating if judged.resource.resource_id not in not_yet]
    return SweepAlerts(len(fresh), told)


def _end(
    alerting: Alerting,
    known: Mapping[str, Episode],
    ended: Mapping[str, Judged | None],
    now: datetime,
) -> None:
    over = {
        cluster_id: episode
        for cluster_id, episode in known.items()
        if cluster_id in ended and episode.state is not State.CLOSED
    }
    told = {
        cluster_id: complies
        for cluster_id, episode in over.items()
        if (complies := ended[cluster_id]) is not None and alerting.tells_of_end(episode)
    }
    if len(told) <= MOST_SINGLE_ALERTS:
        for cluster_id, episode in over.items():
            alerting.end(CLUSTER_TYPE, cluster_id, episode, ended[cluster_id], now)
        return
    # A parameter that was relaxed, or a table that was mended, ends many at once.
    alert_id = _most_common(over[each] for each in told)
    for alert in in_parts(Alert(alert_id, tuple(told.values()), alerting.origin, now)):
        alerting.publish(alert)
        _close(alerting, over, [judged.resource.resource_id for judged in alert.judged])
    _close(alerting, over, over.keys() - told.keys())


def _close(alerting: Alerting, over: Mapping[str, Episode], cluster_ids: Iterable[str]) -> None:
    for cluster_id in cluster_ids:
        alerting.close(CLUSTER_TYPE, cluster_id, over[cluster_id])


def _alerts(alerting: Alerting, fresh: Sequence[Judged], now: datetime) -> list[Alert]:
    if len(fresh) > MOST_SINGLE_ALERTS:
        return in_parts(Alert(str(uuid.uuid4()), tuple(fresh), alerting.origin, now))
    return [Alert(str(uuid.uuid4()), (each,), alerting.origin, now) for each in fresh]


def in_parts(digest: Alert) -> list[Alert]:
    """Answer the digest in as few messages as SNS takes; nearly always one."""
    parts = 1
    while True:
        size = -(-len(digest.judged) // parts)
        chunks = [digest.judged[at : at + size] for at in range(0, len(digest.judged), size)]
        alerts = [
            digest._replace(judged=chunk, part=number, parts=len(chunks))
            for number, chunk in enumerate(chunks, 1)
        ]
        if size == 1 or all(map(fits, alerts)):
            return alerts
        parts += 1


def _claim_and_publish(alerting: Alerting, alert: Alert, known: Mapping[str, Episode]) -> None:
    claims: list[tuple[Judged, Episode]] = []
    for judged in alert.judged:
        before = known.get(judged.resource.resource_id)
        claimed = alerting.claim(judged, before, alert.alert_id, alert.time)
        if claimed is not None:
            claims.append((judged, claimed))
    if not claims:
        return
    # Claims that were taken over keep their alert id, so that a reader can see the repeat.
    alert_id = _most_common(claimed for _, claimed in claims)
    alerting.publish(
        alert._replace(alert_id=alert_id, judged=tuple(judged for judged, _ in claims))
    )
    for judged, claimed in claims:
        alerting.confirm(judged, claimed._replace(alert_id=alert_id))


def _most_common(episodes: Iterable[Episode]) -> str:
    """Answer the alert id that most of the episodes have."""
    return Counter(episode.alert_id for episode in episodes).most_common(1)[0][0]
