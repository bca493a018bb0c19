"""Alerting: keeps the findings in Security Hub in step with the alerts that have been sent.

Security Hub bills imports, so a finding is imported only where it shows something else. What it
shows is asked of Security Hub itself, which heals whatever did not get there before.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from emr_in_transit.alerting.episode import State
from emr_in_transit.alerting.security_hub_finding import (
    closed_finding,
    finding_id,
    is_recent,
    is_shown,
    open_finding,
    renewed_finding,
    resource_id_of,
)
from emr_in_transit.aws.errors import SecurityHubError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from emr_in_transit.alerting.alert import Judged, Origin
    from emr_in_transit.aws.episodes import Episodes
    from emr_in_transit.aws.security_hub import SecurityHub, SecurityHubFinding

logger = logging.getLogger(__name__)


class SecurityHubFindings:
    """The findings on the resources that one function alerts on.

    Whoever alerts calls it afterwards: no alert waits for Security Hub.
    """

    def __init__(self, hub: SecurityHub, episodes: Episodes, origin: Origin) -> None:
        self._hub = hub
        self._episodes = episodes
        self._origin = origin

    def import_violation(self, judged: Judged, now: datetime) -> None:
        """Import one violation whose alert has just been sent; a failure is only logged.

        An error would have the alert's event delivered again. The next sweep imports what is
        missing.
        """
        try:
            self._hub.import_findings([open_finding(judged, self._origin, None, now)])
        except SecurityHubError as error:
            extra = {"resource_id": judged.resource_id, "why": str(error)}
            logger.warning("not in Security Hub", extra=extra)

    def shown(self, resource_type: str) -> set[str]:
        """Return the ids of the resources that Security Hub shows as violating.

        Raises SecurityHubError.
        """
        return {resource_id_of(each) for each in self._hub.active(resource_type)}

    def update(self, resource_type: str, judged: Sequence[Judged], now: datetime) -> None:
        """Import what violates, archive what has ended, of resources of one type.

        Resolving comes before archiving: where only that gets through, the next run still finds an
        active finding. Raises SecurityHubError where some are refused, and LedgerError.
        """
        shown = self._hub.active(resource_type)
        wanted, rest, unwritten = self._wanted(judged, shown, now)
        over = self._over(resource_type, rest, judged)
        refused = unwritten | self._hub.resolve([rest[each] for each in over])
        closed = [
            closed_finding(rest[each], over[each], now) for each in over if each not in refused
        ]
        # What this run does not judge must not expire while it violates.
        kept = [
            renewed_finding(rest[each], now)
            for each in rest.keys() - over.keys()
            if not is_recent(rest[each], now)
        ]
        refused |= self._hub.import_findings([*wanted, *closed, *kept])
        if refused:
            raise SecurityHubError(
                f"{len(refused)} findings were refused, {min(refused)} among them"
            )

    def _wanted(
        self, judged: Sequence[Judged], shown: Mapping[str, SecurityHubFinding], now: datetime
    ) -> tuple[list[SecurityHubFinding], dict[str, SecurityHubFinding], set[str]]:
        """Return what is not shown as it is, what is shown and does not violate, by finding id,
        and the ids of the findings that cannot be written."""
        wanted: list[SecurityHubFinding] = []
        rest, unwritten = dict(shown), set()
        for each in judged:
            if not each.violates:
                continue
            key = self._id(each.resource.resource_type, each.resource_id)
            before = rest.pop(key, None)
            try:
                finding = open_finding(each, self._origin, before, now)
            except Exception:  # one that cannot be written must not stop the others
                logger.exception("not in words", extra={"resource_id": each.resource_id})
                unwritten.add(key)
                continue
            if before is None or not is_shown(finding, before, now):
                wanted.append(finding)
        return wanted, rest, unwritten

    def _over(
        self,
        resource_type: str,
        rest: Mapping[str, SecurityHubFinding],
        judged: Sequence[Judged],
    ) -> dict[str, Judged | None]:
        """Return by finding id what is shown though its violation is over, with its judgement.

        What could not be judged keeps its finding, unless its episode is closed: then an earlier
        run knew the end, and could not archive it; that one has no judgement.
        """
        over: dict[str, Judged | None] = {
            self._id(resource_type, each.resource_id): each for each in judged if not each.violates
        }
        if rest.keys() - over.keys():
            episodes = self._episodes.read_all(resource_type).episodes
            for resource_id, episode in episodes.items():
                if episode.state is State.CLOSED:
                    over.setdefault(self._id(resource_type, resource_id), None)
        return {each: ended for each, ended in over.items() if each in rest}

    def _id(self, resource_type: str, resource_id: str) -> str:
        return finding_id(resource_type, resource_id, self._origin)
