"""Simulator: the events that AWS Config sends to a rule's function."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.simulator.awsconfig.store import settings

if TYPE_CHECKING:
    from moto.config.models import ConfigRule

    from tools.simulator.awsconfig.store import Run

# What an item's summary leaves out (aws-config developer guide, example of an oversized change).
_BODY = ("configuration", "supplementaryConfiguration", "relationships", "relatedEvents", "tags")
_ROLE = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def timestamp(seconds: float) -> str:
    """Return a moment as Config writes it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scheduled(account: str, created: float) -> dict[str, Any]:
    """Return the invoking event of a periodic run."""
    return {
        "awsAccountId": account,
        "notificationCreationTime": timestamp(created),
        "messageType": "ScheduledNotification",
        "recordVersion": "1.0",
    }


def changed(item: dict[str, Any], created: float) -> dict[str, Any]:
    """Return the invoking event of a change, with the item's body or, if oversized, without."""
    change = "DELETE" if item["configurationItemStatus"] == "ResourceDeleted" else "CREATE"
    common = {"notificationCreationTime": timestamp(created), "recordVersion": "1.3"}
    if not settings.oversized:
        return common | {
            "configurationItemDiff": {"changedProperties": {}, "changeType": change},
            "configurationItem": item,
            "messageType": "ConfigurationItemChangeNotification",
        }
    summary = {key: value for key, value in item.items() if key not in _BODY}
    return common | {
        "configurationItemSummary": {"changeType": change} | summary,
        "s3DeliverySummary": {
            "s3BucketLocation": None,
            "errorCode": None,
            "errorMessage": None,
        },
        "messageType": "OversizedConfigurationItemChangeNotification",
    }


def event(account: str, rule: ConfigRule, run: Run, invoking: dict[str, Any]) -> dict[str, Any]:
    """Return the whole event, with the run's result token."""
    partition = rule.config_rule_arn.split(":")[1]
    return {
        "version": "1.0",
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": rule.input_parameters or "{}",
        "resultToken": run.token,
        "eventLeftScope": False,
        "executionRoleArn": f"arn:{partition}:iam::{account}:{_ROLE}",
        "configRuleArn": rule.config_rule_arn,
        "configRuleName": rule.config_rule_name,
        "configRuleId": rule.config_rule_id,
        "accountId": account,
    }
