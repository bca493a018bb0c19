"""Pure: which endpoints of a cluster are encrypted, and which stay in clear text."""

from collections.abc import Iterable
from typing import NamedTuple

from emr_in_transit.judgement.applications import COMES_WITH, installed
from emr_in_transit.judgement.coverage_table import (
    ENDPOINTS,
    MATRIX,
    Condition,
    Endpoint,
    KnownIssue,
    Protection,
)
from emr_in_transit.judgement.facts import ClusterFacts, EncryptionSettings, Switch
from emr_in_transit.judgement.parameter_values import Coverage
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import NEWEST_KNOWN_MAJOR, Release, parse_release, reached
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import clip

NOTHING_PROTECTS = "no setting can help"
NOT_IN_MATRIX = "not in AWS's matrix, assumed not covered"


class EndpointState(NamedTuple):
    """One endpoint of one cluster: whether it is encrypted, and why."""

    application: str
    label: str
    ports: str
    protected: bool
    why: str
    source: str
    issues: tuple[str, ...] = ()

    @property
    def protectable(self) -> bool:
        """Whether another release or set-up could protect what is in clear text."""
        return self.why not in {NOTHING_PROTECTS, NOT_IN_MATRIX}


def has_kerberos(facts: ClusterFacts) -> bool:
    """Answer whether Kerberos works: in the security configuration, and on the cluster."""
    return Condition.KERBEROS in _conditions(facts)


def is_assumed(release: Release) -> bool:
    """Answer whether a release is newer than AWS's matrix, so that its newest rows stand in."""
    return release.major > NEWEST_KNOWN_MAJOR


def endpoint_states(facts: ClusterFacts) -> tuple[EndpointState, ...]:
    """Answer the state of every endpoint; none where the release cannot be compared."""
    release = parse_release(facts.release_label)
    if release is None:
        return ()
    conditions = _conditions(facts)
    applications = installed(facts.applications)
    known = [
        _state(endpoint, release, conditions)
        for endpoint in ENDPOINTS
        if endpoint.application in applications
    ]
    return (*known, *_unknown(applications))


def coverage_findings(facts: ClusterFacts, coverage: Coverage) -> list[Finding]:
    """Answer at most two findings: what some setting could protect, and what none can."""
    states = endpoint_states(facts)
    exposed = [state for state in states if not state.protected]
    demanded = [state for state in exposed if state.protectable and coverage is Coverage.COMPLETE]
    mentioned = [state for state in exposed if state not in demanded]
    findings = []
    if demanded:
        findings.append(Finding(Reason.TRAFFIC_NOT_COVERED, _detail(facts, demanded)))
    if mentioned:
        detail = _detail(facts, mentioned)
        findings.append(Finding(Reason.TRAFFIC_NOT_COVERED, detail, only_warns=True))
    return findings


def _conditions(facts: ClusterFacts) -> frozenset[Condition]:
    configuration = facts.security_configuration
    settings = configuration.body if configuration else None
    if not isinstance(settings, EncryptionSettings):
        return frozenset()
    # Without certificates there is nothing that TLS could start with.
    switched_on = settings.switch is Switch.ON and settings.certificates is not None
    met = {
        Condition.SWITCH: switched_on,
        # A configuration with Kerberos does nothing on a cluster without Kerberos attributes
        # (EMR Management Guide, emr-kerberos-configure).
        Condition.KERBEROS: settings.kerberos and facts.kerberos_attributes,
        Condition.LOCAL_DISK: settings.local_disk_encryption,
    }
    return frozenset(condition for condition, holds in met.items() if holds)


def _state(endpoint: Endpoint, release: Release, conditions: frozenset[Condition]) -> EndpointState:
    lacks = [_lack(protection, release, conditions) for protection in endpoint.protections]
    protected = "" in lacks
    if protected:
        why = _how(endpoint.protections[lacks.index("")])
    else:
        why = ", ".join(lacks) or NOTHING_PROTECTS
    return EndpointState(
        endpoint.application,
        endpoint.label,
        endpoint.ports,
        protected,
        why,
        endpoint.source,
        tuple(issue.text for issue in endpoint.issues if _has_issue(release, issue)),
    )


def _has_issue(release: Release, issue: KnownIssue) -> bool:
    return issue.first <= release and (issue.before is None or release < issue.before)


def _lack(protection: Protection, release: Release, conditions: frozenset[Condition]) -> str:
    """Answer what a cluster lacks for this protection, "" where it has all."""
    lacks = [f"without {each}" for each in protection.conditions if each not in conditions]
    if not reached(release, protection.starts):
        lacks.insert(0, f"before {min(start for start in protection.starts if start > release)}")
    return " and ".join(lacks)


def _how(protection: Protection) -> str:
    needed = [each.value for each in protection.conditions if each is not Condition.SWITCH]
    return " with ".join([protection.mechanism, *needed])


def _unknown(applications: Iterable[str]) -> list[EndpointState]:
    known = {endpoint.application for endpoint in ENDPOINTS} | COMES_WITH.keys()
    return [
        EndpointState(name, clip(name, 40), "unknown", False, NOT_IN_MATRIX, MATRIX)
        for name in applications
        if name not in known
    ]


def _detail(facts: ClusterFacts, exposed: list[EndpointState]) -> str:
    groups: dict[str, list[str]] = {}
    for state in exposed:
        groups.setdefault(state.why, []).append(state.label)
    # Short lists first: an annotation is cut at its end, and shows more causes so.
    causes = sorted(groups.items(), key=lambda cause: len(cause[1]))
    release = parse_release(facts.release_label)
    assumed = (
        f" (release {release} is newer than AWS's matrix, assumed to be like the newest there)"
        if release is not None and is_assumed(release)
        else ""
    )
    listed = "; ".join(f"{why}: {', '.join(labels)}" for why, labels in causes)
    return f"In clear text{assumed}: {listed}."
