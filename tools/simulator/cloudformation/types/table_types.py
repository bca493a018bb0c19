"""Simulator: CloudFormation's type of DynamoDB."""

from __future__ import annotations

from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource, chosen, policy_text


class Table(ApiResource, CloudFormationModel):
    """An AWS::DynamoDB::Table; Ref answers its name."""

    TYPE = "AWS::DynamoDB::Table"
    SERVICE = "dynamodb"
    NAME_PROPERTY = "TableName"
    _AT_CREATION = (
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "ProvisionedThroughput",
        "StreamSpecification",
        "TableClass",
        "Tags",
    )
    HONOURED = frozenset(
        {
            *_AT_CREATION,
            "PointInTimeRecoverySpecification",
            "ResourcePolicy",
            "SSESpecification",
            "TableName",
            "TimeToLiveSpecification",
        }
    )

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the table."""
        client = cls.client(account, region)
        request = chosen(properties, cls._AT_CREATION) | cls._encryption(properties)
        made = client.create_table(TableName=name, **request)["TableDescription"]
        cls._specify(client, name, properties)
        try:
            cls._put_policy(client, made["TableArn"], properties)
        except Exception:  # DynamoDB makes no table whose policy it refuses
            client.delete_table(TableName=name)
            raise
        streams = {"StreamArn": made["LatestStreamArn"]} if "LatestStreamArn" in made else {}
        return cls(name, properties, Arn=made["TableArn"], **streams)

    @staticmethod
    def _encryption(properties: dict[str, Any]) -> dict[str, Any]:
        given = properties.get("SSESpecification")
        if not given:
            return {}
        renamed = {"SSEEnabled": "Enabled"}
        return {"SSESpecification": {renamed.get(key, key): given[key] for key in given}}

    @staticmethod
    def _specify(client: Any, name: str, properties: dict[str, Any]) -> None:
        if "TimeToLiveSpecification" in properties:
            client.update_time_to_live(
                TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
            )
        if "PointInTimeRecoverySpecification" in properties:
            client.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
            )

    @staticmethod
    def _put_policy(client: Any, arn: str, properties: dict[str, Any]) -> None:
        if "ResourcePolicy" in properties:
            document = policy_text(properties["ResourcePolicy"]["PolicyDocument"])
            client.put_resource_policy(ResourceArn=arn, Policy=document)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change what can be changed on a table with its items in it."""
        client = self.client(account, region)
        changed = {key for key in properties if properties[key] != self.properties.get(key)}
        fixed = sorted(changed & {"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"})
        if fixed:
            raise ValueError(f"The simulator cannot change {fixed} of a table.")
        settings = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput")
        request = chosen(properties, changed & {*settings, "StreamSpecification"})
        if "SSESpecification" in changed:
            request |= self._encryption(properties)
        if request:
            client.update_table(TableName=name, **request)
        self._specify(client, name, chosen(properties, changed))
        arn = self.attributes["Arn"]
        self._put_policy(client, arn, chosen(properties, changed))
        if "ResourcePolicy" in self.properties.keys() - properties.keys():
            client.delete_resource_policy(ResourceArn=arn)
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the table."""
        self.client(account, region).delete_table(TableName=self.physical_resource_id)
