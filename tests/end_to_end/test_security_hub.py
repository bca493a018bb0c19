"""Security Hub: findings of our own, from the very template, in step with the alerts."""

import json

import pytest

from tests.end_to_end.depth import alive, group, override
from tests.end_to_end.watched import Watched
from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION

OPEN, CLOSED = ("FAILED", "ACTIVE", "NEW"), ("PASSED", "ARCHIVED", "RESOLVED")
# A sweep asks what is shown of clusters, before it judges and after it, and of configurations.
READS = ["GetFindings"] * 3
SWITCHED_ON = {"SecurityHubFindings": "yes", "OverrideScope": "instances"}


class Account(Watched):
    """A deployment whose alerts go to Security Hub too."""

    def findings(self):
        """Return what Security Hub shows, by the last part of the id."""
        hub = self.simulator.client("securityhub")
        pages = hub.get_paginator("get_findings").paginate()
        return {each["Id"].rpartition("/")[2]: each for page in pages for each in page["Findings"]}

    def state(self, name):
        """Return compliance, record state and workflow of one finding."""
        found = self.findings()[name]
        return found["Compliance"]["Status"], found["RecordState"], found["Workflow"]["Status"]

    def calls(self):
        """Return what the functions asked of Security Hub since the last time."""
        found = [
            each["operation"] for each in self.simulator.journal("securityhub") if each["role"]
        ]
        self.simulator.clear_journal()
        return found

    def switch(self, *, on):
        """Enable or disable Security Hub in the account."""
        hub = self.simulator.client("securityhub")
        (hub.enable_security_hub if on else hub.disable_security_hub)()


@pytest.fixture(scope="module")
def deployment(simulator):
    """The template with its option switched on, in an account that has enabled Security Hub."""
    simulator.reset()
    simulator.client("securityhub").enable_security_hub()
    account = Account(simulator)
    account.prepare()
    account.change(**SWITCHED_ON)
    account.queue_url = account.subscribe("alerts")
    return account


@pytest.fixture
def account(deployment):
    """That deployment with nothing going on; findings of ended clusters are closed."""
    deployment.tidy()
    deployment.sweep()
    deployment.tidy()
    return deployment


def test_a_bad_launch_is_a_finding_with_its_reason(account):
    """As soon as it is an alert, and once, though CloudTrail and EMR both tell of it."""
    cluster = account.launch_and_wait("adhoc")
    # The sweep that the launch check asks for reads, and nothing is missing.
    assert account.calls() == ["BatchImportFindings", *READS]
    assert [each.document["resourceId"] for each in account.messages()] == [cluster]
    found = account.findings()[cluster]
    assert account.state(cluster) == OPEN
    assert found["Title"] == "EMR cluster adhoc should encrypt data in transit"
    assert found["Description"].startswith("NO_SECURITY_CONFIGURATION: No security configuration")
    assert found["Severity"]["Label"] == "HIGH"
    (resource,) = found["Resources"]
    arn = f"arn:aws:elasticmapreduce:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:cluster/{cluster}"
    assert resource["Id"] == arn
    assert resource["Details"]["Other"]["release"] == "emr-7.12.0"

    assert account.sweep()["ok"]
    assert account.calls() == READS


def test_the_life_of_a_finding(account):
    """New, updated by a reason more, resolved and archived, and new again under the same id."""
    members = {
        "Configurations": override(),
        "Instances": alive(InstanceGroups=[group("MASTER")]),
        "applications": ("Hive",),
    }
    cluster = account.launch_and_wait("metastore", account.configure("secure"), **members)
    first = account.findings()[cluster]
    groups = account.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    added = override("hive-site/hive.server2.use.SSL")
    change = {"InstanceGroupId": groups[0]["Id"], "Configurations": added}
    account.emr.modify_instance_groups(InstanceGroups=[change])
    account.sweep()
    second = account.findings()[cluster]
    assert "hive.server2.use.SSL" in second["Description"]
    assert second["CreatedAt"] == first["CreatedAt"] < second["UpdatedAt"]
    assert account.state(cluster) == OPEN

    every = "hive-site/hive.metastore.use.SSL,hive-site/hive.server2.use.SSL"
    account.set_rule(acceptedOverrides=every)
    account.sweep()
    assert account.state(cluster) == CLOSED
    account.set_rule(acceptedOverrides="hive-site/hive.metastore.use.SSL")
    account.sweep()
    assert account.state(cluster) == OPEN
    account.emr.terminate_job_flows(JobFlowIds=[cluster])
    account.sweep()
    assert account.state(cluster) == CLOSED
    assert account.findings()[cluster]["Description"].endswith("exempt, or has gone.")
    kinds = [each.document["kind"] for each in account.messages()]
    assert kinds == ["violation", "violation", "resolved", "violation"]


