"""Assembly: makes what more than one entry point needs, from the function's environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import boto3

from adapters.episodes import Episodes
from adapters.ledger import Ledger
from adapters.pacing import Pacer
from adapters.settings import read_settings
from adapters.tags import ExemptionTags
from adapters.topic import Topic, topic_region
from alerting import Alerting
from judgement.alert import DetectedBy, Origin

if TYPE_CHECKING:
    from typing import Any

    from judgement.parameters import RuleParameters


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


def make_alerting(place: Place, rule_name: str, detected_by: DetectedBy) -> Alerting | None:
    """Answer what sends alerts, where this deployment has a ledger and a topic."""
    settings = read_settings(os.environ)
    if not settings.alerts:
        return None
    origin = Origin(place.account, place.region, place.function_arn, rule_name, detected_by)
    return Alerting(
        episodes=Episodes(
            boto3.client("dynamodb", place.region),
            settings.ledger_table,
            place.account,
            place.region,
        ),
        topic=Topic(boto3.client("sns", topic_region(settings.topic_arn)), settings.topic_arn),
        origin=origin,
        send_resolved=settings.send_resolved,
    )
