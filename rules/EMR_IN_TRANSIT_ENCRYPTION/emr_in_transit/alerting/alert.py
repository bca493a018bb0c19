"""Pure: what an alert tells of, and from where."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from emr_in_transit.judgement.facts import ClusterFacts
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict
from emr_in_transit.judgement.wording import clip, one_line

CLUSTER_TYPE = "AWS::EMR::Cluster"
SECURITY_CONFIGURATION_TYPE = "AWS::EMR::SecurityConfiguration"
# So many violations in one run are one message each; more are one digest.
MOST_SINGLE_ALERTS = 10
# AWS takes no more in the value of a tag.
TAG_LIMIT = 256
# What is held in the ledger until it is told stays far below what DynamoDB takes of an item.
MOST_HELD_FINDINGS, HELD_DETAIL_LIMIT = 20, 2000
_PLAIN_ID = re.compile(r"[\w.:/=+@-]{1,256}", re.ASCII)


class Kind(StrEnum):
    """What a message tells of."""

    VIOLATION = "violation"
    RESOLVED = "resolved"
    EXEMPTED = "exempted"  # would violate, and somebody has exempted it
    EXPIRING = "expiring"  # the certificates of a security configuration that clusters use

    @property
    def digest(self) -> str:
        """The ``kind`` of a document that tells of many."""
        return "digest" if self is Kind.VIOLATION else f"{self.value}Digest"


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
    for_chat: bool = False  # whether Amazon Q in chat applications is to show what is sent
    documents: str = ""  # the address of the documents of this version; "" where nobody has said

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
    tags: tuple[tuple[str, str], ...] = ()  # those that say whom to tell, in one line, never empty
    configured: datetime | None = None  # when its security configuration was created


class Judged(NamedTuple):
    """One resource with its verdict; what is exempt or has gone is NOT_APPLICABLE."""

    resource: Resource
    verdict: Verdict
    # The live clusters that use a security configuration, where that is what there is to tell.
    used_by: tuple[Resource, ...] = ()

    @property
    def resource_id(self) -> str:
        """The id by which AWS Config and the ledger know the resource."""
        return self.resource.resource_id

    @property
    def kind(self) -> Kind:
        """What there would be to tell of it."""
        if self.used_by:
            return Kind.EXPIRING
        if self.violates:
            return Kind.VIOLATION
        return Kind.EXEMPTED if self.exempted else Kind.RESOLVED

    @property
    def exempted(self) -> bool:
        """Whether it would violate, had nobody exempted it."""
        return self.verdict.exemption is not None and bool(self.verdict.violations)

    @property
    def violates(self) -> bool:
        """Whether people are to be told of a violation."""
        return self.verdict.compliance is Compliance.NON_COMPLIANT

    @property
    def complies(self) -> bool:
        """Whether the end of a violation is one by compliance."""
        return self.verdict.compliance is Compliance.COMPLIANT


class Alert(NamedTuple):
    """One message, of one kind: on one resource, or on many at once."""

    alert_id: str
    judged: tuple[Judged, ...]  # one, unless it is a digest
    origin: Origin
    time: datetime
    part: int = 1
    parts: int = 1
    announces: bool = False  # that more of the same will follow with the next sweep
    # By resource id, of what is in a digest: the alert that may have told of it before.
    earlier: Mapping[str, str] = MappingProxyType({})

    @property
    def is_digest(self) -> bool:
        """Whether it tells of a whole run."""
        return len(self.judged) > 1 or self.parts > 1

    @property
    def kind(self) -> str:
        """The ``kind`` of the document."""
        if self.announces:
            return "moreToFollow"
        return self.about.digest if self.is_digest else self.about.value

    @property
    def about(self) -> Kind:
        """What it tells of."""
        return self.judged[0].kind


def held_text(judged: Judged) -> str:
    """Return a violation as text, from which ``held_judged`` makes what is told of it later."""
    findings = [
        each._replace(detail=clip(each.detail, HELD_DETAIL_LIMIT))._asdict()
        for each in judged.verdict.findings[:MOST_HELD_FINDINGS]
    ]
    # Security configurations have no tags (EMR API), and the rest of these two is for clusters.
    resource = judged.resource._replace(tags=(), configured=None)
    return json.dumps({"resource": resource._asdict(), "findings": findings})


def held_judged(resource_type: str, resource_id: str, text: str) -> Judged:
    """Return the violation of a text; raise ValueError, TypeError or KeyError where it is none."""
    document = json.loads(text)
    findings = [
        Finding(**each | {"reason": Reason(each["reason"])}) for each in document["findings"]
    ]
    resource = Resource(**document["resource"] | {"tags": ()})
    judged = Judged(resource, Verdict(Compliance.NON_COMPLIANT, tuple(findings)))
    if (resource.resource_type, resource.resource_id) != (resource_type, resource_id):
        raise ValueError(f"what is held is about {resource.resource_id}")
    if not judged.verdict.violations:
        raise ValueError("what is held is no violation")
    return judged


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
        tags=tuple((key, clip(value, TAG_LIMIT)) for key, value in facts.tags if one_line(value)),
        configured=facts.security_configuration and facts.security_configuration.created,
    )


def expiring_configurations(judged: Iterable[Judged]) -> list[Judged]:
    """Return the security configurations of judged clusters whose certificates expire soon.

    Each comes once, however many clusters use it, and one that was created anew under its old name
    is another one. What is exempt is not judged, so it does not count as a use.
    """
    users: dict[tuple[str, datetime], list[Judged]] = {}
    for each in judged:
        created = each.resource.configured
        if created is not None and _expiring(each) and not each.verdict.exemption:
            users.setdefault((each.resource.security_configuration, created), []).append(each)
    return [
        Judged(
            Resource(SECURITY_CONFIGURATION_TYPE, name, name, name, configured=created),
            Verdict(Compliance.COMPLIANT, _expiring(clusters[0])),
            tuple(cluster.resource for cluster in clusters),
        )
        for (name, created), clusters in users.items()
    ]


def _expiring(judged: Judged) -> tuple[Finding, ...]:
    found = judged.verdict.findings
    return tuple(each for each in found if each.reason is Reason.CERTIFICATES_EXPIRING)


def safe_id(resource_id: str) -> str:
    """Return a resource's id as it fits into the keys of others.

    The name of a security configuration may be longer than these, and hold anything.
    """
    if _PLAIN_ID.fullmatch(resource_id):
        return resource_id
    return hashlib.sha256(resource_id.encode("utf-8", "replace")).hexdigest()
