"""Change: judges and records the one security configuration of a configuration item."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_in_transit.alerting.alert import Judged, Resource
from emr_in_transit.alerting.episode import Told
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.evaluations import Evaluation
from emr_in_transit.aws.logs import log_verdict
from emr_in_transit.judgement.facts import SecurityConfigurationFacts
from emr_in_transit.judgement.judge import judge_security_configuration
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit.judgement.verdict import Compliance, Verdict
from emr_in_transit.judgement.wording import annotation

if TYPE_CHECKING:
    from datetime import datetime

    from emr_in_transit.alerting.alerting import Alerting
    from emr_in_transit.aws.emr import EmrReader
    from emr_in_transit.aws.evaluations import EvaluationRecorder
    from emr_in_transit.config_event import ConfigurationItem
    from emr_in_transit.judgement.parameters import RuleParameters

# The verdict on what is no longer there.
GONE = Verdict(Compliance.NOT_APPLICABLE)

logger = logging.getLogger(__name__)


@dataclass
class Change:
    """One configuration item on behalf of one rule."""

    item: ConfigurationItem
    reader: EmrReader
    recorder: EvaluationRecorder
    alerting: Alerting | None
    parameters: RuleParameters
    now: datetime

    def run(self) -> Compliance:
        """Judge and record it, then alert; what is gone is NOT_APPLICABLE.

        Raises CouldNotTellError when it cannot be read or not be recorded, and what Alerting and
        HubFindings raise.
        """
        judged = self._judge()
        self._record(judged)
        if self.alerting is not None:
            self._alert(self.alerting, judged)
        return judged.verdict.compliance

    def _judge(self) -> Judged:
        item = self.item
        facts = self._facts() if item.exists else None
        resource = Resource(item.resource_type, item.resource_id, item.name, item.name)
        if facts is None:
            return Judged(resource, GONE)
        verdict = judge_security_configuration(facts, self.parameters, self.now)
        log_verdict(logger, item.resource_type, item.resource_id, item.name, verdict)
        return Judged(resource, verdict)

    def _facts(self) -> SecurityConfigurationFacts | None:
        item = self.item
        if item.body is None or item.created is None:
            return self.reader.security_configuration(item.name)
        return SecurityConfigurationFacts(item.name, item.created, read_body(item.body))

    def _record(self, judged: Judged) -> None:
        resource, verdict = judged.resource, judged.verdict
        self.recorder.record(
            Evaluation(
                resource.resource_type,
                resource.resource_id,
                verdict.compliance,
                annotation(verdict),
            ),
            self.now,
        )
        self.recorder.close()
        for resource_id, why in self.recorder.problems.items():
            raise CouldNotTellError(f"{resource_id}: {why}")

    def _alert(self, alerting: Alerting, judged: Judged) -> None:
        kind, resource_id = judged.resource.resource_type, judged.resource.resource_id
        violating: list[Judged] = []
        ended: dict[str, Judged | None] = {}
        if judged.verdict.compliance is Compliance.NON_COMPLIANT:
            told = alerting.violation(judged, self.now)
            violating = [] if told is Told.NOT_YET else [judged]
        else:
            ended[resource_id] = (
                judged if judged.verdict.compliance is Compliance.COMPLIANT else None
            )
            alerting.ended(kind, resource_id, ended[resource_id], self.now)
        if alerting.hub is not None:
            alerting.hub.update(kind, violating, ended, self.now)
