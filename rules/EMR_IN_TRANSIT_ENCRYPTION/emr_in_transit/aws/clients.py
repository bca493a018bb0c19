"""AWS adapter: every AWS client of the functions, and how all of them wait and try again."""

from __future__ import annotations

import json
import logging
import sys
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_securityhub import SecurityHubClient
    from mypy_boto3_sns import SNSClient

# Adaptive retries slow the client down to what EMR's token buckets give; a service that does not
# answer must not eat the function's time.
CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
)
# Nobody waits for Security Hub: what it does not take now it gets with the next sweep.
SECURITY_HUB_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3})
# Nor for a bundle of certificates: a launch is to be told of within the minute, also while S3 does
# not answer.
S3_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=5
)
KEPT_CLIENTS = 16  # more than there are kinds
# At DEBUG these log whole requests and answers, and a cluster's Configurations can hold passwords.
TALKATIVE = ("boto3", "botocore", "urllib3")
# botocore reads an answer by recursion, some seven frames for each level of nested
# Configurations: with Python's limit of 1,000 a cluster nested 120 deep could not be read. Frames
# of Python code do not use the machine's stack (since Python 3.11), so a higher limit costs nothing.
RECURSION_LIMIT = 20_000


class BrokenAnswerError(BotoCoreError):
    """AWS answered with a text that is no JSON: nobody knows whether it did what it was asked."""

    fmt = "the answer is no JSON"


@cache
def prepare_boto3() -> None:
    """Make ``CLIENT_CONFIG`` the default of boto3, for rdklib's clients are made without any.

    One client of each kind is kept for the life of the process, rdklib's too: making one, and its
    connection, takes longer than most calls. Those of a role that is assumed have keys of their
    own, which expire; so only the last few are kept.

    What goes over the wire is not logged at any level. A broken answer is an error, where botocore
    would see one without members: of PutEvaluations that means that everything is on record.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    session = botocore.session.get_session()
    prepare_session(session)
    default = boto3.Session(botocore_session=session)
    default.client = lru_cache(maxsize=KEPT_CLIENTS)(default.client)  # type: ignore[method-assign]
    boto3.DEFAULT_SESSION = default


def prepare_session(session: botocore.session.Session) -> None:
    """Have the clients of a session wait, try again and refuse broken answers as ours do."""
    sys.setrecursionlimit(max(RECURSION_LIMIT, sys.getrecursionlimit()))
    session.set_default_client_config(CLIENT_CONFIG)
    session.register("after-call", refuse_broken_answer)  # type: ignore[arg-type] # by their names


def refuse_broken_answer(
    http_response: AWSResponse, parsed: dict[str, object], model: OperationModel, **_: object
) -> None:
    """Raise BrokenAnswerError where botocore found nothing in an answer because it is no JSON."""
    is_empty = not parsed.keys() - {"ResponseMetadata"}
    if not is_empty or model.service_model.metadata["protocol"] != "json":
        return
    try:
        json.loads(http_response.content or b"{}")
    except ValueError as error:
        raise BrokenAnswerError from error


def config_client(region: str) -> ConfigServiceClient:
    """Return the client of AWS Config."""
    return boto3.client("config", region)


def dynamodb_client(region: str) -> DynamoDBClient:
    """Return the client of DynamoDB."""
    return boto3.client("dynamodb", region)


def emr_client(region: str) -> EMRClient:
    """Return the client of Amazon EMR."""
    return boto3.client("emr", region)


def s3_client(region: str) -> S3Client:
    """Return the client of Amazon S3; it follows S3 to the Region of a bucket that is elsewhere."""
    return boto3.client("s3", region, config=S3_CONFIG)


def security_hub_client(region: str) -> SecurityHubClient:
    """Return the client of Security Hub."""
    return boto3.client("securityhub", region, config=SECURITY_HUB_CONFIG)


def sns_client(region: str) -> SNSClient:
    """Return the client of Amazon SNS."""
    return boto3.client("sns", region)


def tagging_client(region: str) -> ResourceGroupsTaggingAPIClient:
    """Return the client of the Resource Groups Tagging API."""
    return boto3.client("resourcegroupstaggingapi", region)
