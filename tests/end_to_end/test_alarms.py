"""Alarms: when the control itself fails, the person on call hears of it, through no function."""

import json
from datetime import timedelta

import pytest

from emr_in_transit.sweep import SweepResult
from tests.end_to_end.watched import ONCALL
from tools.account import STACK

PARAMETERS = {"Dashboard": "yes"}
HOUR = timedelta(hours=1)
DENIED = {"code": "AccessDeniedException", "status": 400}


def alarm_names(alerts):
    return [each["name"] for each in alerts.simulator.alarms()]


def test_every_alarm_reaches_the_person_on_call(alerts):
    """CloudWatch may publish to the operations topic, and its email says what to look at."""
    names = alarm_names(alerts)
    assert names
    for name in names:
        alerts.simulator.set_alarm(name, "OK")
    alerts.simulator.clear_inbox()
    for name in names:
        answer = alerts.simulator.set_alarm(name, "ALARM")
        assert [each["outcome"] for each in answer["actions"]] == ["published"]
    emails = alerts.emails("OperationsTopicArn")
    described = alerts.simulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(emails) == len(names) == len(described)
    texts = [email["text"] for email in emails]
    assert {email["to"] for email in emails} == {ONCALL}
    for alarm in described:
        assert any(alarm["AlarmDescription"] in text for text in texts)
    assert all(name.startswith(STACK) for name in names)


def test_an_alarm_may_publish_for_its_own_account_only(alerts):
    """Another account's CloudWatch is refused: an alarm of its own must not look like ours."""
    topic = alerts.outputs["OperationsTopicArn"]
    other = alerts.simulator.client("cloudwatch", account="999988887777")
    other.put_metric_alarm(
        AlarmName="stranger",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    answer = alerts.simulator.set_alarm("stranger", "ALARM")
    other.delete_alarms(AlarmNames=["stranger"])
    assert [each["outcome"] for each in answer["actions"]] == ["failed"]


def test_nothing_rings_while_all_is_well(alerts):
    """An alarm that cries wolf is switched off."""
    alerts.launch_and_wait("bad")
    assert alerts.sweep()["ok"]
    assert alerts.alarming(later=HOUR / 2) == set()


def test_a_sweep_that_could_not_judge_rings(alerts):
    """Lambda counts the error, and the event that it gave up."""
    alerts.launch_and_wait("unreadable", alerts.configure("secure"))
    alerts.simulator.add_fault("emr", **DENIED)
    assert not alerts.sweep()["ok"]
    assert {"RuleErrors", "RuleEventsDropped"} <= alerts.alarming()
    assert any("RuleErrors" in each["subject"] for each in alerts.emails("OperationsTopicArn"))
    # Ten minutes later the errors are past; the dead letter is still there.
    assert alerts.alarming(HOUR / 6) == {"FunctionDeadLettersKept"}


def test_a_launch_event_that_cannot_be_delivered_rings(alerts):
    """EventBridge gives up after its retries, and keeps the event in a queue of its own."""
    alerts.simulator.set_events(failures=50, retry_delay=0.01, cloudtrail=False)
    alerts.launch_and_wait("undelivered")
    assert alerts.runs("LaunchCheckFunctionArn") == []
    assert "EventDeadLettersKept" in alerts.alarming()
    assert any(
        "EventDeadLetters" in each["subject"] for each in alerts.emails("OperationsTopicArn")
    )
    assert len(alerts.drain(alerts.outputs["EventDeadLettersUrl"])) == 1


@pytest.mark.parametrize(("later", "rings"), [(HOUR * 1.5, False), (HOUR * 2.5, True)])
def test_two_periods_without_a_finished_sweep_ring(alerts, later, rings):
    """A rule that is not run any more fails in silence: there is no error to count."""
    assert alerts.sweep()["ok"]
    assert ("SweepMissing" in alerts.alarming(later)) is rings


def test_a_sweep_that_never_gets_to_its_end_does_not_count_as_finished(alerts):
    """A rule with a parameter that nobody understands judges nothing, and says so."""
    counted = len(finished(alerts))
    alerts.set_rule(coverage="everything")
    last = alerts.sweep()
    assert "coverage" in last["error_message"]
    assert len(finished(alerts)) == counted
    assert "RuleErrors" in alerts.alarming()

    alerts.set_rule(coverage="configured")
    assert alerts.sweep()["ok"]
    assert len(finished(alerts)) > counted


def finished(alerts):
    return [line for line in alerts.log("RuleLogGroupName") if "SweepsFinished" in line]


def test_the_dashboard_shows_all_that_sweeps_count(alerts):
    """Of the very functions that were deployed, under the names that they log."""
    cloudwatch = alerts.simulator.client("cloudwatch")
    [dashboard] = cloudwatch.list_dashboards()["DashboardEntries"]
    found = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])
    widgets = json.loads(found["DashboardBody"])["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert {name for _, name, *_ in metrics} == {*SweepResult(problems={}).metrics(), "Errors", "Invocations"}
    functions = {
        alerts.outputs[output].split(":")[6] for output in ("FunctionArn", "LaunchCheckFunctionArn")
    }
    assert {function for *_, function in metrics} - {"."} == functions
