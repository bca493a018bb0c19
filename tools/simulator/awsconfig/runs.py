"""Simulator: running Config rules: the events that functions get, tokens, the schedule."""

import json
import secrets
import time
from concurrent.futures import Future
from typing import Any

from moto.config.models import ConfigRule, config_backends

from tools.simulator import functions
from tools.simulator.awsconfig.store import (
    ConfigError,
    Run,
    constraint,
    is_periodic,
    messages_of,
    offer,
    rules_of,
    settings,
    state,
)
from tools.simulator.control import ControlError, route
from tools.simulator.events.shapes import milliseconds

Invocations = Future[list[functions.Invocation]]

_RULES_PER_START = 25
# What an item's summary leaves out (aws-config developer guide, example of an oversized change).
_BODY = ("configuration", "supplementaryConfiguration", "relationships", "relatedEvents", "tags")
_ROLE = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def _run_schedule(account: str, region: str, rule: ConfigRule, age: float) -> Invocations | None:
    """Run a periodic rule, as if its clock had struck `age` seconds ago."""
    message = {
        "awsAccountId": account,
        "notificationCreationTime": milliseconds(time.time() - age),
        "messageType": "ScheduledNotification",
        "recordVersion": "1.0",
    }
    return _invoke(account, region, rule, message)


def _change(item: dict[str, Any]) -> dict[str, Any]:
    """Return the message about an item, with the item's body or, if oversized, without."""
    change = "DELETE" if item["configurationItemStatus"] == "ResourceDeleted" else "CREATE"
    common = {"notificationCreationTime": milliseconds(time.time()), "recordVersion": "1.3"}
    if not settings.oversized:
        return common | {
            "configurationItemDiff": {"changedProperties": {}, "changeType": change},
            "configurationItem": item,
            "messageType": "ConfigurationItemChangeNotification",
        }
    summary = {key: value for key, value in item.items() if key not in _BODY}
    nowhere = {"s3BucketLocation": None, "errorCode": None, "errorMessage": None}
    return common | {
        "configurationItemSummary": {"changeType": change} | summary,
        "s3DeliverySummary": nowhere,
        "messageType": "OversizedConfigurationItemChangeNotification",
    }


def _run_change(account: str, region: str, rule: ConfigRule, item: dict[str, Any]) -> None:
    """Run a rule on a configuration item, if such an item is what the rule asks for."""
    message, scope = _change(item), rule.scope
    if message["messageType"] not in messages_of(rule):
        return
    if scope is not None:
        types = scope.compliance_resource_types or [item["resourceType"]]
        ids = [scope.compliance_resource_id or item["resourceId"]]
        if item["resourceType"] not in types or item["resourceId"] not in ids:
            return
    _invoke(account, region, rule, message)


def evaluate(account: str, region: str, rule: ConfigRule) -> None:
    """Run a rule on all that it is triggered by, in its last known state."""
    if is_periodic(rule):
        _run_schedule(account, region, rule, 0.0)
    kept = state(account, region)
    with kept.lock:
        items = [history[-1] for history in kept.items.values()]
    for item in items:
        if item["configurationItemStatus"] != "ResourceDeleted":
            _run_change(account, region, rule, item)


def item_changed(account: str, region: str, item: dict[str, Any]) -> None:
    """Run the rules that a new configuration item is for."""
    for rule in rules_of(account, region):
        _run_change(account, region, rule, item)


def _invoke(
    account: str, region: str, rule: ConfigRule, message: dict[str, Any]
) -> Invocations | None:
    kept, now = state(account, region), time.time()
    function, arn = rule.source.source_identifier, rule.config_rule_arn
    if not functions.may_invoke(function, "config.amazonaws.com", account, arn):
        return None  # in AWS, DescribeConfigRuleEvaluationStatus would say so
    run = Run(secrets.token_urlsafe(48), rule, message["messageType"], now)
    with kept.lock:
        kept.runs[run.token] = run
        kept.active[rule.config_rule_name] += 1
    event = {
        "version": "1.0",
        "invokingEvent": json.dumps(message),
        "ruleParameters": rule.input_parameters or "{}",
        "resultToken": run.token,
        "eventLeftScope": False,
        "executionRoleArn": f"arn:{arn.split(':')[1]}:iam::{account}:{_ROLE}",
        "configRuleArn": arn,
        "configRuleName": rule.config_rule_name,
        "configRuleId": rule.config_rule_id,
        "accountId": account,
    }
    future = functions.invoke_async(function, event)

    def ended(_: Invocations) -> None:
        with kept.lock:
            kept.active[rule.config_rule_name] -= 1

    future.add_done_callback(ended)
    return future


def _start_evaluation(account: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Do what StartConfigRulesEvaluation does."""
    names = parameters.get("ConfigRuleNames")
    if names is not None and not 1 <= len(names) <= _RULES_PER_START:
        length = f"have length between 1 and {_RULES_PER_START}"
        raise constraint("configRuleNames", names, length)
    rules, kept = rules_of(account, region, names), state(account, region)
    with kept.lock:
        running = [rule for rule in rules if kept.active[rule.config_rule_name]]
        too_soon = time.time() - kept.evaluation_started < settings.start_evaluation_interval
        if running or too_soon:
            raise ConfigError(
                "LimitExceededException",
                "An evaluation is in progress, or StartConfigRulesEvaluation has been called more "
                "than once per minute.",
            )
        kept.evaluation_started = time.time()
    for rule in rules:
        evaluate(account, region, rule)
    return {}


@route("POST", "/schedule")
def schedule(body: dict[str, Any]) -> list[Any]:
    """Fire the periodic trigger of `rule` (of all periodic rules if null).

    With `wait` (default true) answer the invocations, retries included. `age_seconds` makes the
    notification so much older; `region` narrows the choice.
    """
    wanted = body.get("rule")
    chosen = [
        (account, region, rule)
        for account, regions in list(config_backends.items())
        for region in list(regions)
        for rule in rules_of(account, region)
        if is_periodic(rule)
        and wanted in {None, rule.config_rule_name}
        and body.get("region") in {None, region}
    ]
    if not chosen:
        raise ControlError(f"There is no periodic rule {wanted or 'at all'}.")
    started = [_run_schedule(*one, float(body.get("age_seconds", 0))) for one in chosen]
    if not body.get("wait", True):
        return []
    return [attempt for one in started if one for attempt in one.result()]


def install() -> None:
    """Give moto's Config the operation that runs rules."""
    offer(start_config_rules_evaluation=_start_evaluation)
