"""Door 1 and 2 in process: moto for the state of EMR, a Config that remembers, and what is raised."""

import importlib
import logging
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.config.models import ConfigBackend

from emr_in_transit import sweep
from emr_in_transit.aws import clients
from emr_in_transit.aws.emr import Pacer
from emr_in_transit.config_event import EventError
from tests.support.builders import client, refusing
from tests.support.doors import (
    OFF,
    PEM,
    Context,
    changed,
    configure,
    launch,
    move_clock,
    recording,
    scheduled,
)
from tests.unit.test_config_event import ITEM, SCHEDULED, event

door = importlib.import_module("EMR_IN_TRANSIT_ENCRYPTION")


@pytest.fixture
def record(monkeypatch):
    """What Config has on record, by resource id; moto lacks both calls."""
    with recording(monkeypatch) as results:
        yield results


@pytest.fixture
def emr(record):  # noqa: ARG001 - it starts moto
    """EMR as moto has it."""
    return boto3.client("emr")


def test_a_schedule_records_a_verdict_for_every_live_cluster(emr, record):
    """Good, bad and bare clusters each get theirs."""
    good, bad, bare = launch(emr, "pem", PEM), launch(emr, "off", OFF), launch(emr)
    assert door.lambda_handler(scheduled(), Context()) == []
    assert {each: record[each]["ComplianceType"] for each in (good, bad, bare)} == {
        good: "COMPLIANT",
        bad: "NON_COMPLIANT",
        bare: "NON_COMPLIANT",
    }
    assert record[bare]["Annotation"].startswith("NO_SECURITY_CONFIGURATION: ")


def test_the_next_sweep_is_paced_by_its_own_pacer_alone(emr, monkeypatch):
    """Both have the same client, and each count of EMR's calls is one sweep's."""
    pacers = []

    class Known(Pacer):
        def __init__(self, share):
            super().__init__(share)
            pacers.append(self)

    monkeypatch.setattr(sweep, "Pacer", Known)
    launch(emr)
    for _ in range(2):
        door.lambda_handler(scheduled(), Context())
    first, second = (each.calls["ListClusters"] for each in pacers)
    assert first == second > 0


def sweep_lines(caplog, message="verdict"):
    """Return what sweeps have logged under this message since the last look."""
    lines = [each for each in caplog.records if each.name == "emr_in_transit.sweep"]
    found = [each for each in lines if each.message == message]
    caplog.clear()
    return found


def test_a_run_logs_one_line_for_each_verdict_that_it_puts_and_one_summary(emr, caplog):
    """Good ones too: that a cluster complied is what an auditor asks for."""
    caplog.set_level(logging.INFO)
    good, bad = launch(emr, "pem", PEM), launch(emr, "off", OFF)
    door.lambda_handler(scheduled(), Context())
    summary = [each for each in caplog.records if each.message == "sweep finished"]
    assert [(line.live, line.compliant, line.non_compliant) for line in summary] == [(2, 1, 1)]
    lines = {line.resource_id: line for line in sweep_lines(caplog)}
    assert {each: line.reasons for each, line in lines.items()} == {
        good: [],
        bad: ["IN_TRANSIT_ENCRYPTION_OFF"],
    }
    assert [lines[each].levelname for each in (good, bad)] == ["INFO", "WARNING"]
    assert lines[good].security_configuration == "pem"
    assert lines[good].rule == "EMR_IN_TRANSIT_ENCRYPTION"
    assert lines[good].annotation.startswith('Security configuration "pem"')
    assert lines[good].facts_hash != lines[bad].facts_hash


def test_a_verdict_is_logged_again_once_it_is_put_again(emr, monkeypatch, caplog):
    """Once a day, not once an hour; and by equal facts, as their hash says."""
    caplog.set_level(logging.INFO)
    launch(emr, "pem", PEM)
    door.lambda_handler(scheduled(), Context())
    [first] = sweep_lines(caplog)
    door.lambda_handler(scheduled(), Context())
    assert sweep_lines(caplog) == []
    move_clock(monkeypatch, sweep, timedelta(hours=25))
    door.lambda_handler(scheduled(), Context())
    [again] = sweep_lines(caplog)
    assert again.facts_hash == first.facts_hash
    assert len(again.facts_hash) == 64


