"""AWS adapter: keeps the episodes of one account and Region in the ledger, a DynamoDB table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from emr_in_transit.alerting.episode import Episode, State
from emr_in_transit.aws.errors import AWS_ERRORS, LedgerError, error_code, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

PERMISSIONS = ("dynamodb:GetItem", "dynamodb:PutItem")
SWEEP_PERMISSIONS = ("dynamodb:Query",)
# A closed episode is kept so long, then DynamoDB deletes it. Deletion lags, which does no harm:
# what is closed says no more than what is not there.
CLOSED_KEPT = timedelta(days=30)


class ConflictError(Exception):
    """Another function wrote the episode first; read it again."""


class Episodes:
    """The episodes of one account and Region, by resource type and id.

    A write succeeds only on the version that was read, so two functions that meet the same
    violation at the same moment never both claim it. Every method raises LedgerError when
    DynamoDB gives no proper answer.
    """

    def __init__(self, client: DynamoDBClient, table: str, account: str, region: str) -> None:
        self._client = client
        self._table = table
        self._partition = f"{account}/{region}/episode"

    def get(self, resource_type: str, resource_id: str) -> Episode | None:
        """Answer the episode of a resource as it stands now; None when it never had any."""
        key = {
            "pk": {"S": self._partition},
            "sk": {"S": f"{resource_type}/{resource_id}"},
        }
        try:
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except AWS_ERRORS as error:
            raise LedgerError(explain("GetItem", error)) from error
        item = answer.get("Item")
        return _read(item) if item else None

    def read_all(self, resource_type: str) -> dict[str, Episode]:
        """Answer the episodes of all resources of a type, by resource id.

        Closed ones too: a new episode is written over the version of the old one.
        """
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={
                ":pk": {"S": self._partition},
                ":sk": {"S": f"{resource_type}/"},
            },
            ConsistentRead=True,
        )
        try:
            return {
                item["sk"]["S"].removeprefix(f"{resource_type}/"): _read(item)
                for item in _items(pages)
            }
        except AWS_ERRORS as error:
            raise LedgerError(explain("Query", error)) from error
        except KeyError as error:
            raise LedgerError(f"Query: answered without {error}") from error

    def put(self, resource_type: str, resource_id: str, episode: Episode) -> None:
        """Write the episode over the version before it; raise ConflictError if that has changed."""
        item: dict[str, Any] = {
            "pk": {"S": self._partition},
            "sk": {"S": f"{resource_type}/{resource_id}"},
            "state": {"S": episode.state.value},
            "alertId": {"S": episode.alert_id},
            "claimed": {"L": [{"S": each} for each in sorted(episode.claimed)]},
            "sent": {"L": [{"S": each} for each in sorted(episode.sent)]},
            "leaseUntil": {"S": episode.lease_until.isoformat()},
            "version": {"N": str(episode.version)},
        }
        if episode.state is State.CLOSED:
            item["expires"] = {"N": str(int((datetime.now(UTC) + CLOSED_KEPT).timestamp()))}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(version) OR version = :before",
                ExpressionAttributeValues={":before": {"N": str(episode.version - 1)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise LedgerError(explain("PutItem", error)) from error
            # Where the answer to a write is lost, botocore writes again and finds what it wrote.
            if error.response.get("Item") != item:
                raise ConflictError from error
        except AWS_ERRORS as error:
            raise LedgerError(explain("PutItem", error)) from error


def _items(pages: Any) -> Iterator[Any]:
    for page in pages:
        yield from page["Items"]


def _read(item: Any) -> Episode:
    return Episode(
        state=State(item["state"]["S"]),
        alert_id=item["alertId"]["S"],
        claimed=frozenset(each["S"] for each in item["claimed"]["L"]),
        sent=frozenset(each["S"] for each in item["sent"]["L"]),
        lease_until=datetime.fromisoformat(item["leaseUntil"]["S"]),
        version=int(item["version"]["N"]),
    )
