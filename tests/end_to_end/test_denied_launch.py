"""Version 0.1.0 as it was deployed: AWS denied its launch check, so no launch was ever alerted."""

from pathlib import Path

from tests.end_to_end.messages import taken
from tests.end_to_end.watched import FUNCTIONS_IN_HASTE
from tools.account import BUCKET, ONCALL, STACK
from tools.stacks import Stacks

VERSION = Path(__file__).resolve().parents[1] / "documents" / "0.1.0"


def deploy(account):
    """Deploy that version; return the stack's outputs."""
    (code,) = VERSION.glob("*.zip")
    account.simulator.client("s3").upload_file(str(code), BUCKET, code.name)
    stacks = Stacks(account.simulator.client("cloudformation"))
    parameters = {"CodeBucket": BUCKET, "CodeKey": code.name, "AlertEmail": ONCALL}
    return stacks.deploy(STACK, VERSION / "template.yml", parameters)


def launch(account, outputs):
    """Launch a bad cluster; return its id, the runs of the launch check and of what the topic told."""
    account.simulator.clear_invocations()
    cluster = account.launch("bare")
    account.simulator.settle()
    runs = account.simulator.invocations(outputs["LaunchCheckFunctionArn"])
    published = account.simulator.topics(outputs["AlertTopicArn"])
    return cluster, runs, {taken(each).document["resourceId"] for each in published}


def test_a_grant_on_rules_is_denied_and_no_alert_comes_until_the_stack_is_updated(account):
    """DescribeConfigRules takes no resource, so a statement that names one does not allow it."""
    account.simulator.set_functions(**FUNCTIONS_IN_HASTE)
    outputs = deploy(account)
    account.simulator.settle()

    _, runs, told = launch(account, outputs)
    assert {run["ok"] for run in runs} == {False}
    denied = "not authorized to perform: config:DescribeConfigRules on resource: *"
    assert [run for run in runs if denied not in run["error_message"]] == []
    assert told == set()

    outputs = account.deploy()
    account.simulator.settle()
    cluster, runs, told = launch(account, outputs)
    assert {run["ok"] for run in runs} == {True}
    assert cluster in told
