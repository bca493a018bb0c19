"""Simulator: what EMR tells other modules, as it happens, on the thread of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.emr.models import Cluster

SecurityConfigurationHook = Callable[[str, str, str, str], None]
ClusterStateHook = Callable[[str, str, Cluster, str | None, str], None]
RunJobFlowHook = Callable[[str, str, Cluster, str, dict[str, Any]], None]

_security_configuration_hooks: list[SecurityConfigurationHook] = []
_cluster_state_hooks: list[ClusterStateHook] = []
_run_job_flow_hooks: list[RunJobFlowHook] = []


def on_security_configuration_change(hook: SecurityConfigurationHook) -> SecurityConfigurationHook:
    """Call hook(account, region, name, kind) after each one; kind is "created" or "deleted"."""
    _security_configuration_hooks.append(hook)
    return hook


def on_cluster_state(hook: ClusterStateHook) -> ClusterStateHook:
    """Call hook(account, region, cluster, old_state, new_state); the first old state is None."""
    _cluster_state_hooks.append(hook)
    return hook


def on_run_job_flow(hook: RunJobFlowHook) -> RunJobFlowHook:
    """Call hook(account, region, cluster, caller_arn, request) after each RunJobFlow."""
    _run_job_flow_hooks.append(hook)
    return hook


def security_configuration_changed(account: str, region: str, name: str, kind: str) -> None:
    """Tell that a security configuration was created or deleted."""
    for hook in _security_configuration_hooks:
        hook(account, region, name, kind)


def cluster_state_changed(cluster: Cluster, old_state: str | None) -> None:
    """Tell that a cluster is now in another state."""
    backend = cluster.emr_backend
    for hook in _cluster_state_hooks:
        hook(backend.account_id, backend.region_name, cluster, old_state, str(cluster.state))


def job_flow_run(cluster: Cluster, caller_arn: str, request: dict[str, Any]) -> None:
    """Tell that RunJobFlow was called, by whom and with what."""
    backend = cluster.emr_backend
    for hook in _run_job_flow_hooks:
        hook(backend.account_id, backend.region_name, cluster, caller_arn, request)
