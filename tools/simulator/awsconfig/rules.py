"""Simulator: Config rules: what PutConfigRule refuses, and what a rule is triggered by."""

from __future__ import annotations

import functools
import json
import time
from typing import TYPE_CHECKING, Any

from moto.config.models import ConfigBackend, ConfigRule

from tools.simulator import functions, work
from tools.simulator.awsconfig.errors import ConfigError, constraint, invalid_value
from tools.simulator.awsconfig.runs import evaluate
from tools.simulator.awsconfig.store import RuleStatus, settings, state
from tools.simulator.awsconfig.triggers import CHANGE_MESSAGES, recordable_types

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS_LIMIT = 1024
_DESCRIPTION_LIMIT = 256
_RULES_LIMIT = 1000
# What moto answers with, and AWS does not.
_MOTO_ALONE = {"AccountId", "InputParametersDict", "LastUpdatedTime", "Tags"}
_SCOPE_LIMIT = 100


def _refuse_bad_parameters(rule: Mapping[str, Any]) -> None:
    text = rule.get("InputParameters") or "{}"
    if len(text) > _PARAMETERS_LIMIT:
        length = f"have length less than or equal to {_PARAMETERS_LIMIT}"
        raise constraint("configRule.inputParameters", text, length)
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise invalid_value(f"Invalid json {text} passed in the InputParameters field.")
    for name, value in given.items():
        # Seen from AWS for numbers without quotation marks too (a note in moto's config/models.py).
        if not isinstance(value, str) or not value.strip():
            raise invalid_value(f"Blank spaces are not acceptable for input parameter: {name}.")


def _refuse_bad_scope(rule: Mapping[str, Any], messages: set[str]) -> None:
    scope = rule.get("Scope")
    if not scope:
        return
    if messages and not messages & CHANGE_MESSAGES:
        # Since February 2025 (cloud-custodian pull request 10008).
        raise invalid_value(
            "Scope is not supported for a rule that is triggered periodically only. Remove Scope, "
            "or add a configuration change trigger."
        )
    types = scope.get("ComplianceResourceTypes") or []
    if len(types) > _SCOPE_LIMIT:
        length = f"have length less than or equal to {_SCOPE_LIMIT}"
        raise constraint("configRule.scope.complianceResourceTypes", types, length)
    for unknown in sorted(set(types) - recordable_types()):
        raise invalid_value(f"The resource type {unknown} is not supported by AWS Config.")


def _refuse_bad_function(account: str, rule: Mapping[str, Any], rule_arn: str | None) -> None:
    arn = rule["Source"].get("SourceIdentifier", "")
    allowed = arn.count(":") >= 6 and functions.may_invoke(
        arn, "config.amazonaws.com", account, rule_arn
    )
    if not allowed:
        raise ConfigError(
            "InsufficientPermissionsException",
            f"The AWS Lambda function {arn} cannot be invoked. Check the specified function ARN, "
            "and check the function's permissions.",
        )


def _refuse(backend: ConfigBackend, rule: Mapping[str, Any]) -> None:
    if not settings.recorder and not backend.recorders:
        raise ConfigError(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to put the rule.",
        )
    if len(rule.get("Description") or "") > _DESCRIPTION_LIMIT:
        length = f"have length less than or equal to {_DESCRIPTION_LIMIT}"
        raise constraint("configRule.description", rule["Description"], length)
    if any(mode.get("Mode") != "DETECTIVE" for mode in rule.get("EvaluationModes") or []):
        raise invalid_value("The simulator offers the evaluation mode DETECTIVE only.")
    _refuse_bad_parameters(rule)
    source = rule.get("Source") or {}
    messages = {detail.get("MessageType", "") for detail in source.get("SourceDetails") or []}
    _refuse_bad_scope(rule, messages)
    if source.get("Owner") == "CUSTOM_LAMBDA":
        existing = backend.config_rules.get(rule.get("ConfigRuleName"))
        rule_arn = existing.config_rule_arn if existing else None
        _refuse_bad_function(backend.account_id, rule, rule_arn)


_moto_put, _moto_delete = ConfigBackend.put_config_rule, ConfigBackend.delete_config_rule


def _put(
    self: ConfigBackend, config_rule: dict[str, Any], tags: list[dict[str, str]] | None = None
) -> str:
    _refuse(self, config_rule)
    answer: str = _moto_put(self, config_rule, tags)
    rule = self.config_rules[config_rule["ConfigRuleName"]]
    kept = state(self.account_id, self.region_name)
    kept.statuses.setdefault(rule.config_rule_name, RuleStatus(time.time()))
    # A new or changed rule is evaluated at once.
    work.submit(evaluate, self.account_id, self.region_name, rule)
    return answer


def _delete(self: ConfigBackend, rule_name: str) -> None:
    _moto_delete(self, rule_name)
    state(self.account_id, self.region_name).forget_rule(rule_name)


def _wrap_description() -> None:
    describe = ConfigRule.to_dict

    def to_dict(self: ConfigRule) -> dict[str, Any]:
        known = {name: each for name, each in describe(self).items() if name not in _MOTO_ALONE}
        return known | {"EvaluationModes": [{"Mode": "DETECTIVE"}]}

    ConfigRule.to_dict = to_dict


@functools.cache
def install() -> None:
    """Make moto's Config rules refuse what AWS refuses, and run."""
    ConfigRule.MAX_RULES = _RULES_LIMIT
    ConfigBackend.put_config_rule = _put
    ConfigBackend.delete_config_rule = _delete
    _wrap_description()
