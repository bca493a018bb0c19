"""Pure: the applications of EMR, what comes along with each, and the endpoints that listen.

The names are those of DescribeCluster and RunJobFlow; letter case does not tell them apart.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from emr_in_transit.judgement.releases import NEWEST, Release, reached, since
from emr_in_transit.judgement.tables import names, read_table, release_or_none

# HDFS, YARN and MapReduce are the base of a cluster (EMR Release Guide, emr-hadoop) ...
HADOOP = "Hadoop"
# ... but EMR does not start them where Trino is the only application (emr-7140-release).
_WITHOUT_HADOOP = {"Trino"}
_WITHOUT_HADOOP_SINCE = since("7.14.0")
# What nobody can ask for: it only comes along.
COMPONENTS = ("HiveMetastore", "WebHCat")
# The application of what every cluster has.
ANY = "any"


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


class InstalledWith(NamedTuple):
    """What EMR installs along with an application; ``brings`` is empty for one without endpoints."""

    application: str
    brings: str
    starts: tuple[Release, ...]
    source: str


# DescribeCluster lists what was asked for, not what came along.
INSTALLED_WITH = tuple(
    InstalledWith(row["application"], row["brings"], since(row["from"]), row["source"])
    for row in read_table("installed_with.csv")
)
_KNOWN = {row.application for row in INSTALLED_WITH} | {each.application for each in ENDPOINTS}
APPLICATIONS = tuple(sorted(_KNOWN - {ANY, *COMPONENTS}))
_BY_LOWER_NAME = {name.lower(): name for name in APPLICATIONS}


def installed(names: Iterable[str], release: Release = NEWEST) -> tuple[str, ...]:
    """Return all that a cluster has which lists these, sorted; unknown names as they stand."""
    pending = list(dict.fromkeys(_name(each) for each in names))
    if {*pending} != _WITHOUT_HADOOP or not reached(release, _WITHOUT_HADOOP_SINCE):
        pending.append(HADOOP)
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [
                row.brings
                for row in INSTALLED_WITH
                if row.application == name and row.brings and reached(release, row.starts)
            ]
    return tuple(sorted(found))


def unknown(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of these applications that no table knows, sorted."""
    return tuple(sorted({_name(each) for each in names} - {*APPLICATIONS}))


def _name(text: str) -> str:
    return _BY_LOWER_NAME.get(text.strip().lower(), text.strip())
