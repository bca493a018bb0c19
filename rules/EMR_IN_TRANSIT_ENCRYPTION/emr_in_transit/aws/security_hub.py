"""AWS adapter: reads and writes this project's findings in Security Hub."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emr_in_transit.alerting.security_hub_finding import id_prefix, product_arn
from emr_in_transit.aws.errors import AWS_ERRORS, SecurityHubError, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_securityhub import SecurityHubClient
    from mypy_boto3_securityhub.type_defs import (
        AwsSecurityFindingFiltersTypeDef,
        AwsSecurityFindingIdentifierTypeDef,
    )

    from emr_in_transit.alerting.alert import Origin

    SecurityHubFinding = Mapping[str, Any]

PERMISSIONS = ("securityhub:BatchImportFindings",)
READ_AND_CLOSE_PERMISSIONS = ("securityhub:BatchUpdateFindings", "securityhub:GetFindings")
# All three calls take, or answer, so many findings (Security Hub API).
BATCH_SIZE = 100
# With less left of the function's time no call is begun: it may time out as often as it is tried,
# and botocore waits in between (SECURITY_HUB_CONFIG in aws/clients.py).
SECONDS_OF_A_CALL = 45.0
# What people have resolved or suppressed themselves is left as it is.
UNRESOLVED = ("NEW", "NOTIFIED")

logger = logging.getLogger(__name__)


class SecurityHub:
    """This project's findings in one account and Region.

    Every method raises SecurityHubError where Security Hub gives no proper answer, as it does to an
    account that has not enabled it. What it refuses of a batch is logged, and answered by id.
    """

    def __init__(
        self, client: SecurityHubClient, origin: Origin, seconds_left: Callable[[], float]
    ) -> None:
        self._client = client
        self._origin = origin
        self._seconds_left = seconds_left

    def active(self, resource_type: str) -> dict[str, SecurityHubFinding]:
        """Return the findings on a type of resource that are not archived, by their ids."""
        # The product leaves out what is aggregated here from other Regions and accounts.
        filters: AwsSecurityFindingFiltersTypeDef = {
            "ProductArn": [{"Value": product_arn(self._origin), "Comparison": "EQUALS"}],
            "Id": [{"Value": id_prefix(resource_type, self._origin), "Comparison": "PREFIX"}],
            "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
        }
        pages = self._client.get_paginator("get_findings").paginate(
            Filters=filters, PaginationConfig={"PageSize": BATCH_SIZE}
        )
        found: dict[str, SecurityHubFinding] = {}
        remaining = iter(pages)
        while True:
            with self._call("GetFindings"):
                page = next(remaining, None)
                if page is None:
                    return found
                found |= {finding["Id"]: finding for finding in page["Findings"]}

    def import_findings(self, findings: Sequence[SecurityHubFinding]) -> set[str]:
        """Import findings, over those with the same ids; return the ids of what was refused."""
        refused: set[str] = set()
        for batch in _batches(findings):
            with self._call("BatchImportFindings"):
                answer = self._client.batch_import_findings(Findings=batch)
                # An answer that was cut off has no members, and must not pass for a success.
                failed = answer["FailedFindings"] if answer["FailedCount"] else []
                refused |= {_logged(each["Id"], each) for each in failed}
        return refused

    def resolve(self, findings: Sequence[SecurityHubFinding]) -> set[str]:
        """Set the workflow of findings to RESOLVED; return the ids of what was refused."""
        identifiers: list[AwsSecurityFindingIdentifierTypeDef] = [
            {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
            for finding in findings
            if finding.get("Workflow", {}).get("Status", "NEW") in UNRESOLVED
        ]
        refused: set[str] = set()
        for batch in _batches(identifiers):
            with self._call("BatchUpdateFindings"):
                answer = self._client.batch_update_findings(
                    FindingIdentifiers=batch, Workflow={"Status": "RESOLVED"}
                )
                failed = answer["UnprocessedFindings"]
                refused |= {_logged(each["FindingIdentifier"]["Id"], each) for each in failed}
        return refused

    @contextmanager
    def _call(self, operation: str) -> Iterator[None]:
        if self._seconds_left() < SECONDS_OF_A_CALL:
            raise SecurityHubError(f"{operation}: not begun, the function's time is nearly up")
        try:
            yield
        except AWS_ERRORS as error:
            raise SecurityHubError(explain(operation, error)) from error
        except KeyError as error:
            raise SecurityHubError(f"{operation}: answered without {error}") from error


def _batches(items: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), BATCH_SIZE):
        yield list(items[start : start + BATCH_SIZE])


def _logged(finding: str, refusal: Mapping[str, Any]) -> str:
    why = f"{refusal['ErrorCode']}: {refusal['ErrorMessage']}"
    logger.warning("finding refused", extra={"finding": finding, "why": why})
    return finding
