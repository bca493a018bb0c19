"""Change: judges, records and alerts on the one security configuration of a configuration item."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import DetectedBy, Judged, Resource, gone
from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.errors import CouldNotTellError, LedgerError
from emr_in_transit.aws.evaluations import Evaluation
from emr_in_transit.aws.logs import count_held_back, log_verdict
from emr_in_transit.judgement.judge import judge_security_configuration
from emr_in_transit.judgement.wording import annotation

if TYPE_CHECKING:
    from emr_in_transit.alerting.alerting import Alerting
    from emr_in_transit.aws.evaluations import EvaluationRecorder
    from emr_in_transit.config_event import ConfigurationItem
    from emr_in_transit.deployment import RuleRun

logger = logging.getLogger(__name__)


def run_change(run: RuleRun, item: ConfigurationItem) -> None:
    """Judge and record a security configuration as EMR has it now, then alert.

    Events come late and twice. One that is older than what is on record changes nothing; of one
    about a configuration that EMR no longer has nothing is recorded, and its episode is closed.

    Raises CouldNotTellError when it cannot be read or not be recorded; LedgerError, PublishError,
    ClaimedElsewhereError or SecurityHubError when it cannot be told of.
    """
    now = datetime.now(UTC)
    if run.recorder.is_outdated(run.rule_name, item.resource_type, item.resource_id):
        logger.info("late event ignored", extra={"resource_id": item.resource_id})
        return
    alerting, problem = run.telling(DetectedBy.CONFIGURATION_CHANGE)
    judged = _judge(run, item, now)
    if judged is None:
        logger.info("configuration is gone", extra={"resource_id": item.resource_id})
        judged = gone(item.resource_type, item.resource_id)
    else:
        _record(run.recorder, judged, now)
    if alerting is not None:
        _tell(run, alerting, judged, now)
    elif problem and judged.violates:
        count_held_back(logger, run.deployment.function_name, 1, now)
    if problem:
        raise CouldNotTellError(problem)
    extra = {"resource_id": item.resource_id, "compliance": judged.verdict.compliance.value}
    logger.info("change judged", extra=extra)


def _judge(run: RuleRun, item: ConfigurationItem, now: datetime) -> Judged | None:
    """Return the judgement; None where the item tells of what EMR does not have any more."""
    facts = None
    if item.exists:
        facts = EmrReader(run.emr, run.parameters).security_configuration(item.name)
        if facts is None:
            return None
        resource = Resource(item.resource_type, item.resource_id, item.name, item.name)
        judged = Judged(resource, judge_security_configuration(facts, run.parameters, now))
    else:
        judged = gone(item.resource_type, item.resource_id)
    log_verdict(logger, judged, facts, run.judged_by)
    return judged


def _record(recorder: EvaluationRecorder, judged: Judged, now: datetime) -> None:
    resource, verdict = judged.resource, judged.verdict
    recorder.record(
        Evaluation(
            resource.resource_type, resource.resource_id, verdict.compliance, annotation(verdict)
        ),
        now,
    )
    recorder.close()
    for resource_id, why in recorder.problems.items():
        raise CouldNotTellError(f"{resource_id}: {why}")


def _tell(run: RuleRun, alerting: Alerting, judged: Judged, now: datetime) -> None:
    try:
        told = alerting.tell_of_change(judged, now)
    except LedgerError:
        if judged.violates:
            count_held_back(logger, run.deployment.function_name, 1, now)
        raise
    if told.held_back:
        count_held_back(logger, run.deployment.function_name, 1, now)
    told.raise_for(judged.resource_id)
    if alerting.security_hub is not None:
        known = [] if judged.resource_id in told.unsent else [judged]
        alerting.security_hub.update(judged.resource.resource_type, known, now)
