"""AWS adapter: what the functions log; Lambda's JSON format writes each field of ``extra``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import clip, one_line

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from emr_in_transit.judgement.verdict import Verdict

NAMESPACE = "EmrInTransitEncryption"
# CloudWatch Logs takes a line of 256 KiB at the most; so many findings, cut so, stay under it.
MOST_FINDINGS, DETAIL_LIMIT = 100, 2000


def log_verdict(
    logger: logging.Logger, resource_type: str, resource_id: str, name: str, verdict: Verdict
) -> None:
    """Write one line for a verdict that is not COMPLIANT."""
    if verdict.compliance is Compliance.COMPLIANT:
        return
    left_out = len(verdict.findings) - MOST_FINDINGS
    logger.warning(
        "verdict",
        extra={
            "resource_type": resource_type,
            "resource_id": resource_id,
            "resource_name": one_line(name),
            "compliance": verdict.compliance.value,
            "findings": [
                {"reason": finding.reason.value, "detail": clip(finding.detail, DETAIL_LIMIT)}
                for finding in verdict.findings[:MOST_FINDINGS]
            ],
            **({"findings_left_out": left_out} if left_out > 0 else {}),
        },
    )


def count_held_back(
    logger: logging.Logger, function_name: str, resources: int, now: datetime
) -> None:
    """Have CloudWatch count that people should have been told of something, and were not."""
    metrics = metric_fields(function_name, {"AlertsHeldBack": resources}, now)
    logger.warning("people were not told", extra=metrics)


def metric_fields(function_name: str, metrics: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Return the fields of ``extra`` that make CloudWatch count these metrics for a function.

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
