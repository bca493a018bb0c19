"""Simulator: PutEvaluations: what it refuses, what it records, whom it tells."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from moto.config.models import ConfigBackend

from tools.simulator.awsconfig.errors import ConfigError, constraint, invalid_value
from tools.simulator.awsconfig.store import Result, hooks, settings, state
from tools.simulator.awsconfig.triggers import (
    CHANGE_MESSAGES,
    messages_of,
    recordable_types,
    rule_named,
)

if TYPE_CHECKING:
    from tools.simulator.awsconfig.store import ConfigState, Run

_PER_CALL = 100
_COMPLIANCE = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA")
_LENGTHS = {
    "ComplianceResourceType": (1, 256),
    "ComplianceResourceId": (1, 768),
    "Annotation": (1, 256),
}


def _refuse_bad_form(evaluations: list[dict[str, Any]]) -> None:
    if len(evaluations) > _PER_CALL:
        length = f"have length less than or equal to {_PER_CALL}"
        raise constraint("evaluations", f"{len(evaluations)} evaluations", length)
    for number, one in enumerate(evaluations, 1):
        place = f"evaluations.{number}.member"
        for name, (low, high) in _LENGTHS.items():
            text = one.get(name)
            if text is not None and not low <= len(text) <= high:
                length = f"have length between {low} and {high}"
                raise constraint(f"{place}.{name[0].lower()}{name[1:]}", text, length)
        if one.get("ComplianceType") not in _COMPLIANCE:
            values = f"satisfy enum value set: [{', '.join(_COMPLIANCE)}]"
            raise constraint(f"{place}.complianceType", one.get("ComplianceType"), values)
        if one["ComplianceType"] == "INSUFFICIENT_DATA":
            raise invalid_value("INSUFFICIENT_DATA is not a compliance type that can be put.")


def _refuse_unrecorded_types(
    backend: ConfigBackend, run: Run, evaluations: list[dict[str, Any]]
) -> None:
    """Refuse types that Config does not record, where the run is tied to what it records.

    AWS takes them from periodic rules only (aws-config-rdk issue 290). Whether from the schedule of
    a rule that changes trigger too is not known, hence the setting.
    """
    rule = rule_named(backend.account_id, backend.region_name, run.rule.name)
    hybrid = bool(messages_of(rule) & CHANGE_MESSAGES)
    if run.message_type not in CHANGE_MESSAGES and (
        settings.hybrid_rules_accept_clusters or not hybrid
    ):
        return
    for one in evaluations:
        if one["ComplianceResourceType"] not in recordable_types():
            raise invalid_value(
                f"The resource type {one['ComplianceResourceType']} is invalid. Only the resource "
                "types that AWS Config records are permitted."
            )


def _run_of(kept: ConfigState, token: str | None) -> Run:
    run = kept.runs.get(token or "")
    if run is None:
        raise ConfigError(
            "InvalidResultTokenException", "The result token provided is invalid or has expired."
        )
    return run


def put_evaluations(
    self: ConfigBackend,
    evaluations: list[dict[str, Any]] | None = None,
    result_token: str | None = None,
    test_mode: bool | None = False,
) -> dict[str, list[Any]]:
    """Record a run's evaluations, as PutEvaluations does; in test mode only check their form."""
    given = evaluations or []
    _refuse_bad_form(given)
    if not result_token:
        raise constraint("resultToken", "", "not be empty")
    if test_mode:
        return {"FailedEvaluations": []}
    kept = state(self.account_id, self.region_name)
    run = _run_of(kept, result_token)
    _refuse_unrecorded_types(self, run, given)
    failed = min(settings.failed_evaluations, len(given))
    settings.failed_evaluations -= failed
    changes = [_record(kept, run, one) for one in given[failed:]]
    for change in changes:
        if change is not None:
            for hook in hooks:
                hook(self.account_id, self.region_name, run.rule, *change)
    return {"FailedEvaluations": given[:failed]}


def _record(
    kept: ConfigState, run: Run, evaluation: dict[str, Any]
) -> tuple[Result | None, Result] | None:
    """Record one evaluation; return the old and the new result if the compliance changed."""
    new = Result(
        rule=run.rule.name,
        resource_type=evaluation["ComplianceResourceType"],
        resource_id=evaluation["ComplianceResourceId"],
        compliance=evaluation["ComplianceType"],
        annotation=evaluation.get("Annotation"),
        ordering=float(evaluation["OrderingTimestamp"]),
        recorded=time.time(),
        invoked=run.invoked,
        token=run.token,
    )
    with kept.lock:
        status = kept.statuses.get(run.rule.name)
        if status is not None:
            status.times["LastSuccessfulEvaluationTime"] = new.recorded
            status.error = None
        results = kept.history[run.rule.name].setdefault(new.resource, [])
        old = results[-1] if results else None
        # Unconfirmed in AWS; the API calls the time one by which results are ordered.
        if old is not None and new.ordering < old.ordering:
            return None
        results.append(new)
    before = old.compliance if old else "NOT_APPLICABLE"
    return None if before == new.compliance else (old, new)


@functools.cache
def install() -> None:
    """Put this in the place of moto's PutEvaluations."""
    ConfigBackend.put_evaluations = put_evaluations
