"""Simulator: the state of Config rules: when they ran, what went wrong, forgetting their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.simulator.awsconfig.errors import ConfigError
from tools.simulator.awsconfig.queries import chosen, page
from tools.simulator.awsconfig.store import state
from tools.simulator.awsconfig.triggers import name_of, rule_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.awsconfig.queries import Answer


def evaluation_status(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """DescribeConfigRuleEvaluationStatus."""
    statuses = state(account, region).statuses
    entries = []
    for rule in chosen(account, region, parameters):
        name, status = name_of(rule), statuses[str(rule.config_rule_name)]
        entry: Answer = {
            "ConfigRuleName": name.name,
            "ConfigRuleArn": name.arn,
            "ConfigRuleId": name.id,
            "FirstActivatedTime": status.activated,
            "FirstEvaluationStarted": status.started,
            **status.times,
        }
        if status.error:
            entry["LastErrorCode"], entry["LastErrorMessage"] = status.error
        entries.append(entry)
    shown, token = page(entries, parameters, 50, 50)
    return {"ConfigRulesEvaluationStatus": shown} | token


def delete_results(account: str, region: str, parameters: Mapping[str, Any]) -> Answer:
    """DeleteEvaluationResults."""
    name = parameters["ConfigRuleName"]
    rule_named(account, region, name)
    kept = state(account, region)
    with kept.lock:
        if kept.statuses[name].active_runs:
            raise ConfigError(
                "ResourceInUseException", f"The rule {name} is currently being evaluated."
            )
        kept.history.pop(name, None)
    return {}
