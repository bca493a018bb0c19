"""Simulator: DynamoDB's resource policies: what it refuses of one, and that one ends with its table."""

from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend

from tools.simulator.iam import policy_actions

_moto_put_resource_policy = DynamoDBBackend.put_resource_policy
_moto_delete_table = DynamoDBBackend.delete_table


def _put_resource_policy(
    self: DynamoDBBackend, resource_arn: str, policy_doc: str, expected_revision_id: str | None
) -> Any:
    if refused := policy_actions.refused("dynamodb", policy_doc):
        raise MockValidationException(
            f"Resource policy validation failed: the action {refused[0]} is not supported."
        )
    return _moto_put_resource_policy(self, resource_arn, policy_doc, expected_revision_id)


def _delete_table(self: DynamoDBBackend, name: str) -> Any:
    table = _moto_delete_table(self, name)
    self.resource_policies.pop(table.table_arn, None)
    return table


def install() -> None:
    """Mend moto's tables."""
    DynamoDBBackend.put_resource_policy = _put_resource_policy  # type: ignore[method-assign]
    DynamoDBBackend.delete_table = _delete_table  # type: ignore[method-assign]
