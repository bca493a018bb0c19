"""AWS adapter: live clusters, from the ledger where it knows them, else from EMR."""

from __future__ import annotations

import logging
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, LedgerError, explain
from emr_in_transit.aws.ledger import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

    from emr_in_transit.aws.emr import EmrReader
    from emr_in_transit.aws.ledger import Entry, Ledger
    from emr_in_transit.judgement.facts import ClusterFacts

PERMISSIONS = ("tag:GetResources",)
# What DescribeCluster says of encryption does not change after launch; it is asked again now and
# then all the same, in case an entry is wrong. Half of the time is spread by cluster id, so that
# clusters that were first seen together do not fall due together.
FACTS_MAX_AGE = timedelta(days=7)
# The Resource Groups Tagging API is eventually consistent; nobody says how long that takes.
TAGS_LAG = timedelta(hours=1)

logger = logging.getLogger(__name__)


class Clusters:
    """Live clusters for one run.

    Without a ledger, each is read from EMR. Without tags, whoever was exempt when its cluster was
    described still is. Only who ``remembers`` writes what EMR says into the ledger.
    """

    def __init__(
        self,
        reader: EmrReader,
        ledger: Ledger | None,
        tags: ExemptionTags | None,
        now: datetime,
        *,
        remembers: bool = True,
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._tags = tags
        self._now = now
        self._remembers = remembers
        self._ledger_failed = False
        self._entries: dict[str, Entry] = {}
        self._exemptions: dict[str, str] | None = None
        self._tags_problem = ""
        self.disagreeing: set[str] = set()  # ids of which the ledger says what EMR does not

    def prefetch(self, cluster_ids: Sequence[str]) -> None:
        """Look up what is known of the clusters that will be read, in a few calls.

        Where the ledger fails, EMR is asked instead.
        """
        self._entries |= self._known_entries(cluster_ids)
        if self._tags is None or self._exemptions is not None or self._tags_problem:
            return
        try:
            self._exemptions = self._tags.read()
        except CouldNotTellError as error:
            self._tags_problem = str(error)

    def creation_times(self, cluster_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when these were created, as far as the ledger knows."""
        return {
            cluster_id: entry.facts.created
            for cluster_id, entry in self._known_entries(cluster_ids).items()
            if entry.facts is not None
        }

    def read(self, cluster_id: str, *, even_ended: bool = False) -> ClusterFacts | None:
        """Return the facts of a cluster; None for one that EMR forgot, or that has ended.

        Raises CouldNotTellError.
        """
        facts = self._known(cluster_id)
        if facts is None:
            facts = self._reader.cluster(cluster_id, even_ended=even_ended)
            if facts is None:
                return None
            self._compare(facts)
            self._remember(facts)
        elif self._exemptions is not None:
            # Tags change after a cluster was described.
            facts = facts._replace(exemption=self._exemptions.get(cluster_id))
        settings = self._reader.instance_settings(facts)
        return facts._replace(settings=facts.settings + settings)

    @property
    def each_needs_emr(self) -> bool:
        """Whether every cluster takes calls to EMR in every run."""
        return self._ledger is None or self._reader.reads_instances

    def has_exemption_tag(self, cluster_id: str) -> bool:
        """Return whether the cluster is known to have the tag that exempts."""
        return cluster_id in (self._exemptions or {})

    def may_be_exempt(self, facts: ClusterFacts) -> bool:
        """Return whether the cluster may have a tag that is not to be seen yet: it is new."""
        is_untagged = self._exemptions is not None and facts.exemption is None
        return is_untagged and self._now - facts.created < TAGS_LAG

    def with_own_tags(self, facts: ClusterFacts) -> ClusterFacts:
        """Return the facts with the exemption that the cluster's own description tells.

        Raises CouldNotTellError.
        """
        described = self._reader.cluster(facts.cluster_id)
        return facts if described is None else facts._replace(exemption=described.exemption)

    def needs_emr(self, cluster_id: str) -> bool:
        """Return whether reading the cluster takes a call to EMR, and so its time."""
        return self._known(cluster_id) is None or self._reader.reads_instances

    def launched_by(self, cluster_id: str) -> str:
        """Return who launched it, "" when nobody has told."""
        entry = self._entries.get(cluster_id)
        return entry.launched_by if entry else ""

    def why_exemption_is_unknown(self, cluster_id: str) -> str:
        """Return "", or why nobody can say whether the cluster is exempt now."""
        return self._tags_problem if self._known(cluster_id) else ""

    def _known_entries(self, cluster_ids: Sequence[str]) -> dict[str, Entry]:
        if self._ledger is None or self._ledger_failed:
            return {}
        try:
            return self._ledger.entries(cluster_ids, self._now)
        except LedgerError as error:
            # What fails may fail slowly, and page by page that would cost the run its time.
            self._ledger_failed = True
            logger.warning("ledger not read", extra={"why": str(error)})
            return {}

    def _known(self, cluster_id: str) -> ClusterFacts | None:
        entry = self._entries.get(cluster_id)
        if entry is None or entry.described is None:
            return None
        spread = zlib.crc32(cluster_id.encode()) / 2**32
        is_fresh = self._now - entry.described < FACTS_MAX_AGE * (1 - spread / 2)
        return entry.facts if is_fresh else None

    def _compare(self, described: ClusterFacts) -> None:
        """Note where EMR does not confirm what the ledger has said: somebody else wrote it."""
        entry = self._entries.get(described.cluster_id)
        # What an older version has read, it may have read in another way.
        if entry is None or entry.facts is None or entry.schema != SCHEMA_VERSION:
            return
        missing = described.security_configuration_name and not described.security_configuration
        if missing:  # deleted since, as anybody may
            return
        if _lasting(entry.facts) != _lasting(described):
            self.disagreeing.add(described.cluster_id)

    def _remember(self, facts: ClusterFacts) -> None:
        missing = facts.security_configuration_name and facts.security_configuration is None
        if (
            self._ledger is None or not self._remembers or missing
        ):  # a missing one is looked for again each time
            return
        try:
            self._ledger.store(facts, self._now)
        except LedgerError as error:
            logger.warning("ledger not written", extra={"why": str(error)})


def _lasting(facts: ClusterFacts) -> ClusterFacts:
    """Return the facts without what changes after a launch, nor with the order of an answer."""
    return facts._replace(
        state="",
        exemption=None,
        tags=(),
        applications=tuple(sorted(facts.applications)),
        settings=tuple(sorted(facts.settings)),
    )


class ExemptionTags:
    """The tag that exempts, on all clusters of one account and Region."""

    def __init__(self, client: ResourceGroupsTaggingAPIClient, key: str) -> None:
        self._client = client
        self._key = key

    def read(self) -> dict[str, str]:
        """Return the value of the tag for each cluster that has it, by cluster id.

        Raises CouldNotTellError when AWS gives no proper answer.
        """
        pages = self._client.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": self._key}], ResourceTypeFilters=["elasticmapreduce:cluster"]
        )
        try:
            return {
                # arn:PARTITION:elasticmapreduce:REGION:ACCOUNT:cluster/ID
                resource["ResourceARN"].rpartition("/")[2]: tag["Value"]
                for page in pages
                for resource in page["ResourceTagMappingList"]
                for tag in resource["Tags"]
                if tag["Key"] == self._key
            }
        except AWS_ERRORS as error:
            raise CouldNotTellError(explain("GetResources", error)) from error
        except KeyError as error:
            raise CouldNotTellError(f"GetResources: answered without {error}") from error
