"""Scans accounts: judges every cluster of their Regions now, all Regions at the same time."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws import emr
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.wording import annotation, one_line
from emr_in_transit_cli.account import client, enabled_regions, identity, regions_with_emr
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import boto3

    from emr_in_transit.aws.emr import EmrReader, Listed, Pacer
    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit.judgement.verdict import Verdict

# In each account that is scanned; instance groups and fleets with overrideScope=instances alone.
PERMISSIONS = (*emr.LIST_PERMISSIONS, *emr.PERMISSIONS, *emr.INSTANCE_PERMISSIONS)
# Regions that are read at the same time. Most of them wait for EMR's buckets most of the time, and
# those without clusters are done after one call.
MOST_AT_ONCE = 128
# Seconds that calls have to come back once somebody has interrupted.
GRACE = 2.0
INTERRUPTED = "interrupted"


class Options(NamedTuple):
    """What a scan judges, and by what."""

    parameters: RuleParameters
    share: float  # of EMR's token buckets
    ended_days: int = 0  # also what has ended in so many days


class Judged(NamedTuple):
    """What is said of one cluster; without facts, why it could not be told."""

    listed: Listed
    outcome: Outcome
    annotation: str
    at: datetime
    facts: ClusterFacts | None = None
    verdict: Verdict | None = None


class StoppedError(Exception):
    """Somebody has interrupted the scan."""


class _EndedError(Exception):
    """A cluster has ended since it was listed: it is live no more."""


@dataclass(eq=False)
class RegionScan:
    """Judges the clusters of one account in one Region.

    ``run`` raises nothing: what fails is said of the cluster that it concerns, or of the Region.
    Its fields can be looked at while it runs.
    """

    account: str
    region: str
    options: Options
    pacer: Pacer
    open_reader: Callable[[Pacer], AbstractContextManager[EmrReader]]
    is_stopped: Callable[[], bool] = lambda: False
    listed: dict[str, Listed] = field(default_factory=dict, init=False)
    judged: dict[str, Judged] = field(default_factory=dict, init=False)
    complete: bool = field(default=False, init=False)  # whether the list was read to its end
    problem: str = field(default="", init=False)  # why it was not
    is_done: bool = field(default=False, init=False)

    def run(self) -> None:
        """Judge all clusters that are listed."""
        try:
            with self.open_reader(self.pacer) as reader:
                self._judge_all(reader)
        except StoppedError:
            pass  # what was not judged is said where the results are
        except Exception as error:  # noqa: BLE001 - one Region must not cost the others theirs
            self.problem = _unexpected(error)
        finally:
            self.is_done = True

    @property
    def seconds_left(self) -> float:
        """How long EMR's buckets will make it wait, as far as it has listed."""
        return self.pacer.seconds_for("DescribeCluster", len(self.listed) - len(self.judged))

    def results(self) -> list[Judged]:
        """Return what is said of each cluster that was listed, by id."""
        unjudged = self.problem or INTERRUPTED
        return [
            self.judged.get(each) or could_not_tell(listed, unjudged)
            for each, listed in sorted(self.listed.items())
        ]

    def _judge_all(self, reader: EmrReader) -> None:
        """Judge while the list is read: each kind of call has a bucket of its own."""
        pages = self._pages(reader)
        waiting: deque[Listed] = deque()
        has_more = True
        while has_more or waiting:
            if self.is_stopped():
                raise StoppedError
            if has_more and (not waiting or not self.pacer.seconds_for("ListClusters")):
                page = self._next(pages)
                has_more = page is not None
                waiting.extend(page or ())
            else:
                self._judge(reader, waiting.popleft())

    def _pages(self, reader: EmrReader) -> Iterator[list[Listed]]:
        yield from reader.listed_pages(emr.LIVE_STATES)
        if not self.options.ended_days:
            return
        since = datetime.now(UTC) - timedelta(days=self.options.ended_days)
        # EMR filters by creation, and what ended yesterday may have been created whenever.
        for page in reader.listed_pages(emr.ENDED_STATES):
            yield [each for each in page if each.ended is None or each.ended >= since]

    def _next(self, pages: Iterator[list[Listed]]) -> list[Listed] | None:
        """Return what is new on the next page; None at the end of the list, whether or not read."""
        try:
            page = next(pages, None)
        except CouldNotTellError as error:
            self.problem = one_line(str(error))
            return None
        if page is None:
            self.complete = True
            return None
        new = {each.cluster_id: each for each in page if each.cluster_id not in self.listed}
        self.listed |= new
        return list(new.values())

    def _judge(self, reader: EmrReader, listed: Listed) -> None:
        try:
            judged = self._judged(reader, listed)
        except StoppedError:
            raise
        except _EndedError:
            del self.listed[listed.cluster_id]
            return
        except CouldNotTellError as error:
            judged = could_not_tell(listed, one_line(str(error)))
        except Exception as error:  # noqa: BLE001 - one cluster must not cost the others theirs
            judged = could_not_tell(listed, _unexpected(error))
        self.judged[listed.cluster_id] = judged

    def _judged(self, reader: EmrReader, listed: Listed) -> Judged:
        facts = reader.cluster(listed.cluster_id, even_ended=self.options.ended_days > 0)
        now = datetime.now(UTC)
        if facts is None:
            raise _EndedError
        facts = facts._replace(settings=facts.settings + reader.instance_settings(facts))
        verdict = judge_cluster(facts, self.options.parameters, now)
        outcome = Outcome(verdict.compliance.value)
        return Judged(listed, outcome, annotation(verdict), now, facts, verdict)


