"""Simulator: EMR clusters: how they start, go through their states and end, and their tags."""

import json
from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import utcnow
from moto.emr.models import Application, Cluster, emr_backends
from moto.emr.responses import ElasticMapReduceResponse
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from tools.simulator import events, identity
from tools.simulator.emr import instances
from tools.simulator.events import shapes

_USER_REQUEST = {"Code": "USER_REQUEST", "Message": "Terminated by user request"}
_WAITING = {"Message": "Cluster ready to run steps."}
_TAGGED = "elasticmapreduce:cluster"

_run_job_flow = ElasticMapReduceResponse.run_job_flow
_tagged_by_moto = ResourceGroupsTaggingAPIBackend._get_resources_generator  # noqa: SLF001 -- moto has no hook


def change_state(cluster: Cluster, state: str, reason: dict[str, str] | None = None) -> None:
    """Bring a cluster into a state, with AWS's time stamps, and tell EventBridge of it."""
    cluster.state = state
    cluster.state_change_reason = reason or (_WAITING if state == "WAITING" else {})
    if state in {"RUNNING", "WAITING"} and cluster.ready_datetime is None:
        cluster.ready_datetime = utcnow()
    if state.startswith("TERMINATED"):
        cluster.end_datetime = utcnow()
    if events.settings.emr_state_change:
        told = shapes.cluster_state_change(
            cluster.id, cluster.name, state, cluster.state_change_reason
        )
        events.put_service_event(*_home(cluster), told)


def run_job_flow(response: ElasticMapReduceResponse) -> ActionResult:
    """RunJobFlow: keep what moto drops, start the cluster."""
    request = json.loads(response.body)
    result = _run_job_flow(response)
    cluster = response.backend.clusters[result.result["JobFlowId"]]  # type: ignore[index]
    # moto folds the spellings of property names together; AWS keeps them as they were sent.
    cluster.configurations = request.get("Configurations", [])
    if not request.get("Applications"):
        cluster.applications = [Application("Hadoop", "", [], {})]  # EMR's default; moto: no name
    instances.keep(cluster, request.get("Instances", {}))
    if events.settings.cloudtrail:
        answer = {"jobFlowId": cluster.id, "clusterArn": cluster.arn}
        caller = identity.caller(response.access_key).arn
        told = shapes.run_job_flow(_home(cluster), caller, request, answer)
        events.put_service_event(*_home(cluster), told)
    change_state(cluster, "STARTING")
    if request.get("BootstrapActions"):  # nothing runs them, so it never gets any further
        return result
    busy = bool(cluster.steps) or not cluster.keep_job_flow_alive_when_no_steps
    change_state(cluster, "RUNNING" if busy else "WAITING")
    return result


def _home(cluster: Cluster) -> tuple[str, str]:
    return cluster.emr_backend.account_id, cluster.emr_backend.region_name


def _terminate(cluster: Cluster) -> None:
    if not str(cluster.state).startswith("TERMINATED"):
        change_state(cluster, "TERMINATING", _USER_REQUEST)
        change_state(cluster, "TERMINATED", _USER_REQUEST)


def _status(cluster: Cluster) -> dict[str, Any]:
    return {
        "State": cluster.state,
        "StateChangeReason": getattr(cluster, "state_change_reason", {}),
        "Timeline": {
            "CreationDateTime": cluster.creation_datetime,
            "ReadyDateTime": cluster.ready_datetime,
            "EndDateTime": cluster.end_datetime,
        },
    }


def _tagged_resources(
    backend: ResourceGroupsTaggingAPIBackend,
    tag_filters: list[dict[str, Any]] | None = None,
    resource_type_filters: list[str] | None = None,
    resource_arn_list: list[str] | None = None,
) -> Iterator[TaggedResource]:
    """Find EMR's clusters too, which moto's Resource Groups Tagging API leaves out."""
    yield from _tagged_by_moto(backend, tag_filters, resource_type_filters, resource_arn_list)
    if not match_resource_type(_TAGGED, resource_type_filters):
        return
    matches = make_tag_matcher(tag_filters)
    for cluster in list(emr_backends[backend.account_id][backend.region_name].clusters.values()):
        tags = {tag["Key"]: tag["Value"] for tag in cluster.tags}
        wanted = not resource_arn_list or cluster.arn in resource_arn_list
        if tags and wanted and matches(tags):
            yield TaggedResource(cluster.arn, tags, _TAGGED)


def install() -> None:
    """Put ours in the place of moto's."""
    ElasticMapReduceResponse.run_job_flow = run_job_flow
    # moto reads EMR's Region from the host name and lands in us-east-1; the signature names it.
    ElasticMapReduceResponse.get_region_from_url = BaseResponse.get_region_from_url
    Cluster.run_bootstrap_actions = lambda _cluster: None  # after which moto's would be ready
    Cluster.terminate = _terminate
    Cluster.status = property(_status)
    ResourceGroupsTaggingAPIBackend._get_resources_generator = _tagged_resources  # noqa: SLF001
