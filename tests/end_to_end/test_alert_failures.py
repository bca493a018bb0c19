"""SNS or the ledger refuses: no alert is lost, none is called sent that was not, people hear of it."""

import json
import time

import pytest

from tests.end_to_end.watched import CLUSTER

REFUSALS = {
    "access denied": {"code": "AuthorizationError", "status": 403},
    "throttled": {"code": "Throttling", "status": 400},
    "topic gone": {"code": "NotFound", "status": 404},
}


def minutes_go_by(alerts):
    """Wait until Lambda has given up: between two attempts is a minute, longer than a claim lasts."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        alerts.ledger.lapse_claims()
        if len(alerts.runs("LaunchCheckFunctionArn")) == 3:
            break
        time.sleep(0.02)
    alerts.simulator.settle()


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_alert_is_tried_again_kept_as_dead_letter_and_delivered_by_the_next_sweep(
    alerts, refusal
):
    """What was not published counts as not sent; an alarm watches the queue of the dead letter."""
    alerts.simulator.set_events(cloudtrail=False)
    alerts.simulator.set_functions(retry_delay=0.4)
    alerts.simulator.add_fault("sns", "Publish", role_contains="Check", **refusal)
    cluster = alerts.launch("refused")
    minutes_go_by(alerts)

    runs = alerts.runs("LaunchCheckFunctionArn")
    assert [run["error_type"] for run in runs] == ["PublishError"] * 3
    assert refusal["code"] in runs[-1]["error_message"]
    (letter,) = alerts.letters("FunctionDeadLettersKept")
    assert json.loads(letter)["detail"]["clusterId"] == cluster
    episode = alerts.ledger.episode(CLUSTER, cluster)
    assert (episode["state"]["S"], episode["sent"]["L"]) == ("pending", [])
    assert alerts.messages() == []

    alerts.simulator.clear_faults()
    assert alerts.sweep()["ok"]
    (message,) = alerts.messages()
    assert (message.document["resourceId"], message.document["detectedBy"]) == (cluster, "SWEEP")
    assert alerts.sweep()["ok"]
    assert alerts.messages() == []


def test_a_sweep_that_cannot_publish_records_and_fails_and_the_next_one_delivers(alerts):
    """Recording does not wait for SNS; that nobody was told makes the run an error."""
    alerts.simulator.set_events(drop=True)
    cluster = alerts.launch_and_wait("silent")
    alerts.simulator.add_fault("sns", "Publish", **REFUSALS["access denied"])
    attempts = alerts.simulator.schedule()
    assert "Publish: AuthorizationError" in attempts[0]["error_message"]
    assert {each["function"] for each in attempts} == {alerts.watched_by("RuleErrors")}
    assert alerts.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"

    alerts.simulator.clear_faults()
    assert alerts.sweep()["ok"]
    assert [each.document["resourceId"] for each in alerts.messages()] == [cluster]


DENIED = {"code": "AccessDeniedException", "status": 400}


def test_without_the_ledger_the_launch_check_alerts_all_the_same(alerts):
    """Better twice than never; the log says why it may be twice."""
    alerts.simulator.add_fault("dynamodb", **DENIED)
    cluster = alerts.launch_and_wait("unledgered")
    told = [message.document["resourceId"] for message in alerts.messages()]
    assert set(told) == {cluster}
    runs = alerts.runs("LaunchCheckFunctionArn")
    assert all(run["ok"] for run in runs)
    lines = [json.loads(line) for line in runs[0]["logs"]]
    (warning,) = [line for line in lines if line["message"] == "alert sent without the ledger"]
    assert "AccessDeniedException" in warning["why"]


def test_without_the_ledger_a_sweep_records_sends_nothing_and_fails(alerts):
    """It cannot know what was told; the next sweep does, and tells it once."""
    alerts.simulator.set_events(drop=True)
    cluster = alerts.launch_and_wait("unledgered")
    alerts.simulator.add_fault("dynamodb", **DENIED)
    attempts = alerts.simulator.schedule()
    assert [each["error_type"] for each in attempts] == ["RuleRunError"] * 3
    assert "the alerts (Query: AccessDeniedException" in attempts[0]["error_message"]
    assert alerts.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"
    assert alerts.messages() == []

    alerts.simulator.clear_faults()
    for _ in range(2):
        assert alerts.sweep()["ok"]
    (message,) = alerts.messages()
    assert (message.document["resourceType"], message.document["resourceId"]) == (CLUSTER, cluster)
