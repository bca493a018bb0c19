"""Launches: who hears of a bad one, what they hear, how soon, and that they hear it once."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.end_to_end.watched import CLUSTER, ONCALL
from tools.account import RULE

LAUNCHES, BAD_EVERY, FAILS_EVERY = 200, 4, 10


def test_a_bad_launch_is_alerted_within_a_minute_to_people_and_machines(alerts):
    """The alert holds all that the person on call needs, and comes at once."""
    alerts.simulator.set_functions(time_scale=1)
    launched = datetime.now(UTC)
    cluster = alerts.launch_and_wait("nightly-etl")

    (message,) = alerts.messages()
    document = message.document
    assert datetime.fromisoformat(document["time"]) - launched < timedelta(minutes=1)
    assert datetime.now(UTC) - launched < timedelta(minutes=1)
    finding = document["findings"][0]
    assert finding["reason"] == "NO_SECURITY_CONFIGURATION"
    assert finding["detail"]
    assert finding["remedy"]
    assert {key: document[key] for key in ("kind", "resourceType", "resourceId", "region")} == {
        "kind": "violation",
        "resourceType": CLUSTER,
        "resourceId": cluster,
        "region": "eu-west-1",
    }
    assert document["functionArn"] == alerts.outputs["LaunchCheckFunctionArn"]
    assert document["ruleName"] == RULE
    assert message.attributes["reasons"] == '["NO_SECURITY_CONFIGURATION"]'
    (email,) = alerts.emails()
    assert email["to"] == ONCALL
    assert email["subject"] == message.subject
    for told in (cluster, "nightly-etl", finding["detail"], finding["remedy"], "emr-7.12.0"):
        assert told in email["text"]


def test_the_sweep_records_what_was_alerted_and_alerts_nobody_again(alerts):
    """The launch check asks AWS Config for a verdict; neither that run nor the next alerts."""
    bad = alerts.launch_and_wait("bad")
    good = alerts.launch_and_wait("good", alerts.configure("good-configuration"))
    assert len(alerts.messages()) == 1

    for _ in range(2):
        assert alerts.sweep()["ok"]
    verdicts = {each: alerts.results()[each]["ComplianceType"] for each in (bad, good)}
    assert verdicts == {bad: "NON_COMPLIANT", good: "COMPLIANT"}
    assert alerts.messages() == []
    assert len(alerts.emails()) == 1


def asked(alerts):
    return len(alerts.simulator.journal("config", "StartConfigRulesEvaluation"))


def test_an_evaluation_is_asked_for_after_bad_launches_and_every_15_minutes_at_most(alerts):
    """An evaluation of all clusters costs EMR calls, so a burst of bad launches gets one."""
    alerts.ledger.let_turn_pass()
    alerts.simulator.set_config(start_evaluation_interval=0)
    alerts.launch_and_wait("good", alerts.configure("fine"))
    assert asked(alerts) == 0

    for name in ("first", "second"):
        alerts.launch_and_wait(name)
    assert asked(alerts) == 1
    turn = alerts.ledger.turn()
    pause = float(turn["expires"]["N"]) - datetime.now(UTC).timestamp()
    assert timedelta(minutes=14) < timedelta(seconds=pause) <= timedelta(minutes=15)
    alerts.ledger.let_turn_pass()
    alerts.launch_and_wait("third")
    assert asked(alerts) == 2


def test_an_evaluation_that_config_refuses_is_left_to_the_next_sweep(alerts):
    """The alert counts; what AWS Config says to the question does not."""
    alerts.ledger.let_turn_pass()
    limit = {"code": "LimitExceededException", "status": 400}
    alerts.simulator.add_fault("config", "StartConfigRulesEvaluation", **limit)
    cluster = alerts.launch_and_wait("bad")
    assert asked(alerts) > 0
    assert len(alerts.messages()) == 1
    assert all(run["ok"] for run in alerts.runs("LaunchCheckFunctionArn"))
    assert cluster not in alerts.results()

    alerts.sweep()
    assert alerts.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"


def api_call(cluster, arn):
    """Make CloudTrail's event of the launch of a cluster, as far as the rule looks at it."""
    detail = {
        "eventSource": "elasticmapreduce.amazonaws.com",
        "eventName": "RunJobFlow",
        "userIdentity": {"type": "AssumedRole", "arn": arn},
        "responseElements": {"jobFlowId": cluster},
    }
    source, kind = "aws.elasticmapreduce", "AWS API Call via CloudTrail"
    return {"source": source, "detail-type": kind, "detail": detail}


