"""Simulator: EMR clusters: how they start, go through their states, and end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import utcnow
from moto.emr.exceptions import InvalidRequestException, ValidationException
from moto.emr.models import Application, Cluster, ElasticMapReduceBackend, Step, emr_backends
from moto.emr.responses import ElasticMapReduceResponse

from tools.simulator import identity
from tools.simulator.control import ControlError, route
from tools.simulator.emr import hooks, instances, settings

STATES = (
    "STARTING",
    "BOOTSTRAPPING",
    "RUNNING",
    "WAITING",
    "TERMINATING",
    "TERMINATED",
    "TERMINATED_WITH_ERRORS",
)
_USER_REQUEST = {"Code": "USER_REQUEST", "Message": "Terminated by user request"}
_WAITING = {"Message": "Cluster ready to run steps."}

_run_job_flow = ElasticMapReduceResponse.run_job_flow
_terminate_job_flows = ElasticMapReduceBackend.terminate_job_flows
_add_steps = Cluster.add_steps


def change_state(cluster: Cluster, state: str, reason: dict[str, str] | None = None) -> None:
    """Bring a cluster into a state, with AWS's time stamps, and tell of it."""
    old, cluster.state = cluster.state, state
    cluster.state_change_reason = reason or (_WAITING if state == "WAITING" else {})
    if state in {"RUNNING", "WAITING"} and cluster.ready_datetime is None:
        cluster.ready_datetime = utcnow()
    if state.startswith("TERMINATED"):
        cluster.end_datetime = utcnow()
    hooks.cluster_state_changed(cluster, old)


def run_job_flow(response: ElasticMapReduceResponse) -> ActionResult:
    """RunJobFlow: refuse what AWS refuses, keep what moto drops, start the cluster."""
    request = json.loads(response.body)
    name = request.get("SecurityConfiguration")
    if (
        name
        and name not in response.backend.security_configurations
        and settings.current().validate
    ):
        raise InvalidRequestException(f"Security configuration with name '{name}' does not exist.")
    result = _run_job_flow(response)
    cluster = response.backend.clusters[result.result["JobFlowId"]]  # type: ignore[index]
    # moto folds the spellings of property names together; AWS keeps them as they were sent.
    cluster.configurations = request.get("Configurations", [])
    if not request.get("Applications"):
        cluster.applications = [Application("Hadoop", "", [], {})]  # EMR's default; moto: no name
    instances.keep(cluster, request.get("Instances", {}))
    hooks.job_flow_run(cluster, identity.caller(response.access_key).arn, request)
    start(cluster)
    return result


def start(cluster: Cluster) -> None:
    """Tell that a new cluster is STARTING; with auto_start it goes on at once."""
    hooks.cluster_state_changed(cluster, None)
    if settings.current().auto_start:
        busy = bool(cluster.steps) or not cluster.keep_job_flow_alive_when_no_steps
        change_state(cluster, "RUNNING" if busy else "WAITING")


def _terminate(cluster: Cluster) -> None:
    if str(cluster.state).startswith("TERMINATED"):
        return
    change_state(cluster, "TERMINATING", _USER_REQUEST)
    if settings.current().auto_start:
        change_state(cluster, "TERMINATED", _USER_REQUEST)


def _stay_starting(_cluster: Cluster) -> None:
    """Leave a new cluster in STARTING, where moto would make it ready."""


def _add_steps_only(cluster: Cluster, steps: list[dict[str, Any]]) -> list[Step]:
    state = getattr(cluster, "state", None)
    added = _add_steps(cluster, steps)
    cluster.state = state  # moto says RUNNING, whatever the cluster was
    if state == "WAITING" and added:
        change_state(cluster, "RUNNING")
    return added


def _terminate_known(backend: ElasticMapReduceBackend, job_flow_ids: list[str]) -> list[Cluster]:
    if not set(job_flow_ids) <= backend.clusters.keys():
        raise ValidationException("Specified job flow ID not valid.")
    return _terminate_job_flows(backend, job_flow_ids)


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


@route("POST", "/clusters")
def control_cluster(body: dict[str, Any]) -> dict[str, Any]:
    """Bring a cluster into a state or make it older: {"id", "state", "age_seconds", "reason"}."""
    cluster = _find(str(body.get("id")))
    if "age_seconds" in body:
        _make_older(cluster, utcnow() - timedelta(seconds=float(body["age_seconds"])))
    if body.get("state"):
        if body["state"] not in STATES:
            raise ControlError(f"{body['state']!r} is no state of a cluster: {', '.join(STATES)}.")
        reason = {key.title(): str(text) for key, text in (body.get("reason") or {}).items()}
        change_state(cluster, body["state"], reason)
    return {"id": cluster.id, "state": cluster.state, "created": cluster.creation_datetime}


def _find(cluster_id: str) -> Cluster:
    for _, _, backend in emr_backends.iter_backends():
        if isinstance(backend, ElasticMapReduceBackend) and cluster_id in backend.clusters:
            return backend.clusters[cluster_id]
    raise ControlError(f"There is no cluster {cluster_id}.")


def _make_older(cluster: Cluster, created: Any) -> None:
    shift = created - cluster.creation_datetime
    for name in ("creation_datetime", "start_datetime", "ready_datetime", "end_datetime"):
        if getattr(cluster, name) is not None:
            setattr(cluster, name, getattr(cluster, name) + shift)


def install() -> None:
    """Put ours in the place of moto's."""
    ElasticMapReduceResponse.run_job_flow = run_job_flow
    ElasticMapReduceBackend.terminate_job_flows = _terminate_known
    # moto reads EMR's Region from the host name and lands in us-east-1; the signature names it.
    ElasticMapReduceResponse.get_region_from_url = BaseResponse.get_region_from_url
    Cluster.add_steps = _add_steps_only
    Cluster.run_bootstrap_actions = _stay_starting
    Cluster.terminate = _terminate
    Cluster.status = property(_status)
