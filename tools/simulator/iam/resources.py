"""Simulator: which IAM action a call needs, and on which resources.

AWS's table decides which resources an action takes. An action that takes none, and a call that
names none of them, is asked for on `*`: then only statements for `*` apply.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.config.models import config_backends
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition

from tools.simulator.iam import authorization
from tools.simulator.iam.policies import Document
from tools.simulator.wire import Call

_PREFIXES = {"emr": "elasticmapreduce", "resourcegroupstaggingapi": "tag"}
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# A statement of PartiQL: what it does, and the table that it does it to.
_STATEMENT = re.compile(
    r"""\s*(INSERT|UPDATE|DELETE|SELECT)\b.*?["'](?P<table>[\w.-]+)["']""",
    re.IGNORECASE | re.DOTALL,
)


def action_of(call: Call) -> str:
    """The IAM action that a call needs."""
    if call.operation == "ExecuteStatement" and (found := _partiql(call.parameters)):
        return f"dynamodb:PartiQL{found[1].capitalize()}"
    action = f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
    return _ACTIONS.get(action, action)


def resources_of(call: Call, action: str) -> list[str]:
    """The ARNs that the caller needs the action on: on each of them.

    Raises UnknownActionError for an action that AWS's table does not have.
    """
    known, find = authorization.action(action), _FINDERS.get(call.service, _found)
    named = find(call, call.parameters)
    return named if named and all(known.takes(each) for each in named) else ["*"]


def policy_of(arn: str) -> Document | str | None:
    """Return the policy of a table, topic or queue; None where it has none, or there is no such thing."""
    _, _, service, region, account, name = (*arn.split(":", 5), *[""] * 6)[:6]
    if service == "dynamodb":
        table = arn.partition("/index/")[0]
        policy = dynamodb_backends[account][region].resource_policies.get(table)
        return policy.policy_doc if policy else None
    if service == "sns":
        topic = sns_backends[account][region].topics.get(arn)
        return topic.policy if topic else None
    if service == "sqs":
        queue = sqs_backends[account][region].queues.get(name)
        return queue._policy_json if queue else None  # noqa: SLF001 -- moto's text form lacks an empty one
    if service == "s3":
        bucket = bucket_of(name.partition("/")[0])
        return bucket.policy.decode() if bucket and bucket.policy else None
    return None


def owner_of(arn: str) -> str:
    """Return the account of a bucket, topic, queue or table, whose policies admit others; else nothing."""
    _, _, service, _, account, name = (*arn.split(":", 5), *[""] * 6)[:6]  # it may be "*"
    if service == "s3":
        bucket = bucket_of(name.partition("/")[0])
        return bucket.account_id if bucket else ""
    return account if service in {"dynamodb", "sns", "sqs"} else ""


def bucket_of(name: str) -> FakeBucket | None:
    """Return the bucket of that name, whichever account it is in."""
    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    return s3_backends[account][partition].buckets.get(name) if account else None


def context_of(call: Call) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that services add for a call, in lower case."""
    found: dict[str, str | tuple[str, ...]] = {}
    if call.service == "cloudwatch" and "Namespace" in call.parameters:
        found["cloudwatch:namespace"] = str(call.parameters["Namespace"])
    if call.called_via:
        found |= {"aws:calledvia": (call.called_via,), "aws:viaawsservice": "true"}
    return found


def _arn(call: Call, service: str, resource: str) -> str:
    partition = get_partition(call.region)
    return f"arn:{partition}:{service}:{call.region}:{call.caller.account}:{resource}"


def _named(call: Call, service: str, kind: str, name: Any) -> str:
    """The ARN of what a parameter names, which may be an ARN already."""
    return str(name) if str(name).startswith("arn:") else _arn(call, service, f"{kind}{name}")


# Of services whose parameters name resources or ARNs: what the ARNs are like, and these parameters.
_BY_PARAMETERS = {
    "cloudwatch": ("cloudwatch", "alarm:", ("AlarmName", "AlarmNames")),
    "dynamodb": ("dynamodb", "table/", ("TableName", "RequestItems", "ResourceArn")),
    "emr": (
        "elasticmapreduce",
        "cluster/",
        ("ClusterId", "JobFlowId", "ResourceId", "JobFlowIds"),
    ),
    "lambda": ("lambda", "function:", ("FunctionName", "Resource")),
    "sns": ("sns", "", ("TopicArn", "TargetArn", "ResourceArn", "Name")),
    "sts": ("iam", "role/", ("RoleArn",)),
}


def _found(call: Call, given: dict[str, Any]) -> list[str]:
    """The ARNs of what the call's parameters name."""
    if call.service not in _BY_PARAMETERS:
        return []
    service, kind, parameters = _BY_PARAMETERS[call.service]
    names: list[Any] = []
    for parameter in parameters:
        value = given.get(parameter) or []
        names += value if isinstance(value, (list, dict)) else [value]
    return [_named(call, service, kind, unquote(str(name))) for name in names]


