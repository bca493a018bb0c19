"""Simulator: the resource types of AWS Config and CloudWatch."""

from __future__ import annotations

import json

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    deletion,
)

_RULE = (
    *("Description", "EvaluationModes", "InputParameters", "MaximumExecutionFrequency"),
    *("Scope", "Source"),
)
_ALARM = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "Dimensions"),
    *("DatapointsToAlarm", "EvaluationPeriods", "InsufficientDataActions", "MetricName"),
    *("Namespace", "OKActions", "Period", "Statistic", "Threshold", "TreatMissingData"),
)


def _create_rule(place: Place, name: str, given: Properties) -> Made:
    """Put the rule; AWS Config takes a name that is taken only for a change of that rule."""
    pages = place.client("config").get_paginator("describe_config_rules").paginate()
    if any(rule["ConfigRuleName"] == name for page in pages for rule in page["ConfigRules"]):
        raise ValueError(f"{name} already exists")
    return _put_rule(place, name, given)


def _put_rule(place: Place, name: str, given: Properties) -> Made:
    client, request = place.client("config"), chosen(given, _RULE) | {"ConfigRuleName": name}
    parameters = given.get("InputParameters")
    if isinstance(parameters, dict):  # CloudFormation makes texts of scalars
        texts = {key: text_of(value) for key, value in parameters.items()}
        request["InputParameters"] = json.dumps(texts)
    client.put_config_rule(ConfigRule=request)
    (rule,) = client.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
    return Made(name, {"Arn": rule["ConfigRuleArn"], "ConfigRuleId": rule["ConfigRuleId"]})


def _update_rule(place: Place, old: Deployed, given: Properties) -> None:
    _put_rule(place, old.physical_id, given)


def _put_dashboard(place: Place, name: str, given: Properties) -> Made:
    place.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=given["DashboardBody"]
    )
    return Made(name)


def _put_alarm(place: Place, name: str, given: Properties) -> Made:
    place.client("cloudwatch").put_metric_alarm(AlarmName=name, **chosen(given, _ALARM))
    return Made(name, {"Arn": place.arn("cloudwatch", f"alarm:{name}")})


TYPES = {
    "AWS::Config::ConfigRule": ResourceType(
        create=_create_rule,
        update=_update_rule,
        delete=deletion("config", "delete_config_rule", "ConfigRuleName"),
        named="ConfigRuleName",
        honoured=frozenset({*_RULE, "ConfigRuleName"}),
    ),
    "AWS::CloudWatch::Dashboard": ResourceType(
        create=_put_dashboard,
        delete=deletion("cloudwatch", "delete_dashboards", "DashboardNames", listed=True),
        named="DashboardName",
        honoured=frozenset({"DashboardBody", "DashboardName"}),
    ),
    "AWS::CloudWatch::Alarm": ResourceType(
        create=_put_alarm,
        delete=deletion("cloudwatch", "delete_alarms", "AlarmNames", listed=True),
        named="AlarmName",
        honoured=frozenset({*_ALARM, "AlarmName"}),
    ),
}
