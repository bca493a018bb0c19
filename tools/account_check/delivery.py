"""Account check: what a stack remembers, who hears of it, and what it has lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.aws.topic import PERMISSIONS as PUBLISHING
from tools.account_check import topics
from tools.account_check.aws import Aws, read
from tools.account_check.decisions import Verdict, decide, service
from tools.account_check.deployed import FUNCTIONS, Stack
from tools.account_check.functions import AGAIN, POLICY, may_run
from tools.account_check.policies import QUEUE
from tools.account_check.results import Answer, Finding, check, for_each, no, unsure, yes
from tools.aws_words import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = read("dynamodb", "DescribeTable", "dynamodb:DescribeTable")
EVENT_RULE = read("events", "DescribeRule", "events:DescribeRule")
TARGETS = read("events", "ListTargetsByRule", "events:ListTargetsByRule")
LETTERS = ("FunctionDeadLetters", "EventDeadLetters")
GONE = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


@check("ledger", TABLE)
def ledger(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the table is there."""
    try:
        table = aws.call(TABLE, TableName=stack.resources["Ledger"])["Table"]
    except AWS_ERRORS as error:
        if code_of(error) not in GONE:
            raise
        yield no("the ledger is gone: no sweep alerts any more", f"restore the table, or {AGAIN}")
        return
    status = table["TableStatus"]
    good = status in {"ACTIVE", "UPDATING"}
    yield yes(f"the ledger is {status}") if good else no(f"the ledger is {status}", AGAIN)


@check("alert topic", *topics.CALLS, topics.ORGANIZATION)
def alert_topic(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the functions may publish, and somebody reads."""
    topic = topics.fetch(aws, stack.outputs["AlertTopicArn"])
    if topic is None:
        yield no("the alert topic is gone: nobody hears of anything", AGAIN)
        return
    organization = "" if topic.account == aws.account else topics.organization_of(aws)
    for role in FUNCTIONS.values():
        who = topics.publisher(stack.arn(aws, role), organization)
        yield from topics.admits(topic, who, PUBLISHING)
    yield from topics.readers(aws, topic)


@check("key of the alert topic", topics.TOPIC, *topics.KEY_CALLS)
def topic_key(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the functions may use the topic's key."""
    topic = topics.fetch(aws, stack.outputs["AlertTopicArn"])
    if topic is None:
        yield unsure("the topic is gone")
        return
    for role in FUNCTIONS.values():
        organization = topics.organization_of(aws) if topic.account != aws.account else ""
        who = topics.publisher(stack.arn(aws, role), organization)
        yield from topics.key_admits(aws, topic, who)


@check("operations topic", *topics.CALLS)
def operations_topic(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether alarms may publish, and somebody reads."""
    topic = topics.fetch(aws, stack.outputs["OperationsTopicArn"])
    if topic is None:
        yield no("the operations topic is gone: no alarm is heard", AGAIN)
        return
    alarm = aws.arn("cloudwatch", "alarm:x")
    who = service("cloudwatch.amazonaws.com", alarm, aws.account)
    decision = decide(topic.policy, who, "sns:Publish", topic.arn)
    if not topic.policy:
        yield unsure("its policy could not be read")
    elif decision.doubts:
        yield topics.in_doubt("its policy", decision.doubts)
    elif decision.verdict is Verdict.ALLOWED:
        yield yes("its policy admits CloudWatch")
    elif topic.account != aws.account:
        yield unsure("whether its policy admits CloudWatch for this account", "read it")
    else:
        yield no("its policy does not admit CloudWatch: no alarm is heard", AGAIN)
    yield from topics.readers(aws, topic)


@check("dead letters", QUEUE)
def dead_letters(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether anything has failed for good."""
    return for_each(LETTERS, lambda logical: _letters(aws, stack, logical), (QUEUE,))


def _letters(aws: Aws, stack: Stack, logical: str) -> Iterator[Finding]:
    names = ["ApproximateNumberOfMessages"]
    try:
        answer = aws.call(QUEUE, QueueUrl=stack.resources[logical], AttributeNames=names)
    except AWS_ERRORS as error:
        if code_of(error) not in GONE:
            raise
        yield no(f"the queue {logical} is gone", AGAIN)
        return
    count = int(answer["Attributes"][names[0]])
    if count:
        yield no(f"{count} in {logical}", "read them: each is an event that failed for good")
    else:
        yield yes(f"none in {logical}")


EVENT_CALLS = (EVENT_RULE, TARGETS, POLICY)


@check("events of launches", *EVENT_CALLS)
def events(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether EventBridge hands launches to the launch check."""
    names = stack.of_type("AWS::Events::Rule")
    return for_each(names, lambda logical: _event_rule(aws, stack, logical), EVENT_CALLS)


def _event_rule(aws: Aws, stack: Stack, logical: str) -> Iterator[Finding]:
    name = stack.resources[logical]
    try:
        rule = aws.call(EVENT_RULE, Name=name)
    except AWS_ERRORS as error:
        if code_of(error) not in GONE:
            raise
        yield no(f"the event rule {logical} is gone", AGAIN)
        return
    targets = {each["Arn"] for each in aws.call(TARGETS, Rule=name)["Targets"]}
    source = stack.arn(aws, logical)
    allowed = may_run(aws, stack, "LaunchCheckFunction", "events.amazonaws.com", source)
    if rule.get("State", "ENABLED") == "DISABLED":
        yield no(f"the event rule {logical} is disabled", f"aws events enable-rule --name {name}")
    elif stack.arn(aws, "LaunchCheckFunction") not in targets:
        yield no(f"the event rule {logical} has lost its target, the launch check", AGAIN)
    elif allowed.answer is Answer.NO:
        yield no(f"{logical}: {allowed.text}", AGAIN)
    else:
        yield yes(f"{logical} is enabled and runs the launch check")


CHECKS = (ledger, alert_topic, topic_key, operations_topic, dead_letters, events)
