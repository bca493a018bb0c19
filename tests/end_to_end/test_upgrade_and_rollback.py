"""From version 0.1.0 to this and back: nobody is told twice, nothing is lost, nothing asked for nothing."""

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.watched import FUNCTIONS_IN_HASTE, Watched
from tools.account import BUCKET, ONCALL, RULE, STACK
from tools.code_bucket import CodeBucket
from tools.package import ROOT
from tools.stacks import StackError, Stacks

OLD = ROOT / "tests/documents/0.1.0"
(OLD_CODE,) = OLD.glob("*.zip")
OLD_ROLES = {"RuleRole": "judge-and-record", "LaunchCheckRole": "judge-and-alert"}
# In 0.1.0 the launch check may not read its rule, so that sweeps alert.
OVERRIDE = [{"Classification": "hive-site", "Properties": {"hive.metastore.use.SSL": "false"}}]


class Versions(Watched):
    """An account with a deployment that changes its version."""

    def go_back(self) -> None:
        """Deploy 0.1.0 as it was, over whatever there is."""
        self.simulator.client("s3").upload_file(str(OLD_CODE), BUCKET, OLD_CODE.name)
        parameters = {"CodeBucket": BUCKET, "CodeKey": OLD_CODE.name, "AlertEmail": ONCALL}
        self.outputs = self.stacks.deploy(
            STACK, OLD / "template.yml", parameters | {"EmrCallShare": "100"}
        )
        self.settled()

    @property
    def stacks(self) -> Stacks:
        """Return the stacks of the account."""
        return Stacks(self.simulator.client("cloudformation"))

    def resource(self, name: str) -> str:
        """Return what a resource of the stack is called."""
        found = self.simulator.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=name
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def told(self) -> list[str]:
        """Return whom or what the messages since the last time are about, each as often as told."""
        return sorted(
            name
            for message in self.messages()
            for name in message.document.get("resources") or [message.document["resourceName"]]
        )

    def described(self) -> set[str]:
        """Return the clusters that EMR has been asked for since the last time, by name."""
        calls = self.simulator.journal("emr", "DescribeCluster")
        self.simulator.clear_journal()
        names = {each["Id"]: each["Name"] for each in self.emr.list_clusters()["Clusters"]}
        return {names[call["parameters"]["ClusterId"]] for call in calls}

    def policies(self, role: str) -> list[str]:
        """Return the names of a role's policies."""
        found = self.simulator.client("iam").list_role_policies(RoleName=self.resource(role))
        return sorted(found["PolicyNames"])


@pytest.fixture
def account(aws):
    """An account in which 0.1.0 has told of what is bad, but for one alert that was refused."""
    account = Versions(aws)
    account.prepare()
    aws.set_functions(**FUNCTIONS_IN_HASTE)
    account.go_back()
    account.queue_url = account.subscribe("alerts")
    account.configure("pem")
    account.configure("off", on=False)
    for name, configuration, overrides in (
        ("good", "pem", []),
        ("bare", None, []),
        ("overridden", "pem", OVERRIDE),
    ):
        account.launch_and_wait(
            name, configuration, applications=("Spark", "Hive"), Configurations=overrides
        )
    assert account.sweep()["ok"]
    assert account.told() == ["bare", "off", "overridden"]
    aws.add_fault("sns", "Publish", status=500, code="InternalError")
    account.launch_and_wait("refused")
    account.sweep()
    aws.clear_faults()
    assert account.told() == []
    aws.clear_journal()
    return account


