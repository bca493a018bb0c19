"""Pure: the properties that switch encryption in transit off, or weaken it, one row each.

Only a weak value that somebody wrote undoes anything: what EMR sets by itself is never guessed.
"""

from emr_in_transit.judgement import coverage_table
from emr_in_transit.judgement.coverage_table import ALL, ENDPOINTS
from emr_in_transit.judgement.override_row import Basis, Override, Source, Values, Where
from emr_in_transit.judgement.releases import Release, since

_MATRIX = Source(Basis.MATRIX, coverage_table.MATRIX)
_VERIFY = Source(Basis.MATRIX, "EMR Management Guide, emr-encryption-enable")
_SETS = Source(Basis.DOCUMENTED, coverage_table.MATRIX)
_OPTIONS = Source(Basis.DOCUMENTED, coverage_table.OPTIONS)
_GUIDE = Source(Basis.DOCUMENTED, "EMR Release Guide, presto-ssl")
_CORE = Source(Basis.ASSUMED, "Apache Hadoop, core-default.xml")
_HDFS = Source(Basis.ASSUMED, "Apache Hadoop, hdfs-default.xml")
_MAPRED = Source(Basis.ASSUMED, "Apache Hadoop, mapred-default.xml")
_TEZ = Source(Basis.ASSUMED, "Apache Tez, TezRuntimeConfiguration")
_SPARK = Source(Basis.ASSUMED, "Apache Spark, Security")
_PRESTO = Source(Basis.ASSUMED, "Presto and Trino, secure internal communication")
_HIVE = Source(Basis.ASSUMED, "Apache Hive, HiveConf")
# EMR has both classifications; which of them the query server reads is not confirmed.
_PHOENIX = Source(Basis.ASSUMED, "Apache Phoenix, Query Server")

_FROM_5_3, _FROM_5_9 = since("5.3.0 6.0.0 7.0.0"), since("5.9.0 6.0.0 7.0.0")
_7_3 = since("7.3.0")
_SASL_END, _PRESTOSQL_END = Release(5, 9, 0), Release(6, 4, 0)

_ANY = Where("Hadoop", ALL)
_WITH_KERBEROS = Where("Hadoop", ALL, needs_kerberos=True)
_HADOOP_7_3 = Where("Hadoop", _7_3)
_SPARK_ANY, _SPARK_5_3 = Where("Spark", ALL), Where("Spark", _FROM_5_3)
_SPARK_5_9, _SPARK_OLD = Where("Spark", _FROM_5_9), Where("Spark", ALL, before=_SASL_END)
_SPARK_7_3 = Where("Spark", _7_3)
_TEZ_ANY = Where("Tez", ALL)
_PRESTO_5_6 = Where("Presto", since("5.6.0 6.0.0 7.0.0"))
_SQL_6_1 = Where("PrestoSQL", since("6.1.0"), before=_PRESTOSQL_END)
_TRINO_6_4 = Where("Trino", since("6.4.0 7.0.0"))
_HIVE_6_9, _HIVE_7_3 = Where("Hive", since("6.9.0 7.0.0")), Where("Hive", _7_3)
_HBASE_ANY, _HBASE_7_3 = Where("HBase", ALL), Where("HBase", _7_3)
_HBASE_7_6 = Where("HBase", since("7.6.0"))
_PHOENIX_7_3, _FLINK_7_3 = Where("Phoenix", _7_3), Where("Flink", _7_3)
_OOZIE_7_3, _ZOOKEEPER_7_4 = Where("Oozie", _7_3), Where("ZooKeeper", since("7.4.0"))

_ON, _OFF = Values(("true",), ("false",)), Values(("false",), ("true",))
_PRIVACY = Values(("privacy",), ("authentication", "integrity"))
_HTTPS = Values(("https_only",), ("http_only",))
_ONLY_HTTPS = Values(("https_only",), ("http_only", "http_and_https"))
_AES = Values(("aes/ctr/nopadding",), ("3des", "rc4"))
# AWS's own advice for certificates without a wildcard; it gives up knowing whom one talks to.
_STRICT = Values(("default", "strict", "default_and_localhost", "strict_ie6"), ("allow_all",))
_KERBEROS = Values(("kerberos",), ("simple",))


