"""Simulator: Amazon EMR where moto differs from AWS.

Clusters go through their states and tell of it, security configurations are guarded as in AWS,
instance groups and fleets keep their configurations. Other modules hook in here.
"""

from __future__ import annotations

import functools

from tools.simulator.control import on_reset
from tools.simulator.emr import clusters, instances, security_configurations, settings, tagging
from tools.simulator.emr.hooks import (
    on_cluster_state,
    on_run_job_flow,
    on_security_configuration_change,
)

__all__ = [
    "install",
    "on_cluster_state",
    "on_run_job_flow",
    "on_security_configuration_change",
]


@functools.cache
def install() -> None:
    """Put our EMR into moto's."""
    clusters.install()
    instances.install()
    security_configurations.install()
    tagging.install()
    on_reset(settings.clear)
