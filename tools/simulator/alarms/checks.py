"""Simulator: which alarms CloudWatch refuses, and which the simulator cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORT_PERIODS = frozenset({10, 20, 30})
_DAY = 86_400
_NOT_SIMULATED = {  # by the argument's name in moto's put_metric_alarm
    "extended_statistic": "ExtendedStatistic",
    "metric_data_queries": "Metrics",
    "rule": "AlarmRule",
    "unit": "Unit",
}
_COMPARISONS = frozenset(
    {
        "GreaterThanOrEqualToThreshold",
        "GreaterThanThreshold",
        "LessThanOrEqualToThreshold",
        "LessThanThreshold",
    }
)
_VALUES = {
    "comparison_operator": ("ComparisonOperator", _COMPARISONS),
    "statistic": (
        "Statistic",
        frozenset({"Average", "Maximum", "Minimum", "SampleCount", "Sum"}),
    ),
    "treat_missing_data": (
        "TreatMissingData",
        frozenset({"breaching", "ignore", "missing", "notBreaching"}),
    ),
}
_DEFAULTS = {"treat_missing_data": "missing"}


def check(settings: Mapping[str, Any], region: str) -> None:
    """Raise ValidationError for such an alarm; names are those of moto's put_metric_alarm."""
    problem = (
        _not_simulated(settings)
        or _enumerations(settings)
        or _periods(settings)
        or _actions(settings, region)
    )
    if problem:
        raise ValidationError(problem)


def _not_simulated(settings: Mapping[str, Any]) -> str | None:
    for argument, name in _NOT_SIMULATED.items():
        if settings.get(argument):
            return f"The simulator has only alarms without {name}."
    return None


def _enumerations(settings: Mapping[str, Any]) -> str | None:
    for argument, (name, values) in _VALUES.items():
        if (settings.get(argument) or _DEFAULTS.get(argument)) not in values:
            return f"{name} must be one of {', '.join(sorted(values))}."
    return "Threshold is required." if settings.get("threshold") is None else None


def _periods(settings: Mapping[str, Any]) -> str | None:
    period, count = int(settings["period"] or 0), int(settings["evaluation_periods"] or 0)
    if period <= 0 or (period not in _SHORT_PERIODS and period % 60):
        return "Period must be 10, 20, 30 or any multiple of 60."
    longest = 7 * _DAY if period >= 3600 else _DAY
    if count < 1 or period * count > longest:
        return f"EvaluationPeriods * Period must be from {period} to {longest} seconds."
    if int(settings.get("datapoints_to_alarm") or 1) > count:
        return "DatapointsToAlarm must not be greater than EvaluationPeriods."
    return None


def _actions(settings: Mapping[str, Any], region: str) -> str | None:
    for kind in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        for arn in settings.get(kind) or []:
            parts = arn.split(":")
            if len(parts) < 6 or parts[0] != "arn":
                return f"Invalid arn syntax: {arn}"
            if parts[3] not in {region, ""}:
                return f"Invalid region {parts[3]} specified. Only {region} is supported."
    return None
