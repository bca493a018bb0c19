"""What the tests of the account check plant in a deployment, each taken away again."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from tests.end_to_end.roles import without
from tests.end_to_end.watched import Watched
from tests.simulator.throwaway import zipped
from tools.account import RULE, STACK

TYPE = "AWS::EMR::SecurityConfiguration"
GROUP_OF_ALL = {"allSupported": True, "includeGlobalResourceTypes": False}
DENY_ALL = {"Sid": "X", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish"}


class Planted(NamedTuple):
    """A fault: what it is, who has to find it, in which words, and how it is planted."""

    name: str
    checks: set[str]
    words: str
    plant: Callable[[Watched], AbstractContextManager[Any]]


def _physical(account: Watched, logical: str) -> str:
    cloudformation = account.simulator.client("cloudformation")
    found = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


@contextmanager
def _recorder(account: Watched, **recorder: Any) -> Iterator[None]:
    (found,) = account.config.describe_configuration_recorders()["ConfigurationRecorders"]
    account.config.put_configuration_recorder(ConfigurationRecorder=found | recorder)
    yield
    account.config.put_configuration_recorder(
        ConfigurationRecorder=found | {"recordingGroup": GROUP_OF_ALL}
    )


@contextmanager
def _recorder_stopped(account: Watched) -> Iterator[None]:
    account.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    yield
    account.config.start_configuration_recorder(ConfigurationRecorderName="default")


@contextmanager
def _no_permission(account: Watched) -> Iterator[None]:
    functions, name = account.simulator.client("lambda"), account.outputs["FunctionArn"]
    (statement,) = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    yield
    functions.add_permission(
        FunctionName=name,
        StatementId=statement["Sid"],
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        SourceAccount=name.split(":")[4],
    )


@contextmanager
def _other_code(account: Watched) -> Iterator[None]:
    functions, name = account.simulator.client("lambda"), account.outputs["LaunchCheckFunctionArn"]
    cloudformation = account.simulator.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    held = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    functions.update_function_code(FunctionName=name, ZipFile=zipped(launch_check="x = 1"))
    yield
    functions.update_function_code(
        FunctionName=name, S3Bucket=held["CodeBucket"], S3Key=held["CodeKey"]
    )


@contextmanager
def _other_ledger(account: Watched) -> Iterator[None]:
    functions, name = account.simulator.client("lambda"), account.outputs["FunctionArn"]
    held = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    other = {"Variables": held | {"LEDGER_TABLE": "another"}}
    functions.update_function_configuration(FunctionName=name, Environment=other)
    yield
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": held})


@contextmanager
def _topic(account: Watched, output: str, name: str, value: Callable[[str], str]) -> Iterator[None]:
    topics, arn = account.simulator.client("sns"), account.outputs[output]
    held = topics.get_topic_attributes(TopicArn=arn)["Attributes"].get(name, "")
    topics.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value(held))
    yield
    topics.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=held)


def _topic_refuses(account: Watched) -> AbstractContextManager[None]:
    arn = account.outputs["AlertTopicArn"]

    def refusing(policy: str) -> str:
        document = json.loads(policy)
        return json.dumps(
            document | {"Statement": [*document["Statement"], {**DENY_ALL, "Resource": arn}]}
        )

    return _topic(account, "AlertTopicArn", "Policy", refusing)


def _alarms_not_admitted(account: Watched) -> AbstractContextManager[None]:
    def closed(policy: str) -> str:
        document = json.loads(policy)
        kept = [each for each in document["Statement"] if each["Effect"] == "Deny"]
        return json.dumps(document | {"Statement": kept})

    return _topic(account, "OperationsTopicArn", "Policy", closed)


def _key_refuses(account: Watched) -> AbstractContextManager[None]:
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    owner = {"AWS": "arn:aws:iam::123456789012:role/keys"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Principal": owner}]}
    key = account.simulator.client("kms").create_key(Policy=json.dumps(policy))
    arn = str(key["KeyMetadata"]["Arn"])
    return _topic(account, "AlertTopicArn", "KmsMasterKeyId", lambda _: arn)


@contextmanager
def _unconfirmed(account: Watched) -> Iterator[None]:
    topics, arn = account.simulator.client("sns"), account.outputs["AlertTopicArn"]
    account.simulator.confirm_emails(confirm=False)
    held = topics.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    for each in held:
        topics.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    topics.subscribe(TopicArn=arn, Protocol="email", Endpoint="oncall@example.com")
    yield
    account.simulator.confirm_emails()
    for each in held:
        if each["Protocol"] != "email":
            topics.subscribe(TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])


@contextmanager
def _event_rule_disabled(account: Watched) -> Iterator[None]:
    events, name = account.simulator.client("events"), _physical(account, "LaunchStateChange")
    events.disable_rule(Name=name)
    yield
    events.enable_rule(Name=name)


@contextmanager
def _target_missing(account: Watched) -> Iterator[None]:
    events, name = account.simulator.client("events"), _physical(account, "LaunchCall")
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    events.remove_targets(Rule=name, Ids=[each["Id"] for each in targets])
    yield
    events.put_targets(Rule=name, Targets=targets)


@contextmanager
def _dead_letters(account: Watched) -> Iterator[None]:
    url = account.outputs["EventDeadLettersUrl"]
    account.sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    account.drain(url)


@contextmanager
def _alarm_rings(account: Watched) -> Iterator[None]:
    cloudwatch, name = account.simulator.client("cloudwatch"), _physical(account, "RuleErrors")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="planted")
    yield
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="over")


@contextmanager
def _ledger_gone(account: Watched) -> Iterator[None]:
    dynamodb, name = account.simulator.client("dynamodb"), account.outputs["LedgerTable"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    policy = dynamodb.get_resource_policy(ResourceArn=table["TableArn"])["Policy"]
    dynamodb.delete_table(TableName=name)
    yield
    dynamodb.create_table(
        TableName=name,
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_resource_policy(ResourceArn=table["TableArn"], Policy=policy)


@contextmanager
def _ledger_open(account: Watched) -> Iterator[None]:
    dynamodb, name = account.simulator.client("dynamodb"), account.outputs["LedgerTable"]
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    policy = json.loads(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"])
    kept = [each for each in policy["Statement"] if each["Sid"] != "OnlyTheFunctionsWrite"]
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy | {"Statement": kept}))
    yield
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))


@contextmanager
def _rule_gone(account: Watched) -> Iterator[None]:
    (rule,) = account.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
    account.config.delete_config_rule(ConfigRuleName=RULE)
    yield
    kept = ("ConfigRuleName", "Description", "Source", "InputParameters")
    account.config.put_config_rule(ConfigRule={name: rule[name] for name in kept})
    account.simulator.settle()


@contextmanager
def _run_failed(account: Watched) -> Iterator[None]:
    account.simulator.add_fault(
        service="emr", operation="ListClusters", code="AccessDeniedException", status=400
    )
    account.simulator.schedule(RULE)
    account.simulator.settle()
    account.simulator.clear_faults()
    yield
    account.launch_and_wait("recovers")
    account.simulator.schedule(RULE)
    account.tidy()


FUNCTIONS, TOPIC = "functions", "alert topic"
POLICIES = "policies of table, topics and queues"
FAULTS = [
    Planted("recorder stopped", {"recorder"}, "the recorder is stopped", _recorder_stopped),
    Planted(
        "type not in the list", {"recorder"}, f"does not record {TYPE}",
        lambda a: _recorder(a, recordingGroup={"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::EC2::Instance"]}),
    ),
    Planted("rule without permission", {"permission of the rules"}, "does not let config.amazonaws.com run it", _no_permission),
    Planted("rule gone", {"rules"}, f"the rule {RULE} is gone", _rule_gone),
    Planted("last run failed", {"last runs", "dead letters"}, f"the last run of {RULE} failed", _run_failed),
    Planted("function of another version", {FUNCTIONS}, "LaunchCheckFunction has other code than the zip", _other_code),
    Planted("another ledger", {FUNCTIONS}, "RuleFunction has another LEDGER_TABLE", _other_ledger),
    Planted("role without a grant", {"what the functions may do"}, "LaunchCheckRole may not do sns:Publish", lambda a: without(a, "LaunchCheckRole", "sns:Publish")),
    Planted("topic refuses", {TOPIC, POLICIES}, "its policy denies", _topic_refuses),
    Planted("email unconfirmed", {TOPIC}, "1 unconfirmed, and nobody else reads", _unconfirmed),
    Planted("key refuses", {"key of the alert topic"}, "the key's policy does not allow", _key_refuses),
    Planted("alarms not admitted", {"operations topic", POLICIES}, "no alarm is heard", _alarms_not_admitted),
    Planted("event rule disabled", {"events of launches"}, "LaunchStateChange is disabled", _event_rule_disabled),
    Planted("target missing", {"events of launches"}, "LaunchCall has lost its target", _target_missing),
    Planted("dead letters", {"dead letters"}, "1 in EventDeadLetters", _dead_letters),
    Planted("alarm rings", {"alarms"}, "the alarm RuleErrors rings", _alarm_rings),
    Planted("ledger open", {POLICIES}, "OnlyTheFunctionsWrite is missing", _ledger_open),
    Planted("ledger gone", {"ledger"}, "the ledger is gone", _ledger_gone),
]  # fmt: skip
