"""Simulator: the default event bus: what comes to it, which rules match, what became of each event."""

import itertools
import uuid
from collections.abc import Mapping
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, events_backends

from tools.simulator import accounts, work
from tools.simulator.control import ControlError, Log, route
from tools.simulator.events.delivery import Delivery, problem_of, settings
from tools.simulator.events.shapes import timestamp

_SPREAD = 0.3  # seconds within which shuffled events arrive
_GOLDEN = 0.618  # its multiples, less their whole parts, are spread evenly and are never in order
_numbers = itertools.count(1)
_moto_put_targets = EventsBackend.put_targets
_events = Log("/events", source=lambda entry: (entry["event"]["source"],))


def put_service_event(account: str, region: str, event: Mapping[str, Any]) -> str:
    """Put an AWS service's event on the default bus, as often and as late as the settings say.

    The event needs source, detail-type and detail; what else AWS puts into it is added. Its id is
    returned.
    """
    fixed = {"version": "0", "id": str(uuid.uuid4()), "account": account, "time": timestamp()}
    whole: dict[str, Any] = fixed | {"region": region, "resources": []} | dict(event)
    copies = 0 if settings.drop else 1 + settings.duplicates
    entry = {"event": whole, "copies": copies, "deliveries": []}
    _events.add(entry)
    for _ in range(copies):
        late = next(_numbers) * _GOLDEN % 1 * _SPREAD if settings.shuffle else 0.0
        work.submit(_match, entry, delay=late)
    return str(whole["id"])


@route("POST", "/events")
def put(body: dict[str, Any]) -> dict[str, str]:
    """Put an event as an AWS service does; `account` and `region` say where."""
    if not {"source", "detail-type", "detail"} <= set(body):
        raise ControlError("An event needs source, detail-type and detail.")
    account = body.get("account", accounts.DEFAULT_ACCOUNT)
    return {"id": put_service_event(account, body.get("region", accounts.DEFAULT_REGION), body)}


def _match(entry: dict[str, Any]) -> None:
    """Start a delivery to every target of every rule that matches."""
    event = entry["event"]
    backend = events_backends[event["account"]][event["region"]]
    for rule in list(backend.event_buses["default"].rules.values()):
        pattern = rule.event_pattern
        if not rule.state.startswith("ENABLED") or not pattern.get_pattern():
            continue
        if pattern.matches_event(event):
            for target in list(rule.targets):
                delivery = Delivery(rule, target, event)
                entry["deliveries"].append(delivery.record)
                delivery.attempt()


def _put_targets(
    self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
) -> None:
    for target in targets:
        if problem := problem_of(target):
            raise ValidationException(problem)
    _moto_put_targets(self, name, event_bus_arn, targets)


def install() -> None:
    """Refuse targets that EventBridge refuses; the events of one's own stay moto's."""
    EventsBackend.put_targets = _put_targets  # type: ignore[method-assign]
