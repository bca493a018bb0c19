"""What the tests of permissions share: the roles of template.yml, and one story for each of them."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

from tests.end_to_end.depth import alive, group
from tests.end_to_end.watched import Watched
from tools.account import RULE, STACK

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yml"
# How the simulator's AWS says no, as AWS does.
REFUSED = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")
BROKEN = "j-BROKEN"  # a cluster that EMR cannot describe
MASTER = {
    "InstanceFleetType": "MASTER",
    "TargetOnDemandCapacity": 1,
    "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
}
# Two security configurations, by the object that each names in S3: one is there, one is not.
CONFIGURATIONS = {"pem": "certificates.zip", "nothing": "nothing.zip"}
GROUPS, FLEET = alive(InstanceGroups=[group("MASTER")]), alive(InstanceFleets=[MASTER])


def granted() -> list[tuple[str, str]]:
    """Return every role of template.yml with every action that it is granted, on any condition."""
    resources = cfn_yaml.load(str(TEMPLATE))["Resources"]
    found = [
        (role, action)
        for name, resource in resources.items()
        for role, policy in _policies(name, resource["Type"], resource.get("Properties", {}))
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement.get("Fn::If", [None, statement])[1]["Action"])
        if not action.startswith("ec2:")  # Lambda's own, and only where it is in a VPC
    ]
    return list(dict.fromkeys(found))  # one is granted for the topic's key and the buckets'


def _policies(name: str, kind: str, properties: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the policies that a resource gives to a role, each with the name of the role."""
    if kind == "AWS::IAM::RolePolicy":
        return [(properties["RoleName"]["Ref"], properties)]
    return [(name, each) for each in properties["Policies"]] if kind == "AWS::IAM::Role" else []


def _listed(action: str | list[str]) -> list[str]:
    return [action] if isinstance(action, str) else action


@contextmanager
def without(account: Watched, role: str, action: str) -> Iterator[None]:
    """Take one action from a role that is deployed, for a while."""
    iam = account.simulator.client("iam")
    cloudformation = account.simulator.client("cloudformation")
    resource = {"StackName": STACK, "LogicalResourceId": role}
    name = cloudformation.describe_stack_resource(**resource)["StackResourceDetail"][
        "PhysicalResourceId"
    ]
    policies = [
        iam.get_role_policy(RoleName=name, PolicyName=each)
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    (found,) = [
        each
        for each in policies
        if any(action in _listed(one["Action"]) for one in each["PolicyDocument"]["Statement"])
    ]
    key = {"RoleName": name, "PolicyName": found["PolicyName"]}
    document = found["PolicyDocument"]
    left = [
        statement | {"Action": [each for each in _listed(statement["Action"]) if each != action]}
        for statement in document["Statement"]
    ]
    kept = [statement for statement in left if statement["Action"]]
    if kept:
        iam.put_role_policy(**key, PolicyDocument=json.dumps(document | {"Statement": kept}))
    else:
        iam.delete_role_policy(**key)
    yield
    iam.put_role_policy(**key, PolicyDocument=json.dumps(document))


def rule_story(account: Watched, name: str) -> None:
    """Bad security configurations, one of which goes and returns, and one too many, a sweep over a known cluster and new
    ones, some with bundles, another by a rule of somebody else's, a wrong event."""
    account.simulator.set_events(drop=True)
    account.configure(name, on=False)
    account.emr.delete_security_configuration(Name=name)
    account.simulator.settle()
    account.configure(name, on=False)
    account.ledger.count_configurations(20)
    account.configure(f"{name}-held", on=False)
    account.launch(name, name, Instances=FLEET)
    for each in CONFIGURATIONS:
        account.launch(f"{name}-{each}", each)
    account.simulator.schedule(RULE)
    point_a_rule(account, "trial")
    account.simulator.schedule("trial")
    function = account.outputs["FunctionArn"]
    account.simulator.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=b"{}"
    )


def point_a_rule(account: Watched, name: str) -> None:
    """Point a periodic rule of somebody else's at the function of the deployment's own."""
    (own,) = account.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
    kept = {key: own[key] for key in ("Source", "InputParameters")}
    account.config.put_config_rule(ConfigRule=kept | {"ConfigRuleName": name})
    account.simulator.settle()


def launch_story(account: Watched, name: str) -> None:
    """Two bad launches that ask for an evaluation, two with bundles, and one of a cluster that cannot be read."""
    account.ledger.let_turn_pass()
    for instances in (GROUPS, FLEET):
        account.launch_and_wait(name, "off", Instances=instances)
    for each in CONFIGURATIONS:
        account.launch_and_wait(f"{name}-{each}", each)
    unreadable = {"code": "InternalServerException", "body_contains": BROKEN}
    account.simulator.add_fault("emr", "DescribeCluster", **unreadable)
    detail = {"clusterId": BROKEN, "name": name, "state": "STARTING"}
    change = {"source": "aws.emr", "detail-type": "EMR Cluster State Change", "detail": detail}
    account.simulator.put_event(change)


STORIES: dict[str, tuple[Callable[[Watched, str], None], str, str]] = {
    "RuleRole": (rule_story, "FunctionArn", "RuleLogGroupName"),
    "LaunchCheckRole": (launch_story, "LaunchCheckFunctionArn", "LaunchCheckLogGroupName"),
}


def complaints(
    account: Watched, role: str, name: str, keep: str, *, cold: bool = False
) -> set[str]:
    """Tell the story of a role; return what is seen to go wrong, but for what should.

    The cluster to keep is the known one, which has groups.
    """
    story, function, log_group = STORIES[role]
    account.tidy(keep)
    account.ledger.forget_all_but(keep)  # or every story would be slower than the one before
    account.simulator.set_events(cloudtrail=False)
    if cold:
        account.simulator.cool_functions(account.outputs[function])
    began = int(time.time() * 1000)
    story(account, name)
    account.simulator.settle()
    runs = account.runs(function)
    text = json.dumps([[run["error_message"], *run["logs"]] for run in runs])
    found = set(REFUSED.findall(text))
    if any(not run["ok"] and not _is_meant_to_fail(run["payload"]) for run in runs):
        found.add("error")
    logged = account.simulator.client("logs").filter_log_events(
        logGroupName=account.outputs[log_group], startTime=began
    )
    found |= set() if logged["events"] else {"no log"}
    letters = account.drain(account.outputs["FunctionDeadLettersUrl"])
    return found if letters else found | {"no dead letter"}


def _is_meant_to_fail(payload: dict[str, Any]) -> bool:
    return not payload or payload.get("detail", {}).get("clusterId") == BROKEN
