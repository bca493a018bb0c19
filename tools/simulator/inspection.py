"""Simulator: what an account check asks of IAM and AWS Config, and moto lacks."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from moto.config.models import config_backends
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from tools.simulator import accounts
from tools.simulator.awsconfig.store import rules_of, state
from tools.simulator.iam import grants, policies

if TYPE_CHECKING:
    from collections.abc import Callable

_ADMINISTRATOR = policies.Grants(
    ({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},)
)


def _simulate(self: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy, of roles and of the administrator, by the simulator's own IAM."""
    arn = self._get_param("PolicySourceArn")
    held = (
        _ADMINISTRATOR if arn.endswith(f":user/{accounts.ADMINISTRATOR}") else grants.of_role(arn)
    )
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


def _statuses(account: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """DescribeConfigRuleEvaluationStatus, of the rules that are named, or of all."""
    kept = state(account, region)
    with kept.lock:
        found = [
            {"ConfigRuleName": each.config_rule_name, **kept.told[each.config_rule_name]}
            for each in rules_of(account, region, asked.get("ConfigRuleNames"))
        ]
    return {"ConfigRulesEvaluationStatus": found}


_CONFIG: dict[str, Callable[[str, str, dict[str, Any]], dict[str, Any]]] = {
    "describe_config_rule_evaluation_status": _statuses,
    "list_discovered_resources": _discovered,
    "describe_configuration_recorders": _described,
    "list_configuration_recorders": _recorders,
    "describe_delivery_channel_status": _channels,
}


def _operation(answer: Callable[[str, str, dict[str, Any]], dict[str, Any]]) -> Any:
    def operation(self: ConfigResponse) -> str:
        return json.dumps(answer(self.current_account, self.region, json.loads(self.body)))

    return operation


@functools.cache
def install() -> None:
    """Give moto's IAM and AWS Config the operations that they lack."""
    IamResponse.simulate_principal_policy = _simulate
    for name, answer in _CONFIG.items():
        setattr(ConfigResponse, name, _operation(answer))
