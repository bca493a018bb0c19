"""Events that come late or again: about what is older than the record, gone, or has ended."""

import json

import pytest

from tests.end_to_end.watched import CLUSTER, CONFIGURATION, Watched
from tools.account import CONFIGURATION_RULE


@pytest.fixture(scope="module")
def watched(simulator):
    """A deployment whose alerts a queue gets."""
    return Watched.deployed(simulator)


def changes(watched, name):
    """Return the events by which AWS Config told of a security configuration, oldest first."""
    payloads = [run["payload"] for run in watched.runs("FunctionArn")]
    return [each for each in payloads if f'"resourceId": "{name}"' in each.get("invokingEvent", "")]


def deliver(watched, event):
    """Deliver an event once more; return the run."""
    watched.simulator.clear_invocations()
    watched.simulator.client("lambda").invoke(
        FunctionName=watched.outputs["FunctionArn"],
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )
    watched.simulator.settle()
    (run,) = watched.runs("FunctionArn")
    return run


def told(watched):
    return [(each.document["kind"], each.document["resourceId"]) for each in watched.messages()]


def test_a_change_of_what_is_gone_records_nothing_and_tells_nobody(watched):
    """The creation is delivered again, after the deletion."""
    watched.tidy()
    watched.configure("brief", on=False)
    (created,) = changes(watched, "brief")
    watched.emr.delete_security_configuration(Name="brief")
    watched.simulator.settle()
    assert told(watched) == [("violation", "brief")]

    run = deliver(watched, created)

    assert run["ok"]
    assert "configuration is gone" in str(run["logs"])
    assert told(watched) == []
    assert "brief" not in watched.results(CONFIGURATION_RULE)
    assert watched.ledger.episode(CONFIGURATION, "brief")["state"] == {"S": "closed"}


def test_a_change_that_is_older_than_the_record_changes_nothing(watched):
    """A name that was used for a bad configuration, and then for a good one."""
    watched.tidy()
    watched.configure("reused", on=False)
    watched.emr.delete_security_configuration(Name="reused")
    watched.simulator.settle()
    created, deleted = changes(watched, "reused")
    watched.configure("reused")
    assert told(watched) == [("violation", "reused")]

    for late in (created, deleted):
        run = deliver(watched, late)
        assert run["ok"]
        assert "late event ignored" in str(run["logs"])

    assert watched.results(CONFIGURATION_RULE)["reused"]["ComplianceType"] == "COMPLIANT"
    assert told(watched) == []


def test_a_cluster_that_has_ended_is_told_of_and_the_sweep_closes_it(watched):
    """Its launch event was late; the cluster has no result, because it has none to keep."""
    watched.tidy()
    watched.simulator.set_events(drop=True)
    cluster = watched.launch_and_wait("brief")
    watched.emr.terminate_job_flows(JobFlowIds=[cluster])
    watched.simulator.settle()
    watched.simulator.set_events(drop=False)
    detail = {"clusterId": cluster, "name": "brief", "state": "STARTING"}
    event = {"source": "aws.emr", "detail-type": "EMR Cluster State Change", "detail": detail}
    for _ in range(2):
        watched.simulator.put_event(event)
        watched.simulator.settle()

    assert told(watched) == [("violation", cluster)]
    assert watched.ledger.episode(CLUSTER, cluster)["state"] == {"S": "sent"}
    assert watched.sweep()["ok"]
    assert watched.ledger.episode(CLUSTER, cluster)["state"] == {"S": "closed"}
    watched.simulator.put_event(event)
    watched.simulator.settle()
    assert told(watched) == []
    assert cluster not in watched.results()
