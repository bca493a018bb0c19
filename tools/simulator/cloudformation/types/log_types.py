"""Simulator: CloudFormation's types of CloudWatch Logs."""

from __future__ import annotations

from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.utilities.utils import get_partition

from tools.simulator.cloudformation.types.base import ApiResource, tags_of


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
        key = {"kmsKeyId": properties["KmsKeyId"]} if "KmsKeyId" in properties else {}
        client.create_log_group(logGroupName=name, tags=tags_of(properties), **key)
        cls._retain(client, name, properties)
        arn = f"arn:{get_partition(region)}:logs:{region}:{account}:log-group:{name}:*"
        return cls(name, properties, Arn=arn)

    @staticmethod
    def _retain(client: Any, name: str, properties: dict[str, Any]) -> None:
        days = properties.get("RetentionInDays")
        if days is None:
            client.delete_retention_policy(logGroupName=name)
        else:
            client.put_retention_policy(logGroupName=name, retentionInDays=days)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change the retention and the tags."""
        client = self.client(account, region)
        self._retain(client, name, properties)
        old = list(tags_of(self.properties))
        client.untag_log_group(logGroupName=name, tags=old)
        client.tag_log_group(logGroupName=name, tags=tags_of(properties))
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the group."""
        self.client(account, region).delete_log_group(logGroupName=self.physical_resource_id)