def _labels(application: str, *beginnings: str) -> tuple[str, ...]:
    return tuple(
        endpoint.label
        for endpoint in ENDPOINTS
        if endpoint.application == application and endpoint.name.startswith(beginnings)
    )


_BLOCKS = _labels("Hadoop", "HDFS block", "HDFS DataNode transfer")
_SHUFFLE = _labels("Hadoop", "MapReduce shuffle")
_HISTORY = _labels("Hadoop", "MapReduce job history web")
_HDFS_WEB = _labels("Hadoop", "HDFS NameNode web", "HDFS DataNode web", "HDFS JournalNode web")
_YARN_WEB = tuple(label for label in _labels("Hadoop", "YARN") if label.endswith("web"))
_HTTP = (*_HDFS_WEB, *_YARN_WEB, *_HISTORY, *_SHUFFLE)
_RPC = tuple(label for label in _labels("Hadoop", "HDFS", "YARN") if label.endswith("RPC"))
_SPARK_RPC = _labels("Spark", "driver", "executor", "external shuffle")
_SPARK_UI, _SPARK_HISTORY = _labels("Spark", "UI"), _labels("Spark", "history")
_SPARK_WEB = _SPARK_UI + _SPARK_HISTORY
_TEZ_SHUFFLE = _labels("Tez", "shuffle")
_PRESTO_ALL, _TRINO_ALL = _labels("Presto", ""), _labels("Trino", "")
_SQL_ALL = _labels("PrestoSQL", "")
_METASTORE, _HBASE_RPC = _labels("Hive", "metastore"), _labels("HBase", "HMaster", "RegionServer")
_HS2, _HS2_WEB = ("Hive HiveServer2",), ("Hive HiveServer2 web",)
_FLINK, _FLINK_HISTORY = ("Flink internal",), ("Flink history server",)
_QUERY_SERVER, _ADMIN = ("Phoenix query server",), ("ZooKeeper admin server",)

