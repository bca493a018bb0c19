"""Simulator: what an account check asks of IAM and AWS Config, and moto lacks."""

import json
from typing import Any

from moto.config.models import config_backends
from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from tools.simulator import accounts
from tools.simulator.awsconfig.store import ConfigError, offer, rules_of, state
from tools.simulator.functions.runs import invocations
from tools.simulator.iam import grants, policies


def _simulate(self: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy, of roles and of the administrator, by the simulator's own IAM."""
    arn = self._get_param("PolicySourceArn")
    administrator = arn.endswith(f":user/{accounts.ADMINISTRATOR}")
    held = grants.ADMINISTRATOR if administrator else grants.of_role(arn)
    if not held.identity:
        raise NotFoundException(f"The entity {arn} does not exist or has no policies.")
    context = {
        str(each["ContextKeyName"]).lower(): str(each["ContextKeyValues"][0])
        for each in self._get_param("ContextEntries", [])
    }
    results = []
    for action in self._get_param("ActionNames"):
        for resource in self._get_param("ResourceArns", ["*"]):
            allowed = policies.decide(held, action, resource, context).allowed
            decision = "allowed" if allowed else "implicitDeny"
            names = {"EvalActionName": action, "EvalResourceName": resource}
            results.append({**names, "EvalDecision": decision})
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _discovered(account: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """ListDiscoveredResources of one type, by name."""
    found = [
        {"resourceType": kind, "resourceId": identity, "resourceName": items[-1]["resourceName"]}
        for (kind, identity), items in state(account, region).items.items()
        if kind == asked["resourceType"]
        and asked.get("resourceName") in {None, items[-1]["resourceName"]}
        and identity in (asked.get("resourceIds") or [identity])
        and (
            asked.get("includeDeletedResources")
            or items[-1]["configurationItemStatus"] != "ResourceDeleted"
        )
    ]
    return {"resourceIdentifiers": found}


def _history(account: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """GetResourceConfigHistory, newest first, as the API words items, which is not how events do."""
    items = state(account, region).items.get((asked["resourceType"], asked["resourceId"]), [])
    if not items:
        raise ConfigError(
            "ResourceNotDiscoveredException", f"Resource {asked['resourceId']} is unknown"
        )
    found = []
    for item in items[::-1][: asked.get("limit", 10)]:
        body = item["configuration"]
        described = {key: item[key] for key in ("configurationItemStatus", "resourceId")}
        found.append(described | ({"configuration": json.dumps(body)} if body else {}))
    return {"configurationItems": found}


def _status(account: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """DescribeConfigRuleEvaluationStatus, by the invocations that are remembered."""
    statuses = []
    for rule in rules_of(account, region, asked.get("ConfigRuleNames")):
        status: dict[str, Any] = {"ConfigRuleName": rule.config_rule_name}
        for run in invocations.show({"function": rule.source.source_identifier}):
            if run["payload"].get("configRuleName") == rule.config_rule_name:
                status["LastSuccessfulInvocationTime"] = run["started"]
                if not run["ok"]:
                    status["LastFailedEvaluationTime"] = run["started"] + run["duration"]
                    status["LastErrorCode"] = run["error_type"] or "Unhandled"
                    status["LastErrorMessage"] = run["error_message"] or ""
        statuses.append(status)
    return {"ConfigRulesEvaluationStatus": statuses}


def _described(account: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """DescribeConfigurationRecorders, without the status that moto answers with, and AWS does not."""
    backend = config_backends[account][region]
    found = backend.describe_configuration_recorders(asked.get("ConfigurationRecorderNames"))
    for each in found:
        each.pop("status", None)
    return {"ConfigurationRecorders": found}


def _recorders(account: str, region: str, _asked: dict[str, Any]) -> dict[str, Any]:
    """ListConfigurationRecorders: moto knows only those of customers, which record for a fee."""
    names = config_backends[account][region].recorders
    return {"ConfigurationRecorderSummaries": [{"name": each, "recordingScope": "PAID"} for each in names]}  # fmt: skip


def _channels(account: str, region: str, _asked: dict[str, Any]) -> dict[str, Any]:
    """DescribeDeliveryChannelStatus: deliveries here never fail, for there are none."""
    names = config_backends[account][region].delivery_channels
    return {"DeliveryChannelsStatus": [{"name": each} for each in names]}


def install() -> None:
    """Give moto's IAM and AWS Config the operations that they lack."""
    IamResponse.simulate_principal_policy = _simulate
    offer(
        list_discovered_resources=_discovered,
        describe_configuration_recorders=_described,
        get_resource_config_history=_history,
        describe_config_rule_evaluation_status=_status,
        list_configuration_recorders=_recorders,
        describe_delivery_channel_status=_channels,
    )
