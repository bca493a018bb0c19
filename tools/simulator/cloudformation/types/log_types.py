"""Simulator: CloudFormation's types of CloudWatch Logs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import logs_backends
from moto.utilities.utils import get_partition

from tools.simulator.cloudformation.types.base import ApiResource, tags_of
from tools.simulator.iam import keys, resource_policies
from tools.simulator.refusals import RefusedError


class LogGroup(ApiResource, CloudFormationModel):
    """An AWS::Logs::LogGroup; Ref answers its name."""

    TYPE = "AWS::Logs::LogGroup"
    SERVICE = "logs"
    NAME_PROPERTY = "LogGroupName"
    HONOURED = frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"})
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "LogGroupClass": "the classes differ in price and in features that nothing here has",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the group."""
        client = cls.client(account, region)
        arn = f"arn:{get_partition(region)}:logs:{region}:{account}:log-group:{name}"
        _check_key(properties.get("KmsKeyId"), arn)
        key = {"kmsKeyId": properties["KmsKeyId"]} if "KmsKeyId" in properties else {}
        client.create_log_group(logGroupName=name, tags=tags_of(properties), **key)
        cls._retain(client, name, properties)
        return cls(name, properties, Arn=f"{arn}:*")

    @staticmethod
    def _retain(client: Any, name: str, properties: dict[str, Any]) -> None:
        days = properties.get("RetentionInDays")
        if days is None:
            client.delete_retention_policy(logGroupName=name)
        else:
            client.put_retention_policy(logGroupName=name, retentionInDays=days)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change the key, the retention and the tags."""
        client = self.client(account, region)
        _check_key(properties.get("KmsKeyId"), self.attributes["Arn"].removesuffix(":*"))
        # moto has no operation for it.
        logs_backends[account][region].groups[name].kms_key_id = properties.get("KmsKeyId")
        self._retain(client, name, properties)
        old, new = tags_of(self.properties), tags_of(properties)
        if old:
            client.untag_log_group(logGroupName=name, tags=list(old))
        if new:
            client.tag_log_group(logGroupName=name, tags=new)
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the group."""
        self.client(account, region).delete_log_group(logGroupName=self.physical_resource_id)


def _check_key(key_id: str | None, group: str) -> None:
    """Refuse a key whose policy does not admit CloudWatch Logs for this group."""
    _, _, _, region, account, _ = group.split(":", 5)
    who = resource_policies.service(f"logs.{region}.amazonaws.com", group, account)
    context = {**who.context, "kms:encryptioncontext:aws:logs:arn": group}
    try:
        keys.check(key_id, (account, region), replace(who, context=context))
    except RefusedError as problem:
        raise InvalidParameterException(
            msg="The specified KMS key does not exist or is not allowed to be used with LogGroup "
            f"'{group}'"
        ) from problem
