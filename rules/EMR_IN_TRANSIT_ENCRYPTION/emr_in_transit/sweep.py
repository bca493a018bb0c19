"""Sweep: one pass over all live clusters, which judges, records and alerts on each of them."""

from __future__ import annotations

import logging
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    DetectedBy,
    Judged,
    Kind,
    cluster_resource,
    gone,
)
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import EmrReader, Pacer
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.evaluations import Evaluation
from emr_in_transit.aws.logs import (
    COULD_NOT_TELL,
    SWEEP_FINISHED,
    count_held_back,
    log_verdict,
    metric_fields,
)
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import annotation
from emr_in_transit.sweep_alerts import tell_all, told_clusters
from emr_in_transit.sweep_result import SweepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from emr_in_transit.aws.bundles import Bundles
    from emr_in_transit.aws.emr import Page
    from emr_in_transit.aws.evaluations import EvaluationRecorder, RecordedResult
    from emr_in_transit.aws.logs import JudgedBy
    from emr_in_transit.deployment import RuleRun
    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit.judgement.verdict import Finding, Verdict

# What is left of the function's time, in seconds, when a sweep stops asking EMR: enough for one
# call that times out five times (aws/clients.py), and to record what is pending.
RESERVE = 90.0
# What the ledger knows is judged at once, so it may use of that what recording it can take.
RESERVE_WITHOUT_EMR = 60.0
# So many clusters that have gone missing are described; EMR's bucket gives that many at once.
OLDEST_DESCRIBED = 8
# Who of them is not in the ledger is taken for older than all that are.
UNKNOWN_AGE = datetime.min.replace(tzinfo=UTC)
# A place in the order of turns: whether it is for the next round, and where it stands in a round.
Turn = tuple[bool, tuple[int, str]]
LEDGER_DISAGREES = "the ledger's entry was not what EMR says; judged anew, by what EMR says"

logger = logging.getLogger(__name__)


def run_sweep(run: RuleRun) -> SweepResult:
    """Judge, record and retire all clusters of an account and Region, then alert.

    What cannot be judged, recorded or told of is among the ``problems`` of the result.
    """
    pacer = Pacer(run.deployment.settings.emr_call_share)
    pacer.attach(run.emr)
    try:
        return _run(run, pacer)
    finally:
        pacer.detach(run.emr)  # the next sweep may have the same client


def _run(run: RuleRun, pacer: Pacer) -> SweepResult:
    deployment, now = run.deployment, datetime.now(UTC)
    reader = EmrReader(run.emr, run.parameters, deployment.settings.alert_tag_keys)
    alerting, problem = run.telling(DetectedBy.SWEEP)
    tags, told = deployment.tags(run.parameters), told_clusters(alerting)
    result = Sweep(
        judged_by=run.judged_by,
        reader=reader,
        pacer=pacer,
        clusters=Clusters(reader, deployment.ledger(), tags, now, remembers=run.is_own),
        recorder=run.recorder,
        parameters=run.parameters,
        now=now,
        seconds_left=deployment.seconds_left,
        alerted=told[Kind.VIOLATION],
        exempted=told[Kind.EXEMPTED],
        bundles=deployment.bundles(now, remembers=run.is_own),
    ).run()
    result = _without_telling(result, problem, is_told=alerting is not None)
    if alerting is not None:
        result = tell_all(alerting, reader, result)
    result = result._replace(emr_calls=pacer.calls.total())
    _log(run, result, now)
    return result


def _without_telling(result: SweepResult, problem: str, *, is_told: bool) -> SweepResult:
    if not problem:
        return result
    # At least one is held back where nobody is told: whatever there is to tell of.
    held_back = 0 if is_told else max(1, result.non_compliant + result.exempted_violations)
    return result._replace(held_back=held_back, problems={**result.problems, "the rule": problem})


def _log(run: RuleRun, result: SweepResult, now: datetime) -> None:
    name = run.deployment.function_name
    # What a rule of somebody else's counts would hide that the deployment's own does not run.
    metrics = metric_fields(name, result.metrics(), now) if run.is_own else {}
    logger.info(SWEEP_FINISHED, extra=run.judged_by._asdict() | result.summary() | metrics)
    if result.held_back and not run.is_own:
        count_held_back(logger, name, result.held_back, now)


class Rank(IntEnum):
    """Who gets EMR's time first."""

    NEVER_JUDGED = 0
    MISSING = 1  # on record, but not live as far as the list tells
    BY_TURN = 2


