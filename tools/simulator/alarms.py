"""Simulator: CloudWatch alarms: what follows when somebody sets one's state; none looks at a metric."""

import json
from dataclasses import replace
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from tools.simulator import topics
from tools.simulator.control import on_reset, route
from tools.simulator.iam.resource_policies import RefusedError, service

SERVICE = "cloudwatch.amazonaws.com"
_SUBJECT_LENGTH = 99
_moto_put = CloudWatchBackend.put_metric_alarm
_moto_set_state = CloudWatchBackend.set_alarm_state
_actions: dict[str, list[dict[str, str]]] = {}  # by the alarm's ARN, of its last change
on_reset(_actions.clear)


@route("GET", "/alarms")
def show(_query: dict[str, Any]) -> list[dict[str, Any]]:
    """List the alarms: name, state, and what became of the actions of the last change."""
    return [
        {
            "name": alarm.name,
            "state": alarm.state_value,
            "actions": _actions.get(alarm.alarm_arn, []),
        }
        for backends in list(cloudwatch_backends.values())
        for backend in list(backends.values())
        for alarm in list(backend.alarms.values())
    ]


def _put(self: CloudWatchBackend, **arguments: Any) -> Alarm:
    old = self.alarms.get(arguments["name"])
    alarm = _moto_put(self, **arguments)
    alarm.state_value = old.state_value if old else "INSUFFICIENT_DATA"  # moto starts with OK
    return alarm


def _set_state(
    self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
) -> None:
    alarm = self.alarms.get(alarm_name)
    old = alarm.state_value if alarm else None
    _moto_set_state(self, alarm_name, reason, reason_data, state_value)
    if alarm and old and old != state_value:
        _actions[alarm.alarm_arn] = _run(alarm, old)


def _run(alarm: Alarm, old_state: str) -> list[dict[str, str]]:
    """Publish the alarm's new state to where it is told, and return what became of each."""
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    return [_publish(alarm, arn, old_state) for arn in actions if alarm.actions_enabled]


def _publish(alarm: Alarm, arn: str, old_state: str) -> dict[str, str]:
    account = alarm.alarm_arn.split(":")[4]
    who = service(SERVICE, alarm.alarm_arn, account)
    # SNS's default topic policy asks for the owner, which CloudWatch passes on.
    who = replace(who, context={**who.context, "aws:sourceowner": account})
    try:
        topics.publish(arn, who, _message(alarm, old_state))
    except RefusedError as problem:
        return {"action": arn, "outcome": "failed", "code": problem.code, "reason": str(problem)}
    return {"action": arn, "outcome": "published"}


def _message(alarm: Alarm, old_state: str) -> topics.Message:
    subject = f'{alarm.state_value}: "{alarm.name}" in {alarm.region_name}'
    if len(subject) > _SUBJECT_LENGTH:
        subject = subject[: _SUBJECT_LENGTH - 3] + "..."
    document = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.alarm_arn.split(":")[4],
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
    }
    email = (
        f'The Amazon CloudWatch alarm "{alarm.name}" in the {alarm.region_name} Region has entered '
        f"the {alarm.state_value} state.\n\n"
        f"Description:   {alarm.description or ''}\n"
        f"State change:  {old_state} -> {alarm.state_value}\n"
        f"Reason:        {alarm.state_reason}\n"
    )
    parts = {"default": json.dumps(document), "email": email}
    return json.dumps(parts), subject, "json"


def install() -> None:
    """Make alarms act."""
    CloudWatchBackend.put_metric_alarm = _put  # type: ignore[method-assign,assignment]
    CloudWatchBackend.set_alarm_state = _set_state  # type: ignore[method-assign]
