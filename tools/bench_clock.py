"""Tool: an account on a clock that only waiting moves, so that hours of sweeps take seconds.

EMR has its documented token buckets and promises no order, AWS Config remembers results, and a
ledger may stand beside them. The sweep that runs here is the one that ships.
"""

from __future__ import annotations

import logging
import random
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from tools.package import ROOT
from tools.simulator.buckets import LIMITS

sys.path.insert(0, str(ROOT / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"))

from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import LIVE_STATES, EmrReader, Pacer
from emr_in_transit.aws.evaluations import EvaluationRecorder
from emr_in_transit.aws.ledger import Entry
from emr_in_transit.aws.logs import JudgedBy
from emr_in_transit.judgement.parameters import parse_parameters
from emr_in_transit.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.sweep_result import SweepResult

RULE = "EMR_IN_TRANSIT_ENCRYPTION"
TIMEOUT = 900.0  # of the rule's function
PERIOD = 3600.0  # of its schedule
LATENCY = 0.05  # of every call, in seconds
FIRST = datetime(2026, 5, 4, tzinfo=UTC)
PAGE = 50  # clusters that ListClusters tells at once
BODY = (
    '{"EncryptionConfiguration": {"EnableInTransitEncryption": true,'
    ' "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration":'
    ' {"CertificateProviderType": "PEM", "S3Object": "s3://certificates/blue.zip"}}}}'
)


class Clock:
    """A time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds that have passed."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.seconds += seconds

    @property
    def now(self) -> datetime:
        """The time as AWS writes it."""
        return FIRST + timedelta(seconds=self.seconds)


class Events:
    """What botocore's clients have in ``meta.events``, as far as the pacer uses it."""

    def __init__(self) -> None:
        self.before_send: Callable[..., None] = lambda *_: None

    def register(self, _name: str, handler: Callable[..., None]) -> None:
        """Call it before each call."""
        self.before_send = handler


class Emr:
    """The EMR of one account: clusters, and the buckets by which it refuses calls."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.meta = self
        self.events = Events()
        self.clusters: dict[str, dict[str, Any]] = {}  # as DescribeCluster tells of them
        self.hidden: set[str] = set()  # clusters that every page misses
        self.calls: Counter[str] = Counter()
        self.throttled = 0
        self.oldest_marker = 0.0  # seconds between a page and the next, which its marker asked for
        self.described: list[str] = []
        self._random = random.Random(1)  # noqa: S311 - the same fleet every time
        self.cool()

    def cool(self) -> None:
        """Fill the buckets, and count from here."""
        self._tokens = {name: float(burst) for name, (burst, _) in LIMITS.items()}
        self._filled = dict.fromkeys(LIMITS, self.clock())
        self.calls.clear()
        self.described.clear()

    def launch(
        self, count: int, age: timedelta = timedelta(0), configuration: str = "blue"
    ) -> list[str]:
        """Launch clusters, so long ago; "" for no security configuration."""
        first = len(self.clusters)
        # Ids as EMR gives them tell nothing about the time.
        ids = [f"j-{self._random.randrange(36**12):013X}" for _ in range(count)]
        for number, cluster_id in enumerate(ids, first):
            created = self.clock.now - age - timedelta(milliseconds=number)
            status = {"State": "RUNNING", "Timeline": {"CreationDateTime": created}}
            self.clusters[cluster_id] = {
                "Id": cluster_id,
                "Name": "etl",
                "ReleaseLabel": "emr-7.3.0",
                "Status": status,
                **({"SecurityConfiguration": configuration} if configuration else {}),
            }
        return ids

    def end(self, cluster_ids: Iterable[str]) -> None:
        """End clusters."""
        for each in cluster_ids:
            self.clusters[each]["Status"]["State"] = "TERMINATED"

    def live(self) -> list[str]:
        """Return the ids of the live clusters."""
        return [each for each, c in self.clusters.items() if c["Status"]["State"] in LIVE_STATES]

    def get_paginator(self, _name: str) -> Emr:
        """Return what lists clusters."""
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Return the pages of ListClusters; no page comes without its token."""
        since = query.get("CreatedAfter", datetime.min.replace(tzinfo=UTC))
        found = [
            each
            for each in self.clusters.values()
            if each["Status"]["State"] in query["ClusterStates"]
            and each["Status"]["Timeline"]["CreationDateTime"] > since
            and each["Id"] not in self.hidden
        ]
        self._random.shuffle(found)
        told = self.clock()
        for start in range(0, max(1, len(found)), PAGE):
            self._admit("ListClusters")
            self.oldest_marker = max(self.oldest_marker, self.clock() - told)
            told = self.clock()
            yield {"Clusters": found[start : start + PAGE]}

    def describe_cluster(self, **query: str) -> dict[str, Any]:
        """Return DescribeCluster."""
        self._admit("DescribeCluster")
        self.described.append(query["ClusterId"])
        return {"Cluster": self.clusters[query["ClusterId"]]}

    def describe_security_configuration(self, **query: str) -> dict[str, Any]:
        """Return DescribeSecurityConfiguration."""
        self._admit("DescribeSecurityConfiguration")
        created = FIRST - timedelta(days=1000)
        return {**query, "SecurityConfiguration": BODY, "CreationDateTime": created}

    def _admit(self, operation: str) -> None:
        self.events.before_send(f"before-send.emr.{operation}")
        self.clock.sleep(LATENCY)
        self.calls[operation] += 1
        for name in (operation, "all calls"):
            burst, rate = LIMITS[name]
            passed = self.clock() - self._filled[name]
            self._tokens[name] = min(burst, self._tokens[name] + passed * rate)
            self._filled[name] = self.clock()
            if self._tokens[name] < 1:
                self.throttled += 1
                error = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
                raise ClientError(error, operation)  # type: ignore[arg-type]
            self._tokens[name] -= 1


class Config:
    """The AWS Config of one account: the results of one rule."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.results: dict[str, dict[str, Any]] = {}
        self.put = 0

    def get_paginator(self, _name: str) -> Config:
        """Return what reads the results."""
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Return the pages of GetComplianceDetailsByConfigRule."""
        types = query["ComplianceTypes"]
        found = [each for each in self.results.values() if each["ComplianceType"] in types]
        size = query["PaginationConfig"]["PageSize"]
        for start in range(0, max(1, len(found)), size):
            self._clock.sleep(LATENCY)
            yield {"EvaluationResults": found[start : start + size]}

    def put_evaluations(self, **request: Any) -> dict[str, Any]:
        """Return PutEvaluations."""
        self._clock.sleep(LATENCY)
        self.put += len(request["Evaluations"])
        for each in request["Evaluations"]:
            qualifier = {
                "ResourceType": each["ComplianceResourceType"],
                "ResourceId": each["ComplianceResourceId"],
            }
            self.results[each["ComplianceResourceId"]] = {
                "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier},
                "ComplianceType": each["ComplianceType"],
                "Annotation": each.get("Annotation", ""),
                "ResultRecordedTime": self._clock.now,
            }
        return {}


class MemoryLedger:
    """A ledger that holds what it was given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def entries(self, cluster_ids: Sequence[str], _now: datetime) -> dict[str, Entry]:
        """Return what is known of these clusters."""
        self._clock.sleep(LATENCY * -(-len(cluster_ids) // 100))
        return {each: self._entries[each] for each in cluster_ids if each in self._entries}

    def store(self, facts: ClusterFacts, now: datetime) -> None:
        """Remember the facts of a cluster."""
        self._clock.sleep(LATENCY)
        self._entries[facts.cluster_id] = Entry(facts, now, "")


class Run(NamedTuple):
    """One sweep, what it asked of EMR, and how long it took."""

    result: SweepResult
    calls: Counter[str]
    seconds: float
    described: tuple[str, ...]


class ClockAccount:
    """An account that the rule sweeps once an hour."""

    def __init__(self, share: float = 1.0, *, has_ledger: bool = True, **parameters: str) -> None:
        self.clock = Clock()
        self.emr = Emr(self.clock)
        self.config = Config(self.clock)
        self.ledger = MemoryLedger(self.clock) if has_ledger else None
        self.tags: Any = None  # what reads exemptions
        self._share = share
        self._parameters = parse_parameters(parameters)

    def sweep(self) -> Run:
        """Run one sweep; EMR's buckets are full, and the next one is due an hour later."""
        self.emr.cool()
        began = self.clock()
        pacer = Pacer(self._share, self.clock, self.clock.sleep)
        emr: Any = self.emr
        config: Any = self.config
        ledger: Any = self.ledger
        pacer.attach(emr)
        reader = EmrReader(emr, self._parameters)
        now = self.clock.now
        with _quiet():
            result = Sweep(
                judged_by=JudgedBy("111122223333", "eu-west-1", RULE),
                reader=reader,
                pacer=pacer,
                clusters=Clusters(reader, ledger, self.tags, now),
                recorder=EvaluationRecorder(config, "token", now),
                parameters=self._parameters,
                now=now,
                seconds_left=lambda: TIMEOUT - (self.clock() - began),
            ).run()
        seconds = self.clock() - began
        self.clock.sleep(max(0.0, PERIOD - seconds))
        return Run(result, Counter(self.emr.calls), seconds, tuple(self.emr.described))


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing below an error: thousands of verdicts are of no use here."""
    logger = logging.getLogger("emr_in_transit")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
