"""Simulator: EventBridge's API where moto is too kind or falls short: PutEvents and PutTargets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule

from tools.simulator.events import bus as event_bus
from tools.simulator.events import input as event_input
from tools.simulator.events import shapes as event_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAXIMUM_TARGETS = 5
_moto_put_events = EventsBackend.put_events
_moto_put_targets = EventsBackend.put_targets


def _put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(events) > 10:
        return _moto_put_events(self, events)  # which refuses them
    return [_put_entry(self, entry) for entry in events]


def _put_entry(backend: EventsBackend, entry: dict[str, Any]) -> dict[str, Any]:
    if str(entry.get("Source", "")).startswith("aws."):
        message = "Not authorized for the source."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": message}
    (answer,) = _moto_put_events(backend, [entry])
    if "EventId" not in answer:
        return answer
    bus = backend._normalize_event_bus_arn(entry.get("EventBusName"))  # noqa: SLF001 -- moto's own
    event = {
        "version": "0",
        "id": answer["EventId"],
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": backend.account_id,
        "time": _time_of(entry),
        "region": backend.region_name,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
    }
    event_bus.put(bus, event)
    return answer


def _time_of(entry: Mapping[str, Any]) -> str:
    if "Time" not in entry:
        return event_shapes.timestamp()
    return datetime.fromtimestamp(float(entry["Time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _put_targets(
    self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
) -> None:
    for target in targets:
        problem = event_input.check(target)
        if problem:
            raise ValidationException(problem)
    bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
    rule = bus.rules.get(name)
    known = {target["Id"] for target in (rule.targets if rule else [])}
    if len(known | {target["Id"] for target in targets}) > _MAXIMUM_TARGETS:
        raise JsonRESTError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )
    _moto_put_targets(self, name, event_bus_arn, targets)


def _skip(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """Deliver nothing: the bus does, after the answer to PutEvents."""


def install() -> None:
    """Put our API before moto's."""
    EventsBackend.put_events = _put_events  # type: ignore[method-assign]
    EventsBackend.put_targets = _put_targets  # type: ignore[method-assign]
    Rule.send_to_targets = _skip  # type: ignore[method-assign]
