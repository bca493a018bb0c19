"""The recorder: what is put, what is left out, and what happens to what Config refuses."""

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber

from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.evaluations import Evaluation, EvaluationRecorder
from emr_in_transit.judgement.verdict import Compliance

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
TYPE = "AWS::EMR::Cluster"


@pytest.fixture
def config():
    """A stubbed Config client."""
    client = boto3.client("config", region_name="eu-west-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def recorder_with(client, token="token"):
    return EvaluationRecorder(client, token, NOW)


def result(resource_id, compliance="COMPLIANT", annotation="", age=timedelta(hours=1), kind=TYPE):
    answer = {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": RULE,
                "ResourceType": kind,
                "ResourceId": resource_id,
            }
        },
        "ComplianceType": compliance,
        "ResultRecordedTime": NOW - age,
    }
    return answer | ({"Annotation": annotation} if annotation else {})


def request(*ids, compliance="COMPLIANT", token="token", test_mode=False):
    return {
        "Evaluations": [
            {
                "ComplianceResourceType": TYPE,
                "ComplianceResourceId": each,
                "ComplianceType": compliance,
                "OrderingTimestamp": NOW,
            }
            for each in ids
        ],
        "ResultToken": token,
        "TestMode": test_mode,
    }


def evaluation(resource_id, compliance=Compliance.COMPLIANT, annotation=""):
    return Evaluation(TYPE, resource_id, compliance, annotation)


ASKED = {"ConfigRuleName": RULE, "Limit": 100, "ComplianceTypes": ["COMPLIANT", "NON_COMPLIANT"]}


def recorded(stubber, *results):
    stubber.add_response(
        "get_compliance_details_by_config_rule", {"EvaluationResults": list(results)}, ASKED
    )


def test_all_pages_of_the_record_are_read_and_other_types_left_out(config):
    """One rule may hold results of two types; only the asked one counts, NOT_APPLICABLE never."""
    client, stubber = config
    first = {
        "EvaluationResults": [result("j-1"), result("x", kind="AWS::EMR::SecurityConfiguration")],
        "NextToken": "more",
    }
    operation = "get_compliance_details_by_config_rule"
    stubber.add_response(operation, first, ASKED)
    second = {"EvaluationResults": [result("j-2", "NON_COMPLIANT", "why")]}
    stubber.add_response(operation, second, ASKED | {"NextToken": "more"})
    found = recorder_with(client).read_recorded(RULE, TYPE)
    assert found.keys() == {"j-1", "j-2"}
    assert (found["j-2"].compliance, found["j-2"].annotation) == ("NON_COMPLIANT", "why")


def test_reading_the_record_takes_little_more_memory_than_what_is_kept_of_it():
    """Page by page, and equal annotations once: 20,000 results stay far below the function's memory."""
    client = boto3.client("config", region_name="eu-west-1")

    def page(params, **_):
        """Make each page when it is asked for, as AWS does."""
        number = int(json.loads(params["body"]).get("NextToken", 0))
        why = "".join(["why "] * 60)
        results = [result(f"j-{number}-{n}", "NON_COMPLIANT", why) for n in range(100)]
        more = {"NextToken": str(number + 1)} if number < 199 else {}
        return AWSResponse("", 200, {}, None), {"EvaluationResults": results, **more}

    client.meta.events.register("before-call.config-service.GetComplianceDetailsByConfigRule", page)
    tracemalloc.start()
    found = recorder_with(client).read_recorded(RULE, TYPE)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 20_000
    assert peak < kept + 2_000_000
    assert kept < 10_000_000


def test_a_record_that_cannot_be_read_is_said(config):
    """Access denied is raised by name, never taken for an empty record."""
    client, stubber = config
    stubber.add_client_error("get_compliance_details_by_config_rule", "AccessDeniedException", "no")
    why = "GetComplianceDetailsByConfigRule: AccessDeniedException: no"
    with pytest.raises(CouldNotTellError, match=why):
        recorder_with(client).read_recorded(RULE, TYPE)


def test_a_record_that_lacks_a_member_is_said(config):
    """A malformed answer is no empty record either."""
    client, stubber = config
    recorded(stubber, {"ComplianceType": "COMPLIANT"})
    with pytest.raises(CouldNotTellError, match="answered without 'EvaluationResultIdentifier'"):
        recorder_with(client).read_recorded(RULE, TYPE)


def test_a_batch_is_put_as_soon_as_it_is_full(config):
    """A run that is cut off loses at most what did not fill a batch."""
    client, stubber = config
    ids = [f"j-{number}" for number in range(100)]
    stubber.add_response("put_evaluations", {}, request(*ids))
    recorder = recorder_with(client)
    for each in ids:
        recorder.record(evaluation(each), NOW)
    assert recorder.put == 100


def test_what_is_left_is_put_on_closing_and_an_empty_rest_is_not(config):
    """101 evaluations are two calls, none are no call."""
    client, stubber = config
    stubber.add_response("put_evaluations", {}, request("j-1"))
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.close()
    recorder_with(client).close()
    assert (recorder.put, recorder.problems) == (1, {})


def test_the_annotation_is_sent_only_when_there_is_one(config):
    """AWS Config refuses an empty annotation."""
    client, stubber = config
    expected = request("j-1")
    expected["Evaluations"][0]["Annotation"] = "why"
    stubber.add_response("put_evaluations", {}, expected)
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1", annotation="why"), NOW)
    recorder.close()


