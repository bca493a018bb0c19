"""AWS adapter: keeps a sweep's EMR calls within a share of what EMR takes.

EMR's limits are those of the account and Region, so the users' own pipelines share them
(AWS General Reference, "Amazon EMR endpoints and quotas").
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_emr import EMRClient


class Limit(NamedTuple):
    """A token bucket of EMR: so many calls at once, and so many a second after that."""

    burst: float
    per_second: float


LIMITS = {
    "DescribeCluster": Limit(10, 1),
    "DescribeSecurityConfiguration": Limit(5, 0.5),
    "ListClusters": Limit(20, 0.5),
    "ListInstanceFleets": Limit(5, 0.5),
    "ListInstanceGroups": Limit(10, 1),
}


# A call that is quicker on its way to EMR than the one before comes early there; so much of each
# bucket is left for that, or it would be throttled.
MARGIN = 0.5


class Pacer:
    """Delays calls so that they take only a share of each bucket, and counts them.

    A share above 1 is for accounts whose quota has been raised; it speeds up the refill alone. The
    buckets are taken to be full at first: where they are not, EMR throttles and botocore retries.
    """

    def __init__(
        self,
        share: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._tokens = {name: self._capacity(limit) for name, limit in LIMITS.items()}
        self._filled = dict.fromkeys(LIMITS, clock())
        self.calls: Counter[str] = Counter()

    def attach(self, client: EMRClient) -> None:
        """Pace every attempt of every call of this client, retries included."""
        client.meta.events.register("before-send.emr", self._before_send)

    def wait(self, operation: str) -> None:
        """Return once the call may be made."""
        self.calls[operation] += 1
        limit = LIMITS.get(operation)
        if limit is None:
            return
        now = self._clock()
        rate = limit.per_second * self._share
        tokens = self._tokens[operation] + (now - self._filled[operation]) * rate
        tokens = min(tokens, self._capacity(limit))
        if tokens < 1:
            self._sleep((1 - tokens) / rate)
        # A debt stands for the time that was just slept.
        self._tokens[operation], self._filled[operation] = tokens - 1, now

    def _capacity(self, limit: Limit) -> float:
        return max(1.0, limit.burst * min(self._share, 1) - MARGIN)

    def _before_send(self, event_name: str, **_: Any) -> None:
        self.wait(event_name.rpartition(".")[2])
