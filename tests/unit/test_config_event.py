"""The event of AWS Config: what the rule takes, what it makes of it, and how it refuses the rest."""

import json
from datetime import UTC, datetime

import pytest

from emr_in_transit.config_event import (
    EventError,
    is_scheduled,
    notification_time,
    prepare_event,
    read_item,
)
from emr_in_transit.judgement.parameters import ParameterError

SCHEDULED = {
    "awsAccountId": "111122223333",
    "notificationCreationTime": "2026-05-06T12:00:00.000Z",
    "messageType": "ScheduledNotification",
    "recordVersion": "1.0",
}
ITEM = {
    "configurationItemCaptureTime": "2026-05-06T11:59:00.000Z",
    "configurationItemStatus": "ResourceDiscovered",
    "resourceType": "AWS::EMR::SecurityConfiguration",
    "resourceId": "strict",
    "resourceName": "strict",
    "resourceCreationTime": "2026-05-06T11:58:00.000Z",
    "configuration": {"Name": "strict", "SecurityConfiguration": "{}"},
}


def event(invoking=SCHEDULED, **members):
    return {
        "version": "1.0",
        "invokingEvent": json.dumps(invoking),
        "ruleParameters": "{}",
        "resultToken": "token",
        "eventLeftScope": False,
        "executionRoleArn": "arn:aws:iam::111122223333:role/config",
        "configRuleName": "EMR_IN_TRANSIT_ENCRYPTION",
        "accountId": "111122223333",
    } | members


def test_a_schedule_is_taken_as_it_is():
    """Nothing is lost from an ordinary event."""
    prepared = prepare_event(event())
    assert json.loads(prepared["invokingEvent"]) == SCHEDULED
    assert is_scheduled(prepared)
    assert notification_time(prepared) == datetime(2026, 5, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize("parameters", ["", None, "{}"])
def test_no_rule_parameters_are_an_empty_object(parameters):
    """rdklib cannot digest an empty text."""
    assert prepare_event(event(ruleParameters=parameters))["ruleParameters"] == "{}"


def test_left_scope_defaults_to_false():
    """Some test events lack it, and rdklib needs it."""
    raw = event()
    del raw["eventLeftScope"]
    assert prepare_event(raw)["eventLeftScope"] is False


def test_an_oversized_notification_becomes_a_change_with_its_summary():
    """The summary names the resource, and EMR tells the rest."""
    summary = {key: value for key, value in ITEM.items() if key != "configuration"}
    invoking = SCHEDULED | {
        "messageType": "OversizedConfigurationItemChangeNotification",
        "configurationItemSummary": summary,
    }
    prepared = prepare_event(event(invoking))
    changed = json.loads(prepared["invokingEvent"])
    assert changed["messageType"] == "ConfigurationItemChangeNotification"
    item = read_item(prepared, changed["configurationItem"])
    assert (item.name, item.exists) == ("strict", True)


@pytest.mark.parametrize(
    "name", ["invokingEvent", "resultToken", "configRuleName", "executionRoleArn"]
)
def test_an_event_of_somebody_else_is_refused_by_what_it_lacks(name):
    """A test event from the console, say, is told apart at once."""
    raw = event()
    del raw[name]
    with pytest.raises(EventError, match=f"the event has no {name}"):
        prepare_event(raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (event(SCHEDULED | {"messageType": "Other"}), "'Other' is none that the rule knows"),
        (event({}), "messageType None is none that the rule knows"),
        (event() | {"invokingEvent": "{"}, "invokingEvent is not the JSON text"),
        (event() | {"invokingEvent": "[1]"}, "invokingEvent is JSON, but not an object"),
        (event() | {"invokingEvent": "[" * 200_000}, "invokingEvent is not the JSON text"),
        (event(ruleParameters="nonsense"), "ruleParameters is not the JSON text"),
        (event(ruleParameters="[1]"), "ruleParameters is JSON, but not an object"),
        (event() | {"invokingEvent": 7}, "invokingEvent is not the JSON text"),
    ],
)
def test_a_malformed_event_is_refused_by_name(raw, why):
    """The error names the member and what was expected."""
    with pytest.raises(EventError, match=why):
        prepare_event(raw)


@pytest.mark.parametrize(
    "parameters",
    [
        {"unknown": "1"},
        {"certificateExpiryDays": ""},
        {"certificateExpiryDays": "soon"},
        {"AssumeRoleMode": False},
    ],
)
def test_bad_rule_parameters_are_refused_before_rdklib_sees_them(parameters):
    """rdklib would fail on the last with an AttributeError."""
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        prepare_event(event(ruleParameters=json.dumps(parameters)))


def test_a_time_that_is_none_is_refused():
    """The error names the member."""
    raw = event(SCHEDULED | {"notificationCreationTime": "yesterday"})
    with pytest.raises(EventError, match="notificationCreationTime is no ISO 8601 time"):
        notification_time(prepare_event(raw))


def test_a_time_without_zone_is_utc():
    """AWS means UTC everywhere."""
    raw = event(SCHEDULED | {"notificationCreationTime": "2026-05-06T12:00:00"})
    assert notification_time(raw) == datetime(2026, 5, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "changes", "left_scope", "exists"),
    [
        ("a discovered item exists", {}, False, True),
        ("a changed item exists", {"configurationItemStatus": "OK"}, False, True),
        ("a deleted one does not", {"configurationItemStatus": "ResourceDeleted"}, False, False),
        (
            "a deleted unrecorded one does not",
            {"configurationItemStatus": "ResourceDeletedNotRecorded"},
            False,
            False,
        ),
        (
            "an unrecorded one does not",
            {"configurationItemStatus": "ResourceNotRecorded"},
            False,
            False,
        ),
        ("one that left the scope does not", {}, True, False),
    ],
)
def test_only_items_that_exist_in_scope_are_judged(rule, changes, left_scope, exists):
    """Everything else becomes NOT_APPLICABLE."""
    item = read_item({"eventLeftScope": left_scope}, ITEM | changes)
    assert item.exists is exists, rule


@pytest.mark.parametrize(
    ("rule", "configuration", "name"),
    [
        ("a body", {"Name": "n", "SecurityConfiguration": "{}"}, "n"),
        ("only the name", {"Name": "n"}, "n"),
        ("only a body", {"SecurityConfiguration": "{}"}, "strict"),
        ("nothing", None, "strict"),
        ("a text", "strict", "strict"),
    ],
)
def test_the_name_is_taken_from_where_it_may_stand(rule, configuration, name):
    """By it EMR is asked for all else."""
    item = read_item({"eventLeftScope": False}, ITEM | {"configuration": configuration})
    assert item.name == name, rule


def test_without_any_name_the_id_is_the_name():
    """The name identifies a security configuration."""
    item = {
        key: value for key, value in ITEM.items() if key not in {"resourceName", "configuration"}
    }
    assert read_item({"eventLeftScope": False}, item).name == "strict"


@pytest.mark.parametrize(
    "name", ["resourceId", "configurationItemStatus", "configurationItemCaptureTime"]
)
def test_an_item_that_lacks_a_member_is_refused_by_name(name):
    """Nothing is guessed."""
    item = {key: value for key, value in ITEM.items() if key != name}
    with pytest.raises(EventError, match=f"the configuration item has no '{name}'"):
        read_item({"eventLeftScope": False}, item)
