"""Simulator: what an alarm does when its state changes: the message, and who lets it through."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import botocore.session

from tools.simulator import topics
from tools.simulator.iam.resource_policies import Principal, service
from tools.simulator.refusals import RefusedError

if TYPE_CHECKING:
    from moto.cloudwatch.models import Alarm

SERVICE = "cloudwatch.amazonaws.com"
_SUBJECT_LENGTH = 99


def run(alarm: Alarm, old_state: str) -> list[dict[str, str]]:
    """Publish the alarm's new state to where it is told, and return what became of each."""
    if not alarm.actions_enabled:
        return []
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    return [_publish(alarm, arn, old_state) for arn in actions]


def _publish(alarm: Alarm, arn: str, old_state: str) -> dict[str, str]:
    if arn.split(":")[2] != "sns":
        return {"action": arn, "outcome": "not simulated"}
    try:
        topics.publish(arn, _who(alarm), _message(alarm, old_state))
    except RefusedError as problem:
        return {"action": arn, "outcome": "failed", "code": problem.code, "reason": str(problem)}
    return {"action": arn, "outcome": "published"}


def _who(alarm: Alarm) -> Principal:
    account = alarm.alarm_arn.split(":")[4]
    who = service(SERVICE, alarm.alarm_arn, account)
    # SNS's default topic policy asks for the owner, which CloudWatch passes on.
    return replace(who, context={**who.context, "aws:sourceowner": account})


def _message(alarm: Alarm, old_state: str) -> topics.Message:
    where = _region_name(alarm.region_name)
    subject = f'{alarm.state_value}: "{alarm.name}" in {where}'
    if len(subject) > _SUBJECT_LENGTH:
        subject = subject[: _SUBJECT_LENGTH - 3] + "..."
    document = _document(alarm, old_state, where)
    parts = {"default": json.dumps(document), "email": _email(alarm, document)}
    return topics.Message(json.dumps(parts), subject, "json")


def _document(alarm: Alarm, old_state: str, where: str) -> dict[str, Any]:
    changed = alarm.state_updated_timestamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.alarm_arn.split(":")[4],
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": changed,
        "Region": where,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": alarm.statistic.upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }


def _email(alarm: Alarm, document: dict[str, Any]) -> str:
    return "\n".join(
        (
            (
                f'The Amazon CloudWatch alarm "{alarm.name}" in the {document["Region"]} Region '
                f"has entered the {alarm.state_value} state."
            ),
            "",
            f"Description:   {alarm.description or ''}",
            f"State change:  {document['OldStateValue']} -> {alarm.state_value}",
            f"Reason:        {alarm.state_reason}",
            f"Time:          {document['StateChangeTime']}",
            f"AWS account:   {document['AWSAccountId']}",
            f"Alarm ARN:     {alarm.alarm_arn}",
            f"Metric:        {alarm.namespace} {alarm.metric_name}",
        )
    )


@functools.cache
def _region_name(region: str) -> str:
    endpoints = botocore.session.get_session().get_data("endpoints")
    for partition in endpoints["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region