OVERRIDES = (
    Override("core-site/hadoop.rpc.protection", _ANY, _PRIVACY, _RPC, _MATRIX),
    Override("core-site/hadoop.ssl.hostname.verifier", _HADOOP_7_3, _STRICT, _HTTP, _VERIFY),
    Override("core-site/hadoop.security.authentication", _WITH_KERBEROS, _KERBEROS, _RPC, _CORE),
    Override("hdfs-site/dfs.encrypt.data.transfer", _ANY, _ON, _BLOCKS, _OPTIONS),
    Override("hdfs-site/dfs.encrypt.data.transfer.algorithm", _ANY, _AES, _BLOCKS, _HDFS),
    Override("hdfs-site/dfs.encrypt.data.transfer.cipher.suites", _ANY, _AES, _BLOCKS, _HDFS),
    Override("hdfs-site/dfs.data.transfer.protection", _ANY, _PRIVACY, _BLOCKS, _HDFS),
    Override("hdfs-site/dfs.http.policy", _ANY, _ONLY_HTTPS, _HDFS_WEB, _HDFS),
    Override("mapred-site/mapreduce.shuffle.ssl.enabled", _ANY, _ON, _SHUFFLE, _OPTIONS),
    Override(
        "mapred-site/mapreduce.jobhistory.http.policy", _HADOOP_7_3, _HTTPS, _HISTORY, _MAPRED
    ),
    Override("yarn-site/yarn.http.policy", _HADOOP_7_3, _HTTPS, _YARN_WEB, _MATRIX),
    Override("tez-site/tez.runtime.ssl.enable", _TEZ_ANY, _ON, _TEZ_SHUFFLE, _OPTIONS),
    Override("tez-site/tez.runtime.shuffle.ssl.enable", _TEZ_ANY, _ON, _TEZ_SHUFFLE, _TEZ),
    Override("spark-defaults/spark.authenticate", _SPARK_ANY, _ON, _SPARK_RPC, _SETS),
    Override("spark-defaults/spark.network.crypto.enabled", _SPARK_5_9, _ON, _SPARK_RPC, _OPTIONS),
    Override(
        "spark-defaults/spark.authenticate.enableSaslEncryption",
        _SPARK_OLD,
        _ON,
        _SPARK_RPC,
        _OPTIONS,
    ),
    Override(
        "spark-defaults/spark.network.crypto.saslFallback", _SPARK_5_9, _OFF, _SPARK_RPC, _SPARK
    ),
    Override(
        "spark-defaults/spark.network.sasl.serverAlwaysEncrypt", _SPARK_OLD, _ON, _SPARK_RPC, _SPARK
    ),
    Override("spark-defaults/spark.ssl.enabled", _SPARK_5_3, _ON, _SPARK_WEB, _SPARK),
    Override("spark-defaults/spark.ssl.ui.enabled", _SPARK_5_3, _ON, _SPARK_UI, _SPARK),
    Override(
        "spark-defaults/spark.ssl.historyServer.enabled", _SPARK_5_3, _ON, _SPARK_HISTORY, _SPARK
    ),
    Override("presto-config/http-server.http.enabled", _PRESTO_5_6, _OFF, _PRESTO_ALL, _GUIDE),
    Override("presto-config/http-server.https.enabled", _PRESTO_5_6, _ON, _PRESTO_ALL, _PRESTO),
    Override(
        "presto-config/internal-communication.https.required",
        _PRESTO_5_6,
        _ON,
        _PRESTO_ALL,
        _PRESTO,
    ),
    Override("prestosql-config/http-server.https.enabled", _SQL_6_1, _ON, _SQL_ALL, _PRESTO),
    Override(
        "prestosql-config/internal-communication.https.required", _SQL_6_1, _ON, _SQL_ALL, _PRESTO
    ),
    Override("trino-config/http-server.https.enabled", _TRINO_6_4, _ON, _TRINO_ALL, _PRESTO),
    Override(
        "trino-config/internal-communication.https.required", _TRINO_6_4, _ON, _TRINO_ALL, _PRESTO
    ),
    Override("hive-site/hive.server2.use.SSL", _HIVE_6_9, _ON, _HS2, _SETS),
    Override("hive-site/hive.server2.webui.use.ssl", _HIVE_7_3, _ON, _HS2_WEB, _HIVE),
    Override("hive-site/hive.metastore.use.SSL", _HIVE_7_3, _ON, _METASTORE, _MATRIX),
    Override("spark-hive-site/hive.metastore.use.SSL", _SPARK_7_3, _ON, _METASTORE, _MATRIX),
    Override("hbase-site/hbase.rpc.protection", _HBASE_ANY, _PRIVACY, _HBASE_RPC, _SETS),
    Override("hbase-site/hbase.ssl.enabled", _HBASE_7_3, _ON, ("HBase UIs",), _MATRIX),
    Override("hbase-site/hbase.rest.ssl.enabled", _HBASE_7_3, _ON, ("HBase REST",), _MATRIX),
    Override("hbase-site/hbase.thrift.ssl.enabled", _HBASE_7_3, _ON, ("HBase Thrift",), _MATRIX),
    Override("hbase-site/hbase.server.netty.tls.enabled", _HBASE_7_6, _ON, _HBASE_RPC, _MATRIX),
    Override("hbase-site/hbase.client.netty.tls.enabled", _HBASE_7_6, _ON, _HBASE_RPC, _MATRIX),
    Override(
        "hbase-site/phoenix.queryserver.tls.enabled", _PHOENIX_7_3, _ON, _QUERY_SERVER, _PHOENIX
    ),
    Override(
        "phoenix-hbase-site/phoenix.queryserver.tls.enabled",
        _PHOENIX_7_3,
        _ON,
        _QUERY_SERVER,
        _PHOENIX,
    ),
    Override("flink-conf/security.ssl.internal.enabled", _FLINK_7_3, _ON, _FLINK, _MATRIX),
    Override("flink-conf/security.ssl.rest.enabled", _FLINK_7_3, _ON, ("Flink REST",), _MATRIX),
    Override("flink-conf/historyserver.web.ssl.enabled", _FLINK_7_3, _ON, _FLINK_HISTORY, _MATRIX),
    Override("oozie-site/oozie.https.enabled", _OOZIE_7_3, _ON, ("Oozie server",), _MATRIX),
    Override("zookeeper-config/sslQuorum", _ZOOKEEPER_7_4, _ON, ("ZooKeeper quorum",), _MATRIX),
    Override("zookeeper-config/admin.forceHttps", _ZOOKEEPER_7_4, _ON, _ADMIN, _MATRIX),
)
