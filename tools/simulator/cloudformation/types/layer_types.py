"""Simulator: CloudFormation's type of Lambda layers."""

from __future__ import annotations

from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource


class LayerVersion(ApiResource, CloudFormationModel):
    """An AWS::Lambda::LayerVersion; Ref answers its ARN."""

    TYPE = "AWS::Lambda::LayerVersion"
    SERVICE = "lambda"
    HONOURED = frozenset({"CompatibleRuntimes", "Content", "Description", "LayerName"})
    HARMLESS = {  # noqa: RUF012 - ApiResource annotates it
        "CompatibleArchitectures": "there is one architecture: this machine's",
        "LicenseInfo": "nobody here reads it",
    }

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Publish the version."""
        given = {key: properties[key] for key in cls.HONOURED & set(properties)}
        made = cls.client(account, region).publish_layer_version(**({"LayerName": name} | given))
        arn = made["LayerVersionArn"]
        return cls(arn, properties, LayerVersionArn=arn)

    def delete(self, account: str, region: str) -> None:
        """Delete the version."""
        *_, name, version = self.physical_resource_id.split(":")
        self.client(account, region).delete_layer_version(
            LayerName=name, VersionNumber=int(version)
        )
