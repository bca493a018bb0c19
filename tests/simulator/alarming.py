"""An alarm for tests of the simulator, its states by hand and from metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def watch(aws: Simulator, metric: str, *actions: str, **settings: Any) -> None:
    """Make the alarm on a metric, named with its namespace."""
    namespace, name = metric.rsplit("/", 1)
    put_alarm(aws, *actions, Namespace=namespace, MetricName=name, **settings)


def by_hand(aws: Simulator, state: str = "ALARM") -> dict[str, Any]:
    """Set the state of the alarm."""
    answer: dict[str, Any] = aws.call("POST", "/alarms", name="a", state=state)
    return answer


def evaluated(aws: Simulator, later: float = 0) -> str:
    """Answer the state that the metric gives the alarm, so many seconds from now."""
    aws.settle()
    now = (datetime.now(UTC) + timedelta(seconds=later)).isoformat()
    (answer,) = aws.call("POST", "/alarms/evaluate", now=now)
    return str(answer["state"])
