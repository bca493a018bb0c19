"""Simulator: the events of AWS services, field by field as EventBridge delivers them."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]

_MESSAGES = {
    "STARTING": "was requested at {time} UTC and is being created.",
    "RUNNING": "is running steps since {time} UTC.",
    "WAITING": "is waiting for steps since {time} UTC.",
    "TERMINATING": "is terminating since {time} UTC.",
    "TERMINATED": "has terminated at {time} UTC.",
}


def cluster_state_change(
    cluster_id: str, name: str, state: str, reason: Mapping[str, str]
) -> Event:
    """Make an EMR Cluster State Change; the reason is a JSON text, as EMR sends it."""
    told = {"code": reason.get("Code", "")}
    if reason.get("Message"):
        told["message"] = reason["Message"]
    message = _MESSAGES[state].format(time=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"))
    return {
        "source": "aws.emr",
        "detail-type": "EMR Cluster State Change",
        "detail": {
            "severity": "INFO",
            "stateChangeReason": json.dumps(told, separators=(",", ":")),
            "name": name,
            "clusterId": cluster_id,
            "state": state,
            "message": f"Amazon EMR cluster {cluster_id} ({name}) {message}",
        },
    }


def run_job_flow(
    where: tuple[str, str], caller_arn: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> Event:
    """Make CloudTrail's event of a successful RunJobFlow; AWS writes the request's keys in camel case."""
    account, region = where
    kind = "AssumedRole" if ":assumed-role/" in caller_arn else "IAMUser"
    return {
        "source": "aws.elasticmapreduce",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"type": kind, "accountId": account, "arn": caller_arn},
            "eventTime": timestamp(),
            "eventSource": "elasticmapreduce.amazonaws.com",
            "eventName": "RunJobFlow",
            "awsRegion": region,
            "requestParameters": dict(request),
            "responseElements": dict(answer),
            "eventID": str(uuid.uuid4()),
            "eventType": "AwsApiCall",
            "recipientAccountId": account,
        },
    }


def compliance_change(
    where: tuple[str, str], rule_name: str, rule_arn: str, old: Any, new: Any
) -> Event:
    """Make AWS Config's Config Rules Compliance Change from its recorded results; old may be None."""
    account, region = where
    results = {"newEvaluationResult": _result(new)}
    if old is not None:
        results["oldEvaluationResult"] = _result(old)
    return {
        "source": "aws.config",
        "detail-type": "Config Rules Compliance Change",
        "detail": {
            "resourceId": new.resource_id,
            "resourceType": new.resource_type,
            "awsRegion": region,
            "awsAccountId": account,
            "configRuleName": rule_name,
            "configRuleARN": rule_arn,
            "recordVersion": "1.0",
            "messageType": "ComplianceChangeNotification",
            "notificationCreationTime": milliseconds(datetime.now(UTC).timestamp()),
            **results,
        },
    }


def _result(result: Any) -> dict[str, Any]:
    qualifier = {
        "configRuleName": result.rule,
        "resourceType": result.resource_type,
        "resourceId": result.resource_id,
    }
    made = {
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": qualifier,
            "orderingTimestamp": milliseconds(result.ordering),
        },
        "complianceType": result.compliance,
        "resultRecordedTime": milliseconds(result.recorded),
        "configRuleInvokedTime": milliseconds(result.invoked),
    }
    return made | ({"annotation": result.annotation} if result.annotation else {})


def timestamp() -> str:
    """The time, as events carry it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(seconds: float) -> str:
    """A moment in seconds since 1970 as AWS Config writes it."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
