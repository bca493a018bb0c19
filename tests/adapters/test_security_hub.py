"""Security Hub: batches, ends, and that a failure stays a log line."""

import logging

import boto3
import pytest
from botocore.stub import ANY, Stubber

from adapters.security_hub import SecurityHub
from judgement.reasons import Reason
from judgement.verdict import Compliance
from tests.judgement.test_hub_finding import NOW, ORIGIN, judged


@pytest.fixture
def hub():
    """A stubbed client; botocore checks each finding against Security Hub's own model."""
    client = boto3.client("securityhub", region_name="cn-north-1")
    with Stubber(client) as stubber:
        yield SecurityHub(client, ORIGIN), stubber
        stubber.assert_no_pending_responses()


def imported(stubber, count, failed=()):
    answer = {"FailedCount": len(failed), "SuccessCount": count - len(failed)}
    stubber.add_response(
        "batch_import_findings",
        answer | {"FailedFindings": list(failed)},
        {"Findings": [ANY] * count},
    )


def test_violations_are_imported_a_hundred_at_a_time(hub):
    """More would be refused."""
    hub, stubber = hub
    imported(stubber, 100)
    imported(stubber, 50)
    hub.report([judged(Reason.NO_SECURITY_CONFIGURATION)] * 150, NOW)


def test_what_has_ended_is_resolved_as_well(hub):
    """The workflow of a finding is changed by another call than its record."""
    hub, stubber = hub
    imported(stubber, 2)
    stubber.add_response(
        "batch_update_findings",
        {"ProcessedFindings": [], "UnprocessedFindings": []},
        {
            "FindingIdentifiers": [{"Id": ANY, "ProductArn": ANY}],
            "Workflow": {"Status": "RESOLVED"},
        },
    )
    hub.report(
        [judged(Reason.NO_SECURITY_CONFIGURATION), judged(compliance=Compliance.COMPLIANT)], NOW
    )


def test_nothing_to_report_is_no_call(hub):
    """Most sweeps find nothing."""
    hub, _ = hub
    hub.report([], NOW)


@pytest.mark.parametrize("code", ["InvalidAccessException", "AccessDeniedException"])
def test_an_account_without_security_hub_is_a_log_line(hub, caplog, code):
    """It never stops an alert."""
    hub, stubber = hub
    stubber.add_client_error("batch_import_findings", code, "not subscribed")
    with caplog.at_level(logging.WARNING):
        hub.report([judged(Reason.NO_SECURITY_CONFIGURATION)], NOW)
    assert [(line.message, code in line.why) for line in caplog.records] == [
        ("not in Security Hub", True)
    ]


def test_each_finding_that_is_refused_is_named(hub, caplog):
    """FailedCount is not passed over."""
    hub, stubber = hub
    failed = {"Id": "the-id", "ErrorCode": "InvalidInput", "ErrorMessage": "too long"}
    imported(stubber, 1, [failed])
    with caplog.at_level(logging.WARNING):
        hub.report([judged(Reason.NO_SECURITY_CONFIGURATION)], NOW)
    assert [(line.finding, line.why) for line in caplog.records] == [("the-id", "too long")]


def test_each_finding_that_is_not_resolved_is_named(hub, caplog):
    """One that was never imported, say."""
    hub, stubber = hub
    imported(stubber, 1)
    unprocessed = {
        "FindingIdentifier": {"Id": "the-id", "ProductArn": "arn"},
        "ErrorCode": "FindingNotFound",
        "ErrorMessage": "not found",
    }
    stubber.add_response(
        "batch_update_findings",
        {"ProcessedFindings": [], "UnprocessedFindings": [unprocessed]},
    )
    with caplog.at_level(logging.WARNING):
        hub.report([judged(compliance=Compliance.COMPLIANT)], NOW)
    assert [line.finding for line in caplog.records] == ["the-id"]
