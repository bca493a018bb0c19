"""Security Hub: batches, what it refuses, and outages."""

import logging

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.alerting.security_hub_finding import id_prefix, product_arn
from emr_in_transit.aws.clients import CLIENT_CONFIG, SECURITY_HUB_CONFIG
from emr_in_transit.aws.errors import SecurityHubError
from emr_in_transit.aws.security_hub import SECONDS_OF_A_CALL, SecurityHub
from tests.unit.alerting.test_security_hub_finding import ORIGIN, opened
from tests.unit.aws.test_clients import Wire

FINDING = opened()
REFUSED = {"Id": "the-id", "ErrorCode": "InvalidInput", "ErrorMessage": "too long"}


class Clock:
    """What is left of the function's time."""

    seconds = 900.0


@pytest.fixture
def clock():
    """Time enough, unless a test says otherwise."""
    return Clock()


@pytest.fixture
def stubbed(clock):
    """A stubbed client; botocore checks each request against Security Hub's own model."""
    client = boto3.client("securityhub", region_name="cn-north-1")
    with Stubber(client) as stubber:
        yield SecurityHub(client, ORIGIN, lambda: clock.seconds), stubber
        stubber.assert_no_pending_responses()


def takes(stubber, count, failed=()):
    """Have Security Hub take a batch of so many findings."""
    stubber.add_response(
        "batch_import_findings",
        {
            "FailedCount": len(failed),
            "SuccessCount": count - len(failed),
            "FailedFindings": list(failed),
        },
        {"Findings": [ANY] * count},
    )


def test_findings_are_imported_a_hundred_at_a_time(stubbed):
    """More would be refused."""
    hub, stubber = stubbed
    for count in (100, 100, 50):
        takes(stubber, count)
    assert hub.import_findings([FINDING] * 250) == set()


def test_nothing_to_say_is_no_call(stubbed):
    """Most sweeps find nothing new."""
    hub, _ = stubbed
    assert hub.import_findings([]) == hub.resolve([]) == set()


def test_each_finding_that_is_refused_is_named(stubbed, caplog):
    """FailedCount is not passed over, and the other batches go on."""
    hub, stubber = stubbed
    takes(stubber, 100, [REFUSED])
    takes(stubber, 1)
    with caplog.at_level(logging.WARNING):
        assert hub.import_findings([FINDING] * 101) == {"the-id"}
    assert [(line.message, line.finding, line.why) for line in caplog.records] == [
        ("finding refused", "the-id", "InvalidInput: too long")
    ]


def resolves(stubber, count, unprocessed=()):
    """Have Security Hub resolve so many findings."""
    identifier = {"Id": FINDING["Id"], "ProductArn": FINDING["ProductArn"]}
    stubber.add_response(
        "batch_update_findings",
        {"ProcessedFindings": [], "UnprocessedFindings": list(unprocessed)},
        {"FindingIdentifiers": [identifier] * count, "Workflow": {"Status": "RESOLVED"}},
    )


def test_findings_are_resolved_a_hundred_at_a_time(stubbed):
    """More would be refused."""
    hub, stubber = stubbed
    for count in (100, 100, 50):
        resolves(stubber, count)
    assert hub.resolve([FINDING] * 250) == set()


@pytest.mark.parametrize(
    ("status", "calls"), [("NEW", 1), ("NOTIFIED", 1), ("RESOLVED", 0), ("SUPPRESSED", 0)]
)
def test_what_people_resolved_or_suppressed_is_left_as_it_is(stubbed, status, calls):
    """They have said what they think of it."""
    hub, stubber = stubbed
    for _ in range(calls):
        resolves(stubber, 1)
    assert hub.resolve([FINDING | {"Workflow": {"Status": status}}]) == set()


def test_each_finding_that_is_not_resolved_is_named(stubbed, caplog):
    """Somebody else is writing to it just now, say."""
    hub, stubber = stubbed
    unprocessed = {
        "FindingIdentifier": {"Id": "the-id", "ProductArn": "arn"},
        "ErrorCode": "ConcurrentUpdateError",
        "ErrorMessage": "Concurrent finding updates detected",
    }
    resolves(stubber, 1, [unprocessed])
    with caplog.at_level(logging.WARNING):
        assert hub.resolve([FINDING]) == {"the-id"}
    assert [line.finding for line in caplog.records] == ["the-id"]