def test_an_exempt_cluster_is_logged_by_each_run(emr, caplog):
    """AWS Config keeps nothing of it, so the log is all the evidence that there is."""
    caplog.set_level(logging.INFO)
    exempt = launch(emr, Tags=[{"Key": "exempt", "Value": "2999-12-31 CISO"}])
    for _ in range(2):
        door.lambda_handler(scheduled('{"exemptionTagKey": "exempt"}'), Context())
        [line] = sweep_lines(caplog)
        assert (line.resource_id, line.compliance) == (exempt, "NOT_APPLICABLE")
        assert line.annotation.startswith("Exempt by tag")
        assert [each["reason"] for each in line.findings] == ["NO_SECURITY_CONFIGURATION"]


def test_the_end_of_a_cluster_is_logged(emr, caplog):
    """With no facts, and so without their hash."""
    caplog.set_level(logging.INFO)
    ended = launch(emr, "pem", PEM)
    door.lambda_handler(scheduled(), Context())
    sweep_lines(caplog)
    emr.terminate_job_flows(JobFlowIds=[ended])
    door.lambda_handler(scheduled(), Context())
    [line] = sweep_lines(caplog)
    assert (line.resource_id, line.compliance) == (ended, "NOT_APPLICABLE")
    assert (line.annotation, line.facts_hash) == ("", "")


def test_a_cluster_that_cannot_be_read_fails_the_run_by_name_and_costs_no_other(emr, record):
    """Access denied for one: the others are recorded, its old result stands."""
    good, hidden = launch(emr, "pem", PEM), launch(emr, "off", OFF)
    record[hidden] = {
        "ComplianceResourceType": "AWS::EMR::Cluster",
        "ComplianceResourceId": hidden,
        "ComplianceType": "NON_COMPLIANT",
    }

    def deny(params, **_):
        if params["body"] and hidden in str(params["body"]):
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "DescribeCluster")

    clients.prepare_boto3()
    events = boto3.DEFAULT_SESSION._session.get_component("event_emitter")
    events.register("before-call.emr.DescribeCluster", deny)
    try:
        with pytest.raises(door.RuleRunError, match=f"1 could not be .*: {hidden} .*AccessDenied"):
            door.lambda_handler(scheduled(), Context())
    finally:
        events.unregister("before-call.emr.DescribeCluster", deny)
    assert record[good]["ComplianceType"] == "COMPLIANT"
    assert "Annotation" not in record[hidden]


def test_a_cluster_that_ended_becomes_not_applicable(emr, record):
    """The next sweep retires it, and it alone."""
    ended, live = launch(emr, "pem", PEM), launch(emr, "pem")
    door.lambda_handler(scheduled(), Context())
    emr.terminate_job_flows(JobFlowIds=[ended])
    door.lambda_handler(scheduled(), Context())
    assert record[ended]["ComplianceType"] == "NOT_APPLICABLE"
    assert record[live]["ComplianceType"] == "COMPLIANT"


def test_a_run_that_is_short_of_time_stops_in_good_order(emr, record, caplog):
    """What it did not come to is counted and left to the next run, without an error."""
    launch(emr, "pem", PEM)
    with caplog.at_level(logging.INFO):
        door.lambda_handler(scheduled(), Context(seconds=30))
    assert record == {}
    assert [each.deferred for each in caplog.records if each.message == "sweep finished"] == [1]


def test_a_schedule_older_than_an_hour_is_dropped(emr, record, caplog):
    """A late retry would only overwrite what the next schedule has recorded."""
    launch(emr, "pem", PEM)
    old = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    stale = event(SCHEDULED | {"notificationCreationTime": old})
    assert door.lambda_handler(stale, Context()) == []
    assert record == {}
    assert [each.message for each in caplog.records if "dropped" in each.message] == [
        "schedule dropped"
    ]


@pytest.mark.parametrize(
    ("body", "compliance"), [(PEM, "COMPLIANT"), (OFF, "NON_COMPLIANT"), ("[]", "NON_COMPLIANT")]
)
@pytest.mark.parametrize("told", [{"SecurityConfiguration": "{}"}, {}], ids=["body", "no body"])
def test_a_change_records_the_security_configuration_as_emr_has_it(
    emr, record, body, compliance, told
):
    """Whatever the item holds, and when it comes: one name can have been made anew."""
    configure(emr, body)
    door.lambda_handler(changed(ITEM | {"configuration": {"Name": "strict"} | told}), Context())
    assert record["strict"]["ComplianceType"] == compliance
    assert record["strict"]["ComplianceResourceType"] == "AWS::EMR::SecurityConfiguration"
    assert record["strict"]["OrderingTimestamp"] == pytest.approx(
        datetime(2026, 5, 6, 11, 59, tzinfo=UTC).timestamp()
    )


