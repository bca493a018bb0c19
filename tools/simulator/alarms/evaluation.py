"""Simulator: what state an alarm is in, from the values of its metric. Pure."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.simulator.metrics import Point

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}
STATISTICS = frozenset(_STATISTICS)
MISSING_DATA = frozenset({"breaching", "ignore", "missing", "notBreaching"})


@dataclass(frozen=True)
class Condition:
    """When an alarm goes off."""

    statistic: str
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    comparison: str
    threshold: float
    missing_data: str

    def breaches(self, value: float) -> bool:
        """Whether a period's value is one to alarm about."""
        return COMPARISONS[self.comparison](value, self.threshold)

    def period_ends(self, now: float) -> list[float]:
        """Answer when the periods end that are looked at, the newest first."""
        return [now - number * self.period for number in range(self.evaluation_periods)]

    def values(self, points: Sequence[Point], now: float) -> list[float | None]:
        """Answer the statistic of each period, the newest first; None where there is no data."""
        found: list[float | None] = []
        for end in self.period_ends(now):
            within = [point.value for point in points if end - self.period < point.time <= end]
            found.append(float(_STATISTICS[self.statistic](within)) if within else None)
        return found


@dataclass(frozen=True)
class Outcome:
    """An alarm's state and the reason for it."""

    state: str
    reason: str


def evaluate(condition: Condition, points: Sequence[Point], now: float, old_state: str) -> Outcome:
    """Answer the alarm's state at a time."""
    values = condition.values(points, now)
    known = [value for value in values if value is not None]
    breaching = sum(condition.breaches(value) for value in known)
    missing = len(values) - len(known)
    told = f"{breaching} of {len(values)} periods breach the threshold {condition.threshold:g}"
    told += f", {missing} without data ({condition.missing_data}): {values}."
    return Outcome(_state(condition, len(known), breaching, old_state), told)


def _state(condition: Condition, known: int, breaching: int, old_state: str) -> str:
    missing = condition.evaluation_periods - known
    if condition.missing_data == "breaching":
        breaching += missing
    if breaching >= condition.datapoints_to_alarm:
        return "ALARM"
    if condition.missing_data == "ignore" and missing:
        return old_state
    if condition.missing_data == "missing":
        # Too few values to be sure: no value at all is no state; all of them bad is an alarm.
        if not known:
            return "INSUFFICIENT_DATA"
        return "ALARM" if missing and breaching == known else "OK"
    return "OK"
