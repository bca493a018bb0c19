"""Lambda entry point: AWS Config invokes the rule, on a schedule or on a configuration change."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rdklib import ConfigRule, Evaluator

from emr_in_transit.alerting.alert import SECURITY_CONFIGURATION_TYPE
from emr_in_transit.alerting.alerting import ClaimedElsewhereError
from emr_in_transit.aws.errors import (
    CouldNotTellError,
    LedgerError,
    PublishError,
    SecurityHubError,
)
from emr_in_transit.aws.evaluations import EvaluationRecorder
from emr_in_transit.change import run_change
from emr_in_transit.config_event import is_scheduled, notification_time, prepare_event, read_item
from emr_in_transit.deployment import RuleRun, deployment_of, start_process
from emr_in_transit.judgement.parameters import RuleParameters, parse_parameters
from emr_in_transit.sweep import run_sweep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdklib import ClientFactory, Evaluation

    from emr_in_transit.deployment import LambdaContext

# A retried schedule that is older would record what the next one has recorded already.
SCHEDULE_EXPIRES_AFTER = timedelta(hours=1)
# What keeps a change from being judged, recorded and told in full; a retry begins anew.
RUN_ERRORS = (
    CouldNotTellError,
    ClaimedElsewhereError,
    LedgerError,
    PublishError,
    SecurityHubError,
)

logger = logging.getLogger(__name__)


class RuleRunError(Exception):
    """The run did not judge, record and tell everything; what it did record stands."""


class EMR_IN_TRANSIT_ENCRYPTION(ConfigRule):
    """The rule as rdklib drives it.

    It records by itself and hands rdklib an empty list: rdklib ignores FailedEvaluations, and its
    clean-up would wipe the results of the other trigger.
    """

    delete_old_evaluations_on_scheduled_notification = False

    def __init__(self, context: LambdaContext) -> None:
        super().__init__()
        self._context = context

    def evaluate_parameters(self, rule_parameters: Mapping[str, Any]) -> RuleParameters:
        """Return the rule's parameters, typed."""
        return parse_parameters(rule_parameters)

    def evaluate_periodic(
        self,
        event: Mapping[str, Any],
        client_factory: ClientFactory,
        valid_rule_parameters: RuleParameters,
    ) -> list[Evaluation]:
        """Sweep all live clusters; raise RuleRunError when any could not be judged or told of."""
        ordering = notification_time(event)
        result = run_sweep(self._run(event, client_factory, valid_rule_parameters, ordering))
        if result.problems:
            raise RuleRunError(result.problems_in_words())
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
        try:
            run_change(self._run(event, client_factory, valid_rule_parameters, item.captured), item)
        except RUN_ERRORS as error:
            raise RuleRunError(f"{item.resource_id}: {error}") from error
        return []

    def _run(
        self,
        event: Mapping[str, Any],
        client_factory: ClientFactory,
        parameters: RuleParameters,
        ordering: datetime,
    ) -> RuleRun:
        # In the account that is judged, which rdklib's clients reach with the role that it assumes.
        config = client_factory.build_client("config")
        deployment = deployment_of(self._context, event.get("accountId", ""))
        return RuleRun(
            deployment=deployment,
            rule_name=event["configRuleName"],
            parameters=deployment.with_settings(parameters),
            emr=client_factory.build_client("emr"),
            recorder=EvaluationRecorder(config, event["resultToken"], ordering),
            config=config,
        )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> list[Any]:
    """Judge what AWS Config asks for; whatever goes wrong is raised, so that Lambda counts it."""
    start_process()
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
