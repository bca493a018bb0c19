"""AWS adapter: metrics, as fields of a log line that CloudWatch reads (embedded metric format)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

NAMESPACE = "EmrInTransitEncryption"


def metric_fields(function_name: str, metrics: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Answer the fields of ``extra`` that make CloudWatch count these metrics for a function.

    Lambda's JSON log format escapes a document that is passed as the message, so it is passed as
    fields, which stand at the top level of the line.
    """
    return {
        "_aws": {
            "Timestamp": int(now.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
                }
            ],
        },
        "FunctionName": function_name,
        **metrics,
    }
