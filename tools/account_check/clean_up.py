"""Account check: removes what a trial has made, by its names; that of one that has crashed too."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws.emr import LIVE_STATES
from tools.account_check import create, hybrid, launch, topics
from tools.account_check.aws import Aws, read, write
from tools.account_check.policies import QUEUE
from tools.account_check.trial import NO_QUEUE, PREFIX, QUEUE_NAME, QUEUE_URL, Pace
from tools.aws_words import AWS_ERRORS, code_of, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLUSTERS = read("emr", "ListClusters", "elasticmapreduce:ListClusters")
CONFIGURATIONS = read(
    "emr", "ListSecurityConfigurations", "elasticmapreduce:ListSecurityConfigurations"
)
DELETE_RULE = write("config", "DeleteConfigRule", "config:DeleteConfigRule")
DELETE_FUNCTION = write("lambda", "DeleteFunction", "lambda:DeleteFunction")
DELETE_POLICY = write("iam", "DeleteRolePolicy", "iam:DeleteRolePolicy")
DELETE_ROLE = write("iam", "DeleteRole", "iam:DeleteRole")
UNSUBSCRIBE = write("sns", "Unsubscribe", "sns:Unsubscribe")
DELETE_QUEUE = write("sqs", "DeleteQueue", "sqs:DeleteQueue")
CALLS = (
    *(CLUSTERS, launch.END, CONFIGURATIONS, create.DELETE),
    *(DELETE_RULE, DELETE_FUNCTION, DELETE_POLICY, DELETE_ROLE),
    *(QUEUE_URL, QUEUE, topics.SUBSCRIPTIONS, UNSUBSCRIBE, DELETE_QUEUE),
)
MISSING = NO_QUEUE | {
    "NoSuchConfigRuleException",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
}
IN_USE = {"DeleteConflict", "ResourceConflictException", "ResourceInUseException"}
ATTEMPTS, BETWEEN_ATTEMPTS = 4, 15.0
# What no clean-up can take away.
STAYS = (
    "AWS Config's history of what was made, until its retention ends",
    "lines in the functions' log groups, and closed episodes in the ledger, for 30 days",
)


class Removed(NamedTuple):
    """What became of one thing that a trial may have made; `problem` is empty where it is gone."""

    what: str
    problem: str = ""


def clean_up(aws: Aws, pace: Pace) -> Iterator[Removed]:
    """Remove all that is called as a trial calls it; the queue, which is the lock, at last.

    What is in use for a moment, such as a rule that is being evaluated, is tried again.
    """
    aws = aws.limited_to(CALLS)
    steps: tuple[tuple[str, Callable[[Aws], Iterator[str]]], ...] = (
        ("the cluster", _clusters),
        ("the hybrid rule", _rule),
        ("its function", _function),
        ("its role", _role),
        ("the security configurations", _configurations),
        ("the subscription", _subscription),
        ("the queue", _queue),
    )
    for kind, remove in steps:
        for attempt in range(ATTEMPTS):
            try:
                for name in remove(aws):
                    yield Removed(f"{kind} {name}")
            except AWS_ERRORS as error:
                if code_of(error) in IN_USE and attempt < ATTEMPTS - 1:
                    pace.sleep(BETWEEN_ATTEMPTS)
                    continue
                if code_of(error) not in MISSING:
                    yield Removed(kind, in_words(error))
            except (KeyError, ValueError):
                yield Removed(kind, f"{QUEUE_NAME} is not as a trial makes it")
            break


def _clusters(aws: Aws) -> Iterator[str]:
    for each in aws.items(CLUSTERS, "Clusters", ClusterStates=list(LIVE_STATES)):
        if each["Name"] == launch.CLUSTER_NAME:
            aws.call(launch.END, JobFlowIds=[each["Id"]])
            yield each["Id"]


def _rule(aws: Aws) -> Iterator[str]:
    aws.call(DELETE_RULE, ConfigRuleName=hybrid.NAME)
    yield hybrid.NAME


def _function(aws: Aws) -> Iterator[str]:
    aws.call(DELETE_FUNCTION, FunctionName=hybrid.NAME)
    yield hybrid.NAME


def _role(aws: Aws) -> Iterator[str]:
    name = hybrid.role_name(aws)
    with suppress(*AWS_ERRORS):  # a crash may have come before it had one
        aws.call(DELETE_POLICY, RoleName=name, PolicyName="probe")
    aws.call(DELETE_ROLE, RoleName=name)
    yield name


def _configurations(aws: Aws) -> Iterator[str]:
    for each in aws.items(CONFIGURATIONS, "SecurityConfigurations"):
        if each["Name"].startswith(PREFIX):
            aws.call(create.DELETE, Name=each["Name"])
            yield each["Name"]


def _subscription(aws: Aws) -> Iterator[str]:
    """Remove the queue's subscription; its own policy names the topic, whatever became of the stack."""
    url = aws.call(QUEUE_URL, QueueName=QUEUE_NAME)["QueueUrl"]
    attributes = aws.call(QUEUE, QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    topic = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    region = topic.split(":")[3]
    mine = aws.arn("sqs", QUEUE_NAME)
    for each in aws.items(topics.SUBSCRIPTIONS, "Subscriptions", region=region, TopicArn=topic):
        if each["Endpoint"] == mine and each["SubscriptionArn"].startswith("arn:"):
            aws.call(UNSUBSCRIBE, region=region, SubscriptionArn=each["SubscriptionArn"])
            yield f"of {QUEUE_NAME}"


def _queue(aws: Aws) -> Iterator[str]:
    url = aws.call(QUEUE_URL, QueueName=QUEUE_NAME)["QueueUrl"]
    aws.call(DELETE_QUEUE, QueueUrl=url)
    yield QUEUE_NAME
