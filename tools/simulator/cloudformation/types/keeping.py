"""Simulator: the resource types of what keeps data and passes it on.

Tables, log groups and keys; topics, queues and EventBridge's rules.
"""

from dataclasses import replace
from typing import Any

from moto.logs.models import logs_backends

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    deletion,
    policy_text,
)
from tools.simulator.iam import keys, resource_policies
from tools.simulator.iam.resource_policies import RefusedError

_TABLE = frozenset({"AttributeDefinitions", "BillingMode", "KeySchema"})
_TABLE_SETTINGS = {  # by the calls that make them
    "PointInTimeRecoverySpecification": "update_continuous_backups",
    "TimeToLiveSpecification": "update_time_to_live",
}
_TOPIC = ("DisplayName", "KmsMasterKeyId")
_QUEUE = ("DelaySeconds", "MessageRetentionPeriod", "SqsManagedSseEnabled")


class _Table(ResourceType, of="AWS::DynamoDB::Table", named="TableName"):
    honoured = _TABLE | _TABLE_SETTINGS.keys() | {"ResourcePolicy"}
    delete = deletion("dynamodb", "delete_table", "TableName")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        client = place.client("dynamodb")
        table = client.create_table(TableName=name, **chosen(given, _TABLE))["TableDescription"]
        made = Made(name, {"Arn": table["TableArn"]})
        try:
            _settle_table(client, made, given)
        except Exception:  # DynamoDB makes no table whose policy it refuses
            client.delete_table(TableName=name)
            raise
        return made

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        changed = {key: given[key] for key in given if given[key] != old.properties.get(key)}
        if fixed := sorted(changed.keys() & _TABLE):
            raise ValueError(f"The simulator cannot change {fixed} of a table.")
        client = place.client("dynamodb")
        _settle_table(client, old, changed)
        if "ResourcePolicy" in old.properties.keys() - given.keys():
            client.delete_resource_policy(ResourceArn=old.attributes["Arn"])


def _settle_table(client: Any, table: Made | Deployed, changed: Properties) -> None:
    for name, operation in _TABLE_SETTINGS.items():
        if name in changed:
            getattr(client, operation)(TableName=table.physical_id, **chosen(changed, [name]))
    if "ResourcePolicy" in changed:
        document = policy_text(changed["ResourcePolicy"]["PolicyDocument"])
        client.put_resource_policy(ResourceArn=table.attributes["Arn"], Policy=document)


class _LogGroup(ResourceType, of="AWS::Logs::LogGroup", named="LogGroupName"):
    honoured = frozenset({"KmsKeyId", "RetentionInDays"})
    delete = deletion("logs", "delete_log_group", "logGroupName")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        client, arn = place.client("logs"), place.arn("logs", f"log-group:{name}")
        _check_key(given.get("KmsKeyId"), place, arn)
        key = {"kmsKeyId": given["KmsKeyId"]} if "KmsKeyId" in given else {}
        client.create_log_group(logGroupName=name, **key)
        _retain(client, name, given)
        return Made(name, {"Arn": f"{arn}:*"})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        client, name = place.client("logs"), old.physical_id
        _check_key(given.get("KmsKeyId"), place, old.attributes["Arn"].removesuffix(":*"))
        # moto has no operation for it.
        logs_backends[place.account][place.region].groups[name].kms_key_id = given.get("KmsKeyId")
        _retain(client, name, given)


def _retain(client: Any, name: str, given: Properties) -> None:
    days = given.get("RetentionInDays")
    if days is None:
        client.delete_retention_policy(logGroupName=name)
    else:
        client.put_retention_policy(logGroupName=name, retentionInDays=days)


def _check_key(key_id: str | None, place: Place, group: str) -> None:
    """Refuse a key whose policy does not admit CloudWatch Logs for this group."""
    who = resource_policies.service(f"logs.{place.region}.amazonaws.com", group, place.account)
    context = {**who.context, "kms:encryptioncontext:aws:logs:arn": group}
    try:
        keys.check(key_id, place, replace(who, context=context))
    except RefusedError as problem:
        message = "The specified KMS key does not exist or is not allowed to be used with LogGroup"
        raise ValueError(f"{message} '{group}'") from problem


class _Key(ResourceType, of="AWS::KMS::Key"):
    honoured = frozenset({"Description", "EnableKeyRotation", "KeyPolicy"})

    def create(self, place: Place, _name: str, given: Properties) -> Made:
        client = place.client("kms")
        made = client.create_key(
            Policy=policy_text(given["KeyPolicy"]), **chosen(given, ["Description"])
        )["KeyMetadata"]
        if given.get("EnableKeyRotation"):
            client.enable_key_rotation(KeyId=made["KeyId"])
        return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        place.client("kms").put_key_policy(
            KeyId=old.physical_id, PolicyName="default", Policy=policy_text(given["KeyPolicy"])
        )

    def delete(self, place: Place, one: Deployed) -> None:
        place.client("kms").schedule_key_deletion(KeyId=one.physical_id, PendingWindowInDays=7)


