"""Tool: puts code and template into a bucket of every Region, for stack sets over many accounts.

Usage: python -m tools.publish --bucket PREFIX --regions "REGION ..." [--organization ID]
       [--publishers "ROLE-ARN ..."]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3

from tools.aws_words import AWS_ERRORS, code_of, in_words
from tools.code_bucket import BucketError, CodeBucket, template_key
from tools.package import ROOT, build
from tools.regions import lacking

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = ROOT / "template.yml"
INSTANCE_SESSION = re.compile(r"i-[0-9a-f]{8,17}")
PUBLISHER = re.compile(
    r"arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[\w+=,.@/*-]+|arn:[a-z-]+:iam::[0-9]{12}:root"
)
PREFIX = re.compile(r"[a-z0-9][a-z0-9.-]{1,45}")
ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
# What changes an object or the bucket, by S3's names; policy changes only for instances, so that
# nobody locks himself out.
OBJECT_CHANGES = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectAcl"]
BUCKET_CHANGES = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
]
PUBLISHERS_SID, READERS_SID = "OnlyPublishersPut", "TheOrganizationReads"
OPEN_TO_NOBODY = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


class PublishError(Exception):
    """What was asked cannot be published; the message says why."""


class Order(NamedTuple):
    """What to publish, and who may read and put."""

    prefix: str
    regions: list[str]
    organization: str
    publishers: list[str]


class Caller(NamedTuple):
    """Who publishes: the account, the partition, and the ARN by which a policy means the caller."""

    account: str
    partition: str
    arn: str


def caller_of(session: boto3.Session) -> Caller:
    """Return who calls; of a role the ARN with its path, which only IAM knows."""
    identity = session.client("sts").get_caller_identity()
    arn, account = str(identity["Arn"]), str(identity["Account"])
    partition, resource = arn.split(":")[1], arn.split(":", 5)[5]
    if not resource.startswith("assumed-role/"):
        return Caller(account, partition, arn)
    _, role, name = resource.split("/", 2)
    if INSTANCE_SESSION.fullmatch(name):
        raise PublishError(
            f"these are the credentials of the instance {name}, and the buckets take nothing from "
            "instances: assume a role for it"
        )
    try:
        found = session.client("iam").get_role(RoleName=role)
    except AWS_ERRORS as error:
        raise PublishError(
            f"the path of your role {role} cannot be read ({in_words(error)}): let it do "
            "iam:GetRole on itself, or name who may publish: PUBLISHERS=arn:..."
        ) from error
    return Caller(account, partition, str(found["Role"]["Arn"]))


def _caller(session: boto3.Session, order: Order) -> Caller:
    """Return who calls; where publishers are named nobody has to know the caller's path."""
    try:
        return caller_of(session)
    except PublishError:
        if not order.publishers:
            raise
        identity = session.client("sts").get_caller_identity()
        return Caller(str(identity["Account"]), str(identity["Arn"]).split(":")[1], "")