def _cloudformation(call: Call, given: dict[str, Any]) -> list[str]:
    name = given.get("StackName")
    # A stack's id is AWS's invention; a policy has a wildcard in its place.
    return [_named(call, "cloudformation", "stack/", f"{name}/id")] if name else []


def _config(call: Call, given: dict[str, Any]) -> list[str]:
    names = given.get("ConfigRuleNames") or [given.get("ConfigRuleName")]
    rules = config_backends[call.caller.account][call.region].config_rules
    known = [rules[name].config_rule_arn for name in names if name in rules]
    # A rule's id is AWS's invention: a call that names none, or a new one, is about any rule.
    return known if len(known) == len(names) else [_arn(call, "config", "config-rule/*")]


def _sqs(call: Call, given: dict[str, Any]) -> list[str]:
    if "QueueUrl" in given:
        account, name = given["QueueUrl"].rstrip("/").split("/")[-2:]
        return [f"arn:{get_partition(call.region)}:sqs:{call.region}:{account}:{name}"]
    return [_arn(call, "sqs", given["QueueName"])] if "QueueName" in given else []


def _dynamodb(call: Call, given: dict[str, Any]) -> list[str]:
    if statement := _partiql(given):
        return [_named(call, "dynamodb", "table/", statement["table"])]
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    return [table + index for table in _found(call, given)]


def _partiql(given: dict[str, Any]) -> re.Match[str] | None:
    return _STATEMENT.match(str(given.get("Statement", "")))


def _logs(call: Call, given: dict[str, Any]) -> list[str]:
    name = given.get("logGroupName") or given.get("logGroupIdentifier")
    if name is None:
        return []
    # IAM sees a log group's ARN with a stream behind it, so that policies end in ":*".
    group = _named(call, "logs", "log-group:", name).removesuffix(":*")
    return [f"{group}:log-stream:{given.get('logStreamName', '')}"]


def _events(call: Call, given: dict[str, Any]) -> list[str]:
    name = given.get("Rule") or (given.get("Name") if "Rule" in call.operation else None)
    return [_arn(call, "events", f"rule/{name}")] if name else []


def _iam(call: Call, given: dict[str, Any]) -> list[str]:
    partition, account = get_partition(call.region), call.caller.account
    if "RoleName" in given:  # its ARN has its path, if it exists
        roles = iam_backends[account][partition].get_roles()
        known = [role.arn for role in roles if role.name == given["RoleName"]]
        return known or [f"arn:{partition}:iam::{account}:role/{given['RoleName']}"]
    if "PolicyArn" in given:
        return [given["PolicyArn"]]
    kinds = {"UserName": "user", "PolicyName": "policy"}
    named = [f"{kind}/{given[name]}" for name, kind in kinds.items() if name in given]
    return [f"arn:{partition}:iam::{account}:{each}" for each in named[:1]]


def _s3(call: Call, given: dict[str, Any]) -> list[str]:
    parts = [given[name] for name in ("Bucket", "Key") if name in given]
    return [f"arn:{get_partition(call.region)}:s3:::{'/'.join(parts)}"] if parts else []


def _securityhub(call: Call, given: dict[str, Any]) -> list[str]:
    products = {finding["ProductArn"] for finding in given.get("Findings", [])}
    return sorted(products) or [_arn(call, "securityhub", "hub/default")]


_FINDERS: dict[str, Callable[[Call, dict[str, Any]], list[str]]] = {
    "cloudformation": _cloudformation,
    "config": _config,
    "dynamodb": _dynamodb,
    "events": _events,
    "iam": _iam,
    "logs": _logs,
    "s3": _s3,
    "securityhub": _securityhub,
    "sqs": _sqs,
}
