"""Launch: judges the one cluster that EventBridge tells of, and alerts on it at once."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.alerting.alert import DetectedBy, Judged, cluster_resource
from emr_in_transit.alerting.episode import Delivery
from emr_in_transit.aws.clients import config_client, emr_client
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import ENDED_STATES, EmrReader
from emr_in_transit.aws.errors import LedgerError
from emr_in_transit.aws.logs import count_held_back, log_verdict, metric_fields
from emr_in_transit.aws.rules import LiveRule, find_rule, start_evaluation
from emr_in_transit.deployment import NOT_CONFIGURED
from emr_in_transit.judgement.judge import judge_cluster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emr_in_transit.aws.ledger import Ledger
    from emr_in_transit.deployment import Deployment
    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit.judgement.verdict import Verdict

# The events are those of the EMR Management Guide (EMR Cluster State Change) and of the CloudTrail
# User Guide (AWS API Call via CloudTrail), whose source is another one than that of EMR's own.
STATE_CHANGE = ("aws.emr", "EMR Cluster State Change")
API_CALL = ("aws.elasticmapreduce", "AWS API Call via CloudTrail")
# EMR may not know a cluster yet when its launch is told: it is asked again after these seconds.
LOOKS_AGAIN_AFTER = (1.0, 2.0, 4.0)
# The rule's parameters are read anew after so long.
RULE_KEPT_SECONDS = 300
# A fresh evaluation of all clusters costs EMR calls, so bad launches ask for one only so often.
EVALUATION_PAUSE = timedelta(minutes=15)

logger = logging.getLogger(__name__)


class Launch(NamedTuple):
    """One cluster that has just been launched."""

    cluster_id: str
    state: str = ""  # "" where the event does not tell
    launched_by: str = ""  # "" where the event does not tell


class NotConfiguredError(Exception):
    """The function's environment lacks what it needs to alert."""


def read_launch(event: Mapping[str, Any]) -> Launch | None:
    """Return the launch that an event tells of; None for any other event."""
    kind = (event.get("source"), event.get("detail-type"))
    detail = event.get("detail")
    if not isinstance(detail, dict):
        return None
    if kind == STATE_CHANGE and detail.get("state") == "STARTING":
        return _launch(detail.get("clusterId"), state="STARTING")
    # A call that failed has launched nothing; CloudTrail then gives no response elements.
    if kind == API_CALL and detail.get("eventName") == "RunJobFlow" and not detail.get("errorCode"):
        return _launch(
            _object(detail, "responseElements").get("jobFlowId"),
            launched_by=_text(_object(detail, "userIdentity").get("arn")),
        )
    return None


def check_launch(launch: Launch, deployment: Deployment) -> str:
    """Judge the cluster of a launch, alert on a violation or its exemption, and return the outcome.

    That is the compliance, of a cluster that has ended meanwhile too, or "unknown" where EMR has
    no such cluster. Raises CouldNotTellError when it cannot be judged,
    PublishError or ClaimedElsewhereError when it cannot be told of, ParameterError when the
    rule's parameters are wrong.
    """
    now = datetime.now(UTC)
    ledger = deployment.ledger()
    _remember_launcher(ledger, launch, now)
    rule = _live_rule(deployment)
    parameters = deployment.with_settings(rule.parameters)
    tag_keys = deployment.settings.alert_tag_keys
    reader = EmrReader(emr_client(deployment.region), parameters, tag_keys)
    # The tags are those of the launch, which DescribeCluster has told.
    clusters = Clusters(reader, ledger, None, now)
    clusters.prefetch([launch.cluster_id])
    facts = _read(clusters, launch.cluster_id)
    if facts is None:
        logger.warning("cluster is not known", extra={"resource_id": launch.cluster_id})
        return "unknown"
    verdict = _judge(deployment, facts, parameters, now)
    launched_by = launch.launched_by or clusters.launched_by(facts.cluster_id)
    state = facts.state if facts.state in ENDED_STATES else launch.state
    judged = Judged(cluster_resource(facts, state, launched_by), verdict)
    log_verdict(logger, judged, facts, deployment.judged_by(rule.name))
    if judged.violates or judged.exempted:
        _alert(deployment, rule, judged)
    return verdict.compliance.value


