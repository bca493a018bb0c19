"""Stack sets make real stacks in other accounts and Regions, for those who may ask for it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import FUNCTION, ROLE, RULE_STACK, queue, text, with_properties
from tests.simulator.throwaway import zipped
from tools.simulator.client import Simulator

ORGANIZATION, MANAGEMENT, SECURITY = "o-a1b2c3d4e5", "100000000000", "200000000000"
MEMBERS = ["111111111111", "222222222222"]
REGIONS = ["eu-west-1", "us-east-1"]
QUEUES = text(
    {"Queue": queue(QueueName={"Ref": "Name"})},
    Parameters={"Name": {"Type": "String", "Default": "everywhere"}},
)


def queues(aws: Simulator, account: str, region: str = "eu-west-1") -> list[str]:
    urls = aws.client("sqs", region, account).list_queues().get("QueueUrls", [])
    return [url.rsplit("/", 1)[1] for url in urls]


def instances(cloudformation: Any) -> dict[tuple[str, str], str]:
    """Answer the status of each instance, by account and Region."""
    found = cloudformation.list_stack_instances(StackSetName="set")["Summaries"]
    return {(one["Account"], one["Region"]): one["Status"] for one in found}


def outcome(cloudformation: Any, answer: dict[str, Any]) -> str:
    found = cloudformation.describe_stack_set_operation(
        StackSetName="set", OperationId=answer["OperationId"]
    )
    return str(found["StackSetOperation"]["Status"])


@pytest.fixture
def root(aws: Simulator) -> str:
    """An organization; answer the id of its root."""
    accounts = [MANAGEMENT, SECURITY, *MEMBERS]
    return str(aws.set_organization(ORGANIZATION, accounts, delegated=[SECURITY])["root"])


def service_managed(aws: Simulator, root: str, template: str = QUEUES, **more: Any) -> Any:
    """Make a service-managed set with automatic deployment, and deploy it; answer the client."""
    cloudformation = aws.client("cloudformation", account=MANAGEMENT)
    cloudformation.create_stack_set(
        StackSetName="set",
        TemplateBody=template,
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )
    targets = {"OrganizationalUnitIds": [root]} | more
    cloudformation.create_stack_instances(
        StackSetName="set", DeploymentTargets=targets, Regions=REGIONS
    )
    return cloudformation


def test_a_set_makes_and_removes_stacks_in_other_accounts_and_regions(aws: Simulator) -> None:
    """One request reaches every account in every Region."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack_set(StackSetName="set", TemplateBody=QUEUES)
    answer = cloudformation.create_stack_instances(
        StackSetName="set", Accounts=MEMBERS, Regions=REGIONS
    )
    assert outcome(cloudformation, answer) == "SUCCEEDED"
    places = [(account, region) for account in MEMBERS for region in REGIONS]
    assert [queues(aws, *place) for place in places] == [["everywhere"]] * 4
    stacks = aws.client("cloudformation", "us-east-1", MEMBERS[0]).describe_stacks()["Stacks"]
    assert stacks[0]["StackName"].startswith("StackSet-set-")
    cloudformation.delete_stack_instances(
        StackSetName="set", Accounts=MEMBERS, Regions=REGIONS, RetainStacks=False
    )
    assert [queues(aws, *place) for place in places] == [[]] * 4


