"""Simulator: running Config rules: tokens, invocations, StartConfigRulesEvaluation."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from tools.simulator import functions
from tools.simulator.awsconfig import messages
from tools.simulator.awsconfig.errors import ConfigError, constraint
from tools.simulator.awsconfig.store import RuleStatus, Run, settings, state
from tools.simulator.awsconfig.triggers import (
    is_changed_by,
    is_periodic,
    name_of,
    rule_named,
    rules_of,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

    from moto.config.models import ConfigRule

    from tools.simulator.awsconfig.store import Resource

    Invocations = Future[list[functions.Invocation]]

_RULES_PER_START = 25
_DENIED = "AccessDenied"


def schedule(
    account: str, region: str, rule: ConfigRule, *, age: float = 0.0
) -> Invocations | None:
    """Run a periodic rule, as if its clock had struck `age` seconds ago."""
    invoking = messages.scheduled(account, time.time() - age)
    return _invoke(account, region, rule, invoking, None)


def change(account: str, region: str, rule: ConfigRule, item: dict[str, Any]) -> Invocations | None:
    """Run a rule on a configuration item, if such an item is what the rule asks for."""
    invoking = messages.changed(item, time.time())
    if not is_changed_by(rule, item, invoking["messageType"]):
        return None
    return _invoke(account, region, rule, invoking, (item["resourceType"], item["resourceId"]))


def evaluate(account: str, region: str, rule: ConfigRule) -> None:
    """Run a rule on all that it is triggered by, in its last known state."""
    if is_periodic(rule):
        schedule(account, region, rule)
    kept = state(account, region)
    with kept.lock:
        items = [history[-1] for history in kept.items.values()]
    for item in items:
        if item["configurationItemStatus"] != "ResourceDeleted":
            change(account, region, rule, item)


def item_changed(account: str, region: str, item: dict[str, Any]) -> None:
    """Run the rules that a new configuration item is for."""
    for rule in rules_of(account, region):
        change(account, region, rule, item)


def _status(account: str, region: str, rule: ConfigRule) -> RuleStatus:
    statuses = state(account, region).statuses
    return statuses.setdefault(str(rule.config_rule_name), RuleStatus(time.time()))


def _invoke(
    account: str,
    region: str,
    rule: ConfigRule,
    invoking: dict[str, Any],
    resource: Resource | None,
) -> Invocations | None:
    kept, now = state(account, region), time.time()
    arn = rule.source.source_identifier
    status = _status(account, region, rule)
    if not functions.may_invoke(arn, "config.amazonaws.com", account, rule.config_rule_arn):
        status.times["LastFailedInvocationTime"] = now
        status.error = (_DENIED, f"AWS Config may not invoke the function {arn}.")
        return None
    token = secrets.token_urlsafe(48)
    run = Run(token, name_of(rule), invoking["messageType"], now, resource)
    with kept.lock:
        kept.runs[token] = run
        status.active_runs += 1
        status.times["LastSuccessfulInvocationTime"] = now
        status.started = True
    future = functions.invoke_async(arn, messages.event(account, rule, run, invoking))

    def ended(done: Invocations) -> None:
        attempts = done.result()
        with kept.lock:
            status.active_runs -= 1
            if attempts and not attempts[-1].ok:
                status.times["LastFailedEvaluationTime"] = time.time()
                last = attempts[-1]
                status.error = (last.error_type or "Unhandled", last.error_message or "")

    future.add_done_callback(ended)
    return future


def start_evaluation(account: str, region: str, names: list[str] | None) -> None:
    """Do what StartConfigRulesEvaluation does."""
    if names is not None and not 1 <= len(names) <= _RULES_PER_START:
        length = f"have length between 1 and {_RULES_PER_START}"
        raise constraint("configRuleNames", names, length)
    rules = (
        rules_of(account, region)
        if names is None
        else [rule_named(account, region, name) for name in names]
    )
    kept = state(account, region)
    with kept.lock:
        running = [rule for rule in rules if _status(account, region, rule).active_runs]
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
