"""Simulator: CloudFormation's AWS::CloudWatch::Alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from moto.cloudwatch.models import Alarm, cloudwatch_backends
from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.resources import StackResource

if TYPE_CHECKING:
    from collections.abc import Callable

_ARGUMENTS = {  # property -> argument of moto's put_metric_alarm
    "ActionsEnabled": "actions_enabled",
    "AlarmActions": "alarm_actions",
    "AlarmDescription": "description",
    "ComparisonOperator": "comparison_operator",
    "DatapointsToAlarm": "datapoints_to_alarm",
    "Dimensions": "dimensions",
    "EvaluationPeriods": "evaluation_periods",
    "InsufficientDataActions": "insufficient_data_actions",
    "MetricName": "metric_name",
    "Namespace": "namespace",
    "OKActions": "ok_actions",
    "Period": "period",
    "Statistic": "statistic",
    "Tags": "tags",
    "Threshold": "threshold",
    "TreatMissingData": "treat_missing_data",
}
HONOURED: dict[str, frozenset[str]] = {
    "AWS::CloudWatch::Alarm": frozenset({"AlarmName", *_ARGUMENTS}),
}
_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "DatapointsToAlarm": int,
    "EvaluationPeriods": int,
    "Period": int,
    "Threshold": float,
    "ActionsEnabled": lambda value: str(value).lower() == "true",
}
_REQUIRED: dict[str, Any] = {
    "alarm_actions": [],
    "comparison_operator": None,
    "description": "",
    "dimensions": [],
    "evaluation_periods": None,
    "metric_name": None,
    "namespace": None,
    "period": None,
    "statistic": None,
    "threshold": None,
}


class AlarmResource(StackResource, CloudFormationModel):
    """An AWS::CloudWatch::Alarm of a stack; Ref answers its name."""

    TYPE = "AWS::CloudWatch::Alarm"
    NAME_PROPERTY = "AlarmName"
    ATTRIBUTES = {"Arn": "arn"}  # noqa: RUF012 -- StackResource annotates it

    def __init__(self, alarm: Alarm) -> None:
        self.physical_resource_id = alarm.name
        self.arn = alarm.alarm_arn

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the alarm."""
        arguments = _REQUIRED | {
            argument: _NUMBERS.get(given, lambda value: value)(properties[given])
            for given, argument in _ARGUMENTS.items()
            if given in properties
        }
        backend = cloudwatch_backends[account][region]
        return cls(backend.put_metric_alarm(name=name, **arguments))

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the alarm again: without a new name it stays the same one, in the same state."""
        kept = properties.get("AlarmName", self.physical_resource_id)
        if kept != self.physical_resource_id:
            return super().update(name, properties, account, region)
        return self.create(kept, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Delete the alarm."""
        cloudwatch_backends[account][region].delete_alarms([self.physical_resource_id])
