"""Simulator: CloudFormation's types of EventBridge and of CloudWatch dashboards."""

from __future__ import annotations

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource, chosen


class EventRule(ApiResource, CloudFormationModel):
    """An AWS::Events::Rule on the default bus; Ref answers its name."""

    TYPE = "AWS::Events::Rule"
    SERVICE = "events"
    NAME_PROPERTY = "Name"
    HONOURED = frozenset(
        {
            "Description",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets",
        }
    )
    _PLAIN = ("Description", "RoleArn", "ScheduleExpression", "State")

    @classmethod
    def _put(cls, client: Any, name: str, properties: dict[str, Any]) -> str:
        request = chosen(properties, cls._PLAIN)
        if "EventPattern" in properties:
            pattern = properties["EventPattern"]
            request["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
        arn: str = client.put_rule(Name=name, **request)["RuleArn"]
        if properties.get("Targets"):
            answer = client.put_targets(Rule=name, Targets=properties["Targets"])
            if answer["FailedEntryCount"]:
                raise ValueError(f"Targets were refused: {answer['FailedEntries']}")
        return arn

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the rule and its targets."""
        client = cls.client(account, region)
        arn = cls._put(client, name, properties)
        made = cls(name, properties, Arn=arn)
        if properties.get("Tags"):
            client.tag_resource(ResourceARN=arn, Tags=properties["Tags"])
        return made

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the rule anew, and take away the targets that are no longer said."""
        client = self.client(account, region)
        self._put(client, name, properties)
        old, new = (
            {target["Id"] for target in one.get("Targets") or []}
            for one in (self.properties, properties)
        )
        if old - new:
            client.remove_targets(Rule=name, Ids=sorted(old - new))
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Remove the targets and delete the rule."""
        client, name = self.client(account, region), self.physical_resource_id
        ids = [target["Id"] for target in self.properties.get("Targets") or []]
        if ids:
            client.remove_targets(Rule=name, Ids=ids)
        client.delete_rule(Name=name)


class Dashboard(ApiResource, CloudFormationModel):
    """An AWS::CloudWatch::Dashboard; Ref answers its name."""

    TYPE = "AWS::CloudWatch::Dashboard"
    SERVICE = "cloudwatch"
    NAME_PROPERTY = "DashboardName"
    HONOURED = frozenset({"DashboardBody", "DashboardName"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the dashboard; its body must be JSON."""
        if "widgets" not in json.loads(properties["DashboardBody"]):
            raise ValueError("The dashboard body is invalid: it has no widgets.")
        cls.client(account, region).put_dashboard(
            DashboardName=name, DashboardBody=properties["DashboardBody"]
        )
        return cls(name, properties)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the new body."""
        return self.create(name, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Delete the dashboard."""
        client = self.client(account, region)
        client.delete_dashboards(DashboardNames=[self.physical_resource_id])
