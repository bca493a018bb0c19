"""Simulator: Amazon EventBridge. Rules deliver events to Lambda, SNS and SQS, as their policies admit.

| module | what it does |
|---|---|
| `sources`, `shapes` | which happenings become events, and how these look |
| `bus`, `settings` | which rules match; events lost, doubled, late or out of order |
| `input`, `delivery` | what a target gets; attempts, retries, the dead-letter queue |
| `api` | PutEvents and PutTargets |
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tools.simulator import accounts
from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.events import api as event_api
from tools.simulator.events import bus as event_bus
from tools.simulator.events import settings as event_settings
from tools.simulator.events import shapes as event_shapes
from tools.simulator.events import sources as event_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["install", "put_service_event"]


def put_service_event(account: str, region: str, event: Mapping[str, Any]) -> str:
    """Put an AWS service's event on the default bus, and return its id.

    The event needs source, detail-type and detail; what else AWS puts into it is added.
    """
    whole = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": event["detail-type"],
        "source": event["source"],
        "account": account,
        "time": event_shapes.timestamp(),
        "region": region,
        "resources": [],
        "detail": event["detail"],
        **event,
    }
    event_bus.put("default", whole)
    return str(whole["id"])


@route("GET", "/events")
def show(query: dict[str, Any]) -> list[dict[str, Any]]:
    """List the events put so far with their deliveries; `source` narrows them down."""
    return event_bus.journal(query.get("source"))


@route("POST", "/events")
def put(body: dict[str, Any]) -> dict[str, str]:
    """Put an event as an AWS service does; `account` and `region` say where."""
    if not {"source", "detail-type", "detail"} <= set(body):
        raise ControlError("An event needs source, detail-type and detail.")
    account = body.get("account", accounts.DEFAULT_ACCOUNT)
    return {"id": put_service_event(account, body.get("region", accounts.DEFAULT_REGION), body)}


@route("DELETE", "/events")
def forget_events(_query: dict[str, Any]) -> dict[str, str]:
    """Forget the events so far; the settings stay."""
    event_bus.forget()
    return {"status": "deleted"}


def reset() -> None:
    """Forget the events, and put the settings back."""
    event_bus.forget()
    event_settings.restore()


def install() -> None:
    """Deliver in moto's place, and hear what the services do."""
    event_api.install()
    event_sources.install(put_service_event)
    on_reset(reset)
