"""AWS adapter: finds the rule of this deployment, and asks for a fresh evaluation of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain
from emr_in_transit.judgement.judge import matches
from emr_in_transit.judgement.parameters import RuleParameters, parse_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_config.type_defs import ConfigRuleOutputTypeDef

PERMISSIONS = ("config:DescribeConfigRules",)
START_PERMISSIONS = ("config:StartConfigRulesEvaluation",)
# The triggers of a rule, by the message types of AWS Config.
PERIODIC, ON_CHANGE = "ScheduledNotification", "ConfigurationItemChangeNotification"


class NotOneRuleError(CouldNotTellError):
    """The deployment has no rule on the function, or several; one alone may alert."""


class LiveRule(NamedTuple):
    """The rule that judges clusters, under whatever name it was deployed, and its parameters."""

    name: str
    parameters: RuleParameters


def find_rule(client: ConfigServiceClient, function_arn: str, names: Sequence[str]) -> LiveRule:
    """Return the periodic rule of the deployment on the function.

    Raises what ``only_rule`` raises, and ParameterError when its parameters are wrong.
    """
    rule = only_rule(client, function_arn, names, PERIODIC)
    given = json.loads(rule.get("InputParameters") or "{}")
    return LiveRule(rule["ConfigRuleName"], parse_parameters(given))


def only_rule(
    client: ConfigServiceClient, function_arn: str, names: Sequence[str], trigger: str
) -> ConfigRuleOutputTypeDef:
    """Return the one rule with this trigger that has one of the names and runs the function.

    Anybody may point a rule of their own at the function; that is none of the deployment. Raises
    NotOneRuleError, and CouldNotTellError when AWS Config gives no proper answer.
    """
    on_function = [each for each in _all_rules(client) if _runs(each, function_arn, trigger)]
    own = [each for each in on_function if is_named(each["ConfigRuleName"], names)]
    if len(own) == 1:
        return own[0]
    what = f"with the trigger {trigger} and the source {function_arn}"
    there = ", ".join(sorted(each["ConfigRuleName"] for each in own or on_function)) or "none"
    why = (
        f"{there} are all rules of the deployment {what}; only one may alert, name it in RuleNames"
        if own
        else f"no rule {what} is named {' or '.join(names) or 'in RULE_NAMES'}, so nobody is told "
        f"of anything; those there are: {there}"
    )
    raise NotOneRuleError(f"DescribeConfigRules: {why}")


def _all_rules(client: ConfigServiceClient) -> list[ConfigRuleOutputTypeDef]:
    try:
        pages = client.get_paginator("describe_config_rules").paginate()
        return [rule for page in pages for rule in page["ConfigRules"]]
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain("DescribeConfigRules", error)) from error
    except KeyError as error:
        raise CouldNotTellError(f"DescribeConfigRules: answered without {error}") from error


def is_named(rule_name: str, names: Sequence[str]) -> bool:
    """Return whether a rule has one of the names, in which * stands for any characters."""
    return any(matches(rule_name, each) for each in names)


def name_forms(rule_name: str) -> tuple[str, ...]:
    """Return the names that AWS Config gives a rule: its own, in a pack, in an organization.

    Each is a pattern for ``is_named``: a pack appends an id, an organization puts a word before
    and an id behind.
    """
    return (rule_name, f"{rule_name}-conformance-pack-*", f"OrgConfigRule-{rule_name}-*")


def start_evaluation(client: ConfigServiceClient, rule_name: str) -> str:
    """Ask for an evaluation of the rule; return "", or why AWS Config did not start one."""
    try:
        client.start_config_rules_evaluation(ConfigRuleNames=[rule_name])
    except AWS_ERRORS as error:
        return explain("StartConfigRulesEvaluation", error)
    return ""


def _runs(rule: ConfigRuleOutputTypeDef, function_arn: str, trigger: str) -> bool:
    source = rule["Source"]
    return source.get("SourceIdentifier") == function_arn and any(
        detail.get("MessageType") == trigger for detail in source.get("SourceDetails", [])
    )
