"""Simulator: the compliance queries of AWS Config, which moto lacks."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import InvalidNextTokenException

from tools.simulator.awsconfig.errors import ConfigError, constraint
from tools.simulator.awsconfig.store import Result, state
from tools.simulator.awsconfig.triggers import name_of, rule_named, rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.config.models import ConfigRule

Answer = dict[str, Any]

_CONTRIBUTORS = 25  # Config counts non-compliant contributors up to this cap
_SUMMARY_CAP = 25
_NAME_LIMIT = 64


def page(
    entries: Sequence[Any], parameters: Mapping[str, Any], default: int, most: int
) -> tuple[list[Any], Answer]:
    """Return the page that NextToken and Limit ask for, and the token of the next, if any."""
    limit = int(parameters.get("Limit") or default)
    if not 0 < limit <= most:
        raise constraint("limit", limit, f"have value less than or equal to {most}")
    start = _offset(parameters.get("NextToken"))
    end = start + limit
    token = base64.b64encode(f"offset:{end}".encode()).decode()
    return list(entries[start:end]), {"NextToken": token} if end < len(entries) else {}


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("offset:"))
    except ValueError as error:
        raise InvalidNextTokenException from error


def _wanted(parameters: Mapping[str, Any], compliance: str) -> bool:
    types = parameters.get("ComplianceTypes") or []
    return not types or compliance in types


def evaluation(result: Result) -> Answer:
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


def details_by_rule(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """GetComplianceDetailsByConfigRule."""
    name = parameters["ConfigRuleName"]
    if len(name) > _NAME_LIMIT:
        length = f"have length less than or equal to {_NAME_LIMIT}"
        raise constraint("configRuleName", name, length)
    rule_named(account, region, name)
    latest = state(account, region).latest(name)
    wanted = [one for one in latest if _wanted(parameters, one.compliance)]
    shown, token = page(wanted, parameters, 10, 100)
    return {"EvaluationResults": [evaluation(one) for one in shown]} | token


def _all_results(account: str, region: str) -> list[Result]:
    kept = state(account, region)
    names = [str(rule.config_rule_name) for rule in rules_of(account, region)]
    return [result for name in names for result in kept.latest(name)]


def details_by_resource(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """GetComplianceDetailsByResource."""
    resource = (parameters.get("ResourceType"), parameters.get("ResourceId"))
    wanted = [
        one
        for one in _all_results(account, region)
        if one.resource == resource and _wanted(parameters, one.compliance)
    ]
    shown, token = page(wanted, {"NextToken": parameters.get("NextToken")}, 100, 100)
    return {"EvaluationResults": [evaluation(one) for one in shown]} | token


def _compliance(results: Sequence[Result]) -> Answer:
    bad = sum(one.compliance == "NON_COMPLIANT" for one in results)
    if not results:
        return {"ComplianceType": "INSUFFICIENT_DATA"}
    if not bad:
        return {"ComplianceType": "COMPLIANT"}
    count = {"CappedCount": min(bad, _CONTRIBUTORS), "CapExceeded": bad > _CONTRIBUTORS}
    return {"ComplianceType": "NON_COMPLIANT", "ComplianceContributorCount": count}


def compliance_of_rule(account: str, region: str, name: str) -> str:
    """Return the compliance type of a rule as a whole."""
    return str(_compliance(state(account, region).latest(name))["ComplianceType"])


def chosen(account: str, region: str, parameters: Mapping[str, Any]) -> list[ConfigRule]:
    """Return the rules that ConfigRuleNames names, or all, by name."""
    names = parameters.get("ConfigRuleNames")
    if not names:
        return sorted(rules_of(account, region), key=lambda rule: str(rule.config_rule_name))
    return [rule_named(account, region, name) for name in names]


def compliance_by_rule(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """DescribeComplianceByConfigRule."""
    kept = state(account, region)
    entries = [
        {"ConfigRuleName": name, "Compliance": _compliance(kept.latest(name))}
        for name in (name_of(rule).name for rule in chosen(account, region, parameters))
    ]
    wanted = [one for one in entries if _wanted(parameters, one["Compliance"]["ComplianceType"])]
    shown, token = page(wanted, {"NextToken": parameters.get("NextToken")}, 25, 25)
    return {"ComplianceByConfigRules": shown} | token


def _by_resource(account: str, region: str) -> dict[tuple[str, str], list[Result]]:
    grouped: dict[tuple[str, str], list[Result]] = {}
    for result in _all_results(account, region):
        grouped.setdefault(result.resource, []).append(result)
    return grouped


def compliance_by_resource(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """DescribeComplianceByResource."""
    kind, name = parameters.get("ResourceType"), parameters.get("ResourceId")
    if name and not kind:
        raise ConfigError(
            "InvalidParameterValueException", "ResourceType is required with ResourceId."
        )
    entries = [
        {"ResourceType": resource[0], "ResourceId": resource[1], "Compliance": _compliance(results)}
        for resource, results in sorted(_by_resource(account, region).items())
        if kind in {None, resource[0]} and name in {None, resource[1]}
    ]
    wanted = [one for one in entries if _wanted(parameters, one["Compliance"]["ComplianceType"])]
    shown, token = page(wanted, parameters, 10, 100)
    return {"ComplianceByResources": shown} | token


def _summary(compliances: Sequence[str]) -> Answer:
    def count(compliance: str) -> Answer:
        number = compliances.count(compliance)
        return {"CappedCount": min(number, _SUMMARY_CAP), "CapExceeded": number > _SUMMARY_CAP}

    return {
        "CompliantResourceCount": count("COMPLIANT"),
        "NonCompliantResourceCount": count("NON_COMPLIANT"),
        "ComplianceSummaryTimestamp": time.time(),
    }


def summary_by_rule(account: str, region: str, _parameters: Mapping[str, Any]) -> Answer:
    """GetComplianceSummaryByConfigRule: how many rules are compliant, and how many are not."""
    names = [name_of(rule).name for rule in rules_of(account, region)]
    found = [compliance_of_rule(account, region, name) for name in names]
    return {"ComplianceSummary": _summary(found)}
