"""Change sets make stacks like any other."""

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
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
