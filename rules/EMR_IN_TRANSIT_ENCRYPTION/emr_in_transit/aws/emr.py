"""AWS adapter: reads Amazon EMR, and keeps a sweep's calls within a share of what EMR takes."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from emr_in_transit.aws.errors import (
    AWS_ERRORS,
    CouldNotTellError,
    error_code,
    error_message,
    explain,
)
from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting, SecurityConfigurationFacts
from emr_in_transit.judgement.overrides import select_properties
from emr_in_transit.judgement.parameters import OverrideScope
from emr_in_transit.judgement.security_configuration import read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_emr import EMRClient
    from mypy_boto3_emr.literals import ClusterStateType

    from emr_in_transit.judgement.parameters import RuleParameters

PERMISSIONS = (
    "elasticmapreduce:DescribeCluster",
    "elasticmapreduce:DescribeSecurityConfiguration",
)
LIST_PERMISSIONS = ("elasticmapreduce:ListClusters",)
# Only where a ledger holds what changes have left to a sweep.
HELD_PERMISSIONS = ("elasticmapreduce:ListSecurityConfigurations",)
INSTANCE_PERMISSIONS = (
    "elasticmapreduce:ListInstanceFleets",
    "elasticmapreduce:ListInstanceGroups",
)
# The states of EMR's API model. A state that is in neither list is no reason to say anything.
LIVE_STATES: tuple[ClusterStateType, ...] = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
ENDED_STATES: tuple[ClusterStateType, ...] = (
    "TERMINATING",
    "TERMINATED",
    "TERMINATED_WITH_ERRORS",
)


# The ids and states of the clusters of one page of ListClusters.
Page = list[tuple[str, str]]


class Listed(NamedTuple):
    """A cluster as ListClusters tells of it."""

    cluster_id: str
    name: str
    state: str
    ended: datetime | None  # None where EMR names no time, as of one that is only ending


class EmrReader:
    """Reads EMR for one run; a security configuration is described once for all clusters.

    Every method raises CouldNotTellError when EMR gives no proper answer.
    """

    def __init__(
        self, client: EMRClient, parameters: RuleParameters, alert_tag_keys: tuple[str, ...] = ()
    ) -> None:
        self._client = client
        self._parameters = parameters
        self._alert_tag_keys = alert_tag_keys
        self._configurations: dict[str, SecurityConfigurationFacts] = {}

    def live_pages(self) -> Iterator[Page]:
        """Return all live clusters, page by page, each asked for when it is taken."""
        return self._pages(ClusterStates=list(LIVE_STATES))

    def ended_pages(self, created_after: datetime | None) -> Iterator[Page]:
        """Return the clusters that are ending or have ended, page by page as ``live_pages``.

        Those are the ones that were created at that time or later; None: all that EMR remembers.
        """
        if created_after is None:
            return self._pages(ClusterStates=list(ENDED_STATES))
        # Whether EMR counts that very moment in is not documented.
        since = created_after - timedelta(seconds=1)
        return self._pages(ClusterStates=list(ENDED_STATES), CreatedAfter=since)

    def listed_pages(self, states: Sequence[ClusterStateType]) -> Iterator[list[Listed]]:
        """Return the clusters in these states with what their list tells, page by page."""
        return self._listed(ClusterStates=list(states))

    def _pages(self, **query: Any) -> Iterator[Page]:
        for page in self._listed(**query):
            yield [(each.cluster_id, each.state) for each in page]

    def _listed(self, **query: Any) -> Iterator[list[Listed]]:
        try:
            for page in self._client.get_paginator("list_clusters").paginate(**query):
                yield [_listed(summary) for summary in page["Clusters"]]
        except AWS_ERRORS as error:
            raise CouldNotTellError(explain("ListClusters", error)) from error
        except KeyError as error:
            raise CouldNotTellError(f"ListClusters: answered without {error}") from error

    def security_configuration_names(self) -> set[str]:
        """Return the names of all security configurations that there are."""
        pages = self._client.get_paginator("list_security_configurations").paginate()
        operation = "ListSecurityConfigurations"
        try:
            return {each["Name"] for page in pages for each in page["SecurityConfigurations"]}
        except AWS_ERRORS as error:
            raise CouldNotTellError(explain(operation, error)) from error
        except KeyError as error:
            raise CouldNotTellError(f"{operation}: answered without {error}") from error

    def cluster(self, cluster_id: str, *, even_ended: bool = False) -> ClusterFacts | None:
        """Return the facts of a live cluster; None for one that has ended or that EMR forgot.

        EMR tells of one that has ended for two months, for whoever wants that too.
        """
        found = self._look(cluster_id, even_ended=even_ended)
        if found is not None and _is_missing(*found):
            # Either may have gone between the two calls: only a second look can tell.
            found = self._look(cluster_id, even_ended=even_ended)
        if found is None:
            return None
        document, configuration = found
        if _is_missing(document, configuration) and document["Status"]["State"] in ENDED_STATES:
            # Deleted after the end, perhaps, which is no violation.
            raise CouldNotTellError("the cluster has ended, and its security configuration is gone")
        try:
            exemption_key = self._parameters.exemption_tag_key
            facts = read_cluster(document, configuration, exemption_key, self._alert_tag_keys)
        except MalformedDocumentError as error:
            raise CouldNotTellError(f"DescribeCluster: {error}") from error
        if configuration is not None and configuration.created > facts.created:
            # Its name was used again: what the cluster was launched with is not to be seen.
            raise CouldNotTellError(
                f"security configuration {configuration.name!r} is younger than the cluster"
            )
        return facts

    def _look(
        self, cluster_id: str, *, even_ended: bool
    ) -> tuple[Mapping[str, Any], SecurityConfigurationFacts | None] | None:
        """Return what EMR says of a cluster, and of the security configuration that it names."""
        document = self._describe(cluster_id, even_ended=even_ended)
        if document is None:
            return None
        return document, self.security_configuration(_configuration_name(document))

    @property
    def reads_instances(self) -> bool:
        """Whether the rule looks at instance groups and fleets, which costs a call each time."""
        return self._parameters.override_scope is OverrideScope.INSTANCES

    def instance_settings(self, facts: ClusterFacts) -> tuple[PropertySetting, ...]:
        """Return what is set for instance groups or fleets, where the rule looks at them."""
        if not self.reads_instances:
            return ()
        return read_instance_settings(self._client, facts.cluster_id, has_fleets=facts.has_fleets)

    def has_ended(self, cluster_id: str) -> bool:
        """Return whether EMR says that the cluster is ending, has ended, or never was."""
        return self._describe(cluster_id) is None

    def security_configuration(self, name: str) -> SecurityConfigurationFacts | None:
        """Return the security configuration of that name; None when there is none."""
        if not name:
            return None
        if name not in self._configurations:
            facts = self._describe_security_configuration(name)
            if facts is None:
                return None
            self._configurations[name] = facts
        return self._configurations[name]

    def _describe(self, cluster_id: str, *, even_ended: bool = False) -> Mapping[str, Any] | None:
        answer = _ask(
            "DescribeCluster",
            lambda: self._client.describe_cluster(ClusterId=cluster_id),
            unknown=f"{cluster_id}' is not valid",
        )
        if answer is None:
            return None
        cluster: Mapping[str, Any] = answer.get("Cluster", {})
        state = cluster.get("Status", {}).get("State")
        if state in ENDED_STATES:
            return cluster if even_ended else None
        if state not in LIVE_STATES:
            raise CouldNotTellError(f"DescribeCluster: answered with the state {state!r}")
        return cluster

    def _describe_security_configuration(self, name: str) -> SecurityConfigurationFacts | None:
        answer = _ask(
            "DescribeSecurityConfiguration",
            lambda: self._client.describe_security_configuration(Name=name),
            unknown="does not exist",
        )
        if answer is None:
            return None
        if "SecurityConfiguration" not in answer or "CreationDateTime" not in answer:
            raise CouldNotTellError(
                "DescribeSecurityConfiguration: answered without its body or its creation time"
            )
        body = read_body(answer["SecurityConfiguration"])
        return SecurityConfigurationFacts(name, answer["CreationDateTime"], body)


def _listed(summary: Mapping[str, Any]) -> Listed:
    status = summary.get("Status", {})
    ended = status.get("Timeline", {}).get("EndDateTime")
    return Listed(summary["Id"], summary.get("Name", ""), status.get("State", ""), ended)


def _configuration_name(document: Mapping[str, Any]) -> str:
    return document.get("SecurityConfiguration") or ""


def _is_missing(
    document: Mapping[str, Any], configuration: SecurityConfigurationFacts | None
) -> bool:
    return configuration is None and bool(_configuration_name(document))


def _ask(
    operation: str, call: Callable[[], Mapping[str, Any]], unknown: str
) -> Mapping[str, Any] | None:
    """Return what EMR says, None where it says that there is no such thing.

    EMR has one code for both: InvalidRequestException with "Cluster id 'j-...' is not valid." or
    "Security configuration with name '...' does not exist."; the code alone says nothing.
    """
    try:
        return call()
    except ClientError as error:
        if error_code(error) == "InvalidRequestException" and unknown in error_message(error):
            return None
        raise CouldNotTellError(explain(operation, error)) from error
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(operation, error)) from error


def read_instance_settings(
    client: EMRClient, cluster_id: str, *, has_fleets: bool
) -> tuple[PropertySetting, ...]:
    """Return the known properties set for groups or fleets, under the name or id of each.

    Of a group both what is asked for and what was last applied count: one of them is in force.
    Raises CouldNotTellError when EMR gives no proper answer.
    """
    operation = "ListInstanceFleets" if has_fleets else "ListInstanceGroups"
    try:
        found = _fleets(client, cluster_id) if has_fleets else _groups(client, cluster_id)
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(operation, error)) from error
    except KeyError as error:
        raise CouldNotTellError(f"{operation}: answered without {error}") from error
    return tuple(dict.fromkeys(found))


def _groups(client: EMRClient, cluster_id: str) -> list[PropertySetting]:
    pages = client.get_paginator("list_instance_groups").paginate(ClusterId=cluster_id)
    return [
        setting
        for page in pages
        for group in page["InstanceGroups"]
        for member in ("Configurations", "LastSuccessfullyAppliedConfigurations")
        for setting in select_properties(group.get(member), group.get("Name") or group["Id"])
    ]


def _fleets(client: EMRClient, cluster_id: str) -> list[PropertySetting]:
    pages = client.get_paginator("list_instance_fleets").paginate(ClusterId=cluster_id)
    return [
        setting
        for page in pages
        for fleet in page["InstanceFleets"]
        for instance_type in fleet.get("InstanceTypeSpecifications", [])
        for setting in select_properties(
            instance_type.get("Configurations"), fleet.get("Name") or fleet["Id"]
        )
    ]


class Limit(NamedTuple):
    """A token bucket of EMR: so many calls at once, and so many a second after that.

    The buckets are those of the account and Region, so the users' own pipelines share them
    (AWS General Reference, "Amazon EMR endpoints and quotas").
    """

    burst: float
    per_second: float


LIMITS = {
    "DescribeCluster": Limit(10, 1),
    "DescribeSecurityConfiguration": Limit(5, 0.5),
    "ListClusters": Limit(20, 0.5),
    "ListInstanceFleets": Limit(5, 0.5),
    "ListInstanceGroups": Limit(10, 1),
    "ListSecurityConfigurations": Limit(5, 0.5),
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

    def detach(self, client: EMRClient) -> None:
        """Leave the client's calls to themselves again."""
        client.meta.events.unregister("before-send.emr", self._before_send)

    def wait(self, operation: str) -> None:
        """Return once the call may be made."""
        self.calls[operation] += 1
        if operation not in LIMITS:
            return
        now = self._clock()
        tokens = self._tokens_at(now, operation)
        if tokens < 1:
            self._sleep((1 - tokens) / self._rate(operation))
        # A debt stands for the time that was just slept.
        self._tokens[operation], self._filled[operation] = tokens - 1, now

    def seconds_for(self, operation: str, calls: int = 1) -> float:
        """Return how long so many calls would wait, if they were all that is made from now on."""
        missing = calls - self._tokens_at(self._clock(), operation)
        return max(0.0, missing / self._rate(operation))

    def _tokens_at(self, now: float, operation: str) -> float:
        passed = now - self._filled[operation]
        tokens = self._tokens[operation] + passed * self._rate(operation)
        return min(tokens, self._capacity(LIMITS[operation]))

    def _rate(self, operation: str) -> float:
        return LIMITS[operation].per_second * self._share

    def _capacity(self, limit: Limit) -> float:
        return max(1.0, limit.burst * min(self._share, 1) - MARGIN)

    def _before_send(self, event_name: str, **_: Any) -> None:
        self.wait(event_name.rpartition(".")[2])
