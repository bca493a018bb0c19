"""What the command asks a live account for; it only reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from emr_in_transit.aws import bundles, emr
from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain
from emr_in_transit.judgement.bundle import Unread
from emr_in_transit_cli.errors import CannotTellError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters

# Those that instances are read with are needed with overrideScope=instances alone.
PERMISSIONS = ("config:DescribeConfigRules", *emr.PERMISSIONS, *emr.INSTANCE_PERMISSIONS)
# Without s3:ListBucket S3 answers AccessDenied for what does not exist; kms:Decrypt where a key of
# the customer's encrypts the object.
OBJECT_PERMISSIONS = (
    *bundles.PERMISSIONS,
    *bundles.EXISTENCE_PERMISSIONS,
    *bundles.KEY_PERMISSIONS,
)


def session(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session of the account that the user's settings name; raise UsageError."""
    try:
        made = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise UsageError(f"AWS settings: {error}") from error
    if not made.region_name:
        raise UsageError("AWS settings name no Region: give --region")
    return made


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
    reader = emr.EmrReader(session(profile, region).client("emr"), parameters)
    try:
        facts = reader.cluster(cluster_id)
        if facts is None:
            raise CannotTellError(f"{cluster_id} has ended, or EMR does not know it")
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
