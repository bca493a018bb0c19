"""AWS adapter: what the functions log; Lambda's JSON format writes each field of ``extra``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.judgement.wording import one_line

if TYPE_CHECKING:
    import logging

    from emr_in_transit.judgement.verdict import Verdict


def log_verdict(
    logger: logging.Logger, resource_type: str, resource_id: str, name: str, verdict: Verdict
) -> None:
    """Write one line for a verdict that is not COMPLIANT."""
    if verdict.compliance is Compliance.COMPLIANT:
        return
    logger.warning(
        "verdict",
        extra={
            "resource_type": resource_type,
            "resource_id": resource_id,
            "resource_name": one_line(name),
            "compliance": verdict.compliance.value,
            "findings": [
                {"reason": finding.reason.value, "detail": finding.detail}
                for finding in verdict.findings
            ],
        },
    )
