"""Simulator: the resource types of what keeps data: tables, log groups, keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from moto.logs.models import logs_backends

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
from tools.simulator.refusals import RefusedError

_TABLE = frozenset({"AttributeDefinitions", "BillingMode", "KeySchema"})
_TABLE_SETTINGS = {  # by the calls that make them
    "PointInTimeRecoverySpecification": "update_continuous_backups",
    "TimeToLiveSpecification": "update_time_to_live",
}


def _create_table(place: Place, name: str, given: Properties) -> Made:
    client = place.client("dynamodb")
    table = client.create_table(TableName=name, **chosen(given, _TABLE))["TableDescription"]
    made = Made(name, {"Arn": table["TableArn"]})
    try:
        _settle_table(client, made, given)
    except Exception:  # DynamoDB makes no table whose policy it refuses
        client.delete_table(TableName=name)
        raise
    return made


def _settle_table(client: Any, table: Made | Deployed, changed: Properties) -> None:
    for name, operation in _TABLE_SETTINGS.items():
        if name in changed:
            getattr(client, operation)(TableName=table.physical_id, **chosen(changed, [name]))
    if "ResourcePolicy" in changed:
        document = policy_text(changed["ResourcePolicy"]["PolicyDocument"])
        client.put_resource_policy(ResourceArn=table.attributes["Arn"], Policy=document)


def _update_table(place: Place, old: Deployed, given: Properties) -> None:
    changed = {key: given[key] for key in given if given[key] != old.properties.get(key)}
    if fixed := sorted(changed.keys() & _TABLE):
        raise ValueError(f"The simulator cannot change {fixed} of a table.")
    client = place.client("dynamodb")
    _settle_table(client, old, changed)
    if "ResourcePolicy" in old.properties.keys() - given.keys():
        client.delete_resource_policy(ResourceArn=old.attributes["Arn"])


def _create_log_group(place: Place, name: str, given: Properties) -> Made:
    client, arn = place.client("logs"), place.arn("logs", f"log-group:{name}")
    _check_key(given.get("KmsKeyId"), place, arn)
    key = {"kmsKeyId": given["KmsKeyId"]} if "KmsKeyId" in given else {}
    client.create_log_group(logGroupName=name, **key)
    _retain(client, name, given)
    return Made(name, {"Arn": f"{arn}:*"})


def _update_log_group(place: Place, old: Deployed, given: Properties) -> None:
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


def _create_key(place: Place, _name: str, given: Properties) -> Made:
    client = place.client("kms")
    made = client.create_key(
        Policy=policy_text(given["KeyPolicy"]), **chosen(given, ["Description"])
    )["KeyMetadata"]
    if given.get("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=made["KeyId"])
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _update_key(place: Place, old: Deployed, given: Properties) -> None:
    place.client("kms").put_key_policy(
        KeyId=old.physical_id, PolicyName="default", Policy=policy_text(given["KeyPolicy"])
    )


def _delete_key(place: Place, one: Deployed) -> None:
    place.client("kms").schedule_key_deletion(KeyId=one.physical_id, PendingWindowInDays=7)


TYPES = {
    "AWS::DynamoDB::Table": ResourceType(
        create=_create_table,
        update=_update_table,
        delete=deletion("dynamodb", "delete_table", "TableName"),
        named="TableName",
        honoured=_TABLE | _TABLE_SETTINGS.keys() | {"ResourcePolicy", "TableName"},
    ),
    "AWS::Logs::LogGroup": ResourceType(
        create=_create_log_group,
        update=_update_log_group,
        delete=deletion("logs", "delete_log_group", "logGroupName"),
        named="LogGroupName",
        honoured=frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays"}),
    ),
    "AWS::KMS::Key": ResourceType(
        create=_create_key,
        update=_update_key,
        delete=_delete_key,
        honoured=frozenset({"Description", "EnableKeyRotation", "KeyPolicy"}),
    ),
}
