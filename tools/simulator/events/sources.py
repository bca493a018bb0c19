"""Simulator: which happenings become events: EMR's states, RunJobFlow, changes of compliance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tools.simulator import awsconfig, emr
from tools.simulator.events import shapes as event_shapes
from tools.simulator.events.settings import settings

if TYPE_CHECKING:
    from moto.emr.models import Cluster

    from tools.simulator.awsconfig import Result, RuleName

Put = Callable[[str, str, Mapping[str, Any]], str]


def install(put: Put) -> None:
    """Hear of what happens, and put its events."""

    def cluster_state(
        account: str, region: str, cluster: Cluster, _old: str | None, new: str
    ) -> None:
        if settings.emr_state_change:
            reason = getattr(cluster, "state_change_reason", {})
            event = event_shapes.cluster_state_change(cluster.id, cluster.name, new, reason)
            put(account, region, event)

    def run_job_flow(
        account: str, region: str, cluster: Cluster, caller_arn: str, request: dict[str, Any]
    ) -> None:
        if settings.cloudtrail:
            answer = {"jobFlowId": cluster.id, "clusterArn": cluster.arn}
            where = (account, region)
            put(account, region, event_shapes.run_job_flow(where, caller_arn, request, answer))

    def compliance(
        account: str, region: str, rule: RuleName, old: Result | None, new: Result
    ) -> None:
        detail = {
            "resourceId": new.resource_id,
            "resourceType": new.resource_type,
            "awsRegion": region,
            "awsAccountId": account,
            "configRuleName": rule.name,
            "configRuleARN": rule.arn,
            "newEvaluationResult": event_shapes.evaluation_result(new),
        }
        if old is not None:
            detail["oldEvaluationResult"] = event_shapes.evaluation_result(old)
        put(account, region, event_shapes.compliance_change(detail))

    emr.on_cluster_state(cluster_state)
    emr.on_run_job_flow(run_job_flow)
    awsconfig.on_compliance_change(compliance)