class _Topic(ResourceType, of="AWS::SNS::Topic", named="TopicName"):
    honoured = frozenset(_TOPIC)
    delete = deletion("sns", "delete_topic", "TopicArn")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        made = place.client("sns").create_topic(Name=name, Attributes=chosen(given, _TOPIC))
        return Made(made["TopicArn"], {"TopicArn": made["TopicArn"], "TopicName": name})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        for name in _TOPIC:
            if given.get(name) != old.properties.get(name):
                place.client("sns").set_topic_attributes(
                    TopicArn=old.physical_id, AttributeName=name, AttributeValue=given.get(name, "")
                )


class _TopicPolicy(ResourceType, of="AWS::SNS::TopicPolicy"):
    honoured = frozenset({"PolicyDocument", "Topics"})

    def create(self, place: Place, name: str, given: Properties) -> Made:
        policy = policy_text(given["PolicyDocument"])
        for arn in given["Topics"]:
            place.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=policy
            )
        return Made(name, {"Id": name})

    def delete(self, place: Place, one: Deployed) -> None:
        """Have the account's own principals admitted, as by the policy that a topic begins with."""
        owner = {"StringEquals": {"AWS:SourceOwner": place.account}}
        statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}}
        statement |= {"Action": ["SNS:Publish", "SNS:Subscribe"], "Condition": owner}
        for arn in one.properties["Topics"]:
            policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]}
            self.create(place, one.name, {"PolicyDocument": policy, "Topics": [arn]})


class _Subscription(ResourceType, of="AWS::SNS::Subscription"):
    honoured = frozenset({"Endpoint", "Protocol", "TopicArn"})
    delete = deletion("sns", "unsubscribe", "SubscriptionArn")

    def create(self, place: Place, _name: str, given: Properties) -> Made:
        answer = place.client("sns").subscribe(**given, ReturnSubscriptionArn=True)
        return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


class _Queue(ResourceType, of="AWS::SQS::Queue", named="QueueName"):
    honoured = frozenset(_QUEUE)
    delete = deletion("sqs", "delete_queue", "QueueUrl")

    def create(self, place: Place, name: str, given: Properties) -> Made:
        client = place.client("sqs")
        url = client.create_queue(QueueName=name, Attributes=_attributes(given))["QueueUrl"]
        return Made(url, {"Arn": place.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        client = place.client("sqs")
        client.set_queue_attributes(QueueUrl=old.physical_id, Attributes=_attributes(given))


def _attributes(given: Properties) -> dict[str, str]:
    return {name: text_of(value) for name, value in chosen(given, _QUEUE).items()}


class _QueuePolicy(ResourceType, of="AWS::SQS::QueuePolicy"):
    honoured = frozenset({"PolicyDocument", "Queues"})

    def create(self, place: Place, name: str, given: Properties) -> Made:
        policy = policy_text(given["PolicyDocument"])
        for url in given["Queues"]:
            place.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return Made(name, {"Id": name})

    def delete(self, place: Place, one: Deployed) -> None:
        self.create(place, one.name, {"PolicyDocument": "", **chosen(one.properties, ["Queues"])})


class _Rule(ResourceType, of="AWS::Events::Rule", named="Name"):
    honoured = frozenset({"Description", "EventPattern", "Targets"})

    def create(self, place: Place, name: str, given: Properties) -> Made:
        client = place.client("events")
        pattern = policy_text(given["EventPattern"])
        description = given.get("Description", "")
        arn = client.put_rule(Name=name, EventPattern=pattern, Description=description)["RuleArn"]
        answer = client.put_targets(Rule=name, Targets=given["Targets"])
        if answer["FailedEntryCount"]:
            raise ValueError(f"Targets were refused: {answer['FailedEntries']}")
        return Made(name, {"Arn": arn})

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        self.create(place, old.physical_id, given)
        _remove_targets(place, old, kept=given)

    def delete(self, place: Place, one: Deployed) -> None:
        _remove_targets(place, one, kept={})
        place.client("events").delete_rule(Name=one.physical_id)


def _remove_targets(place: Place, rule: Deployed, kept: Properties) -> None:
    old, new = (
        {target["Id"] for target in each.get("Targets") or []} for each in (rule.properties, kept)
    )
    if old - new:
        place.client("events").remove_targets(Rule=rule.physical_id, Ids=sorted(old - new))
