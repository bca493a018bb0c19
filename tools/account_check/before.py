"""Account check: what a deployment needs beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.aws.topic import PERMISSIONS as PUBLISHING
from tools.account_check import deployed, recording, rights, topics
from tools.account_check.aws import Aws, read
from tools.account_check.results import Finding, check, is_denied, no, note, unsure, yes
from tools.aws_words import AWS_ERRORS
from tools.code_bucket import BucketError, CodeBucket
from tools.regions import lacking
from tools.stacks import STILLBORN, Stacks, advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.account_check.rights import Deployment

BUCKET = read("s3", "HeadBucket", "s3:ListBucket")
PLACE = read("s3", "GetBucketLocation", "s3:GetBucketLocation")
OBJECT = read("s3", "HeadObject", "s3:GetObject")
# An object that nobody has: S3 says that it is missing only to those who may read.
PROBE = "emr-in-transit-preflight"


@check("Region")
def region(aws: Aws, _plan: Deployment) -> Iterator[Finding]:
    """Find whether the Region has what a deployment cannot do without, by boto3's own data."""
    problem = lacking(aws.region)
    if problem:
        yield no(problem, "deploy elsewhere: there is nothing to judge here")
    else:
        yield yes(f"{aws.region} has AWS Config, AWS Lambda and Amazon EMR")


@check("stack name", deployed.STACK)
def stack_name(aws: Aws, plan: Deployment) -> Iterator[Finding]:
    """Find whether the stack can be made, or updated."""
    found = Stacks(aws.client("cloudformation")).find(plan.stack)
    if found is None:
        yield yes(f"{plan.stack} is free")
        return
    status = str(found["StackStatus"])
    what = advice(plan.stack, status).lstrip(".: ")
    if status in STILLBORN or not status.endswith("_COMPLETE"):
        yield no(f"{plan.stack} is in {status}", what)
    else:
        yield yes(f"{plan.stack} is there, in {status}: a deployment updates it")


@check("code bucket", BUCKET, PLACE, OBJECT)
def bucket(aws: Aws, plan: Deployment) -> Iterator[Finding]:
    """Find whether the bucket is in this Region, and can be read."""
    if not plan.bucket:
        yield note("none was named", "name it: CODE_BUCKET=my-bucket")
        return
    client = aws.client("s3")
    try:
        CodeBucket(client, plan.bucket).require()
    except BucketError as problem:
        yield no(str(problem), "name a bucket of your own in this Region")
        return
    try:
        aws.call(OBJECT, Bucket=plan.bucket, Key=PROBE)
    except AWS_ERRORS as error:
        if is_denied(error):
            yield no(f"you may not read objects of {plan.bucket}", "allow yourself s3:GetObject")
            return
        if getattr(error, "response", {}).get("Error", {}).get("Code") != "404":
            raise
    yield yes(f"{plan.bucket} is in {aws.region}, and you may read it")


@check("alert topic", *topics.CALLS, *topics.KEY_CALLS)
def topic(aws: Aws, plan: Deployment) -> Iterator[Finding]:
    """Find whether an existing topic, and its key, will take what the functions publish."""
    if not plan.topic:
        yield yes("the stack makes one")
        return
    if plan.topic.endswith(".fifo"):
        yield no("it is a FIFO topic, which takes no email", "name a standard topic")
        return
    try:
        found = topics.fetch(aws, plan.topic)
    except AWS_ERRORS as error:
        yield topics.unreadable(error, plan.topic)
        return
    if found is None:
        yield no(f"there is no topic {plan.topic}", "make it, or name another")
        return
    organization = topics.organization_of(aws) if found.account != aws.account else ""
    # As CloudFormation names it; the last part is its invention.
    role = aws.arn("iam", f"role/{plan.stack}-RuleRole-000000000000", region="")
    who = topics.publisher(role, organization)
    yield from topics.admits(found, who, PUBLISHING)
    yield from topics.key_admits(aws, found, who)
    try:
        yield from topics.readers(aws, found)
    except AWS_ERRORS as error:
        yield unsure(f"whether anybody reads it: {type(error).__name__}", "ask its owner")


CHECKS = (
    region,
    *recording.CHECKS,
    recording.quota,
    stack_name,
    bucket,
    topic,
    rights.own_rights,
)
