"""Change sets say what they will do, and make stacks like any other."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import (
    BAD,
    ROLE,
    create,
    described,
    queue,
    queues,
    request,
    status,
    text,
    with_properties,
)


def propose(aws, template, kind="UPDATE", **more):
    """Make a change set, and return its status and what it says of each resource."""
    cloudformation = aws.client("cloudformation")
    given = request(template) | {"ChangeSetName": "c", "ChangeSetType": kind} | more
    made = cloudformation.create_change_set(**given)["Id"]
    found = cloudformation.describe_change_set(ChangeSetName=made)
    changes = [each["ResourceChange"] for each in found["Changes"]]
    return found["Status"], {
        change["LogicalResourceId"]: (change["Action"], change.get("Replacement"))
        for change in changes
    }


def execute(aws):
    """Execute the change set; return the stack's status."""
    aws.client("cloudformation").execute_change_set(ChangeSetName="c", StackName="s")
    return status(aws)


def test_a_change_set_that_fails_says_so(aws):
    propose(aws, text({"Function": BAD, "Role": ROLE}), "CREATE")
    assert execute(aws) == "ROLLBACK_COMPLETE"
    found = aws.client("cloudformation").describe_change_set(ChangeSetName="c", StackName="s")
    assert found["ExecutionStatus"] == "EXECUTE_FAILED"


def test_a_change_set_lists_what_will_be_added_modified_replaced_and_removed(aws):
    """What a replaced resource will be called nobody knows, so what names it is modified too."""

    def named(name):
        return with_properties(ROLE, Description={"Ref": "Q"}, RoleName=name)

    before = {"Q": queue("a"), "Same": queue("same"), "Old": queue("old")}
    status_, changes = propose(aws, text({**before, "R": named("r")}), "CREATE")
    assert status_ == "CREATE_COMPLETE"
    assert changes == dict.fromkeys(("Q", "Same", "Old", "R"), ("Add", None))
    assert execute(aws) == "CREATE_COMPLETE"

    after = {"Q": queue("b"), "Same": queue("same"), "New": queue("new")}
    status_, changes = propose(aws, text({**after, "R": named("r")}))
    assert status_ == "CREATE_COMPLETE"
    assert changes == {
        "Q": ("Modify", "True"),
        "R": ("Modify", "False"),
        "New": ("Add", None),
        "Old": ("Remove", None),
    }
    aws.client("cloudformation").delete_change_set(ChangeSetName="c", StackName="s")
    propose(aws, text({**after, "R": named("r")}))
    assert execute(aws) == "UPDATE_COMPLETE"
    assert queues(aws) == ["b", "new", "same"]


def test_a_change_set_that_changes_nothing_has_failed(aws):
    """As in AWS, where it cannot be executed either; tags alone are a change."""
    template = text({"Q": queue("q")})
    create(aws, template)
    assert propose(aws, template) == ("FAILED", {})
    with pytest.raises(ClientError, match="cannot be executed"):
        execute(aws)
    aws.client("cloudformation").delete_change_set(ChangeSetName="c", StackName="s")
    propose(aws, template, Tags=[{"Key": "team", "Value": "sec"}])
    assert execute(aws) == "UPDATE_COMPLETE"
    assert described(aws)["Tags"] == [{"Key": "team", "Value": "sec"}]


def test_a_stack_that_nobody_has_made_yet_may_get_another_change_set(aws):
    """One that stands may not, nor one whose creation has failed."""
    template = text({"Q": queue("q")})
    propose(aws, template, "CREATE")
    propose(aws, template, "CREATE")
    (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert (stack["StackName"], stack["StackStatus"]) == ("s", "REVIEW_IN_PROGRESS")
    create(aws, text({"Function": BAD, "Role": ROLE}), "failed")
    listed = aws.client("cloudformation").list_stacks()["StackSummaries"]
    assert [(each["StackName"], each["StackStatus"]) for each in listed] == [
        ("s", "REVIEW_IN_PROGRESS"),
        ("failed", "ROLLBACK_COMPLETE"),
    ]
    with pytest.raises(ClientError, match="already exists"):
        propose(aws, template, "CREATE", StackName="failed")
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        propose(aws, template, StackName="failed")


def test_a_template_that_is_too_long_for_a_request_comes_from_a_bucket(aws):
    """51,200 bytes are taken in a request; what is not there is S3's error."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    long = text({"Q": queue("q")}, Metadata={"Padding": "x" * 60_000})
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        create(aws, long)
    s3.put_object(Bucket="code", Key="t.json", Body=long)

    def create_from(bucket, key):
        url = f"{s3.meta.endpoint_url}/{bucket}/{key}"
        aws.client("cloudformation").create_stack(StackName="s", TemplateURL=url)

    for bucket, key, problem in (
        ("other", "t.json", "bucket does not exist"),
        ("code", "other.json", "key does not exist"),
    ):
        with pytest.raises(ClientError, match=problem):
            create_from(bucket, key)
    create_from("code", "t.json")
    assert status(aws) == "CREATE_COMPLETE"
