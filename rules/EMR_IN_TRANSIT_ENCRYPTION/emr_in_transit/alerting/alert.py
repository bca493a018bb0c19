"""Pure: what an alert tells of, and from where."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from emr_in_transit.judgement.facts import ClusterFacts
from emr_in_transit.judgement.verdict import Compliance, Verdict

CLUSTER_TYPE = "AWS::EMR::Cluster"
SECURITY_CONFIGURATION_TYPE = "AWS::EMR::SecurityConfiguration"
# So many violations in one run are one message each; more are one digest.
MOST_SINGLE_ALERTS = 10


class DetectedBy(StrEnum):
    """Which way a violation was found."""

    LAUNCH_CHECK = "LAUNCH_CHECK"
    SWEEP = "SWEEP"
    CONFIGURATION_CHANGE = "CONFIGURATION_CHANGE"


class Origin(NamedTuple):
    """Where an alert comes from."""

    account: str
    region: str
    function_arn: str
    rule_name: str
    detected_by: DetectedBy

    @property
    def partition(self) -> str:
        """The partition that the function runs in, such as "aws" or "aws-cn"."""
        return self.function_arn.split(":")[1]


class Resource(NamedTuple):
    """What people need to know to find the resource and whoever launched it."""

    resource_type: str
    resource_id: str
    name: str
    security_configuration: str = ""
    state: str = ""
    release: str = ""
    launched_by: str = ""


class Judged(NamedTuple):
    """One resource with its verdict; what is exempt or has gone is NOT_APPLICABLE."""

    resource: Resource
    verdict: Verdict

    @property
    def resource_id(self) -> str:
        """The id by which AWS Config and the ledger know the resource."""
        return self.resource.resource_id

    @property
    def violates(self) -> bool:
        """Whether people are to be told of a violation."""
        return self.verdict.compliance is Compliance.NON_COMPLIANT

    @property
    def complies(self) -> bool:
        """Whether the end of a violation is one by compliance."""
        return self.verdict.compliance is Compliance.COMPLIANT


class Alert(NamedTuple):
    """One message: a violation, its end, or many of either at once."""

    alert_id: str
    judged: tuple[Judged, ...]  # one, unless it is a digest
    origin: Origin
    time: datetime
    part: int = 1
    parts: int = 1
    # By resource id, of what is in a digest: the alert that may have told of it before.
    earlier: Mapping[str, str] = MappingProxyType({})

    @property
    def is_digest(self) -> bool:
        """Whether it tells of a whole run."""
        return len(self.judged) > 1 or self.parts > 1

    @property
    def kind(self) -> str:
        """The ``kind`` of the document."""
        if self.is_digest:
            return "digest" if self.is_violation else "resolvedDigest"
        return "violation" if self.is_violation else "resolved"

    @property
    def is_violation(self) -> bool:
        """Whether it tells of violations; otherwise of their end."""
        return self.judged[0].violates


def gone(resource_type: str, resource_id: str) -> Judged:
    """Return the judgement of a resource that is no longer there: it is not applicable."""
    return Judged(Resource(resource_type, resource_id, ""), Verdict(Compliance.NOT_APPLICABLE))


def cluster_resource(facts: ClusterFacts, state: str, launched_by: str) -> Resource:
    """Return what an alert tells of a cluster; its state is newer than its facts may be."""
    return Resource(
        CLUSTER_TYPE,
        facts.cluster_id,
        facts.name,
        security_configuration=facts.security_configuration_name,
        state=state or facts.state,
        release=facts.release_label or f"AMI {facts.ami_version}",
        launched_by=launched_by,
    )
