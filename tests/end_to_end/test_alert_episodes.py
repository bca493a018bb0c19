"""Episodes: one violation of one resource is told once, from its first alert to its end."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.end_to_end.depth import alive, group, override
from tests.end_to_end.watched import CLUSTER, CONFIGURATION
from tools.account import CONFIGURATION_RULE

EXEMPT = "encryption-exempt"
PARAMETERS = {"OverrideScope": "instances", "ExemptionTagKey": EXEMPT}
HIVE = {"applications": ("Hive",)}


def told(alerts, sweeps=2):
    """Sweep, and return what was told: kind and reasons of each message."""
    for _ in range(sweeps):
        assert alerts.sweep()["ok"]
    return [(each.document["kind"], reasons(each)) for each in alerts.messages()]


def reasons(message):
    return [
        each["reason"] for each in message.document["findings"] if each["severity"] != "WARNING"
    ]


def test_a_lost_launch_event_costs_a_sweep_and_not_the_alert(alerts):
    """The sweep alerts on what nobody was told of, once."""
    alerts.simulator.set_events(drop=True)
    cluster = alerts.launch_and_wait("lost")
    assert alerts.messages() == []

    alerts.sweep()
    (message,) = alerts.messages()
    assert message.document["resourceId"] == cluster
    assert message.document["detectedBy"] == "SWEEP"
    assert told(alerts) == []


def test_a_reason_that_is_added_later_is_told_once_and_one_that_goes_is_not(alerts):
    """People act on what is new; that one of two reasons has gone does not change what to do."""
    members = {"Configurations": override(), "Instances": alive(InstanceGroups=[group("MASTER")])}
    secure = alerts.configure("secure")
    cluster = alerts.launch_and_wait("metastore", secure, **HIVE, **members)
    (first,) = alerts.messages()
    assert told(alerts) == []

    groups = alerts.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    change = {"InstanceGroupId": groups[0]["Id"]}
    added = override("hive-site/hive.server2.use.SSL")
    alerts.emr.modify_instance_groups(InstanceGroups=[change | {"Configurations": added}])
    alerts.sweep()
    (second,) = alerts.messages()
    assert len(second.document["findings"]) > len(first.document["findings"])
    assert second.document["alertId"] != first.document["alertId"]
    alerts.emr.modify_instance_groups(InstanceGroups=[change | {"Configurations": []}])
    assert told(alerts) == []


def test_an_exemption_is_told_once_at_launch_and_once_more_whenever_it_begins_anew(alerts):
    """Its end is a violation like any other, and an exemption ends that with a message."""
    tags = [{"Key": EXEMPT, "Value": "2999-12-31 migration"}]
    cluster = alerts.launch_and_wait("exempt", Tags=tags)
    (message,) = alerts.messages()
    assert (message.document["kind"], message.document["detectedBy"]) == (
        "exempted",
        "LAUNCH_CHECK",
    )
    assert message.document["exemption"] == {
        "tag": EXEMPT,
        "text": "2999-12-31 migration",
        "until": "2999-12-31",
    }
    assert message.attributes["complianceType"] == "NOT_APPLICABLE"
    assert told(alerts) == []
    reason = ["NO_SECURITY_CONFIGURATION"]
    for _ in range(2):
        alerts.emr.remove_tags(ResourceId=cluster, TagKeys=[EXEMPT])
        assert told(alerts) == [("violation", reason)]
        alerts.emr.add_tags(ResourceId=cluster, Tags=tags)
        assert told(alerts) == [("exempted", reason)]
        assert alerts.ledger.episode(CLUSTER, cluster)["state"]["S"] == "closed"

    alerts.emr.terminate_job_flows(JobFlowIds=[cluster])
    assert told(alerts) == []
    remembered = alerts.ledger.episode(f"exempted:{CLUSTER}", cluster)
    assert remembered["state"]["S"] == "closed", "though AWS Config had nothing of it on record"


def test_a_certificate_that_ends_is_told_once(alerts):
    """EMR's own certificates end so many days after the security configuration was made."""
    managed = {"CertificateProviderType": "EMR", "ValidityInDays": 30}
    cluster = alerts.launch_and_wait("long-lived", alerts.configure("managed", **managed))
    assert told(alerts, 2) == [("expiring", [])]

    alerts.simulator.age_security_configuration("managed", timedelta(days=31).total_seconds())
    entry = alerts.ledger.entry(cluster)
    month_ago = datetime.now(UTC) - timedelta(days=31)
    alerts.ledger.put(entry | {"described": {"S": month_ago.isoformat()}})
    assert told(alerts) == [("violation", ["CERTIFICATES_EXPIRED"])]


