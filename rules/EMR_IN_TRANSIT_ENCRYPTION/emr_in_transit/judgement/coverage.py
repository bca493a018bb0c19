"""Pure: which endpoints of a cluster are encrypted, and which stay in clear text."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from emr_in_transit.judgement.applications import (
    ANY,
    ENDPOINTS,
    Condition,
    Endpoint,
    Protection,
    installed,
    unknown,
)
from emr_in_transit.judgement.facts import ClusterFacts, EncryptionSettings, Switch
from emr_in_transit.judgement.parameters import Coverage
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import (
    Release,
    is_assumed,
    parse_release,
    reached,
    release_or_newest,
)
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import clip, quoted

NOTHING_PROTECTS = "no setting can help"
NOT_RECOGNISED = "no table of this rule has the application"
_NAMED = 5  # as many endpoints are named in a remedy, the rest are counted


class EndpointState(NamedTuple):
    """One endpoint of one cluster: whether it is encrypted, and why."""

    application: str
    label: str
    ports: str
    protected: bool
    why: str
    source: str
    issues: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()  # each of them would protect it

    @property
    def protectable(self) -> bool:
        """Whether another release or set-up could protect what is in clear text."""
        return bool(self.fixes)


def conditions(facts: ClusterFacts) -> frozenset[Condition]:
    """Return the conditions that a cluster meets."""
    configuration = facts.security_configuration
    settings = configuration.body if configuration else None
    if not isinstance(settings, EncryptionSettings):
        return frozenset()
    # Without certificates there is nothing that TLS could start with.
    switched_on = settings.switch is Switch.ON and settings.certificates is not None
    met = {
        Condition.SWITCH: switched_on,
        # A configuration with Kerberos does nothing on a cluster without Kerberos attributes
        # (EMR Management Guide, emr-kerberos-configure); EMR needs none where it sets Kerberos
        # up by itself.
        Condition.KERBEROS: settings.managed_kerberos
        or (settings.kerberos and facts.kerberos_attributes),
        Condition.LOCAL_DISK: settings.local_disk_encryption,
    }
    return frozenset(condition for condition, holds in met.items() if holds)


def endpoint_states(facts: ClusterFacts) -> tuple[EndpointState, ...]:
    """Return the state of every endpoint of a cluster, as far as nobody has overridden it.

    A release that is not recognised is taken for the newest one.
    """
    release = release_or_newest(facts.release_label)
    applications = frozenset({ANY, *installed(facts.applications, release)})
    known = _known(applications, release, conditions(facts), single=facts.primary_nodes == 1)
    return (*known, *_unknown(facts.applications))


def coverage_findings(facts: ClusterFacts, coverage: Coverage) -> list[Finding]:
    """Return what some release or set-up could protect, what none can, and what nobody knows."""
    only_warns = coverage is Coverage.CONFIGURED
    exposed = [state for state in endpoint_states(facts) if not state.protected]
    findings = []
    if protectable := [state for state in exposed if state.protectable]:
        detail, fix = _detail(facts, protectable), _remedy(protectable)
        findings.append(Finding(Reason.TRAFFIC_NOT_COVERED, detail, only_warns=only_warns, fix=fix))
    if lost := [state for state in exposed if state.why == NOTHING_PROTECTS]:
        detail, fix = _detail(facts, lost), "Keep what no setting protects inside the network."
        findings.append(Finding(Reason.TRAFFIC_NOT_COVERED, detail, fix=fix, unavoidable=True))
    if names := unknown(facts.applications):
        listed = ", ".join(quoted(name) for name in names)
        detail = f"No table has {listed}: whether its endpoints are encrypted is not known."
        findings.append(Finding(Reason.APPLICATION_NOT_RECOGNISED, detail, only_warns=only_warns))
    return findings


@lru_cache(maxsize=256)  # thousands of clusters are of a few kinds
def _known(
    applications: frozenset[str], release: Release, met: frozenset[Condition], *, single: bool
) -> tuple[EndpointState, ...]:
    return tuple(
        _state(endpoint, release, met)
        for endpoint in ENDPOINTS
        if endpoint.application in applications
        and not (endpoint.needs_several_primary_nodes and single)
    )


def _state(endpoint: Endpoint, release: Release, met: frozenset[Condition]) -> EndpointState:
    lacks = [_lack(protection, release, met) for protection in endpoint.protections]
    protected = "" in lacks
    if protected:
        why = _how(endpoint.protections[lacks.index("")])
    else:
        why = ", ".join(lacks) or NOTHING_PROTECTS
    issue = endpoint.issue
    has_issue = (
        issue and issue.first <= release and (issue.before is None or release < issue.before)
    )
    return EndpointState(
        endpoint.application,
        endpoint.label,
        endpoint.ports,
        protected,
        why,
        endpoint.source,
        (issue.text,) if issue and has_issue else (),
        () if protected else tuple(_fix(each, release, met) for each in endpoint.protections),
    )


def _lack(protection: Protection, release: Release, met: frozenset[Condition]) -> str:
    """Return what a cluster lacks for this protection, "" where it has all."""
    lacks = [f"without {each}" for each in protection.conditions if each not in met]
    if not reached(release, protection.starts):
        lacks.insert(0, f"before {_next_start(protection, release)}")
    return " and ".join(lacks)


def _fix(protection: Protection, release: Release, met: frozenset[Condition]) -> str:
    """Return what a replacement needs for this protection."""
    needs = [f"with {each}" for each in protection.conditions if each not in met]
    if not reached(release, protection.starts):
        needs.insert(0, f"on release {_next_start(protection, release)} or later")
    return " and ".join(needs)


def _next_start(protection: Protection, release: Release) -> Release:
    return min(start for start in protection.starts if start > release)


def _how(protection: Protection) -> str:
    needed = [each.value for each in protection.conditions if each is not Condition.SWITCH]
    return " with ".join([protection.mechanism, *needed])


def _unknown(names: Iterable[str]) -> list[EndpointState]:
    return [
        EndpointState(name, clip(name, 40), "unknown", False, NOT_RECOGNISED, "none")
        for name in unknown(names)
    ]


def _remedy(exposed: list[EndpointState]) -> str:
    """Return which release or set-up would protect which endpoints, the widest first."""
    groups: dict[str, list[str]] = {}
    for state in exposed:
        groups.setdefault(" or ".join(state.fixes), []).append(state.label)
    widest = sorted(groups.items(), key=lambda group: -len(group[1]))
    return "Launch a replacement " + "; ".join(f"{fix}: {_named(of)}" for fix, of in widest) + "."


def _named(labels: list[str]) -> str:
    more = len(labels) - _NAMED
    return ", ".join(labels[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _detail(facts: ClusterFacts, exposed: list[EndpointState]) -> str:
    groups: dict[str, list[str]] = {}
    for state in exposed:
        groups.setdefault(state.why, []).append(state.label)
    # Short lists first: an annotation is cut at its end, and shows more causes so.
    causes = sorted(groups.items(), key=lambda cause: len(cause[1]))
    listed = "; ".join(f"{why}: {', '.join(labels)}" for why, labels in causes)
    return f"In clear text{_assumption(facts.release_label)}: {listed}."


def _assumption(label: str) -> str:
    release = parse_release(label)
    if release is None:
        return f" (release label {quoted(label)} is assumed to be like the newest release)"
    if is_assumed(release):
        return (
            f" (release {release} is newer than AWS's matrix, assumed to be like the newest there)"
        )
    return ""
