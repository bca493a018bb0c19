"""Simulator: CloudFormation's types of EMR."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource, chosen


class SecurityConfiguration(ApiResource, CloudFormationModel):
    """An AWS::EMR::SecurityConfiguration, kept as text; Ref answers its name."""

    TYPE = "AWS::EMR::SecurityConfiguration"
    SERVICE = "emr"
    NAME_PROPERTY = "Name"
    HONOURED = frozenset({"Name", "SecurityConfiguration"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the security configuration."""
        body = properties["SecurityConfiguration"]
        text = body if isinstance(body, str) else json.dumps(body)
        client = cls.client(account, region)
        client.create_security_configuration(Name=name, SecurityConfiguration=text)
        return cls(name, properties)

    def delete(self, account: str, region: str) -> None:
        """Delete the security configuration, if no live cluster uses it."""
        client = self.client(account, region)
        client.delete_security_configuration(Name=self.physical_resource_id)


class Cluster(ApiResource, CloudFormationModel):
    """An AWS::EMR::Cluster; Ref answers its id."""

    TYPE = "AWS::EMR::Cluster"
    SERVICE = "emr"
    HONOURED = frozenset(
        {
            "Applications",
            "Configurations",
            "Instances",
            "JobFlowRole",
            "KerberosAttributes",
            "LogUri",
            "Name",
            "ReleaseLabel",
            "SecurityConfiguration",
            "ServiceRole",
            "Tags",
            "VisibleToAllUsers",
        }
    )
    _GROUPS = (
        ("MasterInstanceGroup", "MASTER"),
        ("CoreInstanceGroup", "CORE"),
    )
    _OTHERS = ("Ec2KeyName", "Ec2SubnetId", "HadoopVersion", "TerminationProtected")

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:  # noqa: ARG003 - Name is required
        """Run the job flow; a cluster of a stack stays until the stack ends it."""
        given = properties["Instances"]
        unknown = sorted(set(given) - {*cls._OTHERS, *(group for group, _ in cls._GROUPS)})
        if unknown:
            raise ValueError(f"The simulator does not honour Instances.{unknown}.")
        groups = [given[key] | {"InstanceRole": role} for key, role in cls._GROUPS if key in given]
        instances = chosen(given, cls._OTHERS) | {
            "InstanceGroups": groups,
            "KeepJobFlowAliveWhenNoSteps": True,
        }
        request = properties | {"Instances": instances}
        if "Configurations" in request:
            request["Configurations"] = [_configuration(one) for one in request["Configurations"]]
        cluster = cls.client(account, region).run_job_flow(**request)["JobFlowId"]
        return cls(cluster, properties, Id=cluster)

    def delete(self, account: str, region: str) -> None:
        """Terminate the cluster."""
        client = self.client(account, region)
        client.terminate_job_flows(JobFlowIds=[self.physical_resource_id])


def _configuration(given: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration in the API's words."""
    names = {"ConfigurationProperties": "Properties"}
    renamed = {names.get(key, key): value for key, value in given.items()}
    if "Configurations" in renamed:
        renamed["Configurations"] = [_configuration(one) for one in renamed["Configurations"]]
    return renamed
