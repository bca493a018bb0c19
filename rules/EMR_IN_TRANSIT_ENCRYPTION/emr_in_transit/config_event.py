"""Pure: reads the event that AWS Config invokes the rule with.

The shapes are those of the AWS Config Developer Guide,
evaluate-config_develop-rules_example-events.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from emr_in_transit.judgement.parameters import parse_parameters

CHANGE = "ConfigurationItemChangeNotification"
OVERSIZED = "OversizedConfigurationItemChangeNotification"
SCHEDULED = "ScheduledNotification"
REQUIRED = ("invokingEvent", "resultToken", "configRuleName", "executionRoleArn")
# The states of an item whose resource exists (AWS Config API model, ConfigurationItemStatus).
EXISTING = ("OK", "ResourceDiscovered")


class EventError(Exception):
    """The event is none that AWS Config sends to a rule like this one."""


class ConfigurationItem(NamedTuple):
    """What a configuration item tells about one security configuration."""

    resource_type: str
    resource_id: str
    name: str
    exists: bool
    captured: datetime


def prepare_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event as rdklib can digest it.

    An oversized notification becomes an ordinary one with what its summary holds: the rest is not
    needed, and rdklib fails on items without relationships. Rule parameters are checked here,
    because rdklib reads its own before it lets the rule look at any.

    Raises EventError or ParameterError.
    """
    missing = [name for name in REQUIRED if not event.get(name)]
    if missing:
        raise EventError(f"the event has no {', '.join(missing)}: AWS Config did not send it")
    invoking = _json_object(event, "invokingEvent")
    if invoking.get("messageType") == OVERSIZED:
        item = invoking.pop("configurationItemSummary", None)
        invoking |= {"messageType": CHANGE, "configurationItem": item}
    if invoking.get("messageType") not in {CHANGE, SCHEDULED}:
        raise EventError(f"messageType {invoking.get('messageType')!r} is none that the rule knows")
    given = _json_object(event, "ruleParameters") if event.get("ruleParameters") else {}
    parse_parameters(given)
    return {
        "eventLeftScope": False,
        **event,
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": json.dumps(given),
    }


def is_scheduled(event: Mapping[str, Any]) -> bool:
    """Return whether the event is one of the rule's schedule."""
    return bool(_json_object(event, "invokingEvent")["messageType"] == SCHEDULED)


def notification_time(event: Mapping[str, Any]) -> datetime:
    """Return when AWS Config made the event."""
    text = _json_object(event, "invokingEvent").get("notificationCreationTime")
    return read_time(text, "notificationCreationTime")


def read_item(event: Mapping[str, Any], item: Mapping[str, Any]) -> ConfigurationItem:
    """Return what the configuration item of a change event tells.

    Whether ``configuration`` holds the body is not documented for AWS::EMR::SecurityConfiguration,
    so EMR is asked for it; neither is whether the resource id is the name. Raises EventError when
    the item cannot be read.
    """
    configuration = item.get("configuration")
    document = configuration if isinstance(configuration, Mapping) else {}
    try:
        return ConfigurationItem(
            resource_type=item["resourceType"],
            resource_id=item["resourceId"],
            name=document.get("Name") or item.get("resourceName") or item["resourceId"],
            exists=item["configurationItemStatus"] in EXISTING and not event["eventLeftScope"],
            captured=read_time(
                item["configurationItemCaptureTime"], "configurationItemCaptureTime"
            ),
        )
    except KeyError as error:
        raise EventError(f"the configuration item has no {error}") from error


def read_time(text: object, name: str) -> datetime:
    """Return the moment of an ISO 8601 text, in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise EventError(f"{name} is no ISO 8601 time: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json_object(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        document = json.loads(event[name])
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(f"{name} is not the JSON text that AWS Config sends: {error}") from error
    if not isinstance(document, dict):
        raise EventError(f"{name} is JSON, but not an object")
    return document
