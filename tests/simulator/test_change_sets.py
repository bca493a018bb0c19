"""Change sets say what they will do, and make stacks like any other."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    create,
    described,
    queue,
    request,
    status,
    text,
    with_properties,
)
from tools.simulator.client import Simulator


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


def propose(aws: Simulator, template: str, kind: str = "UPDATE", **parameters: str):
    """Make a change set, and return its status and what it says of each resource."""
    cloudformation = aws.client("cloudformation")
    given = request(template, **parameters) | {"ChangeSetName": "c", "ChangeSetType": kind}
    made = cloudformation.create_change_set(**given)["Id"]
    found = cloudformation.describe_change_set(ChangeSetName=made)
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: (
            change["ResourceChange"]["Action"],
            change["ResourceChange"].get("Replacement"),
        )
        for change in found["Changes"]
    }
    return found["Status"], changes


def test_a_change_set_lists_what_will_be_added_modified_replaced_and_removed(aws):
    """What a replaced resource will be called nobody knows, so what names it is modified too."""

    def named(name: str) -> dict[str, object]:
        return with_properties(ROLE, Description={"Ref": "Q"}, RoleName=name)

    before = {"Q": queue(QueueName="a"), "Same": queue(QueueName="same"), "Old": queue()}
    status_, changes = propose(aws, text({**before, "R": named("r")}), "CREATE")
    assert status_ == "CREATE_COMPLETE"
    assert changes == dict.fromkeys(("Q", "Same", "Old", "R"), ("Add", None))
    aws.client("cloudformation").execute_change_set(ChangeSetName="c", StackName="s")

    after = {"Q": queue(QueueName="b"), "Same": queue(QueueName="same"), "New": queue()}
    status_, changes = propose(aws, text({**after, "R": named("r")}))
    assert status_ == "CREATE_COMPLETE"
    assert changes == {
        "Q": ("Modify", "True"),
        "R": ("Modify", "False"),
        "New": ("Add", None),
        "Old": ("Remove", None),
    }


def test_a_change_set_that_changes_nothing_has_failed(aws):
    """As in AWS, where it cannot be executed either; tags alone are a change."""
    template = text({"Q": queue(QueueName="q")})
    create(aws, template)
    assert propose(aws, template) == ("FAILED", {})
    cloudformation = aws.client("cloudformation")
    with pytest.raises(ClientError, match="cannot be executed"):
        cloudformation.execute_change_set(ChangeSetName="c", StackName="s")
    cloudformation.delete_change_set(ChangeSetName="c", StackName="s")
    tagged = request(template) | {"ChangeSetName": "t", "ChangeSetType": "UPDATE"}
    cloudformation.create_change_set(**tagged, Tags=[{"Key": "team", "Value": "sec"}])
    cloudformation.execute_change_set(ChangeSetName="t", StackName="s")
    assert described(aws)["Tags"] == [{"Key": "team", "Value": "sec"}]
    assert status(aws) == "UPDATE_COMPLETE"


def test_a_stack_that_nobody_has_made_yet_may_get_another_change_set(aws):
    """One that stands may not, nor one whose creation has failed."""
    template = text({"Q": queue(QueueName="q")})
    propose(aws, template, "CREATE")
    propose(aws, template, "CREATE")
    assert [
        each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]
    ] == ["s"]
    bad = with_properties(FUNCTION, Code={"S3Bucket": "no-such-bucket", "S3Key": "k"})
    create(aws, text({"Function": bad, "Role": ROLE}), "failed")
    given = {"ChangeSetName": "d", "TemplateBody": template}
    cloudformation = aws.client("cloudformation")
    with pytest.raises(ClientError, match="already exists"):
        cloudformation.create_change_set(StackName="failed", ChangeSetType="CREATE", **given)
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        cloudformation.create_change_set(StackName="failed", ChangeSetType="UPDATE", **given)


def test_a_template_that_is_too_long_for_a_request_comes_from_a_bucket(aws):
    """51,200 bytes in a request, 1,000,000 from S3; what is not there is S3's error."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    long = text({"Q": queue(QueueName="q")}, Metadata={"Padding": "x" * 60_000})
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        create(aws, long)
    s3.put_object(Bucket="code", Key="t.json", Body=long)
    s3.put_object(Bucket="code", Key="huge.json", Body=long + " " * 1_000_000)
    cloudformation = aws.client("cloudformation")

    def create_from(bucket, key):
        url = f"{s3.meta.endpoint_url}/{bucket}/{key}"
        cloudformation.create_stack(StackName="s", TemplateURL=url)

    for bucket, key, problem in (
        ("other", "t.json", "bucket does not exist"),
        ("code", "other.json", "key does not exist"),
        ("code", "huge.json", "may not exceed 1000000 bytes"),
    ):
        with pytest.raises(ClientError, match=problem):
            create_from(bucket, key)
    create_from("code", "t.json")
    assert status(aws) == "CREATE_COMPLETE"