def test_a_set_deploys_the_function_from_one_bucket(aws: Simulator) -> None:
    """The code may be in another account's bucket."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="code", Key="k", Body=zipped(index="def handler(e, c): return 1"))
    function = with_properties(FUNCTION, Code={"S3Bucket": "code", "S3Key": "k"})
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName="set",
        TemplateBody=text(RULE_STACK | {"Function": function}),
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.create_stack_instances(
        StackSetName="set", Accounts=MEMBERS[:1], Regions=["eu-west-1"]
    )
    aws.settle()
    (run,) = aws.call("GET", "/invocations")
    assert run["ok"]
    assert run["payload"]["accountId"] == MEMBERS[0]


def test_a_set_that_makes_roles_must_be_acknowledged(aws: Simulator) -> None:
    """The capabilities come with the set, not with its instances."""
    with pytest.raises(ClientError, match="InsufficientCapabilitiesException"):
        aws.client("cloudformation").create_stack_set(
            StackSetName="set", TemplateBody=text(RULE_STACK)
        )


def test_a_service_managed_set_leaves_the_management_account_out(aws: Simulator, root: str) -> None:
    """It goes to every other account of the organization."""
    cloudformation = service_managed(aws, root)
    reached = {account for account, _ in instances(cloudformation)}
    assert reached == {SECURITY, *MEMBERS}
    assert queues(aws, MANAGEMENT) == []
    described = cloudformation.describe_stack_set(StackSetName="set")["StackSet"]
    assert described["PermissionModel"] == "SERVICE_MANAGED"
    assert described["AutoDeployment"]["Enabled"] is True


@pytest.mark.parametrize(
    ("kind", "expected"), [("INTERSECTION", {MEMBERS[0]}), ("DIFFERENCE", {SECURITY, MEMBERS[1]})]
)
def test_a_filter_narrows_the_accounts(
    aws: Simulator, root: str, kind: str, expected: set[str]
) -> None:
    """INTERSECTION takes the named accounts only, DIFFERENCE all others."""
    cloudformation = service_managed(aws, root, Accounts=MEMBERS[:1], AccountFilterType=kind)
    assert {account for account, _ in instances(cloudformation)} == expected


def test_stacks_follow_the_accounts_that_join_and_leave(aws: Simulator, root: str) -> None:
    """Automatic deployment needs nobody to ask for it."""
    service_managed(aws, root)
    late = "333333333333"
    aws.set_organization(ORGANIZATION, [MANAGEMENT, MEMBERS[0], late])
    aws.settle()
    assert [queues(aws, late, region) for region in REGIONS] == [["everywhere"]] * 2
    assert queues(aws, MEMBERS[0]) == ["everywhere"]
    assert queues(aws, MEMBERS[1]) == []


def test_only_those_who_run_the_organization_may_make_a_service_managed_set(
    aws: Simulator, root: str
) -> None:
    """A delegated administrator says that it acts as one."""
    assert root
    given = {
        "StackSetName": "set",
        "TemplateBody": QUEUES,
        "PermissionModel": "SERVICE_MANAGED",
    }
    for account in (MEMBERS[0], SECURITY, "999999999999"):
        with pytest.raises(ClientError, match="management account or delegated admin"):
            aws.client("cloudformation", account=account).create_stack_set(**given)
    security = aws.client("cloudformation", account=SECURITY)
    assert security.create_stack_set(**given, CallAs="DELEGATED_ADMIN")["StackSetId"]


def test_an_override_changes_one_parameter_and_a_new_template_every_stack(aws: Simulator) -> None:
    """Instances keep their overrides when the set changes."""
    cloudformation = aws.client("cloudformation")
    parameters = [{"ParameterKey": "Name", "ParameterValue": "all"}]
    cloudformation.create_stack_set(StackSetName="set", TemplateBody=QUEUES, Parameters=parameters)
    for account, overrides in zip(MEMBERS, ([], ["own"]), strict=True):
        cloudformation.create_stack_instances(
            StackSetName="set",
            Accounts=[account],
            Regions=["eu-west-1"],
            ParameterOverrides=[
                {"ParameterKey": "Name", "ParameterValue": name} for name in overrides
            ],
        )
    assert [queues(aws, account) for account in MEMBERS] == [["all"], ["own"]]
    parameters[0]["ParameterValue"] = "new"
    cloudformation.update_stack_set(
        StackSetName="set", UsePreviousTemplate=True, Parameters=parameters
    )
    assert [queues(aws, account) for account in MEMBERS] == [["new"], ["own"]]


def test_a_stack_that_fails_fails_the_operation_and_says_why(aws: Simulator) -> None:
    """The other stacks stand, and an update tries the failed one again."""
    function = with_properties(FUNCTION, Code={"S3Bucket": "late", "S3Key": "k"})
    template = text(
        {"Queue": queue(), "Role": ROLE, "Function": function | {"Condition": "First"}},
        Conditions={"First": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, MEMBERS[0]]}},
    )
    cloudformation = aws.client("cloudformation")
    acknowledged = {"StackSetName": "set", "Capabilities": ["CAPABILITY_IAM"]}
    cloudformation.create_stack_set(**acknowledged, TemplateBody=template)
    answer = cloudformation.create_stack_instances(
        StackSetName="set", Accounts=MEMBERS, Regions=["eu-west-1"]
    )
    assert outcome(cloudformation, answer) == "FAILED"
    failed, other = (instances(cloudformation)[account, "eu-west-1"] for account in MEMBERS)
    assert (failed, other) == ("OUTDATED", "CURRENT")
    found = cloudformation.describe_stack_instance(
        StackSetName="set", StackInstanceAccount=MEMBERS[0], StackInstanceRegion="eu-west-1"
    )
    assert found["StackInstance"]["StatusReason"].startswith("Function: ")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="late", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="late", Key="k", Body=zipped(index="def handler(e, c): return 1"))
    answer = cloudformation.update_stack_set(**acknowledged, UsePreviousTemplate=True)
    assert outcome(cloudformation, answer) == "SUCCEEDED"
    assert set(instances(cloudformation).values()) == {"CURRENT"}
