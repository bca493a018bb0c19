"""Change sets and stack sets make stacks like any other."""

from simulator.client import Simulator
from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    RULE_STACK,
    queue,
    request,
    status,
    text,
    with_properties,
)
from tests.simulator.throwaway import zipped


def test_a_change_set_creates_and_updates_a_stack(aws: Simulator) -> None:
    cloudformation = aws.client("cloudformation")
    for kind, name in (("CREATE", "one"), ("UPDATE", "two")):
        given = request(text({"Queue": queue(QueueName=name)})) | {
            "ChangeSetName": f"{kind.lower()}-it",
            "ChangeSetType": kind,
        }
        cloudformation.create_change_set(**given)
        cloudformation.execute_change_set(ChangeSetName=given["ChangeSetName"], StackName="s")
        assert status(aws) == f"{kind}_COMPLETE"
        (url,) = aws.client("sqs").list_queues()["QueueUrls"]
        assert url.endswith(f"/{name}")


def test_a_change_set_that_fails_says_so(aws: Simulator) -> None:
    bad = with_properties(FUNCTION, Code={"S3Bucket": "no-such-bucket", "S3Key": "k"})
    given = request(text({"Function": bad, "Role": ROLE})) | {
        "ChangeSetName": "c",
        "ChangeSetType": "CREATE",
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_change_set(**given)
    cloudformation.execute_change_set(ChangeSetName="c", StackName="s")
    assert status(aws) == "ROLLBACK_COMPLETE"
    found = cloudformation.describe_change_set(ChangeSetName="c", StackName="s")
    assert found["ExecutionStatus"] == "EXECUTE_FAILED"


def test_a_stack_set_deploys_the_function_from_one_bucket(aws: Simulator) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="code", Key="k", Body=zipped(index="def handler(e, c): return 1"))
    function = with_properties(FUNCTION, Code={"S3Bucket": "code", "S3Key": "k"})
    cloudformation = aws.client("cloudformation")
    template = text(RULE_STACK | {"Function": function})
    cloudformation.create_stack_set(StackSetName="set", TemplateBody=template)
    cloudformation.create_stack_instances(
        StackSetName="set", Accounts=["111111111111"], Regions=["eu-west-1"]
    )
    aws.settle()
    (run,) = aws.call("GET", "/invocations")
    assert run["ok"]
    assert run["payload"]["accountId"] == "111111111111"


def test_a_stack_set_makes_stacks_in_other_accounts_and_regions(aws: Simulator) -> None:
    cloudformation = aws.client("cloudformation")
    template = text({"Queue": queue(QueueName="everywhere")})
    cloudformation.create_stack_set(StackSetName="set", TemplateBody=template)
    accounts, regions = ["111111111111", "222222222222"], ["eu-west-1", "us-east-1"]
    cloudformation.create_stack_instances(StackSetName="set", Accounts=accounts, Regions=regions)
    for account in accounts:
        for region in regions:
            found = aws.client("sqs", region, account).list_queues()["QueueUrls"]
            assert [url.rsplit("/", 1)[1] for url in found] == ["everywhere"]
    cloudformation.delete_stack_instances(
        StackSetName="set", Accounts=accounts, Regions=regions, RetainStacks=False
    )
    assert "QueueUrls" not in aws.client("sqs", "us-east-1", accounts[0]).list_queues()
