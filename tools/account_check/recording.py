"""Account check: whether AWS Config records what the rules are triggered by, and delivers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.account_check.aws import Aws, read
from tools.account_check.results import Finding, check, no, note, unsure, yes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPE = "AWS::EMR::SecurityConfiguration"
# AWS Config's quota by default; Service Quotas raises it (AWS Config Developer Guide, limits).
MOST_RULES = 1000
OURS = 2

RECORDERS = read(
    "config", "DescribeConfigurationRecorders", "config:DescribeConfigurationRecorders"
)
STATUSES = read(
    "config", "DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorderStatus"
)
ALL_RECORDERS = read("config", "ListConfigurationRecorders", "config:ListConfigurationRecorders")
CHANNELS = read("config", "DescribeDeliveryChannels", "config:DescribeDeliveryChannels")
DELIVERIES = read("config", "DescribeDeliveryChannelStatus", "config:DescribeDeliveryChannelStatus")
RULES = read("config", "DescribeConfigRules", "config:DescribeConfigRules")


def records(recorder: Mapping[str, Any], kind: str = TYPE) -> bool:
    """Return whether a recorder is set to record a type: all, those in a list, or all but a list."""
    group = recorder.get("recordingGroup") or {}
    how = (group.get("recordingStrategy") or {}).get("useOnly", "")
    excluded = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or []
    if how == "EXCLUSION_BY_RESOURCE_TYPES" or (excluded and not how):
        return kind not in excluded
    if how == "ALL_SUPPORTED_RESOURCE_TYPES" or group.get("allSupported"):
        return True
    return kind in (group.get("resourceTypes") or [])


def frequency(recorder: Mapping[str, Any], kind: str = TYPE) -> str:
    """Return how often a recorder records a type: CONTINUOUS or DAILY."""
    mode = recorder.get("recordingMode") or {}
    for override in mode.get("recordingModeOverrides", []):
        if kind in override["resourceTypes"]:
            return str(override["recordingFrequency"])
    return str(mode.get("recordingFrequency", "CONTINUOUS"))


@check("recorder", RECORDERS, STATUSES, ALL_RECORDERS)
def recorder(aws: Aws, _known: object) -> Iterator[Finding]:
    """Find whether AWS Config's recorder is on and records EMR security configurations."""
    found = aws.call(RECORDERS)["ConfigurationRecorders"]
    status = {each["name"]: each for each in aws.call(STATUSES)["ConfigurationRecordersStatus"]}
    for each in found:
        if records(each):
            yield from _state(each, status.get(each["name"], {}))
            return
    linked = _service_linked(aws)
    if linked:
        yield no(
            f"only a recorder of {' and '.join(linked)} records {TYPE}, which custom rules do not see",
            f"have the customer managed recorder record {TYPE}",
        )
    elif found:
        yield no(
            f"the recorder does not record {TYPE}, so no changed security configuration is judged",
            f"add {TYPE} to what it records, or take it from what it leaves out",
        )
    else:
        yield no(
            "AWS Config has no customer managed recorder in this Region, and takes no rule without",
            "switch AWS Config on in this Region",
        )


def _state(found: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[Finding]:
    if not status.get("recording"):
        yield no(
            "the recorder is stopped", "start it: aws configservice start-configuration-recorder"
        )
    elif str(status.get("lastStatus", "")).upper() == "FAILURE":
        why = status.get("lastErrorMessage") or status.get("lastErrorCode")
        yield no(f"the recorder fails: {why}", "mend its role or its delivery channel")
    else:
        yield yes(f"it is on and records {TYPE}")
    if frequency(found) == "DAILY":
        yield note(
            f"it records {TYPE} once a day, so a changed one is judged up to a day later",
            "record it continuously, if that is too late",
        )


def _service_linked(aws: Aws) -> list[str]:
    """Return the services whose own recorders record the type."""
    listed = aws.items(ALL_RECORDERS, "ConfigurationRecorderSummaries")
    principals = [each["servicePrincipal"] for each in listed if each.get("servicePrincipal")]
    return [
        principal
        for principal in principals
        for each in aws.call(RECORDERS, ServicePrincipal=principal)["ConfigurationRecorders"]
        if records(each)
    ]


@check("delivery channel", CHANNELS, DELIVERIES)
def delivery_channel(aws: Aws, _known: object) -> Iterator[Finding]:
    """Find whether AWS Config has a delivery channel, without which a recorder does not start."""
    if not aws.call(CHANNELS)["DeliveryChannels"]:
        yield no(
            "AWS Config has no delivery channel", "give it one: an S3 bucket that it may write"
        )
        return
    for each in aws.call(DELIVERIES)["DeliveryChannelsStatus"]:
        for what in ("configHistoryDeliveryInfo", "configStreamDeliveryInfo"):
            info = each.get(what) or {}
            if str(info.get("lastStatus", "")).upper() == "FAILURE":
                why = info.get("lastErrorMessage") or info.get("lastErrorCode")
                # The rules run all the same: what fails is AWS Config's own history.
                yield note(f"AWS Config's last delivery failed: {why}", "mend bucket or topic")
    yield yes("AWS Config has a delivery channel")


@check("quota of rules", RULES)
def quota(aws: Aws, _known: object) -> Iterator[Finding]:
    """Find whether the account has room for two rules."""
    count = sum(1 for _ in aws.items(RULES, "ConfigRules"))
    text = (
        f"{count} of AWS Config's {MOST_RULES} rules are taken in this Region, by its default quota"
    )
    if count + OURS > MOST_RULES:
        yield unsure(text, "look in Service Quotas whether yours is higher, or have it raised")
    else:
        yield yes(text)


CHECKS = (recorder, delivery_channel)
