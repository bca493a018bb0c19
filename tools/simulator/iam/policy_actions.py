"""Simulator: the actions that a policy of a table, topic or queue may name.

DynamoDB and SNS refuse a policy that names any other, or a wildcard. SQS takes wildcards, and at most
seven actions in a statement. `install` has moto's services refuse them.
"""

from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.sns.exceptions import InvalidParameterValue as InvalidTopicAttribute
from moto.sns.models import SNSBackend
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Queue

from tools.simulator.iam.authorization import matching
from tools.simulator.iam.policies import Document, listed, parsed

_moto_put_resource_policy = DynamoDBBackend.put_resource_policy
_moto_delete_table = DynamoDBBackend.delete_table
_moto_set_topic_attribute = SNSBackend.set_topic_attribute
_moto_set_queue_attributes = Queue._set_attributes  # noqa: SLF001 -- the one way to a queue's policy
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


def _put_resource_policy(
    self: DynamoDBBackend, resource_arn: str, policy_doc: str, expected_revision_id: str | None
) -> Any:
    if found := refused("dynamodb", policy_doc):
        raise MockValidationException(
            f"Resource policy validation failed: the action {found[0]} is not supported."
        )
    return _moto_put_resource_policy(self, resource_arn, policy_doc, expected_revision_id)


def _delete_table(self: DynamoDBBackend, name: str) -> Any:
    table = _moto_delete_table(self, name)
    self.resource_policies.pop(table.table_arn, None)
    return table


def _set_topic_attribute(self: SNSBackend, topic_arn: str, name: str, value: str) -> None:
    if name == "policy" and refused("sns", value):
        raise InvalidTopicAttribute(
            "Invalid parameter: Policy statement action out of service scope!"
        )
    _moto_set_topic_attribute(self, topic_arn, name, value)


def _set_queue_attributes(
    self: Queue, attributes: dict[str, Any], now: float | None = None
) -> None:
    if policy := attributes.get("Policy"):
        if refused("sqs", policy):
            raise InvalidParameterValue("Invalid value for the parameter Policy.")
    elif "Policy" not in attributes:  # moto would drop the one that the queue has
        attributes = {**attributes, "Policy": self.policy}
    _moto_set_queue_attributes(self, attributes, now)


def install() -> None:
    """Refuse such policies; have queues keep theirs, and tables take theirs along."""
    DynamoDBBackend.put_resource_policy = _put_resource_policy  # type: ignore[method-assign]
    DynamoDBBackend.delete_table = _delete_table  # type: ignore[method-assign]
    SNSBackend.set_topic_attribute = _set_topic_attribute  # type: ignore[method-assign]
    Queue._set_attributes = _set_queue_attributes  # type: ignore[method-assign]  # noqa: SLF001
