"""The simulator's Config records EMR security configurations and runs change rules on them."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import (
    BODY,
    CHANGE,
    CONFIGURATION,
    PERIODIC,
    create_configuration,
    events,
    put_rule,
)
from tools.simulator.client import Simulator

SCOPE = {"ComplianceResourceTypes": [CONFIGURATION]}


def test_a_new_security_configuration_runs_the_rules_in_scope(aws: Simulator) -> None:
    put_rule(aws, CHANGE, Scope=SCOPE)
    create_configuration(aws)
    aws.settle()
    (event,) = events(aws)
    invoking, item = event["invoking"], event["invoking"]["configurationItem"]
    assert invoking["messageType"] == "ConfigurationItemChangeNotification"
    assert invoking["configurationItemDiff"]["changeType"] == "CREATE"
    assert item["configurationItemStatus"] == "ResourceDiscovered"
    assert (item["resourceType"], item["resourceId"], item["resourceName"]) == (
        CONFIGURATION,
        "sc",
        "sc",
    )
    assert (item["awsAccountId"], item["awsRegion"]) == ("123456789012", "eu-west-1")
    assert item["configuration"]["SecurityConfiguration"] == BODY


@pytest.mark.parametrize(
    ("details", "scope"),
    [(CHANGE, {"ComplianceResourceTypes": ["AWS::S3::Bucket"]}), (PERIODIC, None)],
)
def test_a_rule_that_it_is_not_for_does_not_run(
    aws: Simulator, details: list, scope: dict | None
) -> None:
    put_rule(aws, details, **({"Scope": scope} if scope else {}))
    before = len(events(aws))
    create_configuration(aws)
    aws.settle()
    assert len(events(aws)) == before


def test_a_deleted_security_configuration_runs_them_too_without_a_body(aws: Simulator) -> None:
    put_rule(aws, CHANGE, Scope=SCOPE)
    create_configuration(aws)
    aws.settle()
    aws.client("emr").delete_security_configuration(Name="sc")
    aws.settle()
    item = events(aws)[-1]["invoking"]["configurationItem"]
    assert (item["configurationItemStatus"], item["configuration"]) == ("ResourceDeleted", None)


def test_a_new_rule_is_run_on_what_is_recorded_and_still_there(aws: Simulator) -> None:
    for name in ("gone", "here"):
        create_configuration(aws, name)
    aws.client("emr").delete_security_configuration(Name="gone")
    put_rule(aws, CHANGE, Scope=SCOPE)
    found = [one["invoking"]["configurationItem"]["resourceId"] for one in events(aws)]
    assert found == ["here"]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("object", {"Id": "sc", "Name": "sc", "SecurityConfiguration": BODY}),
        ("text", {"Id": "sc", "Name": "sc", "SecurityConfiguration": json.dumps(BODY)}),
        ("name_only", {"Id": "sc", "Name": "sc"}),
    ],
)
def test_the_items_body_has_the_form_that_is_asked_for(
    aws: Simulator, form: str, body: dict
) -> None:
    aws.call("PUT", "/config", item_body=form)
    put_rule(aws, CHANGE)
    create_configuration(aws)
    aws.settle()
    assert events(aws)[0]["invoking"]["configurationItem"]["configuration"] == body


def test_an_oversized_item_is_announced_without_its_body_and_fetched_by_its_history(
    aws: Simulator,
) -> None:
    aws.call("PUT", "/config", oversized=True)
    put_rule(aws, CHANGE)
    create_configuration(aws)
    aws.settle()
    invoking = events(aws)[0]["invoking"]
    assert invoking["messageType"] == "OversizedConfigurationItemChangeNotification"
    assert "configurationItem" not in invoking
    summary = invoking["configurationItemSummary"]
    assert "configuration" not in summary
    (item,) = aws.client("config").get_resource_config_history(
        resourceType=summary["resourceType"], resourceId=summary["resourceId"]
    )["configurationItems"]
    assert json.loads(item["configuration"])["SecurityConfiguration"] == BODY
    assert (item["accountId"], item["arn"]) == ("123456789012", summary["ARN"])


def test_history_is_newest_first_and_unknown_resources_are_not_discovered(aws: Simulator) -> None:
    create_configuration(aws)
    aws.client("emr").delete_security_configuration(Name="sc")
    config = aws.client("config")
    given = {"resourceType": CONFIGURATION, "resourceId": "sc"}
    found = config.get_resource_config_history(**given)["configurationItems"]
    statuses = [one["configurationItemStatus"] for one in found]
    assert statuses == ["ResourceDeleted", "ResourceDiscovered"]
    assert len(config.get_resource_config_history(**given, limit=1)["configurationItems"]) == 1
    with pytest.raises(ClientError, match="ResourceNotDiscoveredException"):
        config.get_resource_config_history(resourceType=CONFIGURATION, resourceId="none")


def test_nothing_is_recorded_while_no_recorder_records(aws: Simulator) -> None:
    put_rule(aws, CHANGE)
    aws.call("PUT", "/config", recorder=False)
    create_configuration(aws, "unseen")
    aws.call("PUT", "/config", recorder=True)
    create_configuration(aws, "seen")
    aws.settle()
    found = [one["invoking"]["configurationItem"]["resourceId"] for one in events(aws)]
    assert found == ["seen"]
