"""AWS adapter: reads what a rule has on record in AWS Config."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_config.type_defs import EvaluationResultTypeDef

PERMISSIONS = ("config:GetComplianceDetailsByConfigRule",)
# AWS Config takes and gives so many results at once (AWS Config API model).
BATCH_SIZE = 100
_OPERATION = "GetComplianceDetailsByConfigRule"


class RecordedResult(NamedTuple):
    """One result as AWS Config holds it."""

    compliance: str
    annotation: str
    recorded: datetime


def read_recorded_results(
    client: ConfigServiceClient, rule_name: str, resource_type: str
) -> dict[str, RecordedResult]:
    """Answer what the rule has on record for resources of this type, by resource id.

    Raises CouldNotTellError when AWS Config gives no proper answer.
    """
    pages = client.get_paginator("get_compliance_details_by_config_rule").paginate(
        ConfigRuleName=rule_name, PaginationConfig={"PageSize": BATCH_SIZE}
    )
    try:
        results = [result for page in pages for result in page["EvaluationResults"]]
        return dict(_read_results(results, resource_type))
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(_OPERATION, error)) from error
    except KeyError as error:
        raise CouldNotTellError(f"{_OPERATION}: answered without {error}") from error


def _read_results(
    results: Iterable[EvaluationResultTypeDef], resource_type: str
) -> Iterator[tuple[str, RecordedResult]]:
    for result in results:
        qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
        if qualifier["ResourceType"] == resource_type:
            yield (
                qualifier["ResourceId"],
                RecordedResult(
                    result["ComplianceType"],
                    result.get("Annotation", ""),
                    result["ResultRecordedTime"],
                ),
            )
