"""What the tests of alerts see of the ledger, and how they let time go by for it."""

from datetime import UTC, datetime, timedelta
from typing import Any


def key_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the key of an item, as DynamoDB's calls have it."""
    return {name: item[name] for name in ("pk", "sk")}


class LedgerView:
    """A deployment's table, as anybody with DynamoDB's console sees it."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def items(self) -> list[dict[str, Any]]:
        """Return all that it holds."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        return [item for page in pages for item in page["Items"]]

    def entry(self, cluster_id: str) -> dict[str, Any]:
        """Return what it knows of a cluster; empty when that is nothing."""
        return self._find("/cluster", cluster_id)

    def episode(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Return the episode of a resource; empty when there is none."""
        return self._find("/episode", f"{resource_type}/{resource_id}")

    def turn(self) -> dict[str, Any]:
        """Return its note of when an evaluation was asked for; empty when there is none."""
        return self._find("/turn", "evaluation")

    def put(self, item: dict[str, Any]) -> None:
        """Write one item."""
        self._dynamodb.put_item(TableName=self._table, Item=item)

    def forget_all_but(self, cluster_id: str) -> None:
        """Delete what it knows of all clusters and configurations but one."""
        for item in self.items():
            of_one = item["sk"]["S"].endswith(cluster_id)
            if item["pk"]["S"].endswith(("/cluster", "/episode")) and not of_one:
                self._dynamodb.delete_item(TableName=self._table, Key=key_of(item))

    def count_configurations(self, number: int) -> None:
        """Have so many bad security configurations been told of within these ten minutes, and the next."""
        (some, *_) = [item for item in self.items() if item["pk"]["S"].endswith("/episode")]
        key = some["pk"]["S"].removesuffix("episode") + "count"
        window = int(datetime.now(UTC).timestamp()) // 600
        for each in (window, window + 1):
            self.put(
                {
                    "pk": {"S": key},
                    "sk": {"S": f"AWS::EMR::SecurityConfiguration/{each}"},
                    "calls": {"N": str(number)},
                }
            )

    def let_turn_pass(self) -> None:
        """Let a quarter of an hour go by for who asked for an evaluation."""
        if turn := self.turn():
            self.put(turn | {"expires": {"N": "1"}})

    def lapse_claims(self) -> None:
        """Let a minute go by for whoever has claimed an alert: no claim lasts so long."""
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        for item in self.items():
            if item.get("state") == {"S": "pending"} and item["leaseUntil"]["S"] > past:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key=key_of(item),
                    UpdateExpression="SET leaseUntil = :past",
                    ExpressionAttributeValues={":past": {"S": past}},
                )

    def _find(self, kind: str, key: str) -> dict[str, Any]:
        found = (
            item
            for item in self.items()
            if item["pk"]["S"].endswith(kind) and item["sk"]["S"] == key
        )
        return next(found, {})
