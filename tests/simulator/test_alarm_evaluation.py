"""What state an alarm is in: CloudWatch's rules for thresholds and for missing data."""

import pytest

from tools.simulator.alarms.evaluation import Condition, evaluate
from tools.simulator.metrics import Point

OVER_ZERO = Condition(
    statistic="Sum",
    period=60,
    evaluation_periods=3,
    datapoints_to_alarm=3,
    comparison="GreaterThanThreshold",
    threshold=0,
    missing_data="missing",
)
NOW = 1_000_000.0


def state(values: str, missing: str = "missing", needed: int = 3, old: str = "OK") -> str:
    """The state after periods with a value (0, 1) or none (-), the oldest first."""
    points = [
        Point(NOW - 60 * (len(values) - 1 - number) - 1, float(value))
        for number, value in enumerate(values)
        if value != "-"
    ]
    condition = Condition(
        **vars(OVER_ZERO) | {"missing_data": missing, "datapoints_to_alarm": needed}
    )
    return evaluate(condition, points, NOW, old).state


@pytest.mark.parametrize(
    ("values", "missing", "needed", "expected"),
    [
        ("111", "missing", 3, "ALARM"),
        ("110", "missing", 3, "OK"),
        ("101", "missing", 2, "ALARM"),
        ("---", "missing", 3, "INSUFFICIENT_DATA"),
        ("---", "breaching", 3, "ALARM"),
        ("---", "notBreaching", 3, "OK"),
        ("---", "ignore", 3, "unchanged"),
        ("-0-", "missing", 3, "OK"),
        ("-0-", "breaching", 3, "OK"),
        ("-0-", "breaching", 2, "ALARM"),
        ("--1", "notBreaching", 3, "OK"),
        ("--1", "notBreaching", 1, "ALARM"),
        ("--1", "missing", 3, "ALARM"),
        ("--1", "ignore", 3, "unchanged"),
        ("0--", "ignore", 3, "unchanged"),
    ],
)
def test_the_state_follows_from_the_values_and_what_is_missing(
    values: str, missing: str, needed: int, expected: str
) -> None:
    assert state(values, missing, needed, old="unchanged") == expected


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 6), ("Average", 2), ("Minimum", 1), ("Maximum", 3), ("SampleCount", 3)],
)
def test_each_statistic_is_one_of_the_period(statistic: str, expected: float) -> None:
    points = [Point(NOW - 1, 1), Point(NOW - 2, 2), Point(NOW, 3), Point(NOW - 60, 99)]
    condition = Condition(**vars(OVER_ZERO) | {"statistic": statistic, "evaluation_periods": 1})
    assert condition.values(points, NOW) == [expected]
