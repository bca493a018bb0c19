"""Simulator: Config rules: what PutConfigRule refuses."""

import json
from collections.abc import Mapping
from typing import Any

from moto.config.models import ConfigBackend, ConfigRule

from tools.simulator import functions, work
from tools.simulator.awsconfig.runs import evaluate
from tools.simulator.awsconfig.store import (
    CHANGE_MESSAGES,
    ConfigError,
    constraint,
    invalid_value,
    recordable_types,
    settings,
    state,
)

_PARAMETERS_LIMIT = 1024
# What moto answers with, and AWS does not.
_MOTOS_OWN = {"AccountId", "InputParametersDict", "LastUpdatedTime", "Tags"}
_moto_put, _moto_delete = ConfigBackend.put_config_rule, ConfigBackend.delete_config_rule
_moto_description = ConfigRule.to_dict


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


def _refuse_bad_scope(rule: Mapping[str, Any]) -> None:
    details = rule["Source"].get("SourceDetails") or []
    messages = {detail.get("MessageType", "") for detail in details}
    scope = rule.get("Scope") or {}
    if scope and messages and not messages & CHANGE_MESSAGES:
        # Since February 2025 (cloud-custodian pull request 10008).
        raise invalid_value(
            "Scope is not supported for a rule that is triggered periodically only. Remove Scope, "
            "or add a configuration change trigger."
        )
    for unknown in sorted(set(scope.get("ComplianceResourceTypes") or []) - recordable_types()):
        raise invalid_value(f"The resource type {unknown} is not supported by AWS Config.")


def _refuse_bad_function(backend: ConfigBackend, rule: Mapping[str, Any]) -> None:
    if rule["Source"].get("Owner") != "CUSTOM_LAMBDA":
        return
    arn = rule["Source"].get("SourceIdentifier", "")
    existing = backend.config_rules.get(rule.get("ConfigRuleName"))
    source = (backend.account_id, existing.config_rule_arn if existing else None)
    if arn.count(":") < 6 or not functions.may_invoke(arn, "config.amazonaws.com", *source):
        raise ConfigError(
            "InsufficientPermissionsException",
            f"The AWS Lambda function {arn} cannot be invoked. Check the specified function ARN, "
            "and check the function's permissions.",
        )


def _put(
    self: ConfigBackend, config_rule: dict[str, Any], tags: list[dict[str, str]] | None = None
) -> str:
    if not settings.recorder and not self.recorders:
        raise ConfigError(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to put the rule.",
        )
    if any(mode.get("Mode") != "DETECTIVE" for mode in config_rule.get("EvaluationModes") or []):
        raise invalid_value("The simulator offers the evaluation mode DETECTIVE only.")
    _refuse_bad_parameters(config_rule)
    _refuse_bad_scope(config_rule)
    _refuse_bad_function(self, config_rule)
    answer: str = _moto_put(self, config_rule, tags)
    rule = self.config_rules[config_rule["ConfigRuleName"]]
    # A new or changed rule is evaluated at once.
    work.submit(evaluate, self.account_id, self.region_name, rule)
    return answer


def _delete(self: ConfigBackend, rule_name: str) -> None:
    _moto_delete(self, rule_name)
    kept = state(self.account_id, self.region_name)
    with kept.lock:  # the rule's tokens stay known, and refused
        kept.history.pop(rule_name, None)


def _describe(self: ConfigRule) -> dict[str, Any]:
    known = {name: each for name, each in _moto_description(self).items() if name not in _MOTOS_OWN}
    return known | {"EvaluationModes": [{"Mode": "DETECTIVE"}]}


def install() -> None:
    """Make moto's Config rules refuse what AWS refuses, and run."""
    ConfigRule.to_dict = _describe
    ConfigBackend.put_config_rule = _put
    ConfigBackend.delete_config_rule = _delete
