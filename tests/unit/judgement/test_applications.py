"""What a cluster has: what was asked for, and what EMR installs along with it."""

import pytest

from emr_in_transit.judgement.applications import (
    ANY,
    APPLICATIONS,
    COMPONENTS,
    ENDPOINTS,
    INSTALLED_WITH,
    installed,
    unknown,
)
from emr_in_transit.judgement.releases import KNOWN_LINES, Release, parse_release

HIVE = ("Hadoop", "Hive", "HiveMetastore", "Tez", "ZooKeeper")
SPARK = ("Hadoop", "Livy", "Spark")
INSTALLED = [
    ("Hadoop is on every cluster", [], "7.14.0", ("Hadoop",)),
    ("letter case does not matter", ["SPARK", "hadoop"], "7.14.0", SPARK),
    ("blanks do not matter", [" Spark "], "7.14.0", SPARK),
    ("an unknown name stays as it is", [" Kafka "], "7.14.0", ("Hadoop", "Kafka")),
    ("Spark brings Livy", ["Spark"], "5.10.0", SPARK),
    ("but not before 5.10.0", ["Spark"], "5.9.1", ("Hadoop", "Spark")),
    ("JupyterHub brings Spark and Livy", ["JupyterHub"], "5.36.0", ("Hadoop", "JupyterHub", "Livy", "Spark")),
    ("Zeppelin brings Spark", ["Zeppelin"], "5.9.0", ("Hadoop", "Spark", "Zeppelin")),
    ("Livy brings Spark", ["Livy"], "5.9.0", ("Hadoop", "Livy", "Spark")),
    ("Hive brings Tez, the metastore and ZooKeeper", ["Hive"], "6.0.0", HIVE),
    ("but ZooKeeper only from 6.0.0 on", ["Hive"], "5.36.2", ("Hadoop", "Hive", "HiveMetastore", "Tez")),
    ("and Tez only from 5.0.0 on", ["Hive"], "4.9.6", ("Hadoop", "Hive", "HiveMetastore")),
    ("HCatalog brings neither Tez nor HiveServer2", ["HCatalog"], "7.14.0", ("HCatalog", "Hadoop", "HiveMetastore", "WebHCat")),
    ("Presto brings the metastore", ["Presto"], "7.14.0", ("Hadoop", "HiveMetastore", "Presto")),
    ("PrestoSQL too", ["PrestoSQL"], "6.3.1", ("Hadoop", "HiveMetastore", "PrestoSQL")),
    ("Trino too", ["Trino"], "7.13.0", ("Hadoop", "HiveMetastore", "Trino")),
    ("Trino alone goes without Hadoop from 7.14.0 on", ["Trino"], "7.14.0", ("HiveMetastore", "Trino")),
    ("and in a line to come", ["trino"], "8.0.0", ("HiveMetastore", "Trino")),
    ("but not where anything else was asked for", ["Trino", "Hudi"], "7.14.0", ("Hadoop", "HiveMetastore", "Hudi", "Trino")),
    ("Pig brings Tez", ["Pig"], "7.14.0", ("Hadoop", "Pig", "Tez")),
    ("HBase brings ZooKeeper", ["HBase"], "5.0.0", ("HBase", "Hadoop", "ZooKeeper")),
    ("Phoenix brings HBase and ZooKeeper", ["phoenix"], "7.14.0", ("HBase", "Hadoop", "Phoenix", "ZooKeeper")),
    ("what comes along brings more", ["Hue"], "7.14.0", ("Hadoop", "Hue", "Oozie", "Tez")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "release", "all_names"), [row[1:] for row in INSTALLED], ids=[r[0] for r in INSTALLED]
)
def test_installed(names, release, all_names):
    """A cluster has what it lists, what that brings along on its release, and Hadoop."""
    parsed = parse_release(f"emr-{release}")

    assert parsed is not None
    assert installed(names, parsed) == all_names


@pytest.mark.parametrize(
    "row", INSTALLED_WITH, ids=[f"{row.application}-{row.brings}" for row in INSTALLED_WITH]
)
def test_every_row_counts_from_its_release_on(row):
    """What a row brings is there on the first release that it names, and not on the one before."""
    first = row.starts[0]
    assert row.application in APPLICATIONS
    assert row.source
    assert {start.major for start in row.starts} <= {*KNOWN_LINES}
    if row.brings:
        assert row.brings in {*APPLICATIONS, *COMPONENTS}
        assert row.brings in installed([row.application], first)
        if first.minor:  # a line that begins with it has no release before
            before = Release(first.major, first.minor - 1, 99)
            others = [each.starts for each in INSTALLED_WITH if each.brings == row.brings]
            alone = [starts for starts in others if starts == row.starts] == others
            assert not alone or row.brings not in installed([row.application], before)


def test_no_row_twice():
    """An application brings a thing by one row."""
    pairs = [(row.application, row.brings) for row in INSTALLED_WITH]
    assert len({*pairs}) == len(pairs)


def test_names_in_the_tables():
    """Every application that is known has an endpoint, or a row that says why it has none."""
    with_endpoint = {each.application for each in ENDPOINTS} - {ANY, *COMPONENTS}
    assert {*APPLICATIONS} == with_endpoint | {row.application for row in INSTALLED_WITH}
    assert {*COMPONENTS} <= {row.brings for row in INSTALLED_WITH}


def test_what_no_table_knows():
    """Libraries are known, and letter case does not make an application unknown."""
    assert unknown(["spark", "Iceberg", "Kafka", " Ganglia", "HiveMetastore"]) == (
        *("Ganglia", "HiveMetastore", "Kafka"),
    )
