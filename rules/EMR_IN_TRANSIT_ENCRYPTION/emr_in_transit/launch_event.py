"""Pure: reads the events by which EventBridge tells of a launch.

The shapes are those of the EMR Management Guide (EMR Cluster State Change) and of the CloudTrail
User Guide (AWS API Call via CloudTrail).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

STATE_CHANGE = ("aws.emr", "EMR Cluster State Change")
# EMR's CloudTrail events have another source than its own events.
API_CALL = ("aws.elasticmapreduce", "AWS API Call via CloudTrail")


class Launch(NamedTuple):
    """One cluster that has just been launched."""

    cluster_id: str
    state: str = ""  # "" where the event does not tell
    launched_by: str = ""  # "" where the event does not tell


def read_launch(event: Mapping[str, Any]) -> Launch | None:
    """Answer the launch that an event tells of; None for any other event."""
    kind = (event.get("source"), event.get("detail-type"))
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        return None
    if kind == STATE_CHANGE and detail.get("state") == "STARTING":
        return _launch(detail.get("clusterId"), state="STARTING")
    # A call that failed has launched nothing; CloudTrail then gives no response elements.
    if kind == API_CALL and detail.get("eventName") == "RunJobFlow" and not detail.get("errorCode"):
        return _launch(
            _object(detail, "responseElements").get("jobFlowId"),
            launched_by=_text(_object(detail, "userIdentity").get("arn")),
        )
    return None


def _launch(cluster_id: object, *, state: str = "", launched_by: str = "") -> Launch | None:
    return Launch(_text(cluster_id), state, launched_by) if _text(cluster_id) else None


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
