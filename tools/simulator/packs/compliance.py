"""Simulator: how the rules of a conformance pack, and the pack as a whole, comply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.simulator.awsconfig.errors import ConfigError
from tools.simulator.awsconfig.queries import compliance_of_rule, evaluation, page
from tools.simulator.awsconfig.store import state
from tools.simulator.packs import store
from tools.simulator.packs.operations import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.awsconfig.store import Result
    from tools.simulator.packs.store import Pack

Answer = dict[str, Any]

_INSUFFICIENT = "INSUFFICIENT_DATA"


def _rules(pack: Pack, filters: Mapping[str, Any]) -> list[str]:
    wanted = filters.get("ConfigRuleNames") or []
    unknown = sorted(set(wanted) - set(pack.rules))
    if unknown:
        raise ConfigError(
            "NoSuchConfigRuleInConformancePackException", f"{pack.name} has no rules {unknown}."
        )
    return [name for name in pack.rules if not wanted or name in wanted]


def _results(pack: Pack, rules: list[str]) -> list[Result]:
    kept = state(pack.account, pack.region)
    return [result for rule in rules for result in kept.latest(rule)]


def by_rule(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DescribeConformancePackCompliance."""
    filters = request.get("Filters") or {}
    pack = named(account, region, request["ConformancePackName"])
    entries = [
        {"ConfigRuleName": rule, "ComplianceType": compliance_of_rule(account, region, rule)}
        for rule in _rules(pack, filters)
    ]
    asked = filters.get("ComplianceType")
    wanted = [one for one in entries if asked in {None, one["ComplianceType"]}]
    shown, token = page(wanted, request, 1000, 1000)
    answer = {"ConformancePackName": pack.name, "ConformancePackRuleComplianceList": shown}
    return answer | token


def details(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """GetConformancePackComplianceDetails."""
    filters = request.get("Filters") or {}
    pack = named(account, region, request["ConformancePackName"])
    wanted = [
        result
        for result in _results(pack, _rules(pack, filters))
        if filters.get("ComplianceType") in {None, result.compliance}
        and filters.get("ResourceType") in {None, result.resource_type}
        and result.resource_id in (filters.get("ResourceIds") or [result.resource_id])
    ]
    shown, token = page(wanted, request, 10, 100)
    entries = [evaluation(one) for one in shown]
    for entry in entries:
        del entry["ResultToken"]
    answer = {"ConformancePackName": pack.name, "ConformancePackRuleEvaluationResults": entries}
    return answer | token


def _as_a_whole(pack: Pack) -> str:
    found = {compliance_of_rule(pack.account, pack.region, rule) for rule in pack.rules}
    if "NON_COMPLIANT" in found:
        return "NON_COMPLIANT"
    return "COMPLIANT" if "COMPLIANT" in found else _INSUFFICIENT


def summary(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """GetConformancePackComplianceSummary."""
    entries = [
        {"ConformancePackName": name, "ConformancePackComplianceStatus": _as_a_whole(pack)}
        for name in request["ConformancePackNames"]
        for pack in [named(account, region, name)]
    ]
    shown, token = page(entries, request, 20, 20)
    return {"ConformancePackComplianceSummaryList": shown} | token


def _score(pack: Pack) -> str:
    """Answer the share of rules and resources that comply, in percent."""
    results = _results(pack, pack.rules)
    if not results:
        return _INSUFFICIENT
    compliant = sum(result.compliance == "COMPLIANT" for result in results)
    return f"{100 * compliant / len(results):.2f}"


def scores(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """ListConformancePackComplianceScores."""
    wanted = (request.get("Filters") or {}).get("ConformancePackNames")
    entries = [
        {"ConformancePackName": pack.name, "Score": _score(pack)}
        for pack in store.packs(account, region).values()
        if not wanted or pack.name in wanted
    ]
    shown, token = page(entries, request, 20, 20)
    return {"ConformancePackComplianceScores": shown} | token


OPERATIONS = {
    "describe_conformance_pack_compliance": by_rule,
    "get_conformance_pack_compliance_details": details,
    "get_conformance_pack_compliance_summary": summary,
    "list_conformance_pack_compliance_scores": scores,
}
