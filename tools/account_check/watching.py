"""Account check: who watches the stack: its alarms, and the trail that tells who launched a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.account_check.aws import Aws, read
from tools.account_check.functions import AGAIN
from tools.account_check.results import Finding, check, from_error, no, note, yes
from tools.aws_words import AWS_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.account_check.deployed import Stack

ALARMS = read("cloudwatch", "DescribeAlarms", "cloudwatch:DescribeAlarms")
TRAILS = read("cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails")
TRAIL = read("cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus")


@check("alarms", ALARMS)
def alarms(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the alarms are there, act, and are quiet."""
    wanted = stack.of_type("AWS::CloudWatch::Alarm")
    found = {
        each["AlarmName"]: each
        for each in aws.items(ALARMS, "MetricAlarms", AlarmNames=sorted(wanted.values()))
    }
    silent, wrong = [], False
    for logical, name in wanted.items():
        alarm = found.get(name)
        finding = _of_alarm(logical, alarm)
        if finding:
            wrong = True
            yield finding
        elif alarm and alarm["StateValue"] == "INSUFFICIENT_DATA":
            silent.append(logical)
    if silent:
        yield note(f"without data so far: {', '.join(sorted(silent))}")
    if not wrong:
        yield yes(f"none of {len(wanted)} rings")


def _of_alarm(logical: str, alarm: Mapping[str, Any] | None) -> Finding | None:
    """Return what is wrong with an alarm, None if nothing is."""
    if alarm is None:
        return no(f"the alarm {logical} is gone", AGAIN)
    if not alarm.get("ActionsEnabled", True) or not alarm.get("AlarmActions"):
        return no(f"the alarm {logical} tells nobody", "enable its actions")
    if alarm["StateValue"] == "ALARM":
        return no(f"the alarm {logical} rings: {alarm.get('AlarmDescription', '')}", "mend that")
    return None


@check("trail", TRAILS, TRAIL)
def trail(aws: Aws, _stack: Stack) -> Iterator[Finding]:
    """Find whether a trail logs in this Region: without, alerts do not say who launched a cluster."""
    unknown = None
    for each in aws.call(TRAILS, includeShadowTrails=True)["trailList"]:
        try:
            logs = aws.call(TRAIL, Name=each["TrailARN"]).get("IsLogging")
        except AWS_ERRORS as error:  # that of an organization need not show its state to everybody
            unknown = error
            continue
        if logs:
            yield yes("a trail logs here, so alerts say who launched a cluster")
            return
    if unknown:
        yield from_error(unknown, (TRAIL,))
        return
    yield note(
        "no trail logs in this Region, so alerts do not say who launched a cluster",
        "make a trail of management events",
    )


CHECKS = (alarms, trail)