def policy_of(bucket: str, caller: Caller, order: Order, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bucket's policy: ours, and what others have put there, by the statements' names.

    What is not named stays as it is held: the publishers, and the organization that reads.
    """
    arn = f"arn:{caller.partition}:s3:::{bucket}"
    publishers = order.publishers or _publishers_in(held) or [caller.arn]
    ours = [
        _deny(
            "NothingWithoutTls",
            "s3:*",
            [arn, f"{arn}/*"],
            {"Bool": {"aws:SecureTransport": "false"}},
        ),
        # A job on a bad cluster could replace the code that judges it.
        _deny("NoInstanceChangesTheBucket", BUCKET_CHANGES, arn, _FROM_INSTANCES),
        _deny("NoInstanceChangesTheCode", OBJECT_CHANGES, f"{arn}/*", _FROM_INSTANCES),
        _deny(
            PUBLISHERS_SID,
            "s3:PutObject",
            f"{arn}/*",
            {"ArnNotLike": {"aws:PrincipalArn": publishers}},
        ),
    ]
    if order.organization:
        ours.append(
            {
                "Sid": READERS_SID,
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "s3:GetObject",
                "Resource": f"{arn}/*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": order.organization}},
            }
        )
    names = {each["Sid"] for each in ours}
    others = [each for each in held.get("Statement", []) if each.get("Sid") not in names]
    return {"Version": "2012-10-17", "Statement": [*others, *ours]}


_FROM_INSTANCES = {"Null": {"aws:Ec2InstanceSourceVpc": "false"}}


def _deny(sid: str, action: Any, resource: Any, condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }


def _publishers_in(policy: Mapping[str, Any]) -> list[str]:
    for statement in policy.get("Statement", []):
        if statement.get("Sid") == PUBLISHERS_SID:
            found = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
            return [found] if isinstance(found, str) else list(found)
    return []


def admits(publishers: list[str], arn: str) -> bool:
    """Return whether one of the ARNs, in which * stands for any characters, means this one."""
    patterns = (re.escape(each).replace(r"\*", ".*") for each in publishers)
    return any(re.fullmatch(each, arn) for each in patterns)


class RegionalBucket:
    """The code bucket of one Region: made where it is missing, and brought to what it has to be."""

    def __init__(self, session: boto3.Session, order: Order, caller: Caller, region: str) -> None:
        self.s3 = session.client("s3", region_name=region)
        self.order, self.caller, self.region = order, caller, region
        self.name = f"{order.prefix}-{region}"
        self.bucket = CodeBucket(self.s3, self.name)
        # Whoever has taken the name in another account gets nothing from us.
        self.owned = {"Bucket": self.name, "ExpectedBucketOwner": caller.account}

    def prepare(self) -> str:
        """Make or check the bucket, and return which of the two it was."""
        there = self.bucket.exists()
        held = self._policy() if there else {}
        wanted = policy_of(self.name, self.caller, self.order, held)
        publishers = _publishers_in(wanted)
        if self.caller.arn and not admits(publishers, self.caller.arn):
            raise PublishError(
                f"{self.caller.arn} is none of those who may publish into {self.name} "
                f"({', '.join(publishers)}): name all who may with PUBLISHERS=..."
            )
        if not there:
            where = {"LocationConstraint": self.region}
            more = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": where}
            self.s3.create_bucket(Bucket=self.name, **more)
            self.s3.get_waiter("bucket_exists").wait(Bucket=self.name)
        self.s3.put_public_access_block(**self.owned, PublicAccessBlockConfiguration=OPEN_TO_NOBODY)
        self.s3.put_bucket_versioning(**self.owned, VersioningConfiguration={"Status": "Enabled"})
        if wanted != held:
            self.s3.put_bucket_policy(**self.owned, Policy=json.dumps(wanted))
        return "checked" if there else "made"

    def _policy(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.s3.get_bucket_policy(**self.owned)["Policy"])
        except AWS_ERRORS as error:
            if code_of(error) == "NoSuchBucketPolicy":
                return {}
            raise
        return found

    def publish(self, code: Path) -> str:
        """Bring bucket and contents about, and return in a line what was done."""
        if problem := lacking(self.region):
            raise PublishError(problem)
        done = [f"{self.region}: bucket {self.name} {self.prepare()}"]
        for key, path in ((code.name, code), (template_key(TEMPLATE), TEMPLATE)):
            put = self.bucket.put(key, path.read_bytes())
            done.append(f"{key} {'uploaded' if put else 'there already'}")
        return ", ".join(done)


def publish(session: boto3.Session, order: Order, code: Path) -> list[str]:
    """Publish into every Region, and return those in which it failed."""
    caller, failed = _caller(session, order), []
    for region in order.regions:
        try:
            print(RegionalBucket(session, order, caller, region).publish(code), flush=True)
        except (BucketError, PublishError) as error:
            failed.append(region)
            print(f"{region}: cannot publish: {error}", file=sys.stderr, flush=True)
        except AWS_ERRORS as error:
            failed.append(region)
            print(f"{region}: cannot publish: {in_words(error)}", file=sys.stderr, flush=True)
    return failed


def order_of(given: argparse.Namespace) -> Order:
    """Return what the command line asks for; raise PublishError for what is no order."""
    regions = list(dict.fromkeys(given.regions.replace(",", " ").split()))
    publishers = given.publishers.replace(",", " ").split()
    if not PREFIX.fullmatch(given.bucket):
        raise PublishError(
            "name what the buckets' names begin with, in lower case: make publish CODE_BUCKET=my-code"
            f' REGIONS="eu-west-1 us-east-1"; not {given.bucket!r}'
        )
    if not regions:
        raise PublishError('name the Regions: REGIONS="eu-west-1 us-east-1"')
    if given.organization and not ORGANIZATION.fullmatch(given.organization):
        raise PublishError(
            f"ORGANIZATION is an id such as o-a1b2c3d4e5, not {given.organization!r}"
        )
    if wrong := [each for each in publishers if not PUBLISHER.fullmatch(each)]:
        raise PublishError(
            f"PUBLISHERS takes ARNs of roles, such as arn:aws:iam::111122223333:role/ci-*, not {wrong[0]!r}"
        )
    return Order(given.bucket, regions, given.organization, publishers)


def main() -> None:
    """Read the command line, publish, and print what goes into a stack set's parameters."""
    parser = argparse.ArgumentParser(description="Put code and template into every Region.")
    parser.add_argument("--bucket", required=True, help="what the buckets' names begin with")
    parser.add_argument("--regions", required=True, help="the Regions, with blanks between them")
    parser.add_argument("--organization", default="", help="the organization that may read")
    parser.add_argument("--publishers", default="", help="ARNs of the roles that may put")
    try:
        order = order_of(parser.parse_args())
        with tempfile.TemporaryDirectory() as folder:
            code = build(Path(folder))
            session = boto3.Session(region_name=boto3.Session().region_name or order.regions[0])
            failed = publish(session, order, code)
    except PublishError as error:
        sys.exit(f"Cannot publish: {error}")
    except AWS_ERRORS as error:
        sys.exit(f"Cannot publish: {in_words(error)}")
    if failed:
        sys.exit(f"Not published in {', '.join(failed)}; run it again once that is mended.")
    print(_advice(session, order, code.name))


def _advice(session: boto3.Session, order: Order, key: str) -> str:
    """Return what a stack set's commands need of what has been published."""
    first = order.regions[0]
    s3 = session.client("s3", region_name=first)
    url = CodeBucket(s3, f"{order.prefix}-{first}").url(template_key(TEMPLATE))
    values = {"CodeBucket": order.prefix, "CodeBucketPerRegion": "yes", "CodeKey": key}
    pairs = " ".join(f"ParameterKey={name},ParameterValue={one}" for name, one in values.items())
    return f"TEMPLATE_URL={url}\nCODE_KEY={key}\nParameters of the stack set: {pairs}"


if __name__ == "__main__":
    main()