def test_an_event_about_what_emr_does_not_have_any_more_records_nothing(record, caplog):
    """Its deletion has been told already, or is on its way."""
    caplog.set_level(logging.INFO)
    door.lambda_handler(changed(), Context())
    assert record == {}
    assert "configuration is gone" in [each.message for each in caplog.records]


LATER = "2026-05-06T12:30:00.000Z"


@pytest.mark.parametrize("status", ["ResourceDiscovered", "ResourceDeleted"])
def test_an_event_that_is_older_than_what_is_on_record_changes_nothing(emr, record, caplog, status):
    """AWS Config delivers in any order."""
    caplog.set_level(logging.INFO)
    configure(emr, PEM)
    door.lambda_handler(changed(ITEM | {"configurationItemCaptureTime": LATER}), Context())
    before = dict(record)
    door.lambda_handler(changed(ITEM | {"configurationItemStatus": status}), Context())
    assert record == before
    assert [each.message for each in caplog.records].count("late event ignored") == 1


def test_an_event_that_comes_twice_is_judged_twice(emr, record):
    """It is no older than what is on record: perhaps the first attempt could not tell people."""
    configure(emr, PEM)
    door.lambda_handler(changed(), Context())
    configure(emr, OFF)
    door.lambda_handler(changed(), Context())
    assert record["strict"]["ComplianceType"] == "NON_COMPLIANT"


def test_where_the_record_cannot_be_read_nothing_is_judged(emr, record, monkeypatch):
    """It may be late; the retry finds out."""
    configure(emr, OFF)
    monkeypatch.setattr(boto3, "client", lambda service, _=None: client(service))
    with (
        refusing("config", "GetComplianceDetailsByConfigRule"),
        pytest.raises(door.RuleRunError, match="strict: GetComplianceDetailsByConfigRule: Access"),
    ):
        door.lambda_handler(changed(), Context())
    assert record == {}


@pytest.mark.parametrize(
    "members",
    [{"item": ITEM | {"configurationItemStatus": "ResourceDeleted"}}, {"eventLeftScope": True}],
)
def test_a_deleted_item_or_one_that_left_the_scope_is_not_applicable(record, members):
    """Whatever body it still carries."""
    door.lambda_handler(changed(**members), Context())
    assert record["strict"]["ComplianceType"] == "NOT_APPLICABLE"


def test_an_item_of_another_type_is_not_applicable(record):
    """A rule whose scope was widened by hand says nothing about other resources."""
    door.lambda_handler(changed(ITEM | {"resourceType": "AWS::S3::Bucket"}), Context())
    assert record["strict"]["ComplianceType"] == "NOT_APPLICABLE"


def test_a_change_that_cannot_be_recorded_is_an_error(emr, monkeypatch):
    """A result that Config hands back as failed is not lost in silence."""
    configure(emr, OFF)

    def refuse(_self, evaluations, _token, _test_mode):
        return {"FailedEvaluations": evaluations or []}

    monkeypatch.setattr(ConfigBackend, "put_evaluations", refuse)
    with pytest.raises(door.RuleRunError, match="strict: PutEvaluations: returned it as failed"):
        door.lambda_handler(changed(), Context())


@pytest.mark.usefixtures("record")
def test_what_rdklib_hands_back_as_a_dict_is_raised(monkeypatch):
    """rdklib answers its own failed PutEvaluations with a dict, and Lambda would call it success."""

    def refuse(_self, evaluations, _token, _test_mode):
        if not evaluations:
            error = {"Error": {"Code": "InvalidResultTokenException", "Message": "token unknown"}}
            raise ClientError(error, "PutEvaluations")
        return {"FailedEvaluations": []}

    monkeypatch.setattr(ConfigBackend, "put_evaluations", refuse)
    with pytest.raises(door.RuleRunError, match="token unknown"):
        door.lambda_handler(changed(), Context())


def test_an_event_of_somebody_else_is_an_error():
    """Nothing is judged on a guess."""
    with pytest.raises(EventError, match="AWS Config did not send it"):
        door.lambda_handler({"source": "aws.events"}, Context())
