"""Pure: the network endpoints of EMR's applications, and what encrypts each, one row each.

Read a row against the page that it names: application, component, port, mechanism, release.
"""

from enum import StrEnum
from typing import NamedTuple

from emr_in_transit.judgement.applications import ON_EVERY_CLUSTER
from emr_in_transit.judgement.releases import Release, since

MATRIX = "EMR Management Guide, emr-encryption-support-matrix"
OPTIONS = "EMR Management Guide, emr-data-encryption-options"


class Condition(StrEnum):
    """What a cluster must have besides a release that is new enough."""

    SWITCH = "in-transit encryption"
    KERBEROS = "Kerberos"  # in the security configuration, and Kerberos attributes on the cluster
    LOCAL_DISK = "local-disk encryption"  # in the security configuration


class Protection(NamedTuple):
    """One way in which an endpoint is encrypted."""

    mechanism: str
    starts: tuple[Release, ...]
    conditions: tuple[Condition, ...] = (Condition.SWITCH,)


class KnownIssue(NamedTuple):
    """A fault of an encrypted endpoint that AWS has published."""

    text: str
    first: Release
    before: Release | None = None  # the release that mends it


class Endpoint(NamedTuple):
    """What listens on these ports, and each way in which it is encrypted; one of them is enough."""

    application: str
    name: str
    ports: str
    protections: tuple[Protection, ...]  # empty: no setting protects it
    source: str = MATRIX
    issues: tuple[KnownIssue, ...] = ()

    @property
    def label(self) -> str:
        """The endpoint's name in a sentence, unique among all endpoints."""
        if self.application == ON_EVERY_CLUSTER:  # its parts are better known than itself
            return self.name
        return f"{self.application} {self.name}"


ALL = since("4.8.0 5.0.0 6.0.0 7.0.0")


def _tls(starts: str) -> tuple[Protection, ...]:
    return (Protection("TLS", since(starts)),)


_TLS = (Protection("TLS", ALL),)
_TLS_5_3 = _tls("5.3.0 6.0.0 7.0.0")
_TLS_7_3 = _tls("7.3.0")
_TLS_7_4 = _tls("7.4.0")
_SPARK = (Protection("Spark's AES encryption", ALL),)
_SASL = (Protection("SASL", ALL, (Condition.SWITCH, Condition.KERBEROS)),)
_HBASE_RPC = (*_SASL, Protection("TLS", since("7.6.0")))
# Local-disk encryption alone switches it on, whatever the switch says.
_BLOCKS = (Protection("AES-256", ALL, (Condition.LOCAL_DISK,)),)
# EMRFS speaks TLS with S3 whatever the security configuration says.
_ALWAYS = (Protection("TLS", ALL, ()),)
_NONE: tuple[Protection, ...] = ()

_OLD_SPARK = (
    KnownIssue(
        "encrypted by SASL with DIGEST-MD5 before 5.9.0", Release(4, 8, 0), Release(5, 9, 0)
    ),
)
_HISTORY_LINK = (
    KnownIssue(
        "spark.yarn.historyServer.address still names port 18080 before 7.10.0",
        *(Release(7, 3, 0), Release(7, 10, 0)),
    ),
)
_LOG_LINK = (
    KnownIssue(
        "yarn.log.server.url is still an http address before 7.9.0",
        *(Release(7, 3, 0), Release(7, 9, 0)),
    ),
)
_NO_METASTORE = (
    KnownIssue(
        "with Kerberos, Spark and Livy cannot reach it; AWS's workaround is to set "
        "hive.metastore.use.SSL to false",
        Release(7, 3, 0),
    ),
)
_HOST_NAMES = (
    KnownIssue("Oozie always verifies host names: a wrong one can stop a launch", Release(7, 3, 0)),
)

