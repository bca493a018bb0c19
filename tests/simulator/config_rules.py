"""Tiny Config rules for tests of the simulator: a function that answers what its event says."""

import json
from typing import Any

from tests.simulator.throwaway import ACCOUNT, make_function
from tools.simulator.client import Simulator

CLUSTER = "AWS::EMR::Cluster"
CONFIGURATION = "AWS::EMR::SecurityConfiguration"
PERIODIC = [{"EventSource": "aws.config", "MessageType": "ScheduledNotification"}]
CHANGE = [
    {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"},
    {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"},
]
# Returns its event, so that a test can put evaluations with the token.
KEEP_TOKEN = "def handler(event, context): return event"

BODY = {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}


def allow_config(aws: Simulator, name: str = "f", **source: str) -> None:
    """Let AWS Config of this account invoke the function."""
    aws.client("lambda").add_permission(
        FunctionName=name,
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        **({"SourceAccount": ACCOUNT} | source),
    )


def rule(
    arn: str, details: list[dict[str, str]], name: str = "rule", **more: Any
) -> dict[str, Any]:
    """Return the request for a rule on this function."""
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": details}
    return {"ConfigRuleName": name, "Source": source} | more


def put_rule(
    aws: Simulator, details: list[dict[str, str]], source: str = KEEP_TOKEN, **more: Any
) -> None:
    """Make a rule with a function of its own, and wait until its first evaluation is over."""
    arn = make_function(aws, source)
    allow_config(aws)
    aws.client("config").put_config_rule(ConfigRule=rule(arn, details, **more))
    aws.settle()


def events(aws: Simulator) -> list[dict[str, Any]]:
    """Return the events that the function got, with the invoking event parsed."""
    found = [run["payload"] for run in aws.call("GET", "/invocations")]
    return [one | {"invoking": json.loads(one["invokingEvent"])} for one in found]


def token(aws: Simulator, name: str = "rule") -> str:
    """Run the rule's schedule and return the result token."""
    run = aws.call("POST", "/schedule", rule=name, wait=True)[-1]
    text: str = run["payload"]["resultToken"]
    return text


def evaluation(name: str = "j-1", compliance: str = "COMPLIANT", **more: Any) -> dict[str, Any]:
    """Return an evaluation of a cluster."""
    return {
        "ComplianceResourceType": CLUSTER,
        "ComplianceResourceId": name,
        "ComplianceType": compliance,
        "OrderingTimestamp": 1_790_000_000,
    } | more


def put(aws: Simulator, result_token: str, *evaluations: dict[str, Any], **more: Any) -> Any:
    """Call PutEvaluations."""
    return aws.client("config").put_evaluations(
        Evaluations=list(evaluations), ResultToken=result_token, **more
    )


def details(aws: Simulator, name: str = "rule", **more: Any) -> list[tuple[str, str]]:
    """Return id and compliance of the rule's results."""
    found = aws.client("config").get_compliance_details_by_config_rule(ConfigRuleName=name, **more)
    return [
        (
            one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"],
            one["ComplianceType"],
        )
        for one in found["EvaluationResults"]
    ]


def create_configuration(aws: Simulator, name: str = "sc", body: Any = None) -> None:
    """Create an EMR security configuration."""
    text = json.dumps(BODY if body is None else body)
    aws.client("emr").create_security_configuration(Name=name, SecurityConfiguration=text)
