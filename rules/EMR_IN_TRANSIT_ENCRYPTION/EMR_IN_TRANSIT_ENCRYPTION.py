"""Lambda entry point: AWS Config invokes the rule, on a schedule or on a configuration change."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rdklib import ConfigRule, Evaluator

from emr_in_transit.alerting.alert import SECURITY_CONFIGURATION_TYPE, DetectedBy
from emr_in_transit.alerting.alerting import Alerting, ClaimedElsewhereError
from emr_in_transit.alerting.alerting_sweep import alert_after_sweep, alerted_clusters
from emr_in_transit.assembly import (
    Place,
    make_alerting,
    make_ledger,
    make_pacer,
    make_tags,
    place_of,
    seconds_left,
)
from emr_in_transit.aws.clients import use_patient_clients
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.errors import CouldNotTellError, HubError, LedgerError, PublishError
from emr_in_transit.aws.evaluations import EvaluationRecorder
from emr_in_transit.aws.metrics import metric_fields
from emr_in_transit.change import Change
from emr_in_transit.config_event import is_scheduled, notification_time, prepare_event, read_item
from emr_in_transit.judgement.parameters import RuleParameters, parse_parameters
from emr_in_transit.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdklib import ClientFactory, Evaluation

# A retried schedule that is older would record what the next one has recorded already.
SCHEDULE_EXPIRES_AFTER = timedelta(hours=1)
# What keeps a change from being judged, recorded and told in full; a retry begins anew.
RUN_ERRORS = (CouldNotTellError, ClaimedElsewhereError, LedgerError, PublishError, HubError)

logger = logging.getLogger(__name__)


class RuleRunError(Exception):
    """The run did not judge, record and tell everything; what it did record stands."""


class EMR_IN_TRANSIT_ENCRYPTION(ConfigRule):
    """The rule as rdklib drives it.

    It records by itself and hands rdklib an empty list: rdklib ignores FailedEvaluations, and its
    clean-up would wipe the results of the other trigger.
    """

    delete_old_evaluations_on_scheduled_notification = False

    def __init__(self, context: Any) -> None:
        super().__init__()
        self._context = context

    def evaluate_parameters(self, rule_parameters: Mapping[str, Any]) -> RuleParameters:
        """Answer the rule's parameters, typed."""
        return parse_parameters(rule_parameters)

    def evaluate_periodic(
        self,
        event: Mapping[str, Any],
        client_factory: ClientFactory,
        valid_rule_parameters: RuleParameters,
    ) -> list[Evaluation]:
        """Sweep all live clusters; raise RuleRunError when any of them could not be judged."""
        now = datetime.now(UTC)
        place = self._place(event)
        pacer, emr = make_pacer(), client_factory.build_client("emr")
        pacer.attach(emr)
        reader = EmrReader(emr, valid_rule_parameters)
        tags = make_tags(place, valid_rule_parameters)
        alerting = self._alerting(event, DetectedBy.SWEEP)
        sweep = Sweep(
            rule_name=event["configRuleName"],
            reader=reader,
            clusters=Clusters(reader, make_ledger(place), tags, now),
            recorder=self._recorder(event, client_factory, notification_time(event)),
            parameters=valid_rule_parameters,
            now=now,
            seconds_left=seconds_left(self._context),
            alerted=alerted_clusters(alerting),
        )
        sweep.run()
        self._finish(sweep, alerting)
        return []

    def evaluate_change(
        self,
        event: Mapping[str, Any],
        client_factory: ClientFactory,
        configuration_item: Mapping[str, Any],
        valid_rule_parameters: RuleParameters,
    ) -> list[Evaluation]:
        """Judge one security configuration; raise RuleRunError when that is not possible."""
        item = read_item(event, configuration_item)
        change = Change(
            item=item,
            reader=EmrReader(client_factory.build_client("emr"), valid_rule_parameters),
            recorder=self._recorder(event, client_factory, item.captured),
            alerting=self._alerting(event, DetectedBy.CONFIGURATION_CHANGE),
            parameters=valid_rule_parameters,
            now=datetime.now(UTC),
        )
        try:
            compliance = change.run()
        except RUN_ERRORS as error:
            raise RuleRunError(f"{item.resource_id}: {error}") from error
        extra = {"resource_id": item.resource_id, "compliance": compliance.value}
        logger.info("change judged", extra=extra)
        return []

    def _finish(self, sweep: Sweep, alerting: Alerting | None) -> None:
        report = sweep.report
        if alerting is not None:
            # A sweep may take longer than a claim lasts, so that begins now.
            now = datetime.now(UTC)
            try:
                alerts = alert_after_sweep(alerting, sweep.violating, sweep.ended, now)
            except (LedgerError, PublishError) as error:
                report.problems["the alerts"] = str(error)
            else:
                report.alerts = alerts.new
                if alerting.hub is not None:
                    report.problems |= alerting.hub.after_sweep(alerts.told, sweep.ended, now)
        metrics = metric_fields(self._context.function_name, report.metrics(), sweep.now)
        logger.info("sweep finished", extra=report.summary() | metrics)
        if report.problems:
            raise RuleRunError(report.problems_in_words())

    def _place(self, event: Mapping[str, Any]) -> Place:
        return place_of(self._context, event.get("accountId", ""))

    def _recorder(
        self, event: Mapping[str, Any], client_factory: ClientFactory, ordering: datetime
    ) -> EvaluationRecorder:
        config = client_factory.build_client("config")
        return EvaluationRecorder(config, event["resultToken"], ordering)

    def _alerting(self, event: Mapping[str, Any], detected_by: DetectedBy) -> Alerting | None:
        rule_name = event["configRuleName"]
        return make_alerting(self._place(event), rule_name, detected_by, self._context)


def lambda_handler(event: dict[str, Any], context: Any) -> list[Any]:
    """Judge what AWS Config asks for; whatever goes wrong is raised, so that Lambda counts it."""
    use_patient_clients()
    prepared = prepare_event(event)
    age = datetime.now(UTC) - notification_time(prepared)
    if is_scheduled(prepared) and age > SCHEDULE_EXPIRES_AFTER:
        logger.warning("schedule dropped", extra={"age_seconds": round(age.total_seconds())})
        return []
    rule = EMR_IN_TRANSIT_ENCRYPTION(context)
    evaluator = Evaluator(rule, [SECURITY_CONFIGURATION_TYPE], is_applicable_status=True)
    answer: list[Any] | dict[str, Any] = evaluator.handle(prepared, context)
    if isinstance(answer, dict):
        # rdklib turns an AWS error into a returned dict, and Lambda would call that a success.
        raise RuleRunError("; ".join(str(part) for part in answer.values() if part))
    return answer
