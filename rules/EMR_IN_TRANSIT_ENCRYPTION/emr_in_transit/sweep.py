"""Sweep: one pass over all live clusters, which judges, records and alerts on each of them."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    cluster_resource,
    gone,
)
from emr_in_transit.alerting.episode import State
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import EmrReader, Pacer
from emr_in_transit.aws.errors import CouldNotTellError, LedgerError, SecurityHubError
from emr_in_transit.aws.evaluations import Evaluation
from emr_in_transit.aws.logs import count_held_back, log_verdict, metric_fields
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import annotation, clip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from emr_in_transit.alerting.alerting import Alerting
    from emr_in_transit.aws.evaluations import EvaluationRecorder, RecordedResult
    from emr_in_transit.deployment import RuleRun
    from emr_in_transit.judgement.parameters import RuleParameters

# What is left of the function's time, in seconds, when a sweep stops asking EMR: enough for one
# call that times out five times (aws/clients.py), and to record what is pending.
RESERVE = 90.0
# What the ledger knows is judged at once, so it may use of that what recording it can take.
RESERVE_WITHOUT_EMR = 60.0
# The error of a run names so many causes, and so many subjects for each; the log has all.
MOST_CAUSES, MOST_NAMED = 10, 20
CAUSE_LIMIT, NAME_LIMIT = 300, 64
LEDGER_DISAGREES = "the ledger's entry was not what EMR says; judged anew, by what EMR says"

logger = logging.getLogger(__name__)


class SweepResult(NamedTuple):
    """What one sweep did: counts, the judgements, and what could not be told, with its cause."""

    problems: Mapping[str, str]  # by subject: a cluster id, or what the sweep failed to read
    judged: tuple[Judged, ...] = ()
    gone: frozenset[str] = frozenset()  # the ids of clusters that have ended
    live: int = 0
    compliant: int = 0
    non_compliant: int = 0
    not_applicable: int = 0
    exempted_violations: int = 0  # clusters that would violate, had nobody exempted them
    retired: int = 0
    deferred: int = 0
    put: int = 0
    unchanged: int = 0
    emr_calls: int = 0
    alerts: int = 0  # violations that nobody had been told of
    held_back: int = 0  # resources that people should have been told of, and were not
    ledger_disagrees: int = 0  # clusters of which the ledger said what EMR does not confirm

    def summary(self) -> dict[str, int]:
        """Return the fields of the summary line."""
        return {
            "live": self.live,
            "compliant": self.compliant,
            "non_compliant": self.non_compliant,
            "not_applicable": self.not_applicable,
            "exempted_violations": self.exempted_violations,
            "retired": self.retired,
            "deferred": self.deferred,
            "put": self.put,
            "unchanged": self.unchanged,
            "emr_calls": self.emr_calls,
            "alerts": self.alerts,
            "held_back": self.held_back,
            "ledger_disagrees": self.ledger_disagrees,
            "could_not_tell": len(self.problems),
        }

    def metrics(self) -> dict[str, int]:
        """Return what CloudWatch counts."""
        return {
            "SweepsFinished": 1,
            "ClustersJudged": self.compliant + self.non_compliant + self.not_applicable,
            "Violations": self.non_compliant,
            "CouldNotTell": len(self.problems),
            "Deferred": self.deferred,
            "EmrCalls": self.emr_calls,
            "LedgerDisagrees": self.ledger_disagrees,
            "AlertsHeldBack": self.held_back,
        }

    def problems_in_words(self) -> str:
        """Return what could not be judged, recorded or told: counted, and named by cause."""
        subjects: dict[str, list[str]] = {}
        for subject, why in self.problems.items():
            # Many causes name the cluster; without its id they are one cause.
            cause = clip(why.replace(subject, "..."), CAUSE_LIMIT)
            subjects.setdefault(cause, []).append(clip(subject, NAME_LIMIT))
        by_size = sorted(subjects.items(), key=lambda each: -len(each[1]))
        causes = [f"{_named(names)} ({cause})" for cause, names in by_size[:MOST_CAUSES]]
        if left_out := by_size[MOST_CAUSES:]:
            others = sum(len(names) for _, names in left_out)
            causes.append(f"{others} more for {len(left_out)} other causes")
        return f"{len(self.problems)} could not be judged, recorded or told: {'; '.join(causes)}"


def run_sweep(run: RuleRun) -> SweepResult:
    """Judge, record and retire all clusters of an account and Region, then alert.

    What cannot be judged, recorded or told of is among the ``problems`` of the result.
    """
    deployment, now = run.deployment, datetime.now(UTC)
    pacer = Pacer(deployment.settings.emr_call_share)
    pacer.attach(run.emr)
    reader = EmrReader(run.emr, run.parameters)
    alerting, problem = run.telling(DetectedBy.SWEEP)
    tags = deployment.tags(run.parameters)
    result = Sweep(
        rule_name=run.rule_name,
        reader=reader,
        clusters=Clusters(reader, deployment.ledger(), tags, now, remembers=run.is_own),
        recorder=run.recorder,
        parameters=run.parameters,
        now=now,
        seconds_left=deployment.seconds_left,
        alerted=_alerted_clusters(alerting),
    ).run()
    if problem:
        result = _without_telling(result, problem, is_told=alerting is not None)
    if alerting is not None:
        result = _tell(alerting, result)
    result = result._replace(emr_calls=pacer.calls.total())
    _log(run, result, now)
    return result


def _without_telling(result: SweepResult, problem: str, *, is_told: bool) -> SweepResult:
    # At least one is held back where nobody is told: whatever there is to tell of.
    held_back = 0 if is_told else max(1, result.non_compliant)
    return result._replace(held_back=held_back, problems={**result.problems, "the rule": problem})


def _log(run: RuleRun, result: SweepResult, now: datetime) -> None:
    name = run.deployment.function_name
    # What a rule of somebody else's counts would hide that the deployment's own does not run.
    metrics = metric_fields(name, result.metrics(), now) if run.is_own else {}
    logger.info("sweep finished", extra=result.summary() | metrics)
    if result.held_back and not run.is_own:
        count_held_back(logger, name, result.held_back, now)


@dataclass
class Sweep:
    """One pass over the live clusters on behalf of one rule, which judges and records them."""

    rule_name: str
    reader: EmrReader
    clusters: Clusters
    recorder: EvaluationRecorder
    parameters: RuleParameters
    now: datetime
    seconds_left: Callable[[], float]
    alerted: Collection[str] = ()  # ids of the clusters that people have been told of
    _judged: list[Judged] = field(default_factory=list, init=False)
    _gone: set[str] = field(default_factory=set, init=False)
    _deferred: int = field(default=0, init=False)
    _problems: dict[str, str] = field(default_factory=dict, init=False)

    def run(self) -> SweepResult:
        """Judge, record and retire; whatever goes wrong with one cluster costs no other anything."""
        try:
            live = self._judge_and_retire()
        finally:
            self.recorder.close()
        unrecorded = self.recorder.problems
        counts = Counter(each.verdict.compliance for each in self._judged)
        return SweepResult(
            problems=self._problems | unrecorded,
            # What is not on record has not ended for anybody; a violation is told all the same.
            judged=tuple(
                each for each in self._judged if each.violates or each.resource_id not in unrecorded
            ),
            gone=frozenset(self._gone - unrecorded.keys()),
            live=live,
            compliant=counts[Compliance.COMPLIANT],
            non_compliant=counts[Compliance.NON_COMPLIANT],
            not_applicable=counts[Compliance.NOT_APPLICABLE],
            exempted_violations=sum(
                each.verdict.compliance is Compliance.NOT_APPLICABLE
                and bool(each.verdict.violations)
                for each in self._judged
            ),
            retired=len(self._gone),
            deferred=self._deferred,
            ledger_disagrees=len(self.clusters.disagreeing),
            put=self.recorder.put,
            unchanged=self.recorder.unchanged,
        )

    def _judge_and_retire(self) -> int:
        """Return how many clusters are live."""
        # The recorded results come first: a cluster that is launched later is not among them, so
        # it is never taken for one that has gone.
        recorded = self._read_recorded()
        listed, complete = self._list()
        in_order = sorted(listed, key=lambda cluster_id: _age_rank(recorded, cluster_id))
        self.clusters.prefetch(in_order)
        for cluster_id in in_order:
            self._attempt(
                lambda each: self._judge(each, listed[each]),
                cluster_id,
                needs_emr=self.clusters.needs_emr(cluster_id),
            )
        known = recorded.keys() | set(self.alerted)
        for cluster_id in sorted(known - listed.keys() if complete else ()):
            self._attempt(self._retire_if_ended, cluster_id, needs_emr=True)
        return len(listed)

    def _read_recorded(self) -> Mapping[str, RecordedResult]:
        try:
            return self.recorder.read_recorded(self.rule_name, CLUSTER_TYPE)
        except CouldNotTellError as error:
            self._problem("the recorded results", str(error))
            return {}

    def _list(self) -> tuple[dict[str, str], bool]:
        """Return the states of the live clusters by id, and whether those are all."""
        listed: dict[str, str] = {}
        try:
            # One by one: what the first pages said stays when a later one fails.
            for cluster_id, state in self.reader.live_clusters():
                listed[cluster_id] = state  # noqa: PERF403
        except CouldNotTellError as error:
            self._problem("the list of clusters", str(error))
            return listed, False
        return listed, True

    def _attempt(self, work: Callable[[str], None], cluster_id: str, *, needs_emr: bool) -> None:
        if self.seconds_left() < (RESERVE if needs_emr else RESERVE_WITHOUT_EMR):
            self._deferred += 1
            return
        try:
            work(cluster_id)
        except CouldNotTellError as error:
            self._problem(cluster_id, str(error))
        except Exception as error:
            # Whatever one cluster holds, or one entry of the ledger, must not stop the others.
            logger.exception("one cluster failed", extra={"resource_id": cluster_id})
            self._problem(cluster_id, f"{type(error).__name__}: {error}")

    def _judge(self, cluster_id: str, state: str) -> None:
        facts = self.clusters.read(cluster_id)
        if facts is None:
            self._retire(cluster_id)
            return
        verdict = judge_cluster(facts, self.parameters, self.now)
        problem = self.clusters.why_exemption_is_unknown(cluster_id)
        if problem and verdict.compliance is not Compliance.COMPLIANT:
            raise CouldNotTellError(problem)
        log_verdict(logger, CLUSTER_TYPE, cluster_id, facts.name, verdict)
        self.recorder.record(
            Evaluation(CLUSTER_TYPE, cluster_id, verdict.compliance, annotation(verdict)),
            self.now,
        )
        launched_by = self.clusters.launched_by(cluster_id)
        self._judged.append(Judged(cluster_resource(facts, state, launched_by), verdict))
        if cluster_id in self.clusters.disagreeing:
            self._problem(cluster_id, LEDGER_DISAGREES)

    def _retire_if_ended(self, cluster_id: str) -> None:
        # A cluster that a page of the listing missed is live, and keeps its result.
        if self.reader.has_ended(cluster_id):
            self._retire(cluster_id)

    def _retire(self, cluster_id: str) -> None:
        self._gone.add(cluster_id)
        self.recorder.record(
            Evaluation(CLUSTER_TYPE, cluster_id, Compliance.NOT_APPLICABLE), self.now
        )

    def _problem(self, subject: str, why: str) -> None:
        logger.error("could not tell", extra={"subject": subject, "why": why})
        self._problems[subject] = why


def _alerted_clusters(alerting: Alerting | None) -> Collection[str]:
    """Return the ids of all clusters of which people know that they violate.

    One that was launched and ended between two sweeps is not on record in AWS Config: only its
    episode, or its finding in Security Hub, remembers it. Where these do not answer, the sweep
    judges and records all the same; what comes after it says what is wrong.
    """
    if alerting is None:
        return ()
    found: set[str] = set()
    with suppress(LedgerError):
        known = alerting.episodes.read_all(CLUSTER_TYPE).episodes
        found |= {each for each, episode in known.items() if episode.state is not State.CLOSED}
    if alerting.security_hub is not None:
        with suppress(SecurityHubError):
            found |= alerting.security_hub.shown(CLUSTER_TYPE)
    return found


def _tell(alerting: Alerting, result: SweepResult) -> SweepResult:
    """Alert on what a sweep found, and return its result with what became of that."""
    # A sweep may take longer than a claim lasts, so that begins now.
    now = datetime.now(UTC)
    judged = [*result.judged, *(gone(CLUSTER_TYPE, each) for each in sorted(result.gone))]
    try:
        told = alerting.tell(judged, now)
    except LedgerError as error:
        problems = {**result.problems, "the alerts": str(error)}
        held_back = sum(each.violates for each in judged)
        return result._replace(held_back=held_back, problems=problems)
    problems = {**result.problems, **told.problems}
    if alerting.security_hub is not None:
        known = [each for each in judged if each.resource_id not in told.unsent]
        try:
            alerting.security_hub.update(CLUSTER_TYPE, known, now)
            # These are judged when they change; a sweep only keeps their findings.
            alerting.security_hub.update(SECURITY_CONFIGURATION_TYPE, (), now)
        except (LedgerError, SecurityHubError) as error:
            problems["Security Hub"] = str(error)
    return result._replace(alerts=told.sent, held_back=told.held_back, problems=problems)


def _age_rank(recorded: Mapping[str, RecordedResult], cluster_id: str) -> tuple[float, str]:
    """Never-judged clusters go first, then the oldest results."""
    result = recorded.get(cluster_id)
    return (result.recorded.timestamp() if result else 0.0, cluster_id)


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