def shows(stubber, ids, token=None, more=None):
    """Have Security Hub show a page of findings."""
    filters = {
        "ProductArn": [{"Value": product_arn(ORIGIN), "Comparison": "EQUALS"}],
        "Id": [{"Value": id_prefix(CLUSTER_TYPE, ORIGIN), "Comparison": "PREFIX"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    }
    asked = {"Filters": filters, "MaxResults": 100} | ({"NextToken": token} if token else {})
    page = {"Findings": [FINDING | {"Id": each} for each in ids]}
    stubber.add_response("get_findings", page | ({"NextToken": more} if more else {}), asked)


def test_active_findings_are_read_to_the_last_page(stubbed):
    """Those of this account and Region, of this project and type, by their ids."""
    hub, stubber = stubbed
    shows(stubber, ["a", "b"], more="next")
    shows(stubber, ["c"], token="next")
    assert hub.active(CLUSTER_TYPE).keys() == {"a", "b", "c"}


CALLS = {
    "BatchImportFindings": lambda hub: hub.import_findings([FINDING]),
    "BatchUpdateFindings": lambda hub: hub.resolve([FINDING]),
    "GetFindings": lambda hub: hub.active(CLUSTER_TYPE),
}
METHODS = {
    "BatchImportFindings": "batch_import_findings",
    "BatchUpdateFindings": "batch_update_findings",
    "GetFindings": "get_findings",
}
every_call = pytest.mark.parametrize("operation", CALLS)


@every_call
@pytest.mark.parametrize(
    "code", ["InvalidAccessException", "AccessDeniedException", "InternalException"]
)
def test_an_error_of_security_hub_is_one_of_ours(stubbed, operation, code):
    """An account that has not enabled it is answered with InvalidAccessException."""
    hub, stubber = stubbed
    stubber.add_client_error(METHODS[operation], code, "not subscribed")
    with pytest.raises(SecurityHubError, match=f"^{operation}: {code}: not subscribed$"):
        CALLS[operation](hub)


@every_call
@pytest.mark.parametrize("body", [b'{"Unfinished": [{"Id": "', b"{}"])
def test_an_answer_that_was_cut_off_is_no_success(operation, body):
    """botocore makes of it one without members."""
    client = boto3.client("securityhub", region_name="cn-north-1")
    answer = AWSResponse("https://aws.example", 200, {}, Wire(body))
    client.meta.events.register("before-send", lambda **_: answer)
    with pytest.raises(SecurityHubError, match=f"^{operation}: answered without '"):
        CALLS[operation](SecurityHub(client, ORIGIN, lambda: 900.0))


@every_call
def test_a_security_hub_that_cannot_be_reached_is_an_error_of_ours(operation):
    """Whatever botocore raises."""
    client = boto3.client("securityhub", region_name="cn-north-1")

    def lose(**_):
        raise EndpointConnectionError(endpoint_url="securityhub")

    client.meta.events.register("before-call", lose)
    with pytest.raises(SecurityHubError, match=f"^{operation}: EndpointConnectionError"):
        CALLS[operation](SecurityHub(client, ORIGIN, lambda: 900.0))


def test_a_call_lasts_no_longer_than_it_is_given():
    """Every attempt times out, and between them botocore waits up to 1 and 2 seconds."""
    attempts = SECURITY_HUB_CONFIG.retries["total_max_attempts"]
    longest = attempts * (CLIENT_CONFIG.connect_timeout + CLIENT_CONFIG.read_timeout) + 3
    assert longest < SECONDS_OF_A_CALL


@every_call
def test_no_call_is_begun_that_the_function_may_not_live_to_see_the_end_of(
    stubbed, clock, operation
):
    """Lambda would kill it, and deliver its event again."""
    hub, _ = stubbed
    clock.seconds = SECONDS_OF_A_CALL - 1
    with pytest.raises(SecurityHubError, match=f"^{operation}: not begun"):
        CALLS[operation](hub)


def test_each_page_of_findings_is_a_call_of_its_own(stubbed):
    """Fifty of them take a while, and the time is looked at before each."""
    hub, stubber = stubbed
    shows(stubber, ["a"], more="next")
    left = iter([SECONDS_OF_A_CALL, SECONDS_OF_A_CALL - 1])
    hub._seconds_left = lambda: next(left)
    with pytest.raises(SecurityHubError, match=r"^GetFindings: not begun"):
        hub.active(CLUSTER_TYPE)
