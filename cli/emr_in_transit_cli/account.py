"""What the command asks a live account for; it only reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError

from emr_in_transit.aws.errors import AWS_ERRORS, explain
from emr_in_transit_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PERMISSIONS = ("config:DescribeConfigRules",)


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
    found = json.loads(answer["ConfigRules"][0].get("InputParameters") or "{}")
    return found if isinstance(found, dict) else {}