def _remember_launcher(ledger: Ledger | None, launch: Launch, now: datetime) -> None:
    if ledger is None or not launch.launched_by:
        return
    try:
        ledger.store_launcher(launch.cluster_id, launch.launched_by, now)
    except LedgerError as error:
        logger.warning("ledger not written", extra={"why": str(error)})


def _read(clusters: Clusters, cluster_id: str) -> ClusterFacts | None:
    for pause in LOOKS_AGAIN_AFTER:
        facts = clusters.read(cluster_id, even_ended=True)
        if facts is not None:
            return facts
        time.sleep(pause)
    return clusters.read(cluster_id, even_ended=True)


def _judge(
    deployment: Deployment, facts: ClusterFacts, parameters: RuleParameters, now: datetime
) -> Verdict:
    """Return the verdict, on the cluster's certificates too where the deployment looks there."""
    bundles = deployment.bundles(now)
    if bundles is None:
        return judge_cluster(facts, parameters, now)
    found = bundles.findings(facts, parameters)
    if bundles.not_read:
        metrics = metric_fields(deployment.function_name, {"BundlesNotRead": 1}, now)
        logger.info("certificates not looked at", extra=metrics)
    return judge_cluster(facts, parameters, now, found)


def _alert(deployment: Deployment, rule: LiveRule, judged: Judged) -> None:
    alerting = deployment.alerting(rule.name, DetectedBy.LAUNCH_CHECK)
    if alerting is None:
        count_held_back(logger, deployment.function_name, 1, datetime.now(UTC))
        raise NotConfiguredError(NOT_CONFIGURED)
    # Reading may have taken longer than a claim lasts, so that begins now.
    told = alerting.tell_at_launch(judged, datetime.now(UTC))
    if told.held_back:
        count_held_back(logger, deployment.function_name, 1, datetime.now(UTC))
    told.raise_for(judged.resource_id)
    delivery = told.deliveries[judged.resource_id]
    if judged.exempted:
        return  # neither AWS Config nor Security Hub shows anything of what is exempt
    # Before the sweep that is asked for next, which would import it too.
    if delivery is Delivery.SENT and alerting.security_hub is not None:
        alerting.security_hub.import_violation(judged, datetime.now(UTC))
    # A sweep records no cluster that has ended.
    if delivery is not Delivery.ALREADY_SENT and judged.resource.state not in ENDED_STATES:
        _ask_for_evaluation(deployment, rule)


def _ask_for_evaluation(deployment: Deployment, rule: LiveRule) -> None:
    """Have the verdict recorded soon; where that fails, the next schedule records it."""
    ledger, now = deployment.ledger(), datetime.now(UTC)
    try:
        if ledger and not ledger.take_turn("evaluation", now, EVALUATION_PAUSE):
            return
    except LedgerError as error:
        logger.warning("evaluation not asked for", extra={"why": str(error)})
        return
    problem = start_evaluation(config_client(deployment.region), rule.name)
    if not problem or ledger is None:
        return
    logger.warning("evaluation not started", extra={"why": problem})
    try:
        # AWS Config starts a rule once a minute: the next bad launch may have it started.
        ledger.release_turn("evaluation", now, EVALUATION_PAUSE)
    except LedgerError as error:
        logger.warning("turn not released", extra={"why": str(error)})


def _live_rule(deployment: Deployment) -> LiveRule:
    period = int(time.monotonic() // RULE_KEPT_SECONDS)
    settings = deployment.settings
    return _rule_of(deployment.region, settings.rule_function_arn, settings.rule_names, period)


@lru_cache(maxsize=1)
def _rule_of(region: str, function_arn: str, names: tuple[str, ...], _period: int) -> LiveRule:
    return find_rule(config_client(region), function_arn, names)


def _launch(cluster_id: object, *, state: str = "", launched_by: str = "") -> Launch | None:
    return Launch(_text(cluster_id), state, launched_by) if _text(cluster_id) else None


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
