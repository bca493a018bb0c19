"""AWS adapter: remembers in the ledger what EMR said of a cluster, so that it is asked once."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin, get_type_hints

from botocore.exceptions import ClientError

from emr_in_transit.aws.errors import AWS_ERRORS, LedgerError, error_code, explain
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.judge import is_judged_in_depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient


PERMISSIONS = ("dynamodb:BatchGetItem", "dynamodb:UpdateItem")
TURN_PERMISSIONS = ("dynamodb:PutItem",)
# An entry is renewed whenever its facts are read anew, at the latest after FACTS_MAX_AGE
# (aws/clusters.py), so that of a live cluster never expires. Deletion lags, so reading checks.
ENTRY_KEPT = timedelta(days=30)
# A launch check writes while a sweep, which has read its clock before, is still listing; what is
# further in the future than a function can run, none of ours has written.
FUTURE_TOLERATED = timedelta(minutes=15)
# BatchGetItem takes so many keys (DynamoDB API).
BATCH_SIZE = 100
# What BatchGetItem leaves unprocessed is asked for again so often, after these seconds.
PAUSES = (0.1, 0.5, 2.0)
# Raise it with every change of the facts, or of the properties that are read into them.
SCHEMA_VERSION = 3
# Version 2 is without ``tags``, on which no verdict rests: they come with the next description.
# Version 0.1.0 wrote 1: also without ``managed_kerberos``, ``primary_nodes`` and half of the
# properties.
_OLDER_VERSIONS = (1, 2)
_LACKS_WHAT_DECIDES = (1,)
# What reading an entry of another shape can raise.
MALFORMED = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class Entry(NamedTuple):
    """What the ledger knows of a cluster; facts that cannot be read count as none."""

    facts: ClusterFacts | None
    described: datetime | None
    launched_by: str
    schema: int = SCHEMA_VERSION  # the version in which the facts were written


class Ledger:
    """The facts of the clusters of one account and Region.

    Every method raises LedgerError when DynamoDB gives no proper answer.
    """

    def __init__(self, client: DynamoDBClient, table: str, account: str, region: str) -> None:
        self._client = client
        self._table = table
        self._prefix = f"{account}/{region}"

    def entries(self, cluster_ids: Sequence[str], now: datetime) -> dict[str, Entry]:
        """Return what is known of these clusters; what DynamoDB does not come to is left out."""
        found: dict[str, Entry] = {}
        for start in range(0, len(cluster_ids), BATCH_SIZE):
            keys = [self._key(each) for each in cluster_ids[start : start + BATCH_SIZE]]
            for item in self._items(keys):
                # An entry of another shape is none that this version wrote, and counts as none.
                with suppress(*MALFORMED):
                    if float(item["expires"]["N"]) >= now.timestamp():
                        found[item["sk"]["S"]] = _read(item, now)
        return found

    def store(self, facts: ClusterFacts, now: datetime) -> None:
        """Remember the facts of a cluster; who launched it stays."""
        self._update(
            self._key(facts.cluster_id),
            now,
            {
                "facts": {"S": encode(facts)},
                "schema": {"N": str(SCHEMA_VERSION)},
                "described": {"S": now.isoformat()},
            },
        )

    def bundle(self, name: str, now: datetime) -> tuple[str, int]:
        """Return the text and the version that ``store_bundle`` was given; "" and 0 for none."""
        for item in self._items([self._key(name, "bundle")]):
            with suppress(*MALFORMED):
                if float(item["expires"]["N"]) >= now.timestamp():
                    return item["bundle"]["S"], int(item["schema"]["N"])
        return "", 0

    def store_bundle(self, name: str, text: str, schema: int, now: datetime) -> None:
        """Remember what was read of an object in S3, in a version of its reader."""
        values = {"bundle": {"S": text}, "schema": {"N": str(schema)}}
        self._update(self._key(name, "bundle"), now, values)

    def store_launcher(self, cluster_id: str, launched_by: str, now: datetime) -> None:
        """Remember who launched a cluster; its facts stay."""
        self._update(self._key(cluster_id), now, {"launchedBy": {"S": launched_by}})

    def take_turn(self, name: str, now: datetime, pause: timedelta) -> bool:
        """Return whether it is the caller's turn: once in each pause, for one caller only."""
        return self._put_turn(
            name, now + pause, "attribute_not_exists(expires) OR expires <= :expires", now
        )

    def release_turn(self, name: str, now: datetime, pause: timedelta) -> None:
        """Give back the turn that was taken with these; whoever comes next may have it."""
        self._put_turn(name, now, "expires = :expires", now + pause)

    def _put_turn(self, name: str, until: datetime, condition: str, expires: datetime) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": f"{self._prefix}/turn"},
                    "sk": {"S": name},
                    "expires": {"N": str(int(until.timestamp()))},
                },
                ConditionExpression=condition,
                ExpressionAttributeValues={":expires": {"N": str(int(expires.timestamp()))}},
            )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise LedgerError(explain("PutItem", error)) from error
        except AWS_ERRORS as error:
            raise LedgerError(explain("PutItem", error)) from error
        return True

    def _items(self, keys: list[Any]) -> Iterable[Any]:
        for pause in (0.0, *PAUSES):
            if pause:
                time.sleep(pause)
            try:
                answer = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            except AWS_ERRORS as error:
                raise LedgerError(explain("BatchGetItem", error)) from error
            if "Responses" not in answer:
                raise LedgerError("BatchGetItem: answered without 'Responses'")
            yield from answer["Responses"].get(self._table, [])
            left = answer.get("UnprocessedKeys", {})
            if self._table not in left:
                return
            keys = list(left[self._table]["Keys"])

    def _update(self, key: dict[str, Any], now: datetime, values: dict[str, Any]) -> None:
        values = values | {"expires": {"N": str(int((now + ENTRY_KEPT).timestamp()))}}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                ExpressionAttributeNames={f"#{name}": name for name in values},
                ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            )
        except AWS_ERRORS as error:
            raise LedgerError(explain("UpdateItem", error)) from error

    def _key(self, name: str, kind: str = "cluster") -> dict[str, Any]:
        return {"pk": {"S": f"{self._prefix}/{kind}"}, "sk": {"S": name}}


