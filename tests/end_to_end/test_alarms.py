"""Alarms: when the control itself fails, the person on call hears of it, through no function.

When each of them rings is in tests/test_alarms.py; here a failure leaves what it watches.
"""

import json

from emr_in_transit import __version__
from emr_in_transit.sweep_result import SweepResult
from tests.end_to_end.watched import ONCALL
from tools.account import STACK

DOCUMENTS = "https://git.example.com/emr-in-transit-encryption/blob"
PARAMETERS = {"Dashboard": "yes", "DocumentsUrl": DOCUMENTS}
DENIED = {"code": "AccessDeniedException", "status": 400}


def set_alarm(cloudwatch, name, state="ALARM"):
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="Set by hand.")


def outcomes(alerts, name):
    """Return what became of an alarm's actions."""
    (alarm,) = [each for each in alerts.simulator.alarms() if each["name"] == name]
    return [each["outcome"] for each in alarm["actions"]]


def test_every_alarm_reaches_the_person_on_call(alerts):
    """CloudWatch may publish to the operations topic, and its email links to the runbook."""
    cloudwatch = alerts.simulator.client("cloudwatch")
    described = cloudwatch.describe_alarms()["MetricAlarms"]
    names = [alarm["AlarmName"] for alarm in described]
    assert names
    for name in names:
        set_alarm(cloudwatch, name, "OK")
    alerts.simulator.clear_inbox()
    for name in names:
        set_alarm(cloudwatch, name)
        assert outcomes(alerts, name) == ["published"]
    emails = alerts.emails("OperationsTopicArn")
    assert len(emails) == len(names)
    assert {email["to"] for email in emails} == {ONCALL}
    for alarm in described:
        (email,) = [each for each in emails if f'"{alarm["AlarmName"]}"' in each["text"]]
        assert alarm["AlarmDescription"] in email["text"]
        runbook = f"{DOCUMENTS}/v{__version__}/docs/operations.md#"
        assert f"What to do: {runbook}" in alarm["AlarmDescription"]
        assert email["subject"].startswith(f'ALARM: "{STACK}-')


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
    set_alarm(other, "stranger")
    refused = outcomes(alerts, "stranger")
    other.delete_alarms(AlarmNames=["stranger"])
    assert refused == ["failed"]


def test_while_all_is_well_nothing_is_left_that_would_ring(alerts):
    """An alarm that cries wolf is switched off."""
    alerts.launch_and_wait("bad")
    assert alerts.sweep()["ok"]
    assert all(run["ok"] for run in alerts.simulator.invocations())
    assert alerts.letters("FunctionDeadLettersKept") == []
    assert alerts.letters("EventDeadLettersKept") == []
    counted = finished(alerts)[-1]
    assert (counted["SweepsFinished"], counted["Deferred"]) == (1, 0)


def test_a_sweep_that_could_not_judge_fails_and_leaves_its_event(alerts):
    """Lambda counts the errors, and the event that it gave up lies in the queue that is watched."""
    alerts.launch_and_wait("unreadable", alerts.configure("secure"))
    alerts.simulator.clear_invocations()
    alerts.simulator.add_fault("emr", **DENIED)
    assert not alerts.sweep()["ok"]
    runs = alerts.simulator.invocations(alerts.watched_by("RuleErrors"))
    assert [run["ok"] for run in runs] == [False] * 3
    assert alerts.watched_by("RuleEventsDropped") == alerts.watched_by("RuleErrors")
    (letter,) = alerts.letters("FunctionDeadLettersKept")
    assert json.loads(letter) == runs[-1]["payload"]


def test_a_launch_event_that_cannot_be_delivered_is_kept(alerts):
    """EventBridge gives up after its retries, and keeps the event in a queue of its own."""
    alerts.simulator.set_events(failures=50, retry_delay=0.01, cloudtrail=False)
    cluster = alerts.launch_and_wait("undelivered")
    assert alerts.simulator.invocations(alerts.watched_by("LaunchEventsDropped")) == []
    (letter,) = alerts.letters("EventDeadLettersKept")
    assert json.loads(letter)["detail"]["clusterId"] == cluster


def test_a_sweep_counts_what_the_alarms_about_sweeps_watch(alerts):
    """In their namespace, under their names, of the function that was deployed."""
    assert alerts.sweep()["ok"]
    line = finished(alerts)[-1]
    [directive] = line["_aws"]["CloudWatchMetrics"]
    [dimensions] = directive["Dimensions"]
    of = {name: line[name] for name in dimensions}
    counted = [(directive["Namespace"], each["Name"], of) for each in directive["Metrics"]]
    described = alerts.simulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = [
        (
            alarm["Namespace"],
            alarm["MetricName"],
            {each["Name"]: each["Value"] for each in alarm["Dimensions"]},
        )
        for alarm in described
        if not alarm["Namespace"].startswith("AWS/")
    ]
    ours = {"SweepsFinished", "Deferred", "AlertsHeldBack"}
    assert {metric for _, metric, _ in watched} == ours
    # The launch check counts for itself what it could not tell.
    function = alerts.outputs["LaunchCheckFunctionArn"].split(":")[6]
    missing = [each for each in watched if each not in counted]
    assert missing == [(directive["Namespace"], "AlertsHeldBack", {"FunctionName": function})]


def test_a_sweep_that_never_gets_to_its_end_does_not_count_as_finished(alerts):
    """A rule with a parameter that nobody understands judges nothing, and says so."""
    counted = len(finished(alerts))
    alerts.set_rule(coverage="everything")
    last = alerts.sweep()
    assert "coverage" in last["error_message"]
    assert len(finished(alerts)) == counted

    alerts.set_rule(coverage="configured")
    assert alerts.sweep()["ok"]
    assert len(finished(alerts)) > counted


def finished(alerts):
    """Return the log lines that count a finished sweep."""
    lines = alerts.log("RuleLogGroupName")
    return [json.loads(line) for line in lines if "SweepsFinished" in line]


def test_the_dashboard_shows_all_that_sweeps_count(alerts):
    """Of the very functions that were deployed, under the names that they log."""
    cloudwatch = alerts.simulator.client("cloudwatch")
    [dashboard] = cloudwatch.list_dashboards()["DashboardEntries"]
    found = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])
    widgets = json.loads(found["DashboardBody"])["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert {name for _, name, *_ in metrics} == {
        *SweepResult(problems={}, bundles_not_read=0).metrics(),
        "Errors",
        "Invocations",
    }
    functions = {
        alerts.outputs[output].split(":")[6] for output in ("FunctionArn", "LaunchCheckFunctionArn")
    }
    assert {function for *_, function in metrics} - {"."} == functions
