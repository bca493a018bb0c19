"""Simulator: CloudFormation's types of AWS Config."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.awsconfig.evaluations import compliance_of_rule
from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import ApiResource, chosen


def _input_parameters(given: Any) -> str:
    """Return the rule's parameters as text; CloudFormation makes texts of scalars."""
    if isinstance(given, str):
        return given
    return json.dumps({name: text_of(value) for name, value in given.items()})


class ConfigRule(ApiResource, CloudFormationModel):
    """An AWS::Config::ConfigRule; Ref answers its name."""

    TYPE = "AWS::Config::ConfigRule"
    SERVICE = "config"
    NAME_PROPERTY = "ConfigRuleName"
    HONOURED = frozenset(
        {
            "ConfigRuleName",
            "Description",
            "EvaluationModes",
            "InputParameters",
            "MaximumExecutionFrequency",
            "Scope",
            "Source",
        }
    )

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the rule; AWS Config refuses a name that is taken only by changing that rule."""
        client = cls.client(account, region)
        if any(one["ConfigRuleName"] == name for one in cls._described(client)):
            raise ValueError(f"{name} already exists")
        return cls._put(name, properties, account, region)

    @staticmethod
    def _described(client: Any) -> list[dict[str, Any]]:
        pages = client.get_paginator("describe_config_rules").paginate()
        return [rule for page in pages for rule in page["ConfigRules"]]

    @classmethod
    def _put(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        client = cls.client(account, region)
        request = properties | {"ConfigRuleName": name}
        if "InputParameters" in properties:
            request["InputParameters"] = _input_parameters(properties["InputParameters"])
        client.put_config_rule(ConfigRule=request)
        (rule,) = client.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
        made = cls(name, properties, Arn=rule["ConfigRuleArn"], ConfigRuleId=rule["ConfigRuleId"])
        made._place = (account, region)
        return made

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """Return the value of Fn::GetAtt."""
        if attribute_name == "Compliance.Type":
            return compliance_of_rule(*self._place, self.physical_resource_id)
        return super().get_cfn_attribute(attribute_name)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the rule anew."""
        return self._put(name, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Delete the rule."""
        self.client(account, region).delete_config_rule(ConfigRuleName=self.physical_resource_id)

    _place: tuple[str, str]


class ConfigurationRecorder(ApiResource, CloudFormationModel):
    """An AWS::Config::ConfigurationRecorder; Ref answers its name."""

    TYPE = "AWS::Config::ConfigurationRecorder"
    SERVICE = "config"
    NAME_PROPERTY = "Name"
    HONOURED = frozenset({"Name", "RecordingGroup", "RoleARN"})
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "RecordingMode": "items are recorded at once, whatever the mode",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the recorder; it starts with its delivery channel."""
        group = {
            key[0].lower() + key[1:]: value
            for key, value in (properties.get("RecordingGroup") or {}).items()
        }
        recorder = {"name": name, "roleARN": properties["RoleARN"]}
        if group:
            recorder["recordingGroup"] = group
        cls.client(account, region).put_configuration_recorder(ConfigurationRecorder=recorder)
        return cls(name, properties)

    def delete(self, account: str, region: str) -> None:
        """Delete the recorder."""
        self.client(account, region).delete_configuration_recorder(
            ConfigurationRecorderName=self.physical_resource_id
        )


class DeliveryChannel(ApiResource, CloudFormationModel):
    """An AWS::Config::DeliveryChannel; Ref answers its name. With it the recorder starts."""

    TYPE = "AWS::Config::DeliveryChannel"
    SERVICE = "config"
    NAME_PROPERTY = "Name"
    HONOURED = frozenset({"Name", "S3BucketName"})
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "ConfigSnapshotDeliveryProperties": "nothing is delivered here",
        "S3KeyPrefix": "nothing is delivered here",
        "S3KmsKeyArn": "nothing is delivered here",
        "SnsTopicARN": "nothing is delivered here",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the channel and start the recorders, as CloudFormation does."""
        client = cls.client(account, region)
        channel = chosen(properties, ("S3BucketName",))
        client.put_delivery_channel(
            DeliveryChannel={"name": name, "s3BucketName": channel["S3BucketName"]}
        )
        for recorder in client.describe_configuration_recorders()["ConfigurationRecorders"]:
            client.start_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        return cls(name, properties)

    def delete(self, account: str, region: str) -> None:
        """Stop the recorders and delete the channel."""
        client = self.client(account, region)
        for recorder in client.describe_configuration_recorders()["ConfigurationRecorders"]:
            client.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        client.delete_delivery_channel(DeliveryChannelName=self.physical_resource_id)
