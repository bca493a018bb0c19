"""Lambda entry point: EventBridge tells of a launch, and that one cluster is judged at once."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3

from emr_in_transit.alerting.alert import CLUSTER_TYPE, DetectedBy, Judged, cluster_resource
from emr_in_transit.alerting.episode import Told
from emr_in_transit.assembly import Place, make_alerting, make_ledger, place_of
from emr_in_transit.aws.clients import use_patient_clients
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.errors import LedgerError
from emr_in_transit.aws.logs import log_verdict
from emr_in_transit.aws.rules import LiveRule, find_rule, start_evaluation
from emr_in_transit.aws.settings import read_settings
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.launch_event import Launch, read_launch

if TYPE_CHECKING:
    from emr_in_transit.aws.ledger import Ledger
    from emr_in_transit.judgement.facts import ClusterFacts

# EMR may not know a cluster yet when its launch is told: it is asked again after these seconds.
LOOKS_AGAIN_AFTER = (1.0, 2.0, 4.0)
# The rule's parameters are read anew after so long.
RULE_KEPT_SECONDS = 300
# A fresh evaluation of all clusters costs EMR calls, so bad launches ask for one only so often.
EVALUATION_PAUSE = timedelta(minutes=15)

logger = logging.getLogger(__name__)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Judge the cluster of a launch, and alert on a violation; whatever goes wrong is raised."""
    use_patient_clients()
    launch = read_launch(event)
    if launch is None:
        logger.info("event ignored", extra={"detail_type": str(event.get("detail-type"))[:80]})
        return {"outcome": "ignored"}
    place = place_of(context)
    now = datetime.now(UTC)
    return LaunchCheck(launch, place, make_ledger(place), now, context).run()


class NotConfiguredError(Exception):
    """The function's environment lacks what it needs to alert."""


@dataclass
class LaunchCheck:
    """The check of one launch."""

    launch: Launch
    place: Place
    ledger: Ledger | None
    now: datetime
    context: Any  # Lambda's

    def run(self) -> dict[str, str]:
        """Answer the outcome, for whoever invokes the function by hand."""
        self._remember_launcher()
        settings = read_settings(os.environ)
        rule = _live_rule(settings.rule_function_arn, int(time.monotonic() // RULE_KEPT_SECONDS))
        reader = EmrReader(boto3.client("emr", self.place.region), rule.parameters)
        # The tags are those of the launch, which DescribeCluster has told.
        clusters = Clusters(reader, self.ledger, None, self.now)
        clusters.expect([self.launch.cluster_id])
        facts = self._read(clusters)
        if facts is None:
            logger.info("cluster has ended", extra={"resource_id": self.launch.cluster_id})
            return {"outcome": "ended"}
        verdict = judge_cluster(facts, rule.parameters, self.now)
        log_verdict(logger, CLUSTER_TYPE, facts.cluster_id, facts.name, verdict)
        if verdict.compliance is Compliance.NON_COMPLIANT:
            launched_by = self.launch.launched_by or clusters.launched_by(facts.cluster_id)
            resource = cluster_resource(facts, self.launch.state, launched_by)
            self._alert(Judged(resource, verdict), rule)
        return {"outcome": verdict.compliance.value}

    def _remember_launcher(self) -> None:
        if self.ledger is None or not self.launch.launched_by:
            return
        try:
            self.ledger.store_launcher(self.launch.cluster_id, self.launch.launched_by, self.now)
        except LedgerError as error:
            logger.warning("ledger not written", extra={"why": str(error)})

    def _read(self, clusters: Clusters) -> ClusterFacts | None:
        for pause in LOOKS_AGAIN_AFTER:
            facts = clusters.read(self.launch.cluster_id)
            if facts is not None:
                return facts
            time.sleep(pause)
        return clusters.read(self.launch.cluster_id)

    def _alert(self, judged: Judged, rule: LiveRule) -> None:
        alerting = make_alerting(self.place, rule.name, DetectedBy.LAUNCH_CHECK, self.context)
        if alerting is None:
            raise NotConfiguredError("LEDGER_TABLE and ALERT_TOPIC_ARN must be set")
        # Reading may have taken longer than a claim lasts, so that begins now.
        told = alerting.violation(judged, datetime.now(UTC), at_launch=True)
        # Before the sweep that is asked for next, which would import it too.
        if told is Told.NOW and alerting.hub is not None:
            alerting.hub.import_violation(judged, datetime.now(UTC))
        if told is not Told.BEFORE:
            self._ask_for_evaluation(rule)

    def _ask_for_evaluation(self, rule: LiveRule) -> None:
        """Have the verdict recorded soon; where that fails, the next schedule records it."""
        try:
            if self.ledger and not self.ledger.take_turn("evaluation", self.now, EVALUATION_PAUSE):
                return
        except LedgerError as error:
            logger.warning("evaluation not asked for", extra={"why": str(error)})
            return
        problem = start_evaluation(boto3.client("config", self.place.region), rule.name)
        if problem:
            logger.warning("evaluation not started", extra={"why": problem})


@lru_cache(maxsize=1)
def _live_rule(function_arn: str, _period: int) -> LiveRule:
    return find_rule(boto3.client("config"), function_arn)
