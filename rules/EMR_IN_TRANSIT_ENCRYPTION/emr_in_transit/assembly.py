"""Assembly: makes what more than one entry point needs, from the function's environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import boto3

from emr_in_transit.alerting.alert import DetectedBy, Origin
from emr_in_transit.alerting.alerting import Alerting
from emr_in_transit.aws.clients import HUB_CONFIG
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.aws.pacing import Pacer
from emr_in_transit.aws.settings import read_settings
from emr_in_transit.aws.tags import ExemptionTags
from emr_in_transit.aws.topic import Topic, topic_region

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from emr_in_transit.alerting.alerting_hub import HubFindings
    from emr_in_transit.judgement.parameters import RuleParameters


class Place(NamedTuple):
    """Whose resources a run judges, and which function does it."""

    account: str
    region: str
    function_arn: str


def place_of(context: Any, account: str = "") -> Place:
    """Answer the place of a run; the function's own account, unless another one is named."""
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
    arn = context.invoked_function_arn.split(":")
    return Place(account or arn[4], arn[3], ":".join(arn[:7]))


def make_ledger(place: Place) -> Ledger | None:
    """Answer the ledger, where this deployment has one."""
    table = read_settings(os.environ).ledger_table
    if not table:
        return None
    client = boto3.client("dynamodb", place.region)
    return Ledger(client, table, place.account, place.region)


def make_pacer() -> Pacer:
    """Answer what keeps a sweep within its share of EMR's limits."""
    return Pacer(read_settings(os.environ).emr_call_share)


def make_tags(place: Place, parameters: RuleParameters) -> ExemptionTags | None:
    """Answer what reads exemptions, where the rule knows any."""
    if not parameters.exemption_tag_key:
        return None
    client = boto3.client("resourcegroupstaggingapi", place.region)
    return ExemptionTags(client, parameters.exemption_tag_key)


def seconds_left(context: Any) -> Callable[[], float]:
    """Answer what tells how much is left of the function's time."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def make_alerting(
    place: Place, rule_name: str, detected_by: DetectedBy, context: Any
) -> Alerting | None:
    """Answer what sends alerts, where this deployment has a ledger and a topic."""
    settings = read_settings(os.environ)
    if not settings.alerts:
        return None
    origin = Origin(place.account, place.region, place.function_arn, rule_name, detected_by)
    dynamodb = boto3.client("dynamodb", place.region)
    episodes = Episodes(dynamodb, settings.ledger_table, place.account, place.region)
    return Alerting(
        episodes=episodes,
        topic=Topic(boto3.client("sns", topic_region(settings.topic_arn)), settings.topic_arn),
        origin=origin,
        send_resolved=settings.send_resolved,
        hub=_make_hub(episodes, origin, context) if settings.security_hub else None,
    )


def _make_hub(episodes: Episodes, origin: Origin, context: Any) -> HubFindings:
    # Imported here, so that the cold starts of those who do not use it pay nothing for it.
    from emr_in_transit.alerting.alerting_hub import HubFindings  # noqa: PLC0415
    from emr_in_transit.aws.security_hub import SecurityHub  # noqa: PLC0415

    client = boto3.client("securityhub", origin.region, config=HUB_CONFIG)
    return HubFindings(SecurityHub(client, origin, seconds_left(context)), episodes, origin)