def could_not_tell(listed: Listed, cause: str) -> Judged:
    """Return what is said of a cluster of which nobody can tell."""
    return Judged(listed, Outcome.COULD_NOT_TELL, cause, datetime.now(UTC))


def _unexpected(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")


class AccountScan:
    """Finds the Regions of one account that are to be scanned; ``run`` raises nothing.

    Without ``regions``, those are all that it has enabled and in which boto3 knows EMR.
    """

    def __init__(self, account: str, session: boto3.Session, regions: Sequence[str] = ()) -> None:
        self.account = account
        self.session = session
        self.regions = tuple(regions)
        self.without_emr: tuple[str, ...] = ()
        self.problem = ""  # why nothing in it can be told

    def run(self) -> None:
        """Find out whether the account lets itself be read, and which Regions it has."""
        try:
            partition = identity(self.session).partition
            if not self.regions:
                enabled = enabled_regions(self.session)
                has_emr = regions_with_emr(self.session, partition)
                self.regions = tuple(each for each in enabled if each in has_emr)
                self.without_emr = tuple(each for each in enabled if each not in has_emr)
        except CouldNotTellError as error:
            self.problem = one_line(str(error))
        except Exception as error:  # noqa: BLE001 - one account must not cost the others theirs
            self.problem = _unexpected(error)


class Scan:
    """Scans accounts and their Regions at the same time, each Region by buckets of its own."""

    def __init__(self, accounts: Sequence[AccountScan], options: Options) -> None:
        self.accounts = accounts
        self.options = options
        self.regions: list[RegionScan] = []
        self.is_interrupted = False
        self.started = datetime.now(UTC)
        self._stop = threading.Event()
        self._jobs: queue.SimpleQueue[AccountScan | RegionScan | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[AccountScan | RegionScan] = queue.SimpleQueue()
        self._threads = 0
        self._pending: set[AccountScan | RegionScan | None] = set()

    def run(self, show: Callable[[Scan], None], every: float = 0.25) -> None:
        """Scan all; ``show`` is called again and again until it is over.

        Ctrl-C ends it early: what was judged stands, and the rest could not be told.
        """
        try:
            for each in self.accounts:
                self._start(each)
            due = 0.0
            while self._pending:
                self._go_on(self._wait(every))
                # Thousands of empty Regions come in at once, and drawing looks at all of them.
                if (now := time.monotonic()) >= due:
                    due = now + every
                    show(self)
        except KeyboardInterrupt:
            self._end()
        finally:
            for _ in range(self._threads):
                self._jobs.put(None)

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many Regions there are."""
        return not any(isinstance(each, AccountScan) for each in self._pending)

    def _start(self, job: AccountScan | RegionScan) -> None:
        self._pending.add(job)
        self._jobs.put(job)
        if self._threads < MOST_AT_ONCE:
            self._threads += 1
            # A call that hangs must not keep an interrupted command from its end.
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not self._stop.is_set():
                job.run()
            self._done.put(job)

    def _wait(self, seconds: float) -> AccountScan | RegionScan | None:
        """Return what is done next, None where that takes longer."""
        try:
            return self._done.get(timeout=seconds)
        except queue.Empty:
            return None

    def _go_on(self, job: AccountScan | RegionScan | None) -> None:
        """Start what follows from what is done."""
        if isinstance(job, AccountScan) and not job.problem:
            for region in job.regions:
                self._add_region(job, region)
        self._pending.discard(job)

    def _add_region(self, owner: AccountScan, region: str) -> None:
        @contextmanager
        def open_reader(pacer: Pacer) -> Iterator[EmrReader]:
            with closing(client(owner.session, "emr", region)) as made:
                pacer.attach(made)
                yield emr.EmrReader(made, self.options.parameters)

        pacer = emr.Pacer(self.options.share, sleep=self._sleep)
        stopped = self._stop.is_set
        scan = RegionScan(owner.account, region, self.options, pacer, open_reader, stopped)
        self.regions.append(scan)
        self._start(scan)

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError

    def _end(self) -> None:
        """Let calls that are on their way come back, and say what was not read."""
        self.is_interrupted = True
        self._stop.set()
        deadline = time.monotonic() + GRACE
        unread = {each for each in self._pending if isinstance(each, AccountScan)}
        while self._pending > unread and (left := deadline - time.monotonic()) > 0:
            self._pending -= {self._wait(left)} - unread
        for account in unread:
            account.problem = account.problem or INTERRUPTED
        for region in self.regions:
            if not region.complete:
                region.problem = region.problem or INTERRUPTED
