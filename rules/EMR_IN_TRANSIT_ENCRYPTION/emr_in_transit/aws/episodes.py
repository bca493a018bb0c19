"""AWS adapter: keeps the episodes of one account and Region in the ledger, a DynamoDB table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from emr_in_transit.alerting.episode import Episode, State
from emr_in_transit.aws.errors import AWS_ERRORS, LedgerError, error_code, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

PERMISSIONS = ("dynamodb:GetItem", "dynamodb:PutItem")
COUNT_PERMISSIONS = ("dynamodb:UpdateItem",)
SWEEP_PERMISSIONS = ("dynamodb:Query",)
# A closed episode is kept so long, then DynamoDB deletes it. Deletion lags, which does no harm:
# what is closed says no more than what is not there.
CLOSED_KEPT = timedelta(days=30)
# What is told one by one is counted within so long.
COUNTED_TOGETHER = timedelta(minutes=10)


class ConflictError(Exception):
    """Another function wrote the episode first; read it again."""


class UnreadableEpisodeError(LedgerError):
    """The ledger holds something else where the episode of one resource should be."""


class EpisodesRead(NamedTuple):
    """The episodes of a type of resource by resource id, and why some could not be read."""

    episodes: dict[str, Episode]
    unreadable: dict[str, str]


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
        self._counts = f"{account}/{region}/count"

    def get(self, resource_type: str, resource_id: str) -> Episode | None:
        """Return the episode of a resource as it stands now; None when it never had any.

        Raises UnreadableEpisodeError for an item that is no episode.
        """
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

    def read_all(self, resource_type: str) -> EpisodesRead:
        """Return the episodes of all resources of a type.

        Closed ones too: a new episode is written over the version of the old one. An item that
        is no episode costs no other its own.
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
        found = EpisodesRead({}, {})
        try:
            for item in _items(pages):
                resource_id = item["sk"]["S"].removeprefix(f"{resource_type}/")
                try:
                    found.episodes[resource_id] = _read(item)
                except UnreadableEpisodeError as error:
                    found.unreadable[resource_id] = str(error)
        except AWS_ERRORS as error:
            raise LedgerError(explain("Query", error)) from error
        except KeyError as error:
            raise LedgerError(f"Query: answered without {error}") from error
        return found

    def count(self, resource_type: str, now: datetime) -> int:
        """Return the number of the caller among all that call for this type in ten minutes."""
        window = int(now.timestamp() // COUNTED_TOGETHER.total_seconds())
        expires = now + 2 * COUNTED_TOGETHER
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": self._counts}, "sk": {"S": f"{resource_type}/{window}"}},
                UpdateExpression="SET expires = :expires ADD calls :one",
                ExpressionAttributeValues={
                    ":expires": {"N": str(int(expires.timestamp()))},
                    ":one": {"N": "1"},
                },
                ReturnValues="UPDATED_NEW",
            )
            return int(answer["Attributes"]["calls"]["N"])
        except AWS_ERRORS as error:
            raise LedgerError(explain("UpdateItem", error)) from error
        except (KeyError, ValueError) as error:
            raise LedgerError(f"UpdateItem: answered without a count ({error})") from error

    def put(self, resource_type: str, resource_id: str, episode: Episode) -> None:
        """Write the episode over the version before it; raise ConflictError if that has changed."""
        item = self._item(resource_type, resource_id, episode)
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

    def _item(self, resource_type: str, resource_id: str, episode: Episode) -> dict[str, Any]:
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
        if episode.held:
            item["held"] = {"S": episode.held}
        if episode.state is State.CLOSED:
            item["expires"] = {"N": str(int((datetime.now(UTC) + CLOSED_KEPT).timestamp()))}
        return item


def _items(pages: Any) -> Iterator[Any]:
    for page in pages:
        yield from page["Items"]


def _read(item: Any) -> Episode:
    try:
        lease_until = datetime.fromisoformat(item["leaseUntil"]["S"])
        return Episode(
            state=State(item["state"]["S"]),
            alert_id=item["alertId"]["S"],
            claimed=frozenset(each["S"] for each in item["claimed"]["L"]),
            sent=frozenset(each["S"] for each in item["sent"]["L"]),
            # A time without a zone could not be compared with any of ours.
            lease_until=lease_until if lease_until.tzinfo else lease_until.replace(tzinfo=UTC),
            version=int(item["version"]["N"]),
            held=item["held"]["S"] if "held" in item else "",
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableEpisodeError(
            f"the episode is none that can be read ({type(error).__name__}: {error})"
        ) from error
