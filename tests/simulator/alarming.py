"""An alarm for tests of the simulator, and its states by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.throwaway import ACCOUNT

if TYPE_CHECKING:
    from tools.simulator.client import Simulator

ALARM = {
    "AlarmName": "a",
    "AlarmDescription": "what to do",
    "Namespace": "Mine",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
ALARM_ARN = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:a"


def put_alarm(aws: Simulator, *actions: str, **settings: Any) -> None:
    """Make the alarm `a` with these actions."""
    aws.client("cloudwatch").put_metric_alarm(**(ALARM | settings), AlarmActions=list(actions))


def by_hand(aws: Simulator, state: str = "ALARM", name: str = "a") -> list[dict[str, str]]:
    """Set the state of the one alarm, and return what became of its actions."""
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="Set by hand."
    )
    (alarm,) = aws.alarms()
    actions: list[dict[str, str]] = alarm["actions"]
    return actions