def test_rdklibs_test_token_records_nothing(config):
    """The token TESTMODE is sent as a test."""
    client, stubber = config
    stubber.add_response("put_evaluations", {}, request("j-1", token="TESTMODE", test_mode=True))
    recorder = recorder_with(client, "TESTMODE")
    recorder.record(evaluation("j-1"), NOW)
    recorder.close()


@pytest.mark.parametrize(
    ("rule", "on_record", "new", "is_put"),
    [
        ("the same is not put", result("j"), evaluation("j"), False),
        (
            "the same is put once it is a day old",
            result("j", age=timedelta(hours=24)),
            evaluation("j"),
            True,
        ),
        (
            "another verdict is put",
            result("j", "NON_COMPLIANT"),
            evaluation("j"),
            True,
        ),
        ("another annotation is put", result("j", annotation="a"), evaluation("j"), True),
        (
            "what was never recorded is put",
            result("other"),
            evaluation("j"),
            True,
        ),
        (
            "NOT_APPLICABLE is put for what is on record",
            result("j"),
            evaluation("j", Compliance.NOT_APPLICABLE),
            True,
        ),
        (
            "NOT_APPLICABLE is not put where nothing is on record",
            result("other"),
            evaluation("j", Compliance.NOT_APPLICABLE),
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_what_changed_or_aged_is_put(config, rule, on_record, new, is_put):
    """AWS Config bills every evaluation."""
    client, stubber = config
    recorded(stubber, on_record)
    if is_put:
        stubber.add_response("put_evaluations", {}, request("j", compliance=new.compliance.value))
    recorder = recorder_with(client)
    recorder.read_recorded(RULE, TYPE)
    recorder.record(new, NOW)
    recorder.close()
    assert (recorder.put, recorder.unchanged) == ((1, 0) if is_put else (0, 1)), rule


def test_without_a_record_everything_is_put(config):
    """What is not known to be on record cannot be left out, NOT_APPLICABLE neither."""
    client, stubber = config
    stubber.add_response("put_evaluations", {}, request("j", compliance="NOT_APPLICABLE"))
    recorder = recorder_with(client)
    recorder.record(evaluation("j", Compliance.NOT_APPLICABLE), NOW)
    recorder.close()


def test_failed_evaluations_are_sent_again(config):
    """What Config hands back as failed goes out once more, alone."""
    client, stubber = config
    failed = request("j-2")["Evaluations"]
    stubber.add_response("put_evaluations", {"FailedEvaluations": failed}, request("j-1", "j-2"))
    stubber.add_response("put_evaluations", {}, request("j-2"))
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.record(evaluation("j-2"), NOW)
    recorder.close()
    assert (recorder.put, recorder.problems) == (2, {})


def test_what_config_never_takes_is_named(config):
    """After three attempts the evaluation is a problem of the run."""
    client, stubber = config
    failed = {"FailedEvaluations": request("j-1")["Evaluations"]}
    for _ in range(3):
        stubber.add_response("put_evaluations", failed, request("j-1"))
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.close()
    assert recorder.problems == {"j-1": "PutEvaluations: returned it as failed"}
    assert recorder.put == 0


def test_a_refused_batch_is_sent_again_and_costs_no_other_batch(config):
    """The first batch fails, the second is recorded, then the first is too."""
    client, stubber = config
    first, second = [f"j-{n}" for n in range(100)], [f"k-{n}" for n in range(100)]
    stubber.add_client_error("put_evaluations", "ThrottlingException", "Rate exceeded")
    stubber.add_response("put_evaluations", {}, request(*second))
    stubber.add_response("put_evaluations", {}, request(*first))
    recorder = recorder_with(client)
    for each in first + second:
        recorder.record(evaluation(each), NOW)
    recorder.close()
    assert (recorder.put, recorder.problems) == (200, {})


def test_what_is_to_be_the_newest_is_put_once_more_after_all_else(config):
    """In a call of its own; what it repeats is not counted again."""
    client, stubber = config
    stubber.add_response("put_evaluations", {}, request("j-1", "j-2"))
    stubber.add_response("put_evaluations", {}, request("j-1"))
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.record(evaluation("j-2"), NOW)
    recorder.close(last=evaluation("j-1"))
    assert (recorder.put, recorder.problems) == (2, {})


def test_nothing_is_lost_where_the_newest_cannot_be_put_once_more(config):
    """It is on record already; the next sweep begins elsewhere."""
    client, stubber = config
    stubber.add_response("put_evaluations", {}, request("j-1"))
    stubber.add_client_error("put_evaluations", "ThrottlingException", "Rate exceeded")
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.close(last=evaluation("j-1"))
    assert (recorder.put, recorder.problems) == (1, {})


def test_what_config_has_refused_is_not_put_once_more(config):
    """It is a problem of the run already."""
    client, stubber = config
    for _ in range(3):
        stubber.add_client_error("put_evaluations", "ThrottlingException", "Rate exceeded")
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.close(last=evaluation("j-1"))
    assert list(recorder.problems) == ["j-1"]


def test_a_refused_resource_type_comes_with_its_remedy(config):
    """The error says what AWS said and what to do, in one line."""
    client, stubber = config
    for _ in range(3):
        stubber.add_client_error(
            "put_evaluations", "InvalidParameterValueException", "The resource type is unknown"
        )
    recorder = recorder_with(client)
    recorder.record(evaluation("j-1"), NOW)
    recorder.close()
    problem = recorder.problems["j-1"]
    assert "InvalidParameterValueException: The resource type is unknown" in problem
    assert "RuleTriggers=Separate" in problem