class Turns:
    """The clusters that take calls to EMR, in the order in which they get them.

    Who was judged before comes in a fixed order that goes round, by a hash of the id, and begins
    after the cluster at which the last sweep stopped that ran out of time. AWS Config remembers
    which one that was: its result is the newest on record (``EvaluationRecorder.close``). The age
    of the results tells nothing, because an unchanged one is put only once a day. The same order
    holds among those that were never judged, so that a list which is read while they are judged
    has some of them on every page, in the next sweep too.
    """

    def __init__(self, recorded: Mapping[str, RecordedResult]) -> None:
        newest = max(recorded, key=lambda each: recorded[each].recorded, default="")
        self._stopped_at = _place(newest)
        self._heap: list[tuple[Rank, Turn, str]] = []
        self._known: set[tuple[Rank, str]] = set()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._heap)

    def add(self, rank: Rank, cluster_id: str) -> None:
        """Take a cluster in, once in each rank."""
        if (rank, cluster_id) not in self._known:
            self._known.add((rank, cluster_id))
            heappush(self._heap, (rank, self.of(cluster_id), cluster_id))

    def pop(self) -> tuple[Rank, str]:
        """Return whose turn it is."""
        rank, _, cluster_id = heappop(self._heap)
        return rank, cluster_id

    def of(self, cluster_id: str) -> Turn:
        """Return a cluster's place in the order."""
        place = _place(cluster_id)
        return (place <= self._stopped_at, place)

    def first_of(self, rank: Rank) -> Turn | None:
        """Return the place of the first who waits in a rank."""
        return min((turn for each, turn, _ in self._heap if each is rank), default=None)

    def waiting(self) -> set[str]:
        """Return who is in."""
        return {cluster_id for _, _, cluster_id in self._heap}


