"""Simulator: what triggers a Config rule, and which rules there are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import botocore.session
from moto.config.models import config_backends

from tools.simulator.awsconfig.errors import no_such_rule
from tools.simulator.awsconfig.store import RuleName

if TYPE_CHECKING:
    from moto.config.models import ConfigRule

CHANGE = "ConfigurationItemChangeNotification"
OVERSIZED = "OversizedConfigurationItemChangeNotification"
SCHEDULE = "ScheduledNotification"
CHANGE_MESSAGES = frozenset({CHANGE, OVERSIZED})


@functools.cache
def recordable_types() -> frozenset[str]:
    """Return the resource types that Config knows: those that it can record."""
    model = botocore.session.Session().get_service_model("config")
    return frozenset(model.shape_for("ResourceType").enum)


def rules_of(account: str, region: str) -> list[ConfigRule]:
    """Return the rules of an account in a Region."""
    return list(config_backends[account][region].config_rules.values())


def rule_named(account: str, region: str, name: str) -> ConfigRule:
    """Return the rule, or raise NoSuchConfigRuleException."""
    rule = config_backends[account][region].config_rules.get(name)
    if rule is None:
        raise no_such_rule(name)
    return rule


def name_of(rule: ConfigRule) -> RuleName:
    """Return a rule's name, ARN and id."""
    return RuleName(str(rule.config_rule_name), rule.config_rule_arn, rule.config_rule_id)


def messages_of(rule: ConfigRule) -> frozenset[str]:
    """Return the message types that the rule asks for; none for a managed rule."""
    details = rule.source.source_details or []
    return frozenset(detail.message_type for detail in details)


def is_periodic(rule: ConfigRule) -> bool:
    """Return whether the rule is run by the clock."""
    return SCHEDULE in messages_of(rule)


def is_changed_by(rule: ConfigRule, item: dict[str, Any], message_type: str) -> bool:
    """Return whether this message about this item is for the rule."""
    if message_type not in messages_of(rule):
        return False
    scope = rule.scope
    if scope is None:
        return True
    if scope.tags:
        return any(item["tags"].get(key) == value for key, value in scope.tags.items())
    types = scope.compliance_resource_types or [item["resourceType"]]
    ids = [scope.compliance_resource_id or item["resourceId"]]
    return item["resourceType"] in types and item["resourceId"] in ids
