"""Alerting: keeps the findings in Security Hub in step with what people have been told.

Security Hub bills imports, so a finding is imported only where it shows something else. What it
shows is asked of Security Hub itself, which heals whatever did not get there before.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.alerting.episode import State
from emr_in_transit.alerting.hub_finding import (
    closed_finding,
    is_recent,
    is_shown,
    open_finding,
    renewed_finding,
)
from emr_in_transit.alerting.hub_id import finding_id, resource_id_of
from emr_in_transit.aws.errors import HubError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from emr_in_transit.alerting.alert import Judged, Origin
    from emr_in_transit.aws.episodes import Episodes
    from emr_in_transit.aws.security_hub import HubFinding, SecurityHub

logger = logging.getLogger(__name__)


class HubFindings:
    """The findings on the resources that one function alerts on.

    Whoever alerts calls it afterwards: no alert waits for Security Hub.
    """

    def __init__(self, hub: SecurityHub, episodes: Episodes, origin: Origin) -> None:
        self._hub = hub
        self._episodes = episodes
        self._origin = origin

    def import_violation(self, judged: Judged, now: datetime) -> None:
        """Import one violation that people have just been told of; a failure is only logged.

        An error would have the alert's event delivered again. The next sweep imports what is
        missing.
        """
        try:
            self._hub.import_findings([open_finding(judged, self._origin, None, now)])
        except HubError as error:
            extra = {"resource_id": judged.resource.resource_id, "why": str(error)}
            logger.warning("not in Security Hub", extra=extra)

    def shown(self, resource_type: str) -> set[str]:
        """Answer the ids of the resources that Security Hub shows as violating."""
        return {resource_id_of(each) for each in self._hub.active(resource_type)}

    def after_sweep(
        self, told: Sequence[Judged], ended: Mapping[str, Judged | None], now: datetime
    ) -> dict[str, str]:
        """Bring all findings in step; answer what went wrong, as problems of the sweep.

        Security configurations are judged when they change; a sweep only keeps their findings.
        """
        try:
            self.update(CLUSTER_TYPE, told, ended, now)
            self.update(SECURITY_CONFIGURATION_TYPE, (), {}, now)
        except (HubError, LedgerError) as error:
            return {"Security Hub": str(error)}
        return {}

    def update(
        self,
        resource_type: str,
        violating: Sequence[Judged],
        ended: Mapping[str, Judged | None],
        now: datetime,
    ) -> None:
        """Import what violates, archive what has ended; raise HubError where some is refused.

        ``ended`` holds by id what complies again; None for what is exempt or has gone. Resolving
        comes before archiving: where only that gets through, the next run still finds an active
        finding. Raises LedgerError.
        """
        shown = self._hub.active(resource_type)
        wanted, rest = self._wanted(violating, shown, now)
        over = self._over(resource_type, rest, ended)
        refused = self._hub.resolve([rest[each] for each in over])
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
            raise HubError(f"{len(refused)} findings were refused, {min(refused)} among them")

    def _wanted(
        self, violating: Sequence[Judged], shown: Mapping[str, HubFinding], now: datetime
    ) -> tuple[list[HubFinding], dict[str, HubFinding]]:
        """Answer what is not shown as it is, and by id what is shown and does not violate."""
        wanted: list[HubFinding] = []
        rest = dict(shown)
        for judged in violating:
            resource = judged.resource
            before = rest.pop(self._id(resource.resource_type, resource.resource_id), None)
            finding = open_finding(judged, self._origin, before, now)
            if before is None or not is_shown(finding, before, now):
                wanted.append(finding)
        return wanted, rest

    def _over(
        self,
        resource_type: str,
        rest: Mapping[str, HubFinding],
        ended: Mapping[str, Judged | None],
    ) -> dict[str, Judged | None]:
        """Answer by finding id what is shown though its violation is over, with what complies.

        What could not be judged keeps its finding, unless its episode is closed: then an earlier
        run knew the end, and could not archive it.
        """
        over = {self._id(resource_type, each): ended[each] for each in ended}
        if rest.keys() - over.keys():
            for resource_id, episode in self._episodes.read_all(resource_type).items():
                if episode.state is State.CLOSED:
                    over.setdefault(self._id(resource_type, resource_id), None)
        return {each: complies for each, complies in over.items() if each in rest}

    def _id(self, resource_type: str, resource_id: str) -> str:
        return finding_id(resource_type, resource_id, self._origin)
