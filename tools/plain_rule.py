"""Tool: what `tools.bench` measures beside our rule: a plain one, as rdklib's documentation has it.

It lists the live clusters, describes each, and describes each security configuration once. The
retries are the default ones of boto3, and rdklib records what comes back.
"""

import json
from typing import Any

from rdklib import ComplianceType, ConfigRule, Evaluation, Evaluator

LIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]


class PlainRule(ConfigRule):
    """Clusters have a security configuration that switches in-transit encryption on."""

    def evaluate_periodic(
        self, _event: dict[str, Any], client_factory: Any, _parameters: dict[str, Any]
    ) -> list[Evaluation]:
        """Judge all live clusters."""
        emr = client_factory.build_client("emr")
        switches: dict[str, bool] = {}
        evaluations = []
        for page in emr.get_paginator("list_clusters").paginate(ClusterStates=LIVE):
            for summary in page["Clusters"]:
                cluster = emr.describe_cluster(ClusterId=summary["Id"])["Cluster"]
                name = cluster.get("SecurityConfiguration")
                if name and name not in switches:
                    answer = emr.describe_security_configuration(Name=name)
                    body = json.loads(answer["SecurityConfiguration"])
                    encryption = body.get("EncryptionConfiguration", {})
                    switches[name] = encryption.get("EnableInTransitEncryption") is True
                compliant = name is not None and switches[name]
                compliance = ComplianceType.COMPLIANT if compliant else ComplianceType.NON_COMPLIANT
                evaluations.append(Evaluation(compliance, summary["Id"], "AWS::EMR::Cluster"))
        return evaluations


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Hand the event to rdklib."""
    return Evaluator(PlainRule()).handle(event, context)
