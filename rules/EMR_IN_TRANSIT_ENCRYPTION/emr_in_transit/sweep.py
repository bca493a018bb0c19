"""Sweep: one pass over all live clusters, which judges and records each of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import CLUSTER_TYPE, Judged, cluster_resource
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.evaluations import Evaluation
from emr_in_transit.aws.logs import log_verdict
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import annotation
from emr_in_transit.sweep_report import SweepReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from emr_in_transit.aws.clusters import Clusters
    from emr_in_transit.aws.emr import EmrReader
    from emr_in_transit.aws.evaluations import EvaluationRecorder
    from emr_in_transit.aws.recorded_results import RecordedResult
    from emr_in_transit.judgement.parameters import RuleParameters

# What is left of the function's time when a sweep stops: enough for one call that times out five
# times (aws/clients.py), and to record what is pending.
SECONDS_KEPT = 90.0
# What the ledger knows is judged at once, so it may use of that what recording it can take.
SECONDS_KEPT_BY_QUICK = 60.0

logger = logging.getLogger(__name__)


@dataclass
class Sweep:
    """One pass over the live clusters on behalf of one rule."""

    rule_name: str
    reader: EmrReader
    clusters: Clusters
    recorder: EvaluationRecorder
    parameters: RuleParameters
    now: datetime
    seconds_left: Callable[[], float]
    alerted: Collection[str] = ()  # ids of the clusters that people have been told of
    report: SweepReport = field(default_factory=SweepReport)
    violating: list[Judged] = field(default_factory=list)
    # By cluster id, what complies; None for what is exempt or has gone.
    ended: dict[str, Judged | None] = field(default_factory=dict)

    def run(self) -> SweepReport:
        """Judge, record and retire; a cluster that cannot be read costs no other its verdict."""
        # The recorded results come first: a cluster that is launched later is not among them, so
        # it is never taken for one that has gone.
        recorded = self._recorded()
        listed, complete = self._list()
        in_order = sorted(listed, key=lambda cluster_id: _age_rank(recorded, cluster_id))
        self.clusters.expect(in_order)
        for cluster_id in in_order:
            is_slow = self.clusters.asks_emr(cluster_id)
            self._attempt(lambda each: self._judge(each, listed[each]), cluster_id, is_slow=is_slow)
        known = recorded.keys() | set(self.alerted)
        for cluster_id in sorted(known - listed.keys() if complete else ()):
            self._attempt(self._retire_if_ended, cluster_id)
        self.recorder.close()
        self.report.live = len(listed)
        self.report.put = self.recorder.put
        self.report.unchanged = self.recorder.unchanged
        self.report.problems |= self.recorder.problems
        for cluster_id in self.recorder.problems:
            self.ended.pop(cluster_id, None)  # what is not on record has not ended for anybody
        return self.report

    def _recorded(self) -> Mapping[str, RecordedResult]:
        try:
            return self.recorder.read_recorded(self.rule_name, CLUSTER_TYPE)
        except CouldNotTellError as error:
            self._problem("the recorded results", error)
            return {}

    def _attempt(
        self, work: Callable[[str], None], cluster_id: str, *, is_slow: bool = True
    ) -> None:
        if self.seconds_left() < (SECONDS_KEPT if is_slow else SECONDS_KEPT_BY_QUICK):
            self.report.deferred += 1
            return
        try:
            work(cluster_id)
        except CouldNotTellError as error:
            self._problem(cluster_id, error)

    def _list(self) -> tuple[dict[str, str], bool]:
        """Answer the states of the live clusters by id, and whether those are all."""
        listed: dict[str, str] = {}
        try:
            # One by one: what the first pages said stays when a later one fails.
            for cluster_id, state in self.reader.live_clusters():
                listed[cluster_id] = state  # noqa: PERF403
        except CouldNotTellError as error:
            self._problem("the list of clusters", error)
            return listed, False
        return listed, True

    def _judge(self, cluster_id: str, state: str) -> None:
        facts = self.clusters.read(cluster_id)
        if facts is None:
            self._retire(cluster_id)
            return
        verdict = judge_cluster(facts, self.parameters, self.now)
        problem = self.clusters.why_exemption_is_unknown(cluster_id)
        if problem and verdict.compliance is not Compliance.COMPLIANT:
            raise CouldNotTellError(problem)
        self.report.count(verdict)
        log_verdict(logger, CLUSTER_TYPE, cluster_id, facts.name, verdict)
        self.recorder.record(
            Evaluation(CLUSTER_TYPE, cluster_id, verdict.compliance, annotation(verdict)), self.now
        )
        launched_by = self.clusters.launched_by(cluster_id)
        judged = Judged(cluster_resource(facts, state, launched_by), verdict)
        if verdict.compliance is Compliance.NON_COMPLIANT:
            self.violating.append(judged)
        else:
            is_compliant = verdict.compliance is Compliance.COMPLIANT
            self.ended[cluster_id] = judged if is_compliant else None

    def _retire_if_ended(self, cluster_id: str) -> None:
        # A cluster that a page of the listing missed is live, and keeps its result.
        if self.reader.has_ended(cluster_id):
            self._retire(cluster_id)

    def _retire(self, cluster_id: str) -> None:
        self.report.retired += 1
        self.ended[cluster_id] = None
        self.recorder.record(
            Evaluation(CLUSTER_TYPE, cluster_id, Compliance.NOT_APPLICABLE), self.now
        )

    def _problem(self, subject: str, error: CouldNotTellError) -> None:
        logger.error("could not tell", extra={"subject": subject, "why": str(error)})
        self.report.problems[subject] = str(error)


def _age_rank(recorded: Mapping[str, RecordedResult], cluster_id: str) -> tuple[float, str]:
    """Never-judged clusters go first, then the oldest results."""
    result = recorded.get(cluster_id)
    return (result.recorded.timestamp() if result else 0.0, cluster_id)
