"""Sweep: what it tells people of: clusters, certificates, and what changes have left to it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    Judged,
    Kind,
    expiring_configurations,
    gone,
    held_judged,
)
from emr_in_transit.alerting.episode import State, episode_type
from emr_in_transit.aws.errors import CouldNotTellError, LedgerError, SecurityHubError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from emr_in_transit.alerting.alerting import Alerting
    from emr_in_transit.aws.emr import EmrReader
    from emr_in_transit.sweep_result import SweepResult


def told_clusters(alerting: Alerting | None) -> Mapping[Kind, Collection[str]]:
    """Return the ids of all clusters of which people know that they violate, or are exempt.

    One that was launched and ended between two sweeps, or is exempt, is not on record in AWS
    Config: only its episode, or its finding in Security Hub, remembers it. Where these do not
    answer, the sweep judges and records all the same; what comes after it says what is wrong.
    """
    told: dict[Kind, set[str]] = {Kind.VIOLATION: set(), Kind.EXEMPTED: set()}
    if alerting is None:
        return told
    with suppress(LedgerError):
        for kind, ids in told.items():
            known = alerting.episodes.read_all(episode_type(CLUSTER_TYPE, kind)).episodes
            ids.update(each for each, found in known.items() if found.state is not State.CLOSED)
    if alerting.security_hub is not None:
        with suppress(SecurityHubError):
            told[Kind.VIOLATION].update(alerting.security_hub.shown(CLUSTER_TYPE))
    return told


def tell_all(alerting: Alerting, reader: EmrReader, result: SweepResult) -> SweepResult:
    """Send messages on clusters and on what changes have held, and keep Security Hub in step."""
    result = _tell_of_configurations(alerting, reader, _tell(alerting, result))
    return _keep_findings(alerting, result)


def _tell(alerting: Alerting, result: SweepResult) -> SweepResult:
    """Alert on what a sweep found, and return its result with what became of that."""
    # A sweep may take longer than a claim lasts, so that begins now.
    now = datetime.now(UTC)
    judged = [*result.judged, *(gone(CLUSTER_TYPE, each) for each in sorted(result.gone))]
    try:
        told = alerting.tell(judged, now)
    except LedgerError as error:
        problems = {**result.problems, "the alerts": str(error)}
        held_back = sum(each.violates or each.exempted for each in judged)
        return result._replace(held_back=held_back, problems=problems)
    unwarned, why = _tell_expiring(alerting, judged, now)
    problems = {**result.problems, **told.problems, **why}
    if alerting.security_hub is not None:
        known = [each for each in judged if each.resource_id not in told.unsent]
        try:
            alerting.security_hub.update(CLUSTER_TYPE, known, now)
        except (LedgerError, SecurityHubError) as error:
            problems["Security Hub"] = str(error)
    held_back = told.held_back + unwarned
    return result._replace(alerts=told.sent, held_back=held_back, problems=problems)


def _tell_expiring(
    alerting: Alerting, judged: Iterable[Judged], now: datetime
) -> tuple[int, Mapping[str, str]]:
    """Send messages on expiring certificates; return how many were held back, and what failed."""
    expiring = expiring_configurations(judged)
    try:
        told = alerting.tell_expiring(expiring, now)
    except LedgerError as error:
        return len(expiring), {"the certificates that expire": str(error)}
    return told.held_back, told.problems


def _tell_of_configurations(
    alerting: Alerting, reader: EmrReader, result: SweepResult
) -> SweepResult:
    """Send messages on security configurations that changes have held, by what EMR has now."""
    if "the alerts" in result.problems:
        return result
    now, problems, held = datetime.now(UTC), dict(result.problems), {}
    try:
        known, unreadable = alerting.episodes.read_all(SECURITY_CONFIGURATION_TYPE)
        problems |= unreadable
        held = {each: episode.held for each, episode in known.items() if episode.held}
        if held:
            # Only then is EMR asked; what an event has left open is closed along the way.
            still_open = [each for each in known if known[each].state is not State.CLOSED]
            judged, broken = _held_or_gone(still_open, held, reader.security_configuration_names())
            told = alerting.tell(judged, now)
            problems |= {**told.problems, **broken}
            held = dict.fromkeys([*told.unsent, *told.untold, *broken], "")
            result = result._replace(alerts=result.alerts + told.sent)
    except (CouldNotTellError, LedgerError) as error:
        problems["the security configurations"] = str(error)
    return result._replace(held_back=result.held_back + len(held), problems=problems)


def _keep_findings(alerting: Alerting, result: SweepResult) -> SweepResult:
    # Security configurations are judged when they change; a sweep only keeps their findings.
    hub, problems = alerting.security_hub, dict(result.problems)
    if hub is not None and not {"the alerts", "Security Hub"} & problems.keys():
        try:
            hub.update(SECURITY_CONFIGURATION_TYPE, (), datetime.now(UTC))
        except (LedgerError, SecurityHubError) as error:
            problems["Security Hub"] = str(error)
    return result._replace(problems=problems)


def _held_or_gone(
    still_open: Collection[str], held: Mapping[str, str], listed: Collection[str]
) -> tuple[list[Judged], dict[str, str]]:
    """Return what is to be told of security configurations by what EMR has, and what is broken."""
    judged: list[Judged] = []
    broken: dict[str, str] = {}
    for each in still_open:
        if each not in listed:
            judged.append(gone(SECURITY_CONFIGURATION_TYPE, each))
        elif each in held:
            try:
                judged.append(held_judged(SECURITY_CONFIGURATION_TYPE, each, held[each]))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                broken[each] = f"what is held cannot be read ({type(error).__name__}: {error})"
    return judged, broken