@dataclass
class Sweep:
    """One pass over the live clusters on behalf of one rule, which judges and records them."""

    judged_by: JudgedBy
    reader: EmrReader
    pacer: Pacer
    clusters: Clusters
    recorder: EvaluationRecorder
    parameters: RuleParameters
    now: datetime
    seconds_left: Callable[[], float]
    alerted: Collection[str] = ()  # ids of the clusters of which people know that they violate
    exempted: Collection[str] = ()  # ids of those of which people know that they are exempt
    bundles: Bundles | None = None  # what looks into certificates, where that is on
    _recorded: Mapping[str, RecordedResult] = field(default_factory=dict, init=False)
    _turns: Turns = field(default_factory=lambda: Turns({}), init=False)
    _listed: dict[str, str] = field(default_factory=dict, init=False)  # states by id
    _missing: set[str] = field(default_factory=set, init=False)
    _done: set[str] = field(default_factory=set, init=False)
    _judged: list[Judged] = field(default_factory=list, init=False)
    _gone: set[str] = field(default_factory=set, init=False)
    _deferred: int = field(default=0, init=False)
    _took_turns: list[tuple[Rank, Turn, Evaluation]] = field(default_factory=list, init=False)
    _problems: dict[str, str] = field(default_factory=dict, init=False)

    def run(self) -> SweepResult:
        """Judge, record and retire; whatever goes wrong with one cluster costs no other anything."""
        try:
            self._judge_and_retire()
        finally:
            self.recorder.close(last=self._stopped_at())
        unrecorded = self.recorder.problems
        counts = Counter(each.verdict.compliance for each in self._judged)
        return SweepResult(
            problems=self._problems | unrecorded,
            # What is not on record has not ended for anybody; a violation is told all the same.
            judged=tuple(
                each for each in self._judged if each.violates or each.resource_id not in unrecorded
            ),
            gone=frozenset(self._gone - unrecorded.keys()),
            live=len(self._listed),
            compliant=counts[Compliance.COMPLIANT],
            non_compliant=counts[Compliance.NON_COMPLIANT],
            not_applicable=counts[Compliance.NOT_APPLICABLE],
            exempted_violations=sum(each.exempted for each in self._judged),
            retired=len(self._gone),
            deferred=self._deferred,
            ledger_disagrees=len(self.clusters.disagreeing),
            put=self.recorder.put,
            unchanged=self.recorder.unchanged,
            bundles_not_read=self.bundles.not_read if self.bundles else None,
        )

    def _judge_and_retire(self) -> None:
        # The recorded results come first: a cluster that is launched later is not among them, so
        # it is never taken for one that has gone.
        self._recorded = self._read_recorded()
        self._turns = Turns(self._recorded)
        if self.clusters.each_needs_emr:
            # Who is on record can be described before any list tells of it.
            for cluster_id in self._recorded:
                self._turns.add(Rank.BY_TURN, cluster_id)
        if self._list_live():
            self._look_for_the_missing()
        while self._turns and self._has_time():
            self._take_next()
        self._deferred += len(self._turns.waiting() - self._done)

    def _read_recorded(self) -> Mapping[str, RecordedResult]:
        try:
            return self.recorder.read_recorded(self.judged_by.rule, CLUSTER_TYPE)
        except CouldNotTellError as error:
            self._problem("the recorded results", str(error))
            return {}

    def _list_live(self) -> bool:
        """List the live clusters, and return whether those are all."""
        try:
            if self._read(self.reader.live_pages(), self._take_live):
                return True
            listed = f"ListClusters: the time was over after {len(self._listed)} clusters"
            self._problem("the list of clusters", f"{listed}; a larger EmrCallShare reads more")
        except CouldNotTellError as error:
            self._problem("the list of clusters", str(error))
        return False

    def _read(self, pages: Iterator[Page], take: Callable[[Page], None]) -> bool:
        """Read a list and judge meanwhile, and return whether it was read to its end in time.

        EMR has a bucket of tokens for each kind of call, so neither costs the other anything. The
        list goes first whenever it has a token: nobody knows how long a page's marker holds, and
        so it is hardly older than it would be if nothing else was done.
        """
        while (waits := self.pacer.seconds_for("ListClusters")) == 0 or self._has_time():
            if self._turns and self.pacer.seconds_for("DescribeCluster") < waits:
                self._take_next()
                continue
            page = next(pages, None)
            if page is None:
                return True
            take(page)
        return False

    def _take_live(self, page: Page) -> None:
        new = [each for each, _ in page if each not in self._listed and each not in self._done]
        self._listed |= dict(page)
        self.clusters.prefetch(new)
        for cluster_id in new:
            if self.clusters.needs_emr(cluster_id):
                self._turns.add(self._rank(cluster_id), cluster_id)
            elif self.seconds_left() < RESERVE_WITHOUT_EMR:
                self._deferred += 1
            else:
                self._attempt(self._judge, cluster_id)

    def _rank(self, cluster_id: str) -> Rank:
        # Who is exempt is never on record, and would come first in every sweep.
        was_judged = cluster_id in self._recorded or self.clusters.has_exemption_tag(cluster_id)
        return Rank.BY_TURN if was_judged else Rank.NEVER_JUDGED

    def _take_next(self) -> None:
        """Do what is due for the cluster whose turn it is."""
        rank, cluster_id = self._turns.pop()
        if cluster_id in self._done:
            return
        if rank is Rank.MISSING:
            self._attempt(self._retire_if_ended, cluster_id)
        elif cluster_id not in self._missing:
            self._attempt(lambda each: self._judge(each, rank), cluster_id)

    def _look_for_the_missing(self) -> None:
        """Find out what has become of the clusters that are known and that no list shows as live.

        A few are described. Of many, the oldest are, so that one of them does not make the list of
        those that have ended as long as its life; the others are looked for in that list.
        """
        known = self._recorded.keys() | set(self.alerted) | set(self.exempted)
        self._missing = known - self._listed.keys() - self._done
        created = self.clusters.creation_times(sorted(self._missing))
        by_age = sorted(self._missing, key=lambda each: (created.get(each, UNKNOWN_AGE), each))
        sought = set(by_age[OLDEST_DESCRIBED:])
        for cluster_id in by_age[:OLDEST_DESCRIBED]:
            self._turns.add(Rank.MISSING, cluster_id)
        if sought:
            self._look_among_ended(sought, created.get(by_age[OLDEST_DESCRIBED]))
        for cluster_id in sought:
            self._turns.add(Rank.MISSING, cluster_id)

    def _look_among_ended(self, sought: set[str], since: datetime | None) -> None:
        """Retire those that are listed as ended, and leave those that are not in ``sought``."""

        def take(page: Page) -> None:
            found = sought.intersection(cluster_id for cluster_id, _ in page)
            sought.difference_update(found)
            for cluster_id in sorted(found):
                self._attempt(self._retire, cluster_id)

        try:
            self._read(self._ended_pages(sought, since), take)
        except CouldNotTellError as error:
            self._problem("the list of ended clusters", str(error))

    def _ended_pages(self, sought: Collection[str], since: datetime | None) -> Iterator[Page]:
        """Return the pages as long as they cost fewer seconds than describing who is sought."""
        pages = self.reader.ended_pages(since)
        lost = 0.0  # what the list has waited beyond what it has saved
        while sought and self._has_time():
            lost += self.pacer.seconds_for("ListClusters")
            would_take = self.pacer.seconds_for("DescribeCluster", len(sought))
            page = next(pages, None) if lost <= would_take else None
            if page is None:
                return
            yield page
            saved = would_take - self.pacer.seconds_for("DescribeCluster", len(sought))
            lost = max(0.0, lost - saved)

    def _has_time(self) -> bool:
        return self.seconds_left() >= RESERVE

    def _attempt(self, work: Callable[[str], None], cluster_id: str) -> None:
        self._done.add(cluster_id)
        try:
            work(cluster_id)
        except CouldNotTellError as error:
            self._problem(cluster_id, str(error))
        except Exception as error:
            # Whatever one cluster holds, or one entry of the ledger, must not stop the others.
            logger.exception("one cluster failed", extra={"resource_id": cluster_id})
            self._problem(cluster_id, f"{type(error).__name__}: {error}")

    def _judge(self, cluster_id: str, rank: Rank | None = None) -> None:
        """Judge one cluster; ``rank`` is that of one that took calls to EMR."""
        facts = self.clusters.read(cluster_id)
        if facts is None:
            self._retire(cluster_id)
            return
        verdict = self._verdict(facts)
        # Who is told to be exempt may have lost its tag, or the tags lag behind its launch.
        is_told = cluster_id in self.alerted and cluster_id not in self.exempted
        is_new = not is_told and self.clusters.may_be_exempt(facts)
        if is_new and verdict.compliance is Compliance.NON_COMPLIANT:
            if self.seconds_left() < RESERVE:
                self._deferred += 1
                return
            facts = self.clusters.with_own_tags(facts)
            verdict = self._verdict(facts)
        problem = self.clusters.why_exemption_is_unknown(cluster_id)
        if problem and verdict.compliance is not Compliance.COMPLIANT:
            raise CouldNotTellError(problem)
        judged = self._judgement(facts, verdict)
        evaluation = Evaluation(CLUSTER_TYPE, cluster_id, verdict.compliance, annotation(verdict))
        is_exempt = verdict.compliance is Compliance.NOT_APPLICABLE
        # Who is exempt is not on record, so that nothing tells when it was logged last.
        if self.recorder.record(evaluation, self.now) or is_exempt:
            log_verdict(logger, judged, facts, self.judged_by)
        if rank is not None and not is_exempt:
            self._took_turns.append((rank, self._turns.of(cluster_id), evaluation))
        self._judged.append(judged)
        if cluster_id in self.clusters.disagreeing:
            self._problem(cluster_id, LEDGER_DISAGREES)

    def _verdict(self, facts: ClusterFacts) -> Verdict:
        found: tuple[Finding, ...] = ()
        if self.bundles is not None:
            # The state that the ledger remembers is that of the launch.
            state = self._listed.get(facts.cluster_id, facts.state)
            found = self.bundles.findings(facts._replace(state=state), self.parameters)
        return judge_cluster(facts, self.parameters, self.now, found)

    def _judgement(self, facts: ClusterFacts, verdict: Verdict) -> Judged:
        state = self._listed.get(facts.cluster_id, "")
        launched_by = self.clusters.launched_by(facts.cluster_id)
        return Judged(cluster_resource(facts, state, launched_by), verdict)

    def _stopped_at(self) -> Evaluation | None:
        """Return the result after which the next sweep is to go on, where this one left any."""
        if not self._deferred or not self._took_turns:
            return None
        rank, _, evaluation = max(self._took_turns)
        if rank is Rank.BY_TURN:
            return evaluation
        # All time went to clusters that were never judged. Whoever waits for a turn must not be
        # passed by: so it is the last of them with nobody waiting before it, else the first.
        waiting = self._turns.first_of(Rank.BY_TURN)
        passed = [each for each in self._took_turns if waiting is None or each[1] < waiting]
        return max(passed)[2] if passed else min(self._took_turns)[2]

    def _retire_if_ended(self, cluster_id: str) -> None:
        # A cluster that a page of the listing missed is live, and keeps its result.
        if self.reader.has_ended(cluster_id):
            self._retire(cluster_id)

    def _retire(self, cluster_id: str) -> None:
        self._gone.add(cluster_id)
        evaluation = Evaluation(CLUSTER_TYPE, cluster_id, Compliance.NOT_APPLICABLE)
        if self.recorder.record(evaluation, self.now):
            log_verdict(logger, gone(CLUSTER_TYPE, cluster_id), None, self.judged_by)

    def _problem(self, subject: str, why: str) -> None:
        about = {**self.judged_by._asdict(), "subject": subject, "why": why}
        logger.error(COULD_NOT_TELL, extra=about)
        self._problems[subject] = why


def _place(cluster_id: str) -> tuple[int, str]:
    """Return where a cluster stands in the order of turns; "" stands before all."""
    return (zlib.crc32(cluster_id.encode("utf-8", "replace")), cluster_id)
