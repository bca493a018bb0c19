"""Pure: the network endpoints of EMR's applications, and what encrypts each.

They stand in endpoints.csv; read a row against the source that it names.
"""

from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from emr_in_transit.judgement.releases import Release, since
from emr_in_transit.judgement.tables import names, read_table, release_or_none

ANY = "any"  # the application of what every cluster has


class Condition(StrEnum):
    """What a cluster must have besides a release that is new enough."""

    SWITCH = "in-transit encryption"
    KERBEROS = "Kerberos"
    LOCAL_DISK = "local-disk encryption"


class Protection(NamedTuple):
    """One way in which an endpoint is encrypted."""

    mechanism: str
    starts: tuple[Release, ...]
    conditions: tuple[Condition, ...]


class KnownIssue(NamedTuple):
    """What else is to be known of an endpoint, mostly a fault that AWS has published."""

    text: str
    first: Release
    before: Release | None  # the release that mends it


class Endpoint(NamedTuple):
    """What listens on these ports, and each way in which it is encrypted; one of them is enough."""

    label: str
    application: str
    ports: str
    protections: tuple[Protection, ...]  # empty: no setting protects it
    needs_several_primary_nodes: bool
    issue: KnownIssue | None
    source: str


def _endpoint(label: str, rows: list[dict[str, str]]) -> Endpoint:
    first = rows[0]
    issue = None
    if first["issue"]:
        (begin,) = since(first["issue_from"])
        issue = KnownIssue(first["issue"], begin, release_or_none(first["issue_before"]))
    return Endpoint(
        label,
        first["application"],
        first["ports"],
        tuple(
            Protection(
                row["mechanism"],
                since(row["from"]),
                tuple(Condition(each) for each in names(row["needs"])),
            )
            for row in rows
            if row["mechanism"]
        ),
        bool(first["only_with"]),
        issue,
        first["source"],
    )


ENDPOINTS = tuple(
    _endpoint(label, list(rows))
    for label, rows in groupby(read_table("endpoints.csv"), key=lambda row: row["endpoint"])
)