def _read(item: Any, now: datetime) -> Entry:
    launched_by = item.get("launchedBy", {}).get("S", "")
    with suppress(*MALFORMED):
        schema = int(item["schema"]["N"])
        facts = decode(item["facts"]["S"], schema)
        described = datetime.fromisoformat(item["described"]["S"])
        # A time without a zone cannot be compared with any of ours, which raises.
        is_past = described < now + FUTURE_TOLERATED
        if is_past and facts.cluster_id == item["sk"]["S"]:
            return Entry(facts, described, launched_by, schema)
    return Entry(None, None, launched_by)


def encode(facts: ClusterFacts) -> str:
    """Return the facts as JSON text; lone surrogates in names are written as escapes."""
    document = facts._asdict() | {
        "security_configuration": _configuration_document(facts.security_configuration),
        "settings": [each._asdict() for each in facts.settings],
    }
    return json.dumps(document, default=datetime.isoformat, separators=(",", ":"))


def decode(text: str, version: int = SCHEMA_VERSION) -> ClusterFacts:
    """Return the facts of a text that ``encode`` has written, in this version or an older one.

    Raises ValueError for facts on which the verdict of today cannot rest.
    """
    if version not in {SCHEMA_VERSION, *_OLDER_VERSIONS}:
        raise ValueError(f"version {version} of the facts is not known")
    facts = _decode(text)
    if not is_a(ClusterFacts, facts):
        raise ValueError("a member of the facts is of another type")
    if version in _LACKS_WHAT_DECIDES and is_judged_in_depth(facts):
        raise ValueError(f"version {version} of the facts lacks what the verdict rests on")
    return facts


def _decode(text: str) -> ClusterFacts:
    document: dict[str, Any] = json.loads(text)
    configuration = document["security_configuration"]
    return ClusterFacts(
        **document
        | {
            "created": datetime.fromisoformat(document["created"]),
            "security_configuration": _configuration(configuration) if configuration else None,
            "applications": tuple(document["applications"]),
            "settings": tuple(PropertySetting(**each) for each in document["settings"]),
            "tags": tuple((key, value) for key, value in document.get("tags", ())),
        }
    )


def is_a(kind: Any, value: object) -> bool:
    """Return whether a value is of a type of ``facts``, with all that it consists of."""
    if isinstance(kind, UnionType):
        return any(is_a(each, value) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(is_a(get_args(kind)[0], each) for each in value)
    own: Any = type(value)  # a bool is an int elsewhere, not here
    if own is not kind:
        return False
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return all(is_a(each, getattr(value, name)) for name, each in _members(own).items())


@cache
def _members(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind) if issubclass(kind, tuple) else {}


def _configuration_document(facts: SecurityConfigurationFacts | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    body = facts.body._asdict()
    if body.get("certificates"):
        body["certificates"] = body["certificates"]._asdict()
    return facts._asdict() | {"body": body}


def _configuration(document: dict[str, Any]) -> SecurityConfigurationFacts:
    body = document["body"]
    return SecurityConfigurationFacts(
        name=document["name"],
        created=datetime.fromisoformat(document["created"]),
        body=Unreadable(**body) if "problem" in body else _settings(body),
    )


def _settings(body: dict[str, Any]) -> EncryptionSettings:
    certificates = body["certificates"]
    return EncryptionSettings(
        **body
        | {
            "switch": Switch(body["switch"]),
            "certificates": Certificates(**certificates) if certificates else None,
        }
    )
