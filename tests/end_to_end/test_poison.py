"""What one cluster, one entry or one episode holds never stops the others, end to end."""

import json

import pytest

from tests.end_to_end.watched import CLUSTER

BAD_PROPERTIES = {"spark.authenticate": "false"}


def nested(depth):
    """Nest a weak property so deep in Configurations."""
    found = [{"Classification": "spark-defaults", "Properties": BAD_PROPERTIES}]
    for _ in range(depth):
        found = [{"Classification": "hadoop-env", "Configurations": found}]
    return found


@pytest.fixture
def poisoned(alerts, request):
    """Return a deployment whose ledger and clusters hold what nobody expects, all of it bad."""
    alerts.simulator.set_events(drop=True)  # the sweep meets everything first
    secure = alerts.configure(f"secure-{len(request.node.name)}")
    clusters = {
        "deep": alerts.launch("deep", secure, Configurations=nested(120)),
        "entry": alerts.launch("entry"),
        "episode": alerts.launch("episode"),
        "ordinary": alerts.launch("ordinary"),
        "good": alerts.launch("good", secure),
    }
    alerts.simulator.settle()
    account = f"{alerts.outputs['AlertTopicArn'].split(':')[4]}/{alerts.region}"
    entry = {"pk": {"S": f"{account}/cluster"}, "sk": {"S": clusters["entry"]}}
    episode = {
        "pk": {"S": f"{account}/episode"},
        "sk": {"S": f"{CLUSTER}/{clusters['episode']}"},
    }
    dynamodb, table = alerts.simulator.client("dynamodb"), alerts.outputs["LedgerTable"]
    for item in (
        entry | {"expires": {"S": "tomorrow"}, "facts": {"L": []}},
        episode | {"state": {"S": "undecided"}, "version": {"S": "first"}},
    ):
        dynamodb.put_item(TableName=table, Item=item)
    yield alerts, clusters
    dynamodb.delete_item(TableName=table, Key=episode)


def test_every_cluster_is_judged_and_recorded_and_only_what_cannot_be_told_is_an_error(poisoned):
    """Depth hides nothing, an entry of another shape counts as none, an episode is named."""
    alerts, clusters = poisoned
    run = alerts.sweep()
    verdicts = {name: alerts.results()[each]["ComplianceType"] for name, each in clusters.items()}
    assert verdicts == dict.fromkeys(clusters, "NON_COMPLIANT") | {"good": "COMPLIANT"}
    assert "spark.authenticate" in alerts.results()[clusters["deep"]]["Annotation"]
    assert not run["ok"]
    assert run["error_message"].startswith(
        f"1 could not be judged, recorded or told: {clusters['episode']} (the episode is none"
    )
    told = {message.document["resourceId"] for message in alerts.messages()}
    assert told == {clusters[name] for name in ("deep", "entry", "ordinary")}


def test_a_launch_whose_episode_cannot_be_read_is_told_all_the_same(poisoned):
    """Nobody knows whether people have been told: better twice than never."""
    alerts, clusters = poisoned
    detail = {"clusterId": clusters["episode"], "name": "episode", "state": "STARTING"}
    alerts.simulator.set_events(drop=False)
    change = {"source": "aws.emr", "detail-type": "EMR Cluster State Change", "detail": detail}
    alerts.simulator.put_event(change)
    alerts.simulator.settle()
    told = [message.document for message in alerts.messages()]
    at_launch = [each for each in told if each["detectedBy"] == "LAUNCH_CHECK"]
    assert [each["resourceId"] for each in at_launch] == [clusters["episode"]]


def test_the_metric_of_emr_calls_is_what_emr_was_called(alerts):
    """Counted where each attempt leaves the function, and compared with what came to EMR."""
    alerts.simulator.set_events(drop=True)  # so that the sweep describes them
    alerts.launch_and_wait("first")
    alerts.launch_and_wait("second", alerts.configure("second"))
    alerts.simulator.clear_journal()
    logged = len(alerts.log("RuleLogGroupName"))
    alerts.simulator.add_fault("emr", "ListClusters", code="ThrottlingException", times=1)
    alerts.sweep()
    came = [each for each in alerts.simulator.journal("emr") if "RuleRole" in (each["role"] or "")]
    lines = [json.loads(each) for each in alerts.log("RuleLogGroupName")[logged:]]
    [summary] = [each for each in lines if each.get("message") == "sweep finished"]
    assert len(came) > 4
    assert summary["EmrCalls"] == summary["emr_calls"] == len(came)
