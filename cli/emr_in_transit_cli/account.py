"""What the command asks live accounts for; it only reads."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import botocore.session
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader

from emr_in_transit.aws import bundles, emr
from emr_in_transit.aws.clients import prepare_session
from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain
from emr_in_transit.judgement.bundle import Unread
from emr_in_transit_cli.errors import CannotTellError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emr_in_transit.aws.errors import AwsError
    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters

# --parameters-from.
RULE_PERMISSIONS = ("config:DescribeConfigRules",)
# Those that instances are read with are needed with overrideScope=instances alone.
PERMISSIONS = (*RULE_PERMISSIONS, *emr.PERMISSIONS, *emr.INSTANCE_PERMISSIONS)
# --role-arn and --accounts; whom one's credentials belong to is told to anybody.
ROLE_PERMISSIONS = ("sts:AssumeRole",)
# --all-regions.
REGION_PERMISSIONS = ("ec2:DescribeRegions",)
# Where to ask which Regions are enabled, unless the AWS settings name a Region.
ANY_REGION = "us-east-1"

# A session must not make two clients at once (boto3, "Session reference": not thread safe).
_lock = threading.RLock()

# Without s3:ListBucket S3 answers AccessDenied for what does not exist; kms:Decrypt where a key of
# the customer's encrypts the object.
OBJECT_PERMISSIONS = (
    *bundles.PERMISSIONS,
    *bundles.EXISTENCE_PERMISSIONS,
    *bundles.KEY_PERMISSIONS,
)


def session(profile: str | None, region: str | None, otherwise: str = "") -> boto3.Session:
    """Return a session of the account that the user's settings name; raise UsageError.

    Its Region is the one of the settings where none is given, and ``otherwise`` where they lack it.
    """
    try:
        made = _prepared(botocore.session.Session(profile=profile), region)
        named = made.region_name
    except BotoCoreError as error:
        raise UsageError(f"AWS settings: {error}") from error
    if not named and otherwise:
        return session(profile, otherwise)
    if not named:
        raise UsageError("AWS settings name no Region: give --region")
    return made


def _prepared(held: botocore.session.Session, region: str | None) -> boto3.Session:
    # The models of AWS's services take a while to load, and hundreds of sessions can share them.
    held.register_component("data_loader", _loader(held.get_config_variable("data_path")))
    prepare_session(held)
    return boto3.Session(botocore_session=held, region_name=region)


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


class _Role(CredentialProvider):
    """Credentials of a role, assumed when they are first needed and again before they expire."""

    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        """Return the credentials; no call is made yet."""
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def role_session(
    base: boto3.Session, role_arn: str, external_id: str | None, profile: str | None = None
) -> boto3.Session:
    """Return a session of a role; ``base`` assumes it when the first call is made.

    All but the credentials is as the profile has it.
    """

    def make_client(*arguments: Any, **options: Any) -> Any:
        with _lock:
            return base.client(*arguments, **options)

    # A role that cannot be assumed is said in the report; botocore would log a traceback besides.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    given = {"RoleSessionName": "emr-in-transit"}
    fetcher = AssumeRoleCredentialFetcher(
        make_client,
        base.get_credentials(),
        role_arn,
        given | ({"ExternalId": external_id} if external_id else {}),
    )
    held = botocore.session.Session(profile=profile)
    held.register_component("credential_provider", CredentialResolver([_Role(fetcher)]))
    return _prepared(held, base.region_name)


class Identity(NamedTuple):
    """Whose credentials a session has."""

    account: str
    partition: str


def identity(made: boto3.Session) -> Identity:
    """Return whom the credentials of a session belong to; raise CouldNotTellError."""
    try:
        with closing(client(made, "sts")) as sts:
            answer = sts.get_caller_identity()
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(_operation(error, "GetCallerIdentity"), error)) from error
    return Identity(answer["Account"], answer["Arn"].split(":")[1])


def own_account(made: boto3.Session) -> str:
    """Return the number of the account whose credentials these are; raise CannotTellError."""
    try:
        return identity(made).account
    except CouldNotTellError as error:
        raise CannotTellError(f"whose credentials these are: {error}") from error


def partition_of(made: boto3.Session) -> str:
    """Return the partition of a session's Region, such as aws-cn. Nothing is asked of AWS for it."""
    return made.get_partition_for_region(str(made.region_name))


def _operation(error: AwsError, asked: str) -> str:
    """Return what AWS refused: the credentials of a role are fetched by a call of their own."""
    return getattr(error, "operation_name", asked)


def client(made: boto3.Session, service: str, region: str | None = None) -> Any:
    """Return a client; those of all threads are made one after the other."""
    with _lock:
        return made.client(service, region_name=region)  # type: ignore[call-overload]


def enabled_regions(made: boto3.Session) -> list[str]:
    """Return the Regions that the account has enabled; raise CouldNotTellError.

    EC2's DescribeRegions tells of no other unless it is asked for all (EC2 API reference).
    """
    try:
        with closing(client(made, "ec2")) as ec2:
            answer = ec2.describe_regions()
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(_operation(error, "DescribeRegions"), error)) from error
    return sorted(
        each["RegionName"]
        for each in answer["Regions"]
        if each.get("OptInStatus") != "not-opted-in"
    )


def regions_with_emr(made: boto3.Session, partition: str = "") -> frozenset[str]:
    """Return the Regions of a partition, or of all, in which boto3 knows EMR."""
    with _lock:
        partitions = [partition] if partition else made.get_available_partitions()
        return frozenset(
            each for one in partitions for each in made.get_available_regions("emr", one)
        )


def rule_parameters(rule: str, profile: str | None, region: str | None) -> Mapping[str, Any]:
    """Return the parameters of a rule in AWS Config; raise UsageError."""
    client = session(profile, region).client("config")
    try:
        answer = client.describe_config_rules(ConfigRuleNames=[rule])
    except AWS_ERRORS as error:
        raise UsageError(f"--parameters-from: {explain('DescribeConfigRules', error)}") from error
    if not answer["ConfigRules"]:
        raise UsageError(f"--parameters-from: there is no rule {rule!r}")
    try:
        found = json.loads(answer["ConfigRules"][0].get("InputParameters") or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"--parameters-from: the parameters of {rule!r} are no JSON object")
    return found


def read_cluster(
    cluster_id: str, parameters: RuleParameters, profile: str | None, region: str | None
) -> ClusterFacts:
    """Return the facts of a live cluster; raise CannotTellError, UsageError."""
    client = session(profile, region).client("emr")
    reader = emr.EmrReader(client, parameters)
    try:
        facts = reader.cluster(cluster_id)
        if facts is None:
            raise CannotTellError(
                f"{cluster_id} has ended, or EMR in {client.meta.region_name} does not know it: "
                "look with the credentials of its account, and --region"
            )
        return facts._replace(settings=facts.settings + reader.instance_settings(facts))
    except CouldNotTellError as error:
        raise CannotTellError(f"{cluster_id}: {error}") from error


def read_object(
    bucket: str, key: str, most: int, profile: str | None, region: str | None
) -> bytes | Unread:
    """Return an object of at most so many bytes, or why not; raise CannotTellError, UsageError."""
    client = session(profile, region).client("s3")
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
        with answer["Body"] as body:
            return Unread.TOO_LARGE if answer["ContentLength"] > most else body.read()
    except ClientError as error:
        if (found := bundles.unread_of(error)) is not Unread.FAILED:
            return found
        raise CannotTellError(explain("GetObject", error)) from error
    except AWS_ERRORS as error:
        raise CannotTellError(explain("GetObject", error)) from error
