"""Configurations can hold passwords: none is stored, sent or logged by what the stack deploys."""

import json

import pytest

PASSWORD = "Tr0ub4dor-and-3-horses"
HIVE_SITE = {
    "Classification": "hive-site",
    "Properties": {
        "javax.jdo.option.ConnectionPassword": PASSWORD,
        "javax.jdo.option.ConnectionURL": f"jdbc:mysql://metastore/hive?password={PASSWORD}",
        "hive.metastore.use.SSL": "false",
    },
    "Configurations": [{"Classification": "nested", "Properties": {"secret": PASSWORD}}],
}
PLACES = (
    "ledger",
    "messages",
    "emails",
    "rule log",
    "launch check log",
    "evaluations",
    "dead letters",
    "answers",
)
PARAMETERS = {"OverrideScope": "instances", "LogLevel": "DEBUG"}


@pytest.fixture(scope="module")
def leaky(watched):
    """A deployment that has judged, alerted, recorded and failed on a cluster with passwords."""
    watched.tidy()
    secure = watched.configure("secure")
    groups = [
        {
            "InstanceRole": "MASTER",
            "InstanceType": "m5.xlarge",
            "InstanceCount": 1,
            "Configurations": [HIVE_SITE],
        }
    ]
    instances = {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": groups}
    hive = {"applications": ("Hive",), "Configurations": [HIVE_SITE], "Instances": instances}
    watched.launch_and_wait("hive", secure, **hive)
    watched.sweep()
    for service, operation in (("sns", "Publish"), ("emr", "DescribeCluster")):
        denied = {"code": "AccessDeniedException", "status": 400}
        watched.simulator.add_fault(service, operation, **denied)
        watched.launch_and_wait("hive-again", secure, **hive)
        watched.sweep()
        watched.simulator.clear_faults()
    watched.letters = watched.drain(watched.outputs["FunctionDeadLettersUrl"])
    return watched


def places(watched):
    """Return by name all that people or machines can read afterwards."""
    return {
        "ledger": watched.ledger.items(),
        "messages": watched.simulator.topics(),
        "emails": watched.simulator.inbox(),
        "rule log": watched.log("RuleLogGroupName"),
        "launch check log": watched.log("LaunchCheckLogGroupName"),
        "evaluations": watched.simulator.evaluations(),
        "dead letters": watched.letters,
        "answers": [run["answer"] for run in watched.simulator.invocations()],
    }


def test_the_override_was_seen_and_told(leaky):
    """The test below looks where something was said of those very Configurations."""
    texts = {name: json.dumps(each, default=str) for name, each in places(leaky).items()}
    assert texts.keys() == set(PLACES)
    for name in PLACES[:6]:
        assert "hive.metastore.use.SSL" in texts[name], name


@pytest.mark.parametrize("place", PLACES)
def test_a_password_in_hive_site_is_found_nowhere(leaky, place):
    """Not even where a run failed, and not at the most talkative log level."""
    kept = places(leaky)[place]
    assert kept
    assert PASSWORD not in json.dumps(kept, default=str)
