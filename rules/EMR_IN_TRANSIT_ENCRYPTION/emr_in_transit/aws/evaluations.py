"""AWS adapter: reads the recorded results of a rule and records new ones in AWS Config."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, error_code, explain
from emr_in_transit.judgement.verdict import Compliance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_config.literals import ComplianceTypeType
    from mypy_boto3_config.type_defs import (
        EvaluationResultTypeDef,
        EvaluationTypeDef,
        PutEvaluationsResponseTypeDef,
    )

    from emr_in_transit.aws.errors import AwsError

PERMISSIONS = ("config:PutEvaluations",)
READ_PERMISSIONS = ("config:GetComplianceDetailsByConfigRule",)
# AWS Config takes and gives so many results at once (AWS Config API model).
BATCH_SIZE = 100
# Config bills each evaluation, so an unchanged result is repeated only once a day.
REPEAT_AFTER = timedelta(hours=24)
# A batch that was refused, in whole or in part, is sent so many times in all.
ATTEMPTS = 3
# The result token with which rdklib's own tests ask that nothing be recorded.
RDKLIB_TEST_MODE = "TESTMODE"
# What is NOT_APPLICABLE has been retired or is exempt: nobody compares with it, so nobody reads it.
READ_TYPES: tuple[ComplianceTypeType, ...] = ("COMPLIANT", "NON_COMPLIANT")
_READ = "GetComplianceDetailsByConfigRule"


class RecordedResult(NamedTuple):
    """One result as AWS Config holds it."""

    compliance: str
    annotation: str
    recorded: datetime
    ordering: datetime | None = None  # of the event that it is a result of


class Evaluation(NamedTuple):
    """One result to be recorded."""

    resource_type: str
    resource_id: str
    compliance: Compliance
    annotation: str = ""


class EvaluationRecorder:
    """Records evaluations in batches as they come; ``close`` sends what is left.

    A batch or an evaluation that AWS Config does not take is sent again at the end; ``problems``
    then names what is not on record all the same, by resource id. What ``read_recorded`` has found
    to be on record already is left out.
    """

    def __init__(
        self,
        client: ConfigServiceClient,
        result_token: str,
        ordering_timestamp: datetime,
    ) -> None:
        self._client = client
        self._token = result_token
        self._ordering_timestamp = ordering_timestamp
        self._recorded: dict[str, RecordedResult] | None = None
        self._pending: list[EvaluationTypeDef] = []
        self.problems: dict[str, str] = {}
        self._refused: list[EvaluationTypeDef] = []
        self.put = 0
        self.unchanged = 0

    def read_recorded(self, rule_name: str, resource_type: str) -> Mapping[str, RecordedResult]:
        """Return what the rule has on record for resources of this type, by resource id.

        Raises CouldNotTellError when AWS Config gives no proper answer.
        """
        self._recorded = read_recorded_results(self._client, rule_name, resource_type)
        return self._recorded

    def is_outdated(self, rule_name: str, resource_type: str, resource_id: str) -> bool:
        """Return whether the rule has a result of a later event on record for a resource.

        Raises CouldNotTellError when AWS Config gives no proper answer.
        """
        result = read_recorded_results(self._client, rule_name, resource_type).get(resource_id)
        return bool(result and result.ordering and self._ordering_timestamp < result.ordering)

    def record(self, evaluation: Evaluation, now: datetime) -> bool:
        """Take one evaluation, unless the same is on record and younger than a day.

        Return whether it was taken.
        """
        if self._is_on_record(evaluation, now):
            self.unchanged += 1
            return False
        self._pending.append(self._request(evaluation))
        if len(self._pending) >= BATCH_SIZE:
            self.flush()
        return True

    def flush(self) -> None:
        """Send what has been taken."""
        batch, self._pending = self._pending, []
        if batch:
            self._refused += self._send(batch)

    def close(self, last: Evaluation | None = None) -> None:
        """Send what is left, and what was refused once more.

        ``last`` is then sent again, alone, so that it is the newest that AWS Config has on record;
        nothing is lost where that fails.
        """
        self.flush()
        for _ in range(ATTEMPTS - 1):
            refused, self._refused = self._refused, []
            for start in range(0, len(refused), BATCH_SIZE):
                self._refused += self._send(refused[start : start + BATCH_SIZE])
        if last is not None and last.resource_id not in self.problems:
            with suppress(*AWS_ERRORS):
                self._put([self._request(last)])

    def _send(self, batch: list[EvaluationTypeDef]) -> list[EvaluationTypeDef]:
        """Return the evaluations that AWS Config did not take."""
        try:
            answer = self._put(batch)
        except AWS_ERRORS as error:
            self._remember(batch, _why_refused(error))
            return batch
        refused_ids = {
            failed["ComplianceResourceId"] for failed in answer.get("FailedEvaluations", [])
        }
        refused = [e for e in batch if e["ComplianceResourceId"] in refused_ids]
        for evaluation in batch:
            self.problems.pop(evaluation["ComplianceResourceId"], None)
        self._remember(refused, "PutEvaluations: returned it as failed")
        self.put += len(batch) - len(refused)
        return refused

    def _put(self, batch: list[EvaluationTypeDef]) -> PutEvaluationsResponseTypeDef:
        return self._client.put_evaluations(
            Evaluations=batch, ResultToken=self._token, TestMode=self._token == RDKLIB_TEST_MODE
        )

    def _remember(self, refused: list[EvaluationTypeDef], why: str) -> None:
        self.problems |= {evaluation["ComplianceResourceId"]: why for evaluation in refused}

    def _is_on_record(self, evaluation: Evaluation, now: datetime) -> bool:
        if self._recorded is None:
            return False
        result = self._recorded.get(evaluation.resource_id)
        if result is None:
            # NOT_APPLICABLE results are not read, and AWS Config shows none: having none is the same.
            return evaluation.compliance is Compliance.NOT_APPLICABLE
        return (
            result.compliance == evaluation.compliance
            and result.annotation == evaluation.annotation
            and now - result.recorded < REPEAT_AFTER
        )

    def _request(self, evaluation: Evaluation) -> EvaluationTypeDef:
        request: EvaluationTypeDef = {
            "ComplianceResourceType": evaluation.resource_type,
            "ComplianceResourceId": evaluation.resource_id,
            "ComplianceType": evaluation.compliance.value,
            "OrderingTimestamp": self._ordering_timestamp,
        }
        if evaluation.annotation:
            request["Annotation"] = evaluation.annotation
        return request


def _why_refused(error: AwsError) -> str:
    why = explain("PutEvaluations", error)
    if isinstance(error, ClientError) and error_code(error) == "InvalidParameterValueException":
        # Whether Config takes results for AWS::EMR::Cluster, which it does not record, from a
        # rule that is triggered by changes too, is not documented (aws-config-rdk issue 290).
        why += (
            ". If it refuses the type AWS::EMR::Cluster: only a rule without a change trigger may"
            " report it, so deploy with RuleTriggers=Separate"
        )
    return why


def read_recorded_results(
    client: ConfigServiceClient, rule_name: str, resource_type: str
) -> dict[str, RecordedResult]:
    """Return what the rule has on record for resources of this type, by resource id.

    Raises CouldNotTellError when AWS Config gives no proper answer.
    """
    pages = client.get_paginator("get_compliance_details_by_config_rule").paginate(
        ConfigRuleName=rule_name,
        ComplianceTypes=list(READ_TYPES),
        PaginationConfig={"PageSize": BATCH_SIZE},
    )
    found: dict[str, RecordedResult] = {}
    annotations: dict[str, str] = {}  # thousands of clusters share a few: each is kept once
    try:
        for page in pages:
            for resource_id, result in _read_results(page["EvaluationResults"], resource_type):
                annotation = annotations.setdefault(result.annotation, result.annotation)
                found[resource_id] = result._replace(annotation=annotation)
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(_READ, error)) from error
    except KeyError as error:
        raise CouldNotTellError(f"{_READ}: answered without {error}") from error
    return found


def _read_results(
    results: Iterable[EvaluationResultTypeDef], resource_type: str
) -> Iterator[tuple[str, RecordedResult]]:
    for result in results:
        identifier = result["EvaluationResultIdentifier"]
        qualifier = identifier["EvaluationResultQualifier"]
        if qualifier["ResourceType"] == resource_type:
            yield (
                qualifier["ResourceId"],
                RecordedResult(
                    result["ComplianceType"],
                    result.get("Annotation", ""),
                    result["ResultRecordedTime"],
                    identifier.get("OrderingTimestamp"),
                ),
            )
