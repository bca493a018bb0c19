"""AWS adapter: finds the live rule of this deployment, and asks for a fresh evaluation of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain
from emr_in_transit.judgement.parameters import RuleParameters, parse_parameters

if TYPE_CHECKING:
    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_config.type_defs import ConfigRuleOutputTypeDef

PERMISSIONS = ("config:DescribeConfigRules", "config:StartConfigRulesEvaluation")


class LiveRule(NamedTuple):
    """The rule that judges clusters, under whatever name it was deployed, and its parameters."""

    name: str
    parameters: RuleParameters


def find_rule(client: ConfigServiceClient, function_arn: str) -> LiveRule:
    """Return the periodic rule whose source is the function.

    Raises CouldNotTellError when there is none or AWS Config gives no proper answer, and
    ParameterError when its parameters are wrong.
    """
    try:
        pages = client.get_paginator("describe_config_rules").paginate()
        rules = [rule for page in pages for rule in page["ConfigRules"]]
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain("DescribeConfigRules", error)) from error
    for rule in sorted(rules, key=lambda rule: rule["ConfigRuleName"]):
        if _is_periodic_rule_of(rule, function_arn):
            given = json.loads(rule.get("InputParameters") or "{}")
            return LiveRule(rule["ConfigRuleName"], parse_parameters(given))
    raise CouldNotTellError(f"DescribeConfigRules: no periodic rule has the source {function_arn}")


def start_evaluation(client: ConfigServiceClient, rule_name: str) -> str:
    """Ask for an evaluation of the rule; answer "", or why AWS Config did not start one."""
    try:
        client.start_config_rules_evaluation(ConfigRuleNames=[rule_name])
    except AWS_ERRORS as error:
        return explain("StartConfigRulesEvaluation", error)
    return ""


def _is_periodic_rule_of(rule: ConfigRuleOutputTypeDef, function_arn: str) -> bool:
    source = rule["Source"]
    return source.get("SourceIdentifier") == function_arn and any(
        detail.get("MessageType") == "ScheduledNotification"
        for detail in source.get("SourceDetails", [])
    )