def test_what_was_resolved_and_is_broken_again_is_told_once_more(alerts):
    """The end of a violation is told too, under the id of its alert; the next one has its own."""
    cluster = alerts.launch_and_wait("team", alerts.configure("team-x"))
    assert alerts.messages() == []
    ids = []
    for names, kind in (("other", "violation"), ("*", "resolved"), ("other", "violation")):
        alerts.set_rule(approvedSecurityConfigurations=names)
        for _ in range(2):
            alerts.sweep()
        (message,) = [m for m in alerts.messages() if m.document["resourceId"] == cluster]
        assert message.document["kind"] == kind
        ids.append(message.document["alertId"])
    alerts.set_rule(approvedSecurityConfigurations="*")
    alerts.sweep()
    assert ids[0] == ids[1] != ids[2]


def test_a_bad_security_configuration_is_told_once_and_closed_when_it_is_deleted(alerts):
    """It is judged when it is created; a fresh evaluation of it alerts nobody again."""
    # Another test has made this one older in EMR, where a fresh evaluation would see it.
    alerts.simulator.force_delete_security_configuration("managed")
    alerts.simulator.settle()
    alerts.messages()
    for _ in range(2):
        alerts.configure("bad", on=False)
        (message,) = alerts.messages()
        assert message.document["resourceType"] == CONFIGURATION
        assert reasons(message) == ["IN_TRANSIT_ENCRYPTION_OFF"]
        alerts.simulator.set_config(start_evaluation_interval=0)
        alerts.config.start_config_rules_evaluation(ConfigRuleNames=[CONFIGURATION_RULE])
        alerts.simulator.settle()
        assert len(alerts.runs("FunctionArn")) > 1
        assert alerts.messages() == []

        alerts.emr.delete_security_configuration(Name="bad")
        alerts.simulator.settle()
        assert alerts.messages() == []
        assert alerts.ledger.episode(CONFIGURATION, "bad")["state"]["S"] == "closed"


def test_two_functions_that_meet_a_violation_at_once_send_one_alert(alerts):
    """Both find nobody told; only the first to write its claim tells them."""
    alerts.simulator.set_functions(concurrency=2)
    for number in range(2):  # so that both processes are warm, and neither begins late
        alerts.launch(f"warm-{number}")
    alerts.simulator.settle()
    assert len(alerts.messages()) == 2

    alerts.simulator.set_events(cloudtrail=False, duplicates=1)
    slow = {"delay": 0.5, "role_contains": "LaunchCheck", "times": 2}
    alerts.simulator.add_fault("dynamodb", "GetItem", **slow)
    cluster = alerts.launch_and_wait("told twice")
    assert [fault["hits"] for fault in alerts.simulator.faults()] == [2]
    assert [message.document["resourceId"] for message in alerts.messages()] == [cluster]
    assert alerts.drain(alerts.outputs["FunctionDeadLettersUrl"]) == []


@pytest.fixture
def short_lived(alerts):
    """The deployment with a launch check that Lambda ends after two seconds."""
    client = alerts.simulator.client("lambda")
    name = alerts.outputs["LaunchCheckFunctionArn"]
    client.update_function_configuration(FunctionName=name, Timeout=2)
    yield alerts
    client.update_function_configuration(FunctionName=name, Timeout=120)


def test_a_function_killed_between_publishing_and_confirming_repeats_one_alert(short_lived):
    """Who takes over cannot know that it was published; the same alertId shows the repeat."""
    alerts = short_lived
    alerts.simulator.set_events(cloudtrail=False)
    confirming = {"body_contains": '{"S": "sent"}', "role_contains": "LaunchCheck"}
    killed = {"delay": 3, "code": "InternalServerError", "status": 500, "times": 1}
    alerts.simulator.add_fault("dynamodb", "PutItem", **confirming, **killed)
    cluster = alerts.launch_and_wait("killed")
    runs = alerts.runs("LaunchCheckFunctionArn")
    assert [run["error_type"] for run in runs] == [
        "Sandbox.Timedout",
        *["ClaimedElsewhereError"] * 2,
    ]
    (first,) = alerts.messages()
    assert alerts.ledger.episode(CLUSTER, cluster)["state"]["S"] == "pending"

    alerts.sweep()
    (second,) = alerts.messages()
    assert second.document["alertId"] == first.document["alertId"]
    assert told(alerts) == []
