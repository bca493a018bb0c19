"""Simulator: the resource types of what runs and of what watches it.

Roles, functions and who may invoke them; AWS Config's rules, alarms and dashboards.
"""

import json
from contextlib import suppress
from typing import Any

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    deletion,
    policy_text,
)

_ROLE = frozenset({"Description", "Path", "PermissionsBoundary"})
_CONFIGURATION = frozenset(
    {
        *("DeadLetterConfig", "Description", "Environment", "Handler", "Layers", "LoggingConfig"),
        *("MemorySize", "Role", "Runtime", "Timeout", "VpcConfig"),
    }
)
# What a function has of which a template says nothing (any more).
_DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "Layers": [],
    "LoggingConfig": {},
    "MemorySize": 128,
    "Timeout": 3,
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
_RULE = (
    *("Description", "EvaluationModes", "InputParameters", "MaximumExecutionFrequency"),
    *("Scope", "Source"),
)
_ALARM = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "Dimensions"),
    *("DatapointsToAlarm", "EvaluationPeriods", "InsufficientDataActions", "MetricName"),
    *("Namespace", "OKActions", "Period", "Statistic", "Threshold", "TreatMissingData"),
)


class _Role(ResourceType, of="AWS::IAM::Role", named="RoleName"):
    honoured = _ROLE | {"AssumeRolePolicyDocument", "Policies"}

    def create(self, place: Place, name: str, given: Properties) -> Made:
        client = place.client("iam")
        trust = policy_text(given["AssumeRolePolicyDocument"])
        role = client.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, **chosen(given, _ROLE)
        )["Role"]
        try:
            _put_policies(client, name, given)
        except Exception:  # half a role would stay behind, which no stack knows
            _take_policies(client, name, given, {})
            client.delete_role(RoleName=name)
            raise
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        client, name = place.client("iam"), old.physical_id
        trust = policy_text(given["AssumeRolePolicyDocument"])
        client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        client.update_role(RoleName=name, Description=given.get("Description", ""))
        boundary = chosen(given, ["PermissionsBoundary"])
        if boundary:
            client.put_role_permissions_boundary(RoleName=name, **boundary)
        elif "PermissionsBoundary" in old.properties:
            client.delete_role_permissions_boundary(RoleName=name)
        _take_policies(client, name, old.properties, given)
        _put_policies(client, name, given)

    def delete(self, place: Place, one: Deployed) -> None:
        client = place.client("iam")
        _take_policies(client, one.physical_id, one.properties, {})
        client.delete_role(RoleName=one.physical_id)


def _put_policies(client: Any, role: str, given: Properties) -> None:
    for policy in given.get("Policies") or []:
        client.put_role_policy(
            RoleName=role,
            PolicyName=policy["PolicyName"],
            PolicyDocument=policy_text(policy["PolicyDocument"]),
        )


def _take_policies(client: Any, role: str, given: Properties, kept: Properties) -> None:
    """Take away what the stack gave and does not give any more; RolePolicies are others'."""
    names = {policy["PolicyName"] for policy in kept.get("Policies") or []}
    for policy in given.get("Policies") or []:
        if policy["PolicyName"] not in names:
            with suppress(client.exceptions.NoSuchEntityException):
                client.delete_role_policy(RoleName=role, PolicyName=policy["PolicyName"])


class _RolePolicy(ResourceType, of="AWS::IAM::RolePolicy", named="PolicyName"):
    honoured = frozenset({"PolicyDocument", "RoleName"})

    def create(self, place: Place, name: str, given: Properties) -> Made:
        document = policy_text(given["PolicyDocument"])
        place.client("iam").put_role_policy(
            RoleName=given["RoleName"], PolicyName=name, PolicyDocument=document
        )
        return Made(name)

    def delete(self, place: Place, one: Deployed) -> None:
        place.client("iam").delete_role_policy(
            RoleName=one.properties["RoleName"], PolicyName=one.physical_id
        )


def _configuration(given: Properties) -> dict[str, Any]:
    """Return the configuration as the API wants it: variables are texts."""
    found = chosen(given, _CONFIGURATION)
    variables = (given.get("Environment") or {}).get("Variables") or {}
    if variables:
        texts = {name: text_of(value) for name, value in variables.items()}
        found["Environment"] = {"Variables": texts}
    return found


