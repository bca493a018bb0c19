"""Simulator: the events of AWS services, field by field as EventBridge delivers them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]

_MESSAGES = {
    "STARTING": "Amazon EMR cluster {id} ({name}) was requested at {time} UTC and is being created.",
    "BOOTSTRAPPING": "Amazon EMR cluster {id} ({name}) is running bootstrap actions since {time} UTC.",
    "RUNNING": "Amazon EMR cluster {id} ({name}) is running steps since {time} UTC.",
    "WAITING": "Amazon EMR cluster {id} ({name}) is waiting for steps since {time} UTC.",
    "TERMINATING": "Amazon EMR cluster {id} ({name}) is terminating since {time} UTC.",
    "TERMINATED": "Amazon EMR cluster {id} ({name}) has terminated at {time} UTC.",
    "TERMINATED_WITH_ERRORS": "Amazon EMR cluster {id} ({name}) has terminated with errors at {time} UTC.",
}


def cluster_state_change(
    cluster_id: str, name: str, state: str, reason: Mapping[str, str]
) -> Event:
    """Make an EMR Cluster State Change; the reason is a JSON text, as EMR sends it."""
    told = {"code": reason.get("Code", "")}
    if reason.get("Message"):
        told["message"] = reason["Message"]
    minute = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return {
        "source": "aws.emr",
        "detail-type": "EMR Cluster State Change",
        "detail": {
            "severity": "CRITICAL" if state == "TERMINATED_WITH_ERRORS" else "INFO",
            "stateChangeReason": json.dumps(told, separators=(",", ":")),
            "name": name,
            "clusterId": cluster_id,
            "state": state,
            "message": _MESSAGES[state].format(id=cluster_id, name=name, time=minute),
        },
    }


def run_job_flow(
    where: tuple[str, str], caller_arn: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> Event:
    """Make CloudTrail's event of a successful RunJobFlow in this account and Region."""
    account, region = where
    return {
        "source": "aws.elasticmapreduce",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": _user_identity(caller_arn),
            "eventTime": timestamp(),
            "eventSource": "elasticmapreduce.amazonaws.com",
            "eventName": "RunJobFlow",
            "awsRegion": region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": "simulator",
            "requestParameters": _lower_camel(request),
            "responseElements": dict(answer),
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    }


def compliance_change(detail: Mapping[str, Any]) -> Event:
    """Make AWS Config's Config Rules Compliance Change."""
    fixed = {
        "recordVersion": "1.0",
        "messageType": "ComplianceChangeNotification",
        "notificationCreationTime": _milliseconds(datetime.now(UTC).timestamp()),
    }
    return {
        "source": "aws.config",
        "detail-type": "Config Rules Compliance Change",
        "detail": {**detail, **fixed},
    }


def evaluation_result(result: Any) -> dict[str, Any]:
    """Make an evaluation of that event from one of AWS Config's recorded results."""
    qualifier = {
        "configRuleName": result.rule,
        "resourceType": result.resource_type,
        "resourceId": result.resource_id,
    }
    made = {
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": qualifier,
            "orderingTimestamp": _milliseconds(result.ordering),
        },
        "complianceType": result.compliance,
        "resultRecordedTime": _milliseconds(result.recorded),
        "configRuleInvokedTime": _milliseconds(result.invoked),
    }
    return made | ({"annotation": result.annotation} if result.annotation else {})


def timestamp() -> str:
    """The time, as events carry it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _user_identity(arn: str) -> dict[str, Any]:
    _, partition, _, _, account, resource = arn.split(":", 5)
    kind, *names = resource.split("/")
    identity = {"accountId": account, "arn": arn, "accessKeyId": "ASIAEXAMPLEEXAMPLE00"}
    if kind == "assumed-role":
        issuer = {
            "type": "Role",
            "principalId": "AROAEXAMPLEEXAMPLE00",
            "arn": f"arn:{partition}:iam::{account}:role/{names[0]}",
            "accountId": account,
            "userName": names[0],
        }
        attributes = {"creationDate": timestamp(), "mfaAuthenticated": "false"}
        session = {"sessionIssuer": issuer, "attributes": attributes}
        principal = f"AROAEXAMPLEEXAMPLE00:{names[-1]}"
        return identity | {
            "type": "AssumedRole",
            "principalId": principal,
            "sessionContext": session,
        }
    if kind == "root":
        return identity | {"type": "Root", "principalId": account}
    return identity | {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLEEXAMPLE00",
        "userName": names[-1],
    }


def _lower_camel(value: Any) -> Any:
    """Spell keys as CloudTrail does; the names of properties are data and stay."""
    if isinstance(value, list):
        return [_lower_camel(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        _key(name): part if name == "Properties" else _lower_camel(part)
        for name, part in value.items()
    }


def _key(name: str) -> str:
    # AWS's own example has the release key in capitals.
    return name if name == "ReleaseLabel" else name[:1].lower() + name[1:]


def _milliseconds(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
