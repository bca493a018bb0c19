"""One cluster, end to end."""


def test_a_cluster_without_security_configuration_is_recorded_and_alerted(deployed):
    """The launch check alerts, and the sweep records."""
    cluster = deployed.launch()
    deployed.simulator.settle()
    deployed.simulator.schedule("EMR_IN_TRANSIT_ENCRYPTION")
    assert deployed.results()[cluster]["ComplianceType"] == "NON_COMPLIANT"
