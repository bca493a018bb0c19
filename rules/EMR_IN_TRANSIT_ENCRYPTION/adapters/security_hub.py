"""AWS adapter: imports violations, and their ends, into Security Hub."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from adapters.errors import AWS_ERRORS, explain
from judgement.hub_finding import finding_id, hub_finding, product_arn
from judgement.verdict import Compliance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_securityhub import SecurityHubClient

    from judgement.alert import Judged, Origin

PERMISSIONS = ("securityhub:BatchImportFindings", "securityhub:BatchUpdateFindings")
# Both calls take so many findings (Security Hub API).
BATCH_SIZE = 100

logger = logging.getLogger(__name__)


class SecurityHub:
    """The findings of one account and Region.

    An alert never waits for Security Hub: what it refuses is logged, and the next sweep imports
    what still violates again, under the same ids.
    """

    def __init__(self, client: SecurityHubClient, origin: Origin) -> None:
        self._client = client
        self._origin = origin

    def report(self, judged: Sequence[Judged], now: datetime) -> None:
        """Import these verdicts: a violation is active, anything else is archived and resolved."""
        for start in range(0, len(judged), BATCH_SIZE):
            batch = judged[start : start + BATCH_SIZE]
            ended = [
                each for each in batch if each.verdict.compliance is not Compliance.NON_COMPLIANT
            ]
            try:
                self._import(batch, now)
                if ended:
                    self._resolve(ended)
            except AWS_ERRORS as error:
                # An account that has not enabled Security Hub comes here too.
                logger.warning(
                    "not in Security Hub",
                    extra={"findings": len(batch), "why": explain("Security Hub", error)},
                )

    def _import(self, batch: Sequence[Judged], now: datetime) -> None:
        findings: list[Any] = [hub_finding(each, self._origin, now) for each in batch]
        answer = self._client.batch_import_findings(Findings=findings)
        for failed in answer.get("FailedFindings", []):
            extra = {"finding": failed["Id"], "why": failed["ErrorMessage"]}
            logger.warning("not in Security Hub", extra=extra)

    def _resolve(self, ended: Sequence[Judged]) -> None:
        product = product_arn(self._origin)
        answer = self._client.batch_update_findings(
            FindingIdentifiers=[
                {"Id": finding_id(each, self._origin), "ProductArn": product} for each in ended
            ],
            Workflow={"Status": "RESOLVED"},
        )
        for failed in answer.get("UnprocessedFindings", []):
            extra = {
                "finding": failed["FindingIdentifier"]["Id"],
                "why": failed["ErrorMessage"],
            }
            logger.warning("not resolved in Security Hub", extra=extra)
