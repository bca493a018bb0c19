"""Simulator: CloudWatch alarms: states by hand or from metrics, and what follows from a change.

| module | what it does |
|---|---|
| `metrics` | the values |
| `evaluation`, `actions` | the state from the values; the message, and to whom |
| `checks`, `types` | what CloudWatch refuses; CloudFormation's type |
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from tools.simulator import functions, metrics
from tools.simulator.alarms import actions as alarm_actions
from tools.simulator.alarms import checks as alarm_checks
from tools.simulator.alarms.evaluation import Condition, Outcome, evaluate
from tools.simulator.control import ControlError, on_reset, route

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
_moto_put = CloudWatchBackend.put_metric_alarm
_moto_set_state = CloudWatchBackend.set_alarm_state
_actions: dict[str, list[dict[str, str]]] = {}  # by the alarm's ARN, of its last change


@route("GET", "/alarms")
def show(_query: dict[str, Any]) -> list[dict[str, Any]]:
    """List the alarms: state, reason, and what became of the actions of the last change."""
    return [_described(alarm) for alarm in _alarms()]


@route("POST", "/alarms")
def set_by_hand(body: dict[str, Any]) -> dict[str, Any]:
    """Set an alarm's state: {"name", "state", "reason"}; `account`, `region` if it is not alone."""
    if body.get("state") not in STATES:
        raise ControlError(f"state must be one of {', '.join(STATES)}.")
    alarm = _find(body)
    _change(alarm, Outcome(body["state"], str(body.get("reason") or "Set by hand.")))
    return _described(alarm)


@route("POST", "/alarms/evaluate")
def evaluate_all(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Look at every alarm's metric, as of `now` (an ISO time; null: this moment)."""
    try:
        now = datetime.fromisoformat(body["now"]) if body.get("now") else datetime.now(UTC)
    except (TypeError, ValueError) as problem:
        raise ControlError("now must be an ISO time, such as 2026-01-31T12:00:00Z.") from problem
    seconds = (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
    return [_evaluate(alarm, seconds) for alarm in _alarms()]


def reset() -> None:
    """Forget the metrics and the actions."""
    metrics.forget()
    _actions.clear()


def _evaluate(alarm: Alarm, now: float) -> dict[str, Any]:
    metric = _metric(alarm)
    old = alarm.state_value
    if metric.is_emitted:
        condition = _condition(alarm)
        points = metrics.points(metric, condition.period_ends(now))
        _change(alarm, evaluate(condition, points, now, old))
    else:
        reason = f"The simulator has no metric {metric.namespace} {metric.name}."
        _change(alarm, Outcome("INSUFFICIENT_DATA", reason))
    return _described(alarm) | {"old_state": old}


def _metric(alarm: Alarm) -> metrics.Metric:
    dimensions = frozenset((str(one.name), str(one.value)) for one in alarm.dimensions)
    account = alarm.alarm_arn.split(":")[4]
    return metrics.Metric(
        account, alarm.region_name, alarm.namespace, alarm.metric_name, dimensions
    )


def _condition(alarm: Alarm) -> Condition:
    count = int(alarm.evaluation_periods)
    return Condition(
        statistic=alarm.statistic,
        period=int(alarm.period),
        evaluation_periods=count,
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or count),
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        missing_data=alarm.treat_missing_data or "missing",
    )


def _change(alarm: Alarm, outcome: Outcome) -> None:
    old = alarm.state_value
    if outcome.state == old:
        alarm.state_reason = outcome.reason
        return
    alarm.update_state(outcome.reason, "{}", outcome.state)
    _actions[alarm.alarm_arn] = alarm_actions.run(alarm, old)


def _described(alarm: Alarm) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "account": alarm.alarm_arn.split(":")[4],
        "region": alarm.region_name,
        "state": alarm.state_value,
        "reason": alarm.state_reason,
        "actions": _actions.get(alarm.alarm_arn, []),
    }


def _alarms() -> list[Alarm]:
    return [
        alarm
        for backends in list(cloudwatch_backends.values())
        for backend in list(backends.values())
        for alarm in list(backend.alarms.values())
    ]


def _find(body: dict[str, Any]) -> Alarm:
    found = [
        alarm
        for alarm in _alarms()
        if alarm.name == body.get("name")
        and body.get("region") in {None, alarm.region_name}
        and body.get("account") in {None, alarm.alarm_arn.split(":")[4]}
    ]
    if len(found) != 1:
        raise ControlError(f"There are {len(found)} alarms {body.get('name')!r}.")
    return found[0]


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
    """Make alarms act, and let them see what functions do."""
    CloudWatchBackend.put_metric_alarm = _put  # type: ignore[method-assign,assignment]
    CloudWatchBackend.set_alarm_state = _set_state  # type: ignore[method-assign]
    functions.on_metric(metrics.of_lambda)
    on_reset(reset)
