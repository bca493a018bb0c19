"""Pure: the applications of EMR, and what comes with each.

The names are those of DescribeCluster and RunJobFlow; letter case does not tell them apart.
"""

from collections.abc import Iterable

# HDFS, YARN and MapReduce are the base of every cluster (EMR Release Guide, emr-hadoop).
ON_EVERY_CLUSTER = "Hadoop"
# DescribeCluster lists what was asked for, not what came along. Each application's page of the EMR
# Release Guide (emr-hive, emr-hbase, emr-phoenix, ...) has a table "Components installed with".
COMES_WITH = {
    "HBase": ("ZooKeeper",),
    "HCatalog": ("Hive",),
    "Hive": ("Tez",),
    "Hue": ("Oozie",),
    "Oozie": ("Tez",),
    "Phoenix": ("HBase", "ZooKeeper"),
}
# The applications that AWS's matrix has, whether EMR installs them still or not.
NAMES = (
    ON_EVERY_CLUSTER,
    *("Flink", "HBase", "HCatalog", "Hive", "Hue", "JupyterEnterpriseGateway", "JupyterHub"),
    *("Livy", "Oozie", "Phoenix", "Presto", "PrestoSQL", "Spark", "Tez", "Trino", "Zeppelin"),
    "ZooKeeper",
)
_BY_LOWER_NAME = {name.lower(): name for name in NAMES}


def installed(names: Iterable[str]) -> tuple[str, ...]:
    """Answer all applications of a cluster that lists these, sorted; unknown ones as they stand."""
    found = {ON_EVERY_CLUSTER}
    pending = [_BY_LOWER_NAME.get(name.strip().lower(), name.strip()) for name in names]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(COMES_WITH.get(name, ()))
    return tuple(sorted(found))
