"""Simulator: CloudWatch alarms: what follows when somebody sets one's state; none looks at a metric.

| module | what it does |
|---|---|
| `actions` | the message, and to whom |
| `checks`, `types` | what CloudWatch refuses; CloudFormation's type |
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from tools.simulator.alarms import actions as alarm_actions
from tools.simulator.alarms import checks as alarm_checks
from tools.simulator.control import on_reset, route

_moto_put = CloudWatchBackend.put_metric_alarm
_moto_set_state = CloudWatchBackend.set_alarm_state
_actions: dict[str, list[dict[str, str]]] = {}  # by the alarm's ARN, of its last change


@route("GET", "/alarms")
def show(_query: dict[str, Any]) -> list[dict[str, Any]]:
    """List the alarms: state, reason, and what became of the actions of the last change."""
    return [
        {
            "name": alarm.name,
            "account": alarm.alarm_arn.split(":")[4],
            "region": alarm.region_name,
            "state": alarm.state_value,
            "reason": alarm.state_reason,
            "actions": _actions.get(alarm.alarm_arn, []),
        }
        for backends in list(cloudwatch_backends.values())
        for backend in list(backends.values())
        for alarm in list(backend.alarms.values())
    ]


def _put(self: CloudWatchBackend, **arguments: Any) -> Alarm:
    alarm_checks.check(arguments, self.region_name)
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
        _actions[alarm.alarm_arn] = alarm_actions.run(alarm, old)


def install() -> None:
    """Make alarms act."""
    CloudWatchBackend.put_metric_alarm = _put  # type: ignore[method-assign,assignment]
    CloudWatchBackend.set_alarm_state = _set_state  # type: ignore[method-assign]
    on_reset(_actions.clear)
