"""Simulator: CloudFormation's types of AWS Lambda."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import ApiResource, chosen, tags_of

_CONFIGURATION = (
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)
_PLACES = ("S3Bucket", "S3Key", "S3ObjectVersion")


def _code(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the code as the API wants it: inline source becomes index.py in a zip."""
    code = properties["Code"]
    if "ZipFile" not in code:
        return chosen(code, _PLACES)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": buffer.getvalue()}


def _configuration(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration as the API wants it: variables are texts."""
    found = chosen(properties, _CONFIGURATION)
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    if variables:
        texts = {name: text_of(value) for name, value in variables.items()}
        found["Environment"] = {"Variables": texts}
    return found


class Function(ApiResource, CloudFormationModel):
    """An AWS::Lambda::Function; Ref answers its name."""

    TYPE = "AWS::Lambda::Function"
    SERVICE = "lambda"
    NAME_PROPERTY = "FunctionName"
    HONOURED = frozenset(
        {
            *_CONFIGURATION,
            "Architectures",
            "Code",
            "FunctionName",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Tags",
        }
    )
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "KmsKeyArn": "the environment is not kept anywhere that a key would protect",
        "RecursiveLoop": "nothing here calls itself through a queue",
        "RuntimeManagementConfig": "there is one runtime: this machine's Python",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the function."""
        client = cls.client(account, region)
        more = chosen(properties, ("Architectures", "PackageType"))
        made = client.create_function(
            FunctionName=name,
            Code=_code(properties),
            Tags=tags_of(properties),
            **_configuration(properties),
            **more,
        )
        if "ReservedConcurrentExecutions" in properties:
            cls._reserve(client, name, properties)
        return cls(name, properties, Arn=made["FunctionArn"])

    @staticmethod
    def _reserve(client: Any, name: str, properties: dict[str, Any]) -> None:
        reserved = properties.get("ReservedConcurrentExecutions")
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=reserved
            )

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change code and configuration; what is no longer said goes back to its default."""
        client = self.client(account, region)
        defaults = {"Description": "", "MemorySize": 128, "Timeout": 3, "Layers": []}
        emptied = {"Environment": {"Variables": {}}, "DeadLetterConfig": {}, "LoggingConfig": {}}
        emptied |= {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}}
        client.update_function_configuration(
            FunctionName=name, **(defaults | emptied | _configuration(properties))
        )
        architectures = chosen(properties, ("Architectures",))
        client.update_function_code(FunctionName=name, **_code(properties), **architectures)
        arn = self.attributes["Arn"]
        old_tags = client.list_tags(Resource=arn)["Tags"]
        if old_tags:
            client.untag_resource(Resource=arn, TagKeys=list(old_tags))
        client.tag_resource(Resource=arn, Tags=tags_of(properties))
        if "ReservedConcurrentExecutions" in {**self.properties, **properties}:
            self._reserve(client, name, properties)
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the function."""
        self.client(account, region).delete_function(FunctionName=self.physical_resource_id)


class Permission(ApiResource, CloudFormationModel):
    """An AWS::Lambda::Permission; Ref answers the statement's id."""

    TYPE = "AWS::Lambda::Permission"
    SERVICE = "lambda"
    HONOURED = frozenset(
        {"Action", "FunctionName", "Principal", "PrincipalOrgID", "SourceAccount", "SourceArn"}
    )

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Add the statement."""
        cls.client(account, region).add_permission(StatementId=name, **properties)
        return cls(name, properties, Id=name)

    def delete(self, account: str, region: str) -> None:
        """Remove the statement; a function that is gone took it along."""
        client = self.client(account, region)
        function = self.properties["FunctionName"]
        try:
            client.remove_permission(FunctionName=function, StatementId=self.physical_resource_id)
        except client.exceptions.ResourceNotFoundException:
            return


class EventInvokeConfig(ApiResource, CloudFormationModel):
    """An AWS::Lambda::EventInvokeConfig; Ref answers a generated id."""

    TYPE = "AWS::Lambda::EventInvokeConfig"
    SERVICE = "lambda"
    HONOURED = frozenset({"DestinationConfig", "FunctionName", "MaximumRetryAttempts", "Qualifier"})
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "MaximumEventAgeInSeconds": "no event waits here as long as the shortest age allowed",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the configuration."""
        if properties["Qualifier"] != "$LATEST":
            raise ValueError("The simulator has no versions: Qualifier must be $LATEST.")
        given = {key: value for key, value in properties.items() if key != "Qualifier"}
        cls.client(account, region).put_function_event_invoke_config(**given)
        return cls(name, properties)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the new configuration in the place of the old."""
        self.delete(account, region)
        return self.create(name, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Delete the configuration."""
        self.client(account, region).delete_function_event_invoke_config(
            FunctionName=self.properties["FunctionName"]
        )