ENDPOINTS = (
    Endpoint("Spark", "driver", "dynamic", _SPARK, MATRIX, _OLD_SPARK),
    Endpoint("Spark", "executor", "dynamic", _SPARK, MATRIX, _OLD_SPARK),
    Endpoint("Spark", "external shuffle service", "7337", _SPARK, MATRIX, _OLD_SPARK),
    Endpoint("Spark", "history server", "18480", _TLS_5_3, MATRIX, _HISTORY_LINK),
    Endpoint("Spark", "UI", "4440", _TLS_5_3),
    Endpoint("Hadoop", "YARN ResourceManager web", "8088", _TLS_7_3),
    Endpoint("Hadoop", "YARN timeline web", "8188", _TLS_7_3),
    Endpoint("Hadoop", "YARN NodeManager web", "8044", _TLS_7_3),
    Endpoint("Hadoop", "YARN ResourceManager RPC", "8025, 8030, 8032, 8033", _SASL),
    Endpoint("Hadoop", "YARN timeline RPC", "10200", _SASL),
    Endpoint("Hadoop", "YARN proxy", "20888", _SASL),
    Endpoint("Hadoop", "YARN NodeManager RPC", "8040, 8041", _SASL),
    Endpoint("Hadoop", "MapReduce shuffle", "13562", _TLS),
    Endpoint("Hadoop", "MapReduce job history web", "19890", _TLS_7_3, MATRIX, _LOG_LINK),
    Endpoint("Hadoop", "HDFS NameNode web", "9871", _TLS),
    Endpoint("Hadoop", "HDFS DataNode web", "9865", _TLS),
    Endpoint("Hadoop", "HDFS JournalNode web", "8481", _TLS),
    Endpoint("Hadoop", "HDFS NameNode RPC", "8020", _SASL),
    Endpoint("Hadoop", "HDFS DataNode transfer", "9866", _SASL),
    Endpoint("Hadoop", "HDFS JournalNode RPC", "8485", _SASL),
    Endpoint("Hadoop", "HDFS block transfer", "dynamic", _BLOCKS, OPTIONS),
    # Not before Hadoop 3.4.0, and no release of EMR is named that has it.
    Endpoint("Hadoop", "HDFS ZKFC (with several primary nodes)", "8019", _NONE),
    Endpoint("Hadoop", "EMRFS to S3", "443", _ALWAYS, OPTIONS),
    Endpoint("Hive", "HiveServer2", "10000, 10001", _tls("6.9.0 7.0.0")),
    Endpoint("Hive", "HiveServer2 web", "10002", _TLS_7_3),
    Endpoint("Hive", "metastore", "9083", _TLS_7_3, MATRIX, _NO_METASTORE),
    Endpoint("Hive", "LLAP shuffle", "15551", _TLS_7_3),
    Endpoint("Hive", "LLAP web", "15002", _TLS_7_3),
    Endpoint("Hive", "WebHCat", "50111", _TLS_7_3),
    Endpoint("Hive", "LLAP output", "15003", _NONE),
    Endpoint("Hive", "LLAP management", "15004", _NONE),
    Endpoint("Hive", "LLAP plugin and daemon RPC", "dynamic", _NONE),
    # The first release is not stated; the page speaks of security configurations from 4.8.0 on.
    Endpoint("Tez", "shuffle", "dynamic", _TLS, OPTIONS),
    Endpoint("Tez", "UI", "8080", _TLS_7_3),
    Endpoint("Tez", "application master and task RPC", "dynamic", _NONE),
    Endpoint("Presto", "coordinator and workers", "8446", _tls("5.6.0 6.0.0 7.0.0")),
    Endpoint("PrestoSQL", "coordinator and workers", "8446", _tls("6.1.0 7.0.0")),
    Endpoint("Trino", "coordinator and workers", "8446", _tls("6.1.0 7.0.0")),
    Endpoint("HBase", "HMaster", "16000", _HBASE_RPC),
    Endpoint("HBase", "RegionServer", "16020", _HBASE_RPC),
    Endpoint("HBase", "UIs", "16010, 16030", _TLS_7_3),
    Endpoint("HBase", "REST", "8070, 8085", _TLS_7_3),
    Endpoint("HBase", "Thrift", "9090, 9095", _TLS_7_3),
    Endpoint("Phoenix", "query server", "8765", _TLS_7_3),
    Endpoint("Flink", "REST", "dynamic", _TLS_7_3),
    Endpoint("Flink", "history server", "8082", _TLS_7_3),
    Endpoint("Flink", "internal", "dynamic", _TLS_7_3),
    Endpoint("Oozie", "server", "11443", _TLS_7_3, MATRIX, _HOST_NAMES),
    Endpoint("Oozie", "SMTP", "25", _TLS_7_3),
    Endpoint("Hue", "server", "8888", _TLS_7_4),
    Endpoint("Livy", "server", "8998", _TLS_7_4),
    Endpoint("JupyterEnterpriseGateway", "server", "9547", _TLS_7_4),
    Endpoint("JupyterHub", "server", "9443", _tls("5.14.0 6.0.0 7.0.0")),
    Endpoint("Zeppelin", "server", "8890", _TLS_7_3),
    Endpoint("ZooKeeper", "secure client port", "2281", _TLS_7_4),
    Endpoint("ZooKeeper", "quorum", "2888, 3888", _TLS_7_4),
    Endpoint("ZooKeeper", "admin server", "8341", _TLS_7_4),
    Endpoint("ZooKeeper", "plaintext client port", "2181", _NONE),
)
