"""Simulator: the metrics that CloudWatch has: of Lambda, SNS, SQS, EventBridge, logs and callers."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KEPT = 50_000
_EMITTED = {
    "AWS/Lambda": frozenset(
        {
            "AsyncEventsDropped",
            "AsyncEventsReceived",
            "DeadLetterErrors",
            "DestinationDeliveryFailures",
            "Duration",
            "Errors",
            "Invocations",
            "Throttles",
        }
    ),
    "AWS/SNS": frozenset({"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"}),
    "AWS/SQS": frozenset({"ApproximateNumberOfMessagesVisible"}),
    "AWS/Events": frozenset(
        {
            "FailedInvocations",
            "Invocations",
            "InvocationsFailedToBeSentToDlq",
            "InvocationsSentToDlq",
        }
    ),
}


class Point(NamedTuple):
    """A value at a time, in seconds since 1970."""

    time: float
    value: float


@dataclass(frozen=True)
class Metric:
    """A metric of an account in a Region: its namespace, its name, exactly these dimensions."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @property
    def is_emitted(self) -> bool:
        """Whether the simulator would have values of it; for AWS's own it knows only some."""
        if not self.namespace.startswith("AWS/"):
            return True
        return self.name in _EMITTED.get(self.namespace, frozenset())


_lock = threading.Lock()
_points: dict[Metric, deque[Point]] = defaultdict(lambda: deque(maxlen=_KEPT))


def record(metric: Metric, value: float) -> None:
    """Keep a value of a metric, of now."""
    with _lock:
        _points[metric].append(Point(time.time(), value))


def of_lambda(account: str, region: str, function: str, name: str, value: float) -> None:
    """Keep a value of a function's metric."""
    dimensions = frozenset({("FunctionName", function)})
    record(Metric(account, region, "AWS/Lambda", name, dimensions), value)


def of_resource(arn: str, name: str, value: float = 1.0) -> None:
    """Keep a value of a metric of a topic or of a rule of EventBridge, by its ARN."""
    _, _, service, region, account, resource = arn.split(":", 5)
    namespace, dimension = {"sns": ("AWS/SNS", "TopicName"), "events": ("AWS/Events", "RuleName")}[
        service
    ]
    dimensions = frozenset({(dimension, resource.rsplit("/", 1)[-1])})
    record(Metric(account, region, namespace, name, dimensions), value)


def forget() -> None:
    """Forget every value; what CloudWatch takes from queues and logs is still there."""
    with _lock:
        _points.clear()


def points(metric: Metric, times: Iterable[float]) -> list[Point]:
    """Answer the metric's values; `times` are those at which a queue's depth is wanted."""
    with _lock:
        kept = list(_points.get(metric, ()))
    if metric.namespace == "AWS/SQS":
        return kept + list(_of_queue(metric, times))
    return kept + list(_of_callers(metric)) + list(_of_logs(metric))


def _of_queue(metric: Metric, times: Iterable[float]) -> Iterator[Point]:
    queues = sqs_backends[metric.account][metric.region].queues
    queue = queues.get(dict(metric.dimensions).get("QueueName", ""))
    if queue is None or metric.name != "ApproximateNumberOfMessagesVisible":
        return
    sent = [float(message.sent_timestamp or 0) / 1000 for message in queue.messages]
    for moment in times:
        yield Point(moment, float(sum(one <= moment for one in sent)))


def _of_callers(metric: Metric) -> Iterator[Point]:
    for datum in list(cloudwatch_backends[metric.account][metric.region].metric_data):
        dimensions = frozenset((one.name, one.value) for one in datum.dimensions)
        if (
            isinstance(datum, MetricDatum)
            and (datum.namespace, datum.name) == (metric.namespace, metric.name)
            and dimensions == metric.dimensions
        ):
            yield Point(_seconds(datum.timestamp), float(datum.value))


def _seconds(moment: datetime | str) -> float:
    known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (known if known.tzinfo else known.replace(tzinfo=UTC)).timestamp()


def _of_logs(metric: Metric) -> Iterator[Point]:
    """Read embedded metric documents, which CloudWatch Logs looks for in whatever is logged."""
    for group in list(logs_backends[metric.account][metric.region].groups.values()):
        for stream in list(group.streams.values()):
            for event in list(stream.events):
                if '"_aws"' in event.message:
                    yield from _embedded(metric, event.message)


def _embedded(metric: Metric, text: str) -> Iterator[Point]:
    try:
        document = json.loads(text)
        moment = float(document["_aws"]["Timestamp"]) / 1000
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):  # CloudWatch leaves such a line a line
        return
    for directive in directives:
        if _concerns(metric, directive, document):
            values = document.get(metric.name)
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, (int, float)):
                    yield Point(moment, float(value))


def _concerns(metric: Metric, directive: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    names = {one.get("Name") for one in directive.get("Metrics", [])}
    if directive.get("Namespace") != metric.namespace or metric.name not in names:
        return False
    return any(
        frozenset((key, str(document.get(key))) for key in keys) == metric.dimensions
        for keys in directive.get("Dimensions") or [[]]
    )
