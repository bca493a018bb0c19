"""Package: whether Amazon EMR clusters encrypt their data in transit.

Facts go in, a verdict comes out, and AWS is not asked for anything in between::

    from datetime import UTC, datetime
    from emr_in_transit import judge_cluster, parse_parameters, read_body, read_cluster
    from emr_in_transit import SecurityConfigurationFacts

    described = emr.describe_security_configuration(Name="strict")
    configuration = SecurityConfigurationFacts(
        described["Name"],
        described["CreationDateTime"],
        read_body(described["SecurityConfiguration"]),
    )
    facts = read_cluster(emr.describe_cluster(ClusterId="j-...")["Cluster"], configuration)
    verdict = judge_cluster(facts, parse_parameters({}), datetime.now(UTC))
    print(verdict.compliance, [finding.detail for finding in verdict.findings])

What is named in ``__all__`` is for users of the library; everything else may change.
"""

from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.judge import judge_cluster, judge_security_configuration
from emr_in_transit.judgement.parameters import ParameterError, RuleParameters, parse_parameters
from emr_in_transit.judgement.reasons import REASONS, Reason, ReasonText, Severity
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit.judgement.verdict import Compliance, Exemption, Finding, Verdict
from emr_in_transit.judgement.wording import annotation

__all__ = [
    "REASONS",
    "Certificates",
    "ClusterFacts",
    "Compliance",
    "EncryptionSettings",
    "Exemption",
    "Finding",
    "MalformedDocumentError",
    "ParameterError",
    "PropertySetting",
    "Reason",
    "ReasonText",
    "RuleParameters",
    "SecurityConfigurationFacts",
    "Severity",
    "Switch",
    "Unreadable",
    "Verdict",
    "annotation",
    "judge_cluster",
    "judge_security_configuration",
    "parse_parameters",
    "read_body",
    "read_cluster",
]

__version__ = "0.2.0"