def test_a_call_that_comes_before_the_state_change_names_who_launched(alerts):
    """The alert names whom CloudTrail names; the state change after it alerts nobody again."""
    alerts.simulator.set_events(emr_state_change=False)
    cluster = alerts.launch_and_wait("nightly")
    (message,) = alerts.messages()
    caller = alerts.simulator.client("sts").get_caller_identity()["Arn"]
    assert message.document["launchedBy"] == caller
    assert caller in alerts.emails()[0]["text"]

    detail = {"clusterId": cluster, "name": "nightly", "state": "STARTING"}
    change = {"source": "aws.emr", "detail-type": "EMR Cluster State Change", "detail": detail}
    alerts.simulator.put_event(change)
    alerts.simulator.settle()
    assert [run["ok"] for run in alerts.runs("LaunchCheckFunctionArn")] == [True, True]
    assert alerts.messages() == []


def test_a_call_that_comes_after_the_state_change_is_remembered_without_a_second_alert(alerts):
    """Who launched is in the ledger then, and in the next message about the cluster."""
    alerts.simulator.set_events(cloudtrail=False)
    cluster = alerts.launch_and_wait("nightly")
    (message,) = alerts.messages()
    assert message.document["launchedBy"] is None
    assert "not known" in alerts.emails()[0]["text"]

    someone = "arn:aws:sts::123456789012:assumed-role/etl/alice"
    alerts.simulator.put_event(api_call(cluster, someone))
    alerts.simulator.settle()
    assert alerts.messages() == []
    entry = alerts.ledger.entry(cluster)
    assert entry["launchedBy"] == {"S": someone}
    assert json.loads(entry["facts"]["S"])["name"] == "nightly"


def test_200_launches_told_twice_and_out_of_order_alert_once_for_each_bad_cluster(alerts):
    """Neither repeats, nor races between two functions, nor failed attempts lose or double one."""
    good = alerts.configure("good")
    alerts.simulator.set_events(cloudtrail=False, duplicates=1, shuffle=True)
    alerts.simulator.set_functions(concurrency=2, retry_delay=0.05)
    # What the sweep reads, the launch check need not: it comes later here, not when it is asked for.
    refused = {"code": "NoSuchConfigRuleException", "status": 400}
    alerts.simulator.add_fault("config", "StartConfigRulesEvaluation", **refused)
    # An event fails where its cluster cannot be read; 20 in 200 clusters, at their first reading.
    for number in range(LAUNCHES // FAILS_EVERY):
        refused = {"code": "InternalServerException", "status": 400, "times": 1}
        launch_check = {"role_contains": "LaunchCheck", "after": number * (FAILS_EVERY - 1)}
        alerts.simulator.add_fault("emr", "DescribeCluster", **launch_check, **refused)
    bad = set()
    for number in range(LAUNCHES):
        is_bad = number % BAD_EVERY == 0
        cluster = alerts.launch(f"etl-{number}", None if is_bad else good)
        bad |= {cluster} if is_bad else set()
    alerts.simulator.settle(120)

    runs = alerts.runs("LaunchCheckFunctionArn")
    assert len(runs) >= 2 * LAUNCHES
    failed = Counter(run["error_type"] for run in runs)
    assert failed["CouldNotTellError"] == LAUNCHES // FAILS_EVERY
    assert alerts.drain(alerts.outputs["FunctionDeadLettersUrl"]) == []
    told = [message.document["resourceId"] for message in alerts.messages()]
    assert Counter(told) == Counter(bad)

    assert alerts.sweep()["ok"]
    assert alerts.messages() == []
    verdicts = {each: result["ComplianceType"] for each, result in alerts.results().items()}
    assert {each for each, verdict in verdicts.items() if verdict == "NON_COMPLIANT"} == bad
    assert len(verdicts) == LAUNCHES