class _Function(ResourceType, of="AWS::Lambda::Function", named="FunctionName"):
    honoured = _CONFIGURATION | {"Architectures", "Code"}
    delete = deletion("lambda", "delete_function", "FunctionName")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        if "ZipFile" in given["Code"]:
            raise ValueError("The simulator takes code from a bucket alone.")
        configuration = _configuration(given) | chosen(given, ["Architectures"])
        made = place.client("lambda").create_function(
            FunctionName=name, Code=given["Code"], **configuration
        )
        return Made(name, {"Arn": made["FunctionArn"]})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        client, name = place.client("lambda"), old.physical_id
        client.update_function_configuration(FunctionName=name, **_DEFAULTS | _configuration(given))
        architectures = chosen(given, ["Architectures"])
        client.update_function_code(FunctionName=name, **given["Code"], **architectures)


class _Permission(ResourceType, of="AWS::Lambda::Permission"):
    honoured = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})

    def create(self, place: Place, name: str, given: Properties) -> Made:
        place.client("lambda").add_permission(StatementId=name, **given)
        return Made(name)

    def delete(self, place: Place, one: Deployed) -> None:
        client, function = place.client("lambda"), one.properties["FunctionName"]
        with suppress(client.exceptions.ResourceNotFoundException):  # the function took it along
            client.remove_permission(FunctionName=function, StatementId=one.physical_id)


class _EventInvokeConfig(ResourceType, of="AWS::Lambda::EventInvokeConfig"):
    # No event waits here as long as the shortest age that is allowed.
    honoured = frozenset(
        {"FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"}
    )

    def create(self, place: Place, name: str, given: Properties) -> Made:
        if given["Qualifier"] != "$LATEST":
            raise ValueError("The simulator has no versions: Qualifier must be $LATEST.")
        request = chosen(given, ["FunctionName", "MaximumRetryAttempts"])
        place.client("lambda").put_function_event_invoke_config(**request)
        return Made(name)

    def delete(self, place: Place, one: Deployed) -> None:
        place.client("lambda").delete_function_event_invoke_config(
            FunctionName=one.properties["FunctionName"]
        )


class _ConfigRule(ResourceType, of="AWS::Config::ConfigRule", named="ConfigRuleName"):
    honoured = frozenset(_RULE)
    delete = deletion("config", "delete_config_rule", "ConfigRuleName")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        """Put the rule; AWS Config takes a name that is taken only for a change of that rule."""
        pages = place.client("config").get_paginator("describe_config_rules").paginate()
        if any(rule["ConfigRuleName"] == name for page in pages for rule in page["ConfigRules"]):
            raise ValueError(f"{name} already exists")
        return _put_rule(place, name, given)

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        _put_rule(place, old.physical_id, given)


def _put_rule(place: Place, name: str, given: Properties) -> Made:
    client, request = place.client("config"), chosen(given, _RULE) | {"ConfigRuleName": name}
    parameters = given.get("InputParameters")
    if isinstance(parameters, dict):  # CloudFormation makes texts of scalars
        texts = {key: text_of(value) for key, value in parameters.items()}
        request["InputParameters"] = json.dumps(texts)
    client.put_config_rule(ConfigRule=request)
    (rule,) = client.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
    return Made(name, {"Arn": rule["ConfigRuleArn"], "ConfigRuleId": rule["ConfigRuleId"]})


class _Dashboard(ResourceType, of="AWS::CloudWatch::Dashboard", named="DashboardName"):
    honoured = frozenset({"DashboardBody"})
    delete = deletion("cloudwatch", "delete_dashboards", "DashboardNames", listed=True)

    def create(self, place: Place, name: str, given: Properties) -> Made:
        place.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=given["DashboardBody"]
        )
        return Made(name)


class _Alarm(ResourceType, of="AWS::CloudWatch::Alarm", named="AlarmName"):
    honoured = frozenset(_ALARM)
    delete = deletion("cloudwatch", "delete_alarms", "AlarmNames", listed=True)

    def create(self, place: Place, name: str, given: Properties) -> Made:
        place.client("cloudwatch").put_metric_alarm(AlarmName=name, **chosen(given, _ALARM))
        return Made(name, {"Arn": place.arn("cloudwatch", f"alarm:{name}")})
