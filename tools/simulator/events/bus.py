"""Simulator: the event buses: which rules match an event, and what became of each event."""

from __future__ import annotations

import copy
import threading
from collections import deque
from datetime import datetime
from typing import Any

from moto.events.models import Rule, events_backends

from tools.simulator import work
from tools.simulator.events import settings as event_settings
from tools.simulator.events.delivery import Delivery

_KEPT = 5000
_SIMULATED = frozenset({"lambda", "sns", "sqs"})
_lock = threading.Lock()
_journal: deque[dict[str, Any]] = deque(maxlen=_KEPT)
_moto_send_to_targets = Rule.send_to_targets


def journal(source: str | None = None) -> list[dict[str, Any]]:
    """Return the events with their deliveries, oldest first: of one source or of all."""
    with _lock:
        kept = list(_journal)
    return [
        entry | {"deliveries": [dict(record) for record in list(entry["deliveries"])]}
        for entry in kept
        if source in {None, entry["event"]["source"]}
    ]


def forget() -> None:
    """Forget the events."""
    with _lock:
        _journal.clear()


def put(bus: str, event: dict[str, Any]) -> None:
    """Bring a whole event to the rules of a bus, as often and as late as the settings say."""
    delays = event_settings.delays()
    entry: dict[str, Any] = {
        "event": event,
        "bus": bus,
        "copies": len(delays),
        "deliveries": [],
    }
    with _lock:
        _journal.append(entry)
    for delay in delays:
        work.submit(_match, entry, delay=delay)


def _match(entry: dict[str, Any]) -> None:
    """Start a delivery to every target of every rule that matches."""
    event, bus = entry["event"], entry["bus"]
    backend = events_backends[event["account"]][event["region"]]
    for rule in list(backend.event_buses[bus].rules.values()):
        pattern = rule.event_pattern
        if not rule.state.startswith("ENABLED") or not pattern.get_pattern():
            continue
        if pattern.matches_event(event):
            for target in list(rule.targets):
                _start(entry, rule, target)


def _start(entry: dict[str, Any], rule: Rule, target: dict[str, Any]) -> None:
    if target["Arn"].split(":")[2] not in _SIMULATED:
        _leave_to_moto(rule, target, entry["event"])
        return
    delivery = Delivery.of(rule, target, entry["event"])
    entry["deliveries"].append(delivery.record)
    delivery.attempt()


def _leave_to_moto(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    alone = copy.copy(rule)
    alone.targets = [target]
    seconds = datetime.fromisoformat(event["time"]).timestamp()
    numbered: Any = event | {"time": seconds, "ingestion-time": seconds}
    _moto_send_to_targets(alone, numbered)