def test_a_security_configuration_has_a_finding_of_its_own(account):
    """Closed when it is deleted, and new again when it is created as bad as before."""
    for _ in range(2):
        account.configure("bad", on=False)
        assert account.state("bad") == OPEN
        account.emr.delete_security_configuration(Name="bad")
        account.simulator.settle()
        assert account.state("bad") == CLOSED
    assert len(account.messages()) == 2


def test_many_violations_are_imported_in_batches_and_closed_so(account):
    """Security Hub takes a hundred at once, and shows as many on a page."""
    account.simulator.set_events(drop=True)
    clusters = [account.launch(f"many-{number}") for number in range(101)]
    account.sweep()
    before, judged, configurations = READS
    assert account.calls() == [before, judged, *["BatchImportFindings"] * 2, configurations]
    assert [each.document["kind"] for each in account.messages()] == ["digest"]
    assert {account.state(each) for each in clusters[:3] + clusters[-3:]} == {OPEN}

    account.emr.terminate_job_flows(JobFlowIds=clusters)
    account.sweep()
    each_twice = (before, judged, "BatchUpdateFindings", "BatchImportFindings")
    assert account.calls() == [*(each for each in each_twice for _ in range(2)), configurations]
    assert {account.state(each) for each in clusters[:3] + clusters[-3:]} == {CLOSED}


def failing(attempts):
    return {attempt["error_type"] for attempt in attempts}, attempts[-1]["error_message"]


def test_where_security_hub_is_not_enabled_people_are_told_once_and_the_failure_is_visible(account):
    """The alert is out; each sweep fails and says why, and its retries repeat nothing."""
    account.switch(on=False)
    try:
        cluster = account.launch_and_wait("adhoc")
        runs = account.runs("LaunchCheckFunctionArn")
        assert all(run["ok"] for run in runs)
        lines = [json.loads(line) for run in runs for line in run["logs"]]
        (why,) = [line["why"] for line in lines if line["message"] == "not in Security Hub"]
        assert "InvalidAccessException" in why
        for _ in range(2):
            types, message = failing(account.simulator.schedule())
            assert types == {"RuleRunError"}
            assert "Security Hub (GetFindings: InvalidAccessException" in message
        assert [each.document["resourceId"] for each in account.messages()] == [cluster]
        assert account.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"
    finally:
        account.switch(on=True)
    assert account.sweep()["ok"]
    assert account.state(cluster) == OPEN
    assert account.messages() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "TooManyRequestsException", "status": 429},
        {"code": "InternalException", "status": 500},
        {"malformed": True},
    ],
    ids=["throttled", "broken within", "cut off"],
)
def test_while_security_hub_fails_every_alert_is_sent_once(account, fault):
    """And the next sweep imports what is missing."""
    account.simulator.add_fault("securityhub", **fault)
    cluster = account.launch_and_wait("adhoc")
    assert failing(account.simulator.schedule())[0] == {"RuleRunError"}
    assert [each.document["resourceId"] for each in account.messages()] == [cluster]
    account.simulator.clear_faults()
    assert account.sweep()["ok"]
    assert account.state(cluster) == OPEN
    assert account.messages() == []


def test_without_the_option_security_hub_is_not_asked_and_the_roles_may_not(account):
    """The default: nobody gets two findings for one violation."""
    account.change(**SWITCHED_ON | {"SecurityHubFindings": "no"})
    try:
        account.tidy()
        account.configure("bad-too", on=False)
        account.launch_and_wait("adhoc")
        account.sweep()
        assert len(account.messages()) == 2
        assert account.calls() == []
        iam = account.simulator.client("iam")
        for role in iam.list_roles()["Roles"]:
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
                assert "securityhub" not in json.dumps(policy["PolicyDocument"])
    finally:
        account.change(**SWITCHED_ON)
