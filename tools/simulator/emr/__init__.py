"""Simulator: Amazon EMR where moto differs from AWS.

`clusters` go through their states and are found by their tags, `instances` keep their groups' and
fleets' configurations, `security_configurations` are guarded as in AWS. What happens is told to
EventBridge and to AWS Config's recorder.
"""

from tools.simulator.emr import clusters, instances, security_configurations


def install() -> None:
    """Put our EMR into moto's."""
    clusters.install()
    instances.install()
    security_configurations.install()
