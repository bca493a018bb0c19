"""Simulator: the actions that a policy of a table, topic or queue may name.

DynamoDB and SNS refuse a policy that names any other, or a wildcard. SQS takes wildcards, and at most
seven actions in a statement.
"""

from tools.simulator.iam.authorization import matching
from tools.simulator.iam.policies import Document, listed, parsed

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html: what it
# lists for tables, by the names of the actions; PartiQL's are those of .../ql-iam.html.
_OF_TABLES = (
    *("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem"),
    *("DeleteResourcePolicy", "DeleteTable", "DescribeContinuousBackups", "DescribeTable"),
    *("DescribeTimeToLive", "GetItem", "GetResourcePolicy", "PartiQLDelete"),
    *("PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "PutResourcePolicy"),
    *("Query", "RestoreTableToPointInTime", "Scan", "UpdateContinuousBackups"),
    *("UpdateItem", "UpdateTable", "UpdateTimeToLive"),
)
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
_OF_TOPICS = (
    *("AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes"),
    *("ListSubscriptionsByTopic", "ListTagsForResource", "Publish"),
    *("PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe"),
)
NAMED = {
    "dynamodb": frozenset(f"dynamodb:{name}" for name in _OF_TABLES),
    "sns": frozenset(f"sns:{name}" for name in _OF_TOPICS),
}
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
SQS_ACTIONS_OF_A_STATEMENT = 7


def refused(service: str, policy: str | Document) -> list[str]:
    """Return what the service refuses of the actions in a policy of one of its resources."""
    found = []
    for statement in listed(parsed(policy).get("Statement")):
        actions = [str(action) for action in listed(statement.get("Action"))]
        if service == "sqs":
            known = [one for one in actions if one == "*" or _is_of_queues(one)]
            found += [one for one in actions if one not in known]
            found += known[SQS_ACTIONS_OF_A_STATEMENT:]
        else:
            taken = {name.lower() for name in NAMED[service]}
            found += [one for one in actions if one.lower() not in taken]
    return found


def _is_of_queues(pattern: str) -> bool:
    return pattern.lower().startswith("sqs:") and bool(matching(pattern))
