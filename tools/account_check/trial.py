"""Account check: a trial: what it may make, by which names, one at a time in a Region."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from tools.account_check.aws import Aws, read, write
from tools.account_check.policies import QUEUE
from tools.account_check.results import NotReachedError, is_denied
from tools.aws_words import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.account_check.aws import Call
    from tools.account_check.deployed import Stack

# All that a trial makes is called so; clean-up finds it by these names.
PREFIX = "emr-in-transit-verify-"
QUEUE_NAME = f"{PREFIX}alerts"

MAKE_QUEUE = write("sqs", "CreateQueue", "sqs:CreateQueue")
SUBSCRIBE = write("sns", "Subscribe", "sns:Subscribe")
RECEIVE = write("sqs", "ReceiveMessage", "sqs:ReceiveMessage")  # what it takes, nobody else gets
DELETE_MESSAGE = write("sqs", "DeleteMessage", "sqs:DeleteMessage")
RESULTS = read(
    "config", "GetComplianceDetailsByConfigRule", "config:GetComplianceDetailsByConfigRule"
)
QUEUE_URL = read("sqs", "GetQueueUrl", "sqs:GetQueueUrl")
CALLS = (MAKE_QUEUE, QUEUE_URL, QUEUE, RECEIVE, DELETE_MESSAGE)

# SQS gives a name again a minute after its queue was deleted (SQS API, CreateQueue).
NAME_IS_FREE = 75.0
POLL = 5.0
TAKEN = {"QueueAlreadyExists", "QueueNameExists"}
# SQS has these codes from two protocols (botocore's model has both).
DELETED_RECENTLY = {"QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"}
NO_QUEUE = {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}
# Takes a question about AWS that nobody has settled, and its answer.
Answering = Callable[[str, str], None]


class BusyError(Exception):
    """Another trial is at work in this Region, or one has crashed; the message says what to do."""


class Pace(NamedTuple):
    """A clock in seconds, and how to wait on it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_for(self, probe: Callable[[], Any], seconds: float) -> Any:
        """Return the first true value of the probe, or None after so many seconds.

        What AWS refuses for a while is asked again; what it denies is raised, and what it refuses
        to the end too.
        """
        begun = self.now()
        while True:
            failure: Exception | None = None
            try:
                if found := probe():
                    return found
            except AWS_ERRORS as error:
                if is_denied(error):
                    raise
                failure = error
            if self.now() - begun >= seconds:
                if failure:
                    raise failure
                return None
            self.sleep(POLL)


class Stopwatch:
    """Counts from its making."""

    def __init__(self, pace: Pace) -> None:
        self._pace, self._begun = pace, pace.now()

    def seconds(self) -> float:
        """Return the seconds since then."""
        return self._pace.now() - self._begun


@dataclass(frozen=True)
class Trial:
    """One run that makes something; `received` holds the alerts that have come to its queue."""

    aws: Aws
    stack: Stack
    pace: Pace = field(default_factory=Pace)
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    queue_url: str = ""
    received: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the name of what this run alone makes."""
        return f"{PREFIX}{self.run}"

    def limited_to(self, calls: Iterable[Call]) -> Trial:
        """Return the same trial with these calls and no others; what it hears is shared."""
        return replace(self, aws=self.aws.limited_to(calls))

    def begin(self) -> Trial:
        """Return the trial with its queue, the lock of the Region; raise BusyError if there is one.

        SQS refuses a second queue of the same name with other attributes, whoever asks and from
        where. The run stands in the queue's policy, and is read back.
        """
        topic = self.stack.outputs["AlertTopicArn"]
        attributes = {
            "MessageRetentionPeriod": str(3600 + int(self.run, 16) % 80_000),
            "Policy": json.dumps(self._queue_policy(topic)),
        }

        def make() -> str:
            try:
                answer = self.aws.call(MAKE_QUEUE, QueueName=QUEUE_NAME, Attributes=attributes)
            except AWS_ERRORS as error:
                if code_of(error) in TAKEN:
                    raise _busy(self.aws.region) from error
                if code_of(error) in DELETED_RECENTLY:
                    return ""
                raise
            return str(answer["QueueUrl"])

        url = self.pace.wait_for(make, NAME_IS_FREE)
        if not url:
            raise BusyError("the queue of a trial has just been deleted: try again in a minute")
        if self.pace.wait_for(self.holder, NAME_IS_FREE) != self.run:
            raise _busy(self.aws.region)
        return replace(self, queue_url=url)

    def holder(self) -> str:
        """Return the run that holds the Region, by the queue that is there; empty if none is."""
        try:
            url = self.aws.call(QUEUE_URL, QueueName=QUEUE_NAME)["QueueUrl"]
            answer = self.aws.call(QUEUE, QueueUrl=url, AttributeNames=["Policy"])
        except AWS_ERRORS as error:
            if code_of(error) in NO_QUEUE:
                return ""
            raise
        policy = json.loads(answer.get("Attributes", {}).get("Policy", "{}"))
        return str(policy.get("Id", "somebody else's"))

    def _queue_policy(self, topic: str) -> dict[str, Any]:
        statement = {
            "Sid": "TheAlertTopicSends",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.aws.arn("sqs", QUEUE_NAME),
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        return {"Version": "2012-10-17", "Id": self.run, "Statement": [statement]}

    def listen(self) -> None:
        """Subscribe the queue to the alert topic; raise NotReachedError where that is refused."""
        topic = self.stack.outputs["AlertTopicArn"]
        try:
            answer = self.aws.call(
                SUBSCRIBE,
                region=topic.split(":")[3],
                TopicArn=topic,
                Protocol="sqs",
                Endpoint=self.aws.arn("sqs", QUEUE_NAME),
                ReturnSubscriptionArn=True,
            )
        except AWS_ERRORS as error:
            if not is_denied(error):
                raise
            raise NotReachedError(
                "the topic refuses Subscribe: to an EC2 instance it always does, so run this from "
                f"elsewhere, or allow yourself sns:Subscribe ({code_of(error)})"
            ) from error
        if topic.split(":")[4] != self.aws.account and ":" not in str(answer["SubscriptionArn"]):
            raise NotReachedError(
                "the topic is in another account, whose owner would have to confirm"
            )

    def heard(self, text: str) -> list[str]:
        """Return the alerts so far that name something."""
        while True:
            answer = self.aws.call(RECEIVE, QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            for each in answer.get("Messages", []):
                self.received.append(each["Body"])
                receipt = each["ReceiptHandle"]
                self.aws.call(DELETE_MESSAGE, QueueUrl=self.queue_url, ReceiptHandle=receipt)
            if not answer.get("Messages"):
                return [each for each in self.received if text in each]

    def result(self, rule: str, resource_id: str) -> dict[str, Any] | None:
        """Return what AWS Config has on record of a resource by a rule."""
        for each in self.aws.items(RESULTS, "EvaluationResults", ConfigRuleName=rule, Limit=100):
            qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            if qualifier["ResourceId"] == resource_id:
                found: dict[str, Any] = each
                return found
        return None


def _busy(region: str) -> BusyError:
    return BusyError(
        f"another trial is at work in {region}, or one has crashed: wait for it, or remove what it "
        'left (ARGS="--clean-up")'
    )