def test_an_update_tells_what_is_missing_and_asks_only_for_what_older_entries_lack(account):
    """Clusters whose encryption was on may have properties that 0.1.0 did not know."""
    account.change()
    assert account.sweep()["ok"]
    assert account.told() == ["refused"]
    assert account.described() == {"good", "overridden"}
    assert account.sweep()["ok"]
    assert account.described() == set()

    account.launch_and_wait("later")
    assert account.sweep()["ok"]
    assert account.told() == ["later"]
    live = {each["Id"]: each["Name"] for each in account.emr.list_clusters()["Clusters"]}
    bad = {"bare", "overridden", "refused", "later"}
    verdicts = {live[each]: result["ComplianceType"] for each, result in account.results().items()}
    assert verdicts == {"good": "COMPLIANT"} | dict.fromkeys(bad, "NON_COMPLIANT")


def test_what_is_left_in_a_ledger_of_clusters_that_are_long_gone_tells_nobody_anything(account):
    """Episodes that are pending, sent and closed, of an account's earlier days."""
    for item in json.loads((OLD / "ledger.json").read_text()):
        account.ledger.put(item)
    account.change()
    for _ in range(2):
        run = account.sweep()
        assert run["ok"], run["error_message"]
    assert account.told() == ["refused"]


def test_the_old_code_goes_on_with_the_ledger_of_the_new(account):
    """CloudFormation rolls back by itself; the way forward is open after that."""
    account.change()
    account.sweep()
    account.launch_and_wait("told-by-the-new")
    account.configure("lax", on=False)
    assert account.told() == ["lax", "refused", "told-by-the-new"]
    of_account = account.ledger.items()[0]["pk"]["S"].rpartition("/")[0]
    unknown = {"pk": {"S": f"{of_account}/bundle"}, "sk": {"S": "s3://certs/pem.zip"}}
    account.ledger.put(unknown | {"bundle": {"S": "{}"}, "schema": {"N": "1"}})

    account.go_back()
    assert account.sweep()["ok"]
    assert account.told() == []
    account.launch_and_wait("told-by-the-old")
    assert account.sweep()["ok"]
    assert account.told() == ["told-by-the-old"]

    account.change()
    assert account.sweep()["ok"]
    assert account.told() == []


def failing_after(name: str, folder: Path) -> Path:
    """Write a template that is today's until that resource is made, and fails then."""
    text = (ROOT / "template.yml").read_text()
    queue = (
        "  Failing:\n    Type: AWS::SQS::Queue\n"
        f"    DependsOn: {name}\n    Properties:\n      QueueName: no name!\n\n"
    )
    changed, count = re.subn(r"^Outputs:\n", queue + "Outputs:\n", text, flags=re.MULTILINE)
    assert count == 1
    path = folder / "template.yml"
    path.write_text(changed)
    return path


@pytest.mark.parametrize(
    "name",
    ["RuleRole", "Ledger", "LaunchCheckMemory", "RuleFunction", "LaunchCall", "ClusterRule"],
)
def test_an_update_that_fails_on_its_way_leaves_what_there_was_at_work(account, name, tmp_path):
    """Roles have their old policies back, the ledger has none, and the next update goes through."""
    with pytest.raises(StackError, match="Failing"):
        account.stacks.deploy(
            STACK,
            failing_after(name, tmp_path),
            {},
            bucket=CodeBucket(account.simulator.client("s3"), BUCKET),
        )
    account.stacks.require_status(STACK, "UPDATE_ROLLBACK_COMPLETE")
    account.settled()
    assert {role: account.policies(role) for role in OLD_ROLES} == {
        role: [policy] for role, policy in OLD_ROLES.items()
    }
    dynamodb = account.simulator.client("dynamodb")
    table = dynamodb.describe_table(TableName=account.outputs["LedgerTable"])["Table"]
    with pytest.raises(dynamodb.exceptions.PolicyNotFoundException):
        dynamodb.get_resource_policy(ResourceArn=table["TableArn"])
    account.simulator.clear_invocations()
    assert account.sweep()["ok"]
    assert account.told() == ["refused"]

    account.change()
    assert account.sweep()["ok"]
    assert account.told() == []
    assert RULE in {rule["ConfigRuleName"] for rule in account.config.describe_config_rules()["ConfigRules"]}  # fmt: skip
