"""Simulator: PutEvaluations, what it refuses and whom it tells, and the queries of its results."""

import base64
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from moto.config.models import ConfigBackend

from tools.simulator import events
from tools.simulator.awsconfig.store import (
    CHANGE_MESSAGES,
    ConfigError,
    Result,
    Run,
    constraint,
    invalid_value,
    messages_of,
    offer,
    recordable_types,
    rules_of,
    settings,
    state,
    states,
)
from tools.simulator.control import route
from tools.simulator.events.shapes import compliance_change

Answer = dict[str, Any]

_PER_CALL = 100
_COMPLIANCE = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA")
_ANNOTATION_LIMIT = 256


def _refuse_bad_form(evaluations: list[dict[str, Any]]) -> None:
    if len(evaluations) > _PER_CALL:
        length = f"have length less than or equal to {_PER_CALL}"
        raise constraint("evaluations", f"{len(evaluations)} evaluations", length)
    for number, one in enumerate(evaluations, 1):
        place = f"evaluations.{number}.member"
        text = one.get("Annotation")
        if text is not None and not 1 <= len(text) <= _ANNOTATION_LIMIT:
            length = f"have length between 1 and {_ANNOTATION_LIMIT}"
            raise constraint(f"{place}.annotation", text, length)
        if one.get("ComplianceType") not in _COMPLIANCE:
            values = f"satisfy enum value set: [{', '.join(_COMPLIANCE)}]"
            raise constraint(f"{place}.complianceType", one.get("ComplianceType"), values)
        if one["ComplianceType"] == "INSUFFICIENT_DATA":
            raise invalid_value("INSUFFICIENT_DATA is not a compliance type that can be put.")


def _refuse_unrecorded_types(run: Run, evaluations: list[dict[str, Any]]) -> None:
    """Refuse types that Config does not record, where the run is tied to what it records.

    AWS takes them from periodic rules only (aws-config-rdk issue 290). Whether from the schedule of
    a rule that changes trigger too is not known, hence the setting.
    """
    hybrid = bool(messages_of(run.rule) & CHANGE_MESSAGES)
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


def _put_evaluations(
    self: ConfigBackend,
    evaluations: list[dict[str, Any]] | None = None,
    result_token: str | None = None,
    test_mode: bool | None = False,
) -> dict[str, list[Any]]:
    """Record a run's evaluations, as PutEvaluations does; in test mode only check their form."""
    given, where = evaluations or [], (self.account_id, self.region_name)
    _refuse_bad_form(given)
    if not result_token:
        raise constraint("resultToken", "", "not be empty")
    if test_mode:
        return {"FailedEvaluations": []}
    run = state(*where).runs.get(result_token)
    if run is None:
        raise ConfigError(
            "InvalidResultTokenException", "The result token provided is invalid or has expired."
        )
    rules_of(*where, [run.rule.config_rule_name])  # refuses that of a rule that is gone
    _refuse_unrecorded_types(run, given)
    failed = min(settings.failed_evaluations, len(given))
    settings.failed_evaluations -= failed
    for one in given[failed:]:
        _record(where, run, one)
    return {"FailedEvaluations": given[:failed]}


def _record(where: tuple[str, str], run: Run, evaluation: dict[str, Any]) -> None:
    """Record one evaluation; if the compliance changed, EventBridge hears of it."""
    kept, rule = state(*where), run.rule
    new = Result(
        rule=rule.config_rule_name,
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
        results = kept.history[new.rule].setdefault(new.resource, [])
        old = results[-1] if results else None
        # Unconfirmed in AWS; the API calls the time one by which results are ordered.
        if old is not None and new.ordering < old.ordering:
            return
        results.append(new)
    if (old.compliance if old else "NOT_APPLICABLE") != new.compliance:
        told = compliance_change(where, new.rule, rule.config_rule_arn, old, new)
        events.put_service_event(*where, told)


def _shown(result: Result) -> Answer:
    """Return a result as the queries show it."""
    qualifier = {
        "ConfigRuleName": result.rule,
        "ResourceType": result.resource_type,
        "ResourceId": result.resource_id,
        "EvaluationMode": "DETECTIVE",
    }
    answer = {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": qualifier,
            "OrderingTimestamp": result.ordering,
        },
        "ComplianceType": result.compliance,
        "ResultRecordedTime": result.recorded,
        "ConfigRuleInvokedTime": result.invoked,
        "ResultToken": result.token,
    }
    return answer | ({"Annotation": result.annotation} if result.annotation else {})


def _details(results: list[Result], parameters: Mapping[str, Any], default: int = 100) -> Answer:
    """Return the results of the asked types, on the page that NextToken and Limit ask for."""
    types = parameters.get("ComplianceTypes") or _COMPLIANCE
    wanted = [_shown(one) for one in results if one.compliance in types]
    limit = int(parameters.get("Limit") or default)
    if not 0 < limit <= _PER_CALL:
        raise constraint("limit", limit, f"have value less than or equal to {_PER_CALL}")
    start = int(base64.b64decode(parameters.get("NextToken") or "MA=="))
    page, end = wanted[start : start + limit], start + limit
    following = base64.b64encode(str(end).encode()).decode()
    more = {"NextToken": following} if end < len(wanted) else {}
    return {"EvaluationResults": page} | more


def _details_by_rule(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    name = parameters["ConfigRuleName"]
    rules_of(account, region, [name])
    return _details(state(account, region).latest(name), parameters, default=10)


def _details_by_resource(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    resource, kept = (parameters["ResourceType"], parameters["ResourceId"]), state(account, region)
    names = [str(rule.config_rule_name) for rule in rules_of(account, region)]
    results = [one for name in names for one in kept.latest(name) if one.resource == resource]
    return _details(results, parameters)


def _delete_results(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    name = parameters["ConfigRuleName"]
    rules_of(account, region, [name])
    kept = state(account, region)
    with kept.lock:
        kept.history.pop(name, None)
    return {}


@route("POST", "/evaluations/age")
def age_evaluations(body: dict[str, Any]) -> dict[str, int]:
    """Make every recorded result `seconds` older; return how many there are."""
    seconds, count = float(body["seconds"]), 0
    for kept in states().values():
        with kept.lock:
            for result in _recorded(kept.history):
                result.ordering -= seconds
                result.recorded -= seconds
                result.invoked -= seconds
                count += 1
    return {"aged": count}


@route("GET", "/evaluations")
def list_evaluations(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every evaluation ever recorded, of `rule` or of all, NOT_APPLICABLE included."""
    found: list[dict[str, Any]] = []
    for (account, region), kept in states().items():
        with kept.lock:
            found += [
                {"account": account, "region": region, **asdict(result)}
                for result in _recorded(kept.history)
                if query.get("rule") in {None, result.rule}
            ]
    return sorted(found, key=lambda one: one["recorded"])


def _recorded(history: Mapping[str, Mapping[Any, list[Result]]]) -> list[Result]:
    return [one for rule in history.values() for results in rule.values() for one in results]


def install() -> None:
    """Put this in the place of moto's PutEvaluations, and add the queries that moto lacks."""
    ConfigBackend.put_evaluations = _put_evaluations
    offer(
        get_compliance_details_by_config_rule=_details_by_rule,
        get_compliance_details_by_resource=_details_by_resource,
        delete_evaluation_results=_delete_results,
    )
