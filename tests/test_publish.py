"""make publish: what the buckets are, who may read and put, and that a mistake costs one line."""

import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.test_tools import run
from tools.simulator.client import Simulator

ORGANIZATION, SECURITY, MEMBER, STRANGER = (
    "o-a1b2c3d4e5",
    "200000000000",
    "111111111111",
    "999999999999",
)
BUCKET, HERE = "code-eu-west-1", "eu-west-1"
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*", "Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Somebody:
    """A role that may do anything, unless said otherwise, and what it asks of AWS."""

    def __init__(self, aws: Simulator, name: str, account: str = SECURITY, policy=None):
        self.aws, self.path = aws, "/people/"
        iam = aws.client("iam", account=account)
        trust = json.dumps(TRUST)
        made = iam.create_role(RoleName=name, Path=self.path, AssumeRolePolicyDocument=trust)
        self.arn = made["Role"]["Arn"]
        iam.put_role_policy(
            RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy or ANYTHING)
        )
        held = aws.client("sts", account=account).assume_role(
            RoleArn=self.arn, RoleSessionName="session"
        )["Credentials"]
        self.keys = {
            "AWS_ACCESS_KEY_ID": held["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": held["SecretAccessKey"],
            "AWS_SESSION_TOKEN": held["SessionToken"],
        }

    def on_an_instance(self):
        """Have from now on the credentials that a job on a node has."""
        held = self.aws.instance_credentials(self.arn)
        self.keys = {
            "AWS_ACCESS_KEY_ID": held["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": held["secret_access_key"],
            "AWS_SESSION_TOKEN": held["session_token"],
        }
        return self

    def publish(self, *more, regions=HERE, bucket="code"):
        environment = self.aws.environment() | self.keys
        return run("tools.publish", "--bucket", bucket, "--regions", regions, *more, **environment)

    @property
    def s3(self):
        return boto3.client(
            "s3",
            region_name=HERE,
            endpoint_url=self.aws.url,
            **{key.lower(): value for key, value in self.keys.items()},
        )


@pytest.fixture
def publisher(aws):
    aws.set_organization(ORGANIZATION, [SECURITY, MEMBER])
    aws.set_iam(enforce=True)
    return Somebody(aws, "publisher")


def policy(aws):
    text = aws.client("s3", account=SECURITY).get_bucket_policy(Bucket=BUCKET)["Policy"]
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def test_a_bucket_is_made_in_each_region_and_found_again(publisher, aws):
    """Versioned and closed, with code and template; a second run changes nothing and says the same."""
    regions = f"{HERE} us-east-1"
    made = publisher.publish("--organization", ORGANIZATION, regions=regions)
    assert (made.returncode, made.stderr) == (0, "")
    for region in regions.split():
        assert f"{region}: bucket code-{region} made, " in made.stdout
        s3, name = aws.client("s3", region, SECURITY), f"code-{region}"
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert set(closed.values()) == {True}
        assert (s3.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1") == region
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=name)["Contents"]]
        assert [key.rsplit(".", 1)[1] for key in keys] in (["yml", "zip"], ["zip", "yml"])
        assert all(
            re.fullmatch(r"emr-in-transit-encryption-[0-9a-f]{16}\.\w+", key) for key in keys
        )
    before = policy(aws)

    again = publisher.publish(regions=regions)
    assert (again.returncode, again.stderr) == (0, "")
    for region in regions.split():
        assert f"{region}: bucket code-{region} checked, " in again.stdout
    assert again.stdout.count("there already") == 4
    assert again.stdout.split("TEMPLATE_URL")[1] == made.stdout.split("TEMPLATE_URL")[1]
    assert policy(aws) == before
    versions = aws.client("s3", account=SECURITY).list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == 2


def test_the_organization_reads_and_nobody_else(publisher, aws):
    """Another account is let in by the policy alone; without the organization's id none is."""
    made = publisher.publish()
    key = re.search("CODE_KEY=(.+)", made.stdout)[1]
    member, stranger = (Somebody(aws, "reader", account) for account in (MEMBER, STRANGER))
    for somebody in (member, stranger):
        with pytest.raises(ClientError, match="AccessDenied"):
            somebody.s3.get_object(Bucket=BUCKET, Key=key)
    assert publisher.publish("--organization", ORGANIZATION).returncode == 0
    assert member.s3.get_object(Bucket=BUCKET, Key=key)["ContentLength"] > 100_000
    for somebody, attempt in ((stranger, "get_object"), (member, "delete_object")):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(somebody.s3, attempt)(Bucket=BUCKET, Key=key)


def test_only_publishers_put_and_no_instance_changes_anything(publisher, aws):
    """A job on a bad cluster, with every right that IAM can give, cannot replace the code."""
    key = re.search("CODE_KEY=(.+)", publisher.publish().stdout)[1]
    document = json.dumps(ANYTHING)
    attempts = {
        "put_object": {"Key": key, "Body": b"x"},
        "delete_object": {"Key": key},
        "put_bucket_policy": {"Policy": document},
        "delete_bucket_policy": {},
        "put_bucket_versioning": {"VersioningConfiguration": {"Status": "Suspended"}},
        "delete_bucket": {},
    }
    other = Somebody(aws, "other")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.s3.put_object(Bucket=BUCKET, **attempts["put_object"])
    for instance in (Somebody(aws, "job").on_an_instance(), publisher.on_an_instance()):
        assert instance.s3.get_object(Bucket=BUCKET, Key=key)["ContentLength"] > 100_000
        for attempt, request in attempts.items():
            with pytest.raises(ClientError, match="AccessDenied"):
                getattr(instance.s3, attempt)(Bucket=BUCKET, **request)
    # Nobody has locked himself out: whoever may change policies here still may.
    other.s3.delete_bucket_policy(Bucket=BUCKET)
    other.s3.put_object(Bucket=BUCKET, **attempts["put_object"])


def test_credentials_of_an_instance_are_refused_before_anything_is_made(publisher, aws):
    refused = publisher.on_an_instance().publish()
    assert refused.returncode == 1
    assert "the buckets take nothing from instances" in refused.stderr
    assert aws.client("s3", account=SECURITY).list_buckets()["Buckets"] == []


def test_the_publisher_is_the_callers_role_with_its_path_unless_others_are_named(publisher, aws):
    """By default who publishes first; who comes later is named, or refused by name."""
    assert publisher.publish().returncode == 0
    assert policy(aws)["OnlyPublishersPut"]["Condition"] == {
        "ArnNotLike": {"aws:PrincipalArn": [publisher.arn]}
    }
    other = Somebody(aws, "other")
    refused = other.publish()
    assert refused.returncode == 1
    assert f"{other.arn} is none of those who may publish into {BUCKET}" in refused.stderr
    pattern = f"arn:aws:iam::{SECURITY}:role/people/*"
    assert other.publish("--publishers", pattern).returncode == 0
    assert policy(aws)["OnlyPublishersPut"]["Condition"]["ArnNotLike"] == {
        "aws:PrincipalArn": [pattern]
    }
    assert publisher.publish().returncode == 0, "the pattern means both"
    lost = publisher.publish("--publishers", f"arn:aws:iam::{SECURITY}:role/nobody")
    assert "is none of those who may publish" in lost.stderr


@pytest.mark.usefixtures("publisher")
def test_a_role_that_may_not_be_read_has_to_name_the_publishers(aws):
    """Its path is IAM's to tell; a policy with the wrong one would keep everybody out."""
    deny = {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}
    blind = Somebody(aws, "blind", policy=ANYTHING | {"Statement": [*ANYTHING["Statement"], deny]})
    refused = blind.publish()
    assert refused.returncode == 1
    assert refused.stderr.startswith("Cannot publish: the path of your role blind cannot be read")
    assert refused.stderr.count("\n") == 1
    assert aws.client("s3", account=SECURITY).list_buckets()["Buckets"] == []
    assert blind.publish("--publishers", blind.arn).returncode == 0


def test_what_others_have_written_into_the_policy_stays(publisher, aws):
    """Ours is told by its names; a reader that somebody has let in is not thrown out."""
    publisher.publish("--organization", ORGANIZATION)
    ours = policy(aws)
    theirs = {
        "Sid": "AnAuditorReads",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    document = {"Version": "2012-10-17", "Statement": [theirs, *list(ours.values())[1:]]}
    s3 = aws.client("s3", account=SECURITY)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
    assert publisher.publish().returncode == 0
    assert policy(aws) == {**ours, "AnAuditorReads": theirs}


def test_a_region_that_fails_is_named_and_the_others_are_published(publisher, aws):
    """The exit status tells; once it is mended a second run brings the rest about."""
    taken = aws.client("s3", "us-east-1", STRANGER)
    taken.create_bucket(Bucket="code-us-east-1")
    regions = f"us-east-1 mars-1 {HERE}"
    failed = publisher.publish(regions=regions)
    assert failed.returncode == 1
    first, second, last = failed.stderr.splitlines()
    assert first.startswith(
        "us-east-1: cannot publish: the bucket code-us-east-1 is somebody else's"
    )
    assert second.startswith("mars-1: cannot publish: mars-1 is no Region that boto3")
    assert last == "Not published in us-east-1, mars-1; run it again once that is mended."
    assert failed.stdout.startswith(f"{HERE}: bucket {BUCKET} made")
    taken.delete_bucket(Bucket="code-us-east-1")
    assert publisher.publish(regions=f"us-east-1 {HERE}").returncode == 0


WRONG = [
    ("no bucket", {"bucket": ""}, "name what the buckets' names begin with"),
    ("a name that S3 does not take", {"bucket": "My_Code"}, "'My_Code'"),
    ("no Region", {"regions": ""}, "name the Regions"),
    ("no organization", {"more": ["--organization", "acme"]}, "not 'acme'"),
    ("no role", {"more": ["--publishers", "ci"]}, "PUBLISHERS takes ARNs of roles, .* not 'ci'"),
]


@pytest.mark.parametrize(("given", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_mistake_is_one_line_and_makes_nothing(publisher, aws, given, message):
    given = dict(given)
    refused = publisher.publish(*given.pop("more", []), **given)
    assert refused.returncode == 1
    assert re.match(f"Cannot publish: .*{message}", refused.stderr), refused.stderr
    assert refused.stderr.count("\n") == 1
    assert aws.client("s3", account=SECURITY).list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no AWS credentials"),
        ({"AWS_ENDPOINT_URL": "http://localhost:9"}, "AWS does not answer"),
    ],
    ids=["no credentials", "no network"],
)
def test_without_aws_it_ends_in_one_line(environment, message):
    done = run("tools.publish", "--bucket", "code", "--regions", HERE, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Cannot publish: {message}")
    assert done.stderr.count("\n") == 1


def test_credentials_that_have_expired_are_said_to_have(publisher, aws):
    aws.add_fault("sts", code="ExpiredToken", status=403)
    refused = publisher.publish()
    assert refused.stderr.startswith("Cannot publish: the AWS credentials have expired")
    assert refused.stderr.count("\n") == 1
