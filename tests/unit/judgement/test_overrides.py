"""Which properties in Configurations undo or weaken encryption, whatever way they are written."""

import itertools
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.applications import (
    ANY,
    APPLICATIONS,
    COMPONENTS,
    ENDPOINTS,
    installed,
)
from emr_in_transit.judgement.facts import EncryptionSettings, PropertySetting, Switch
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.override_table import (
    ANY_NAME,
    BASES,
    FORMER_KEYS,
    KEYS,
    KNOWN_NAMES,
    OVERRIDES,
    SPARK_DEFAULTS,
    Effect,
    Kind,
    Override,
    ViaSpark,
    is_weak,
)
from emr_in_transit.judgement.overrides import select_properties
from emr_in_transit.judgement.parameters import ParameterError
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.releases import KNOWN_LINES, NEWEST, Release, parse_release
from emr_in_transit.judgement.verdict import Compliance, Finding
from tests.support.facts import NOW, ON_WITH_PEM, PEM, cluster, parameters

from . import second_reading
from .override_values import SECURE_TEXTS, WEAK_TEXTS

WITH_KERBEROS = EncryptionSettings(Switch.ON, certificates=PEM, kerberos=True)
# The last release that still knows a property which ends with this one.
LAST = {"5.9.0": "5.8.3", "6.4.0": "6.3.1", "7.6.0": "7.5.0", "7.8.0": "7.7.0"}
IDS = [f"{row.key} before {row.applies_to.before or 'any'}" for row in OVERRIDES]
each_row = pytest.mark.parametrize("row", OVERRIDES, ids=IDS)
REASONS = {
    Effect.CLEAR_TEXT: Reason.ENCRYPTION_OVERRIDDEN,
    Effect.WEAKER: Reason.ENCRYPTION_WEAKENED,
}


def document(key: str, value: object, depth: int = 0) -> list[dict[str, Any]]:
    """Make Configurations in which this property stands so many levels deep."""
    classification, _, name = key.rpartition("/")
    *sections, last = classification.split("/")
    made: list[dict[str, Any]] = [{"Classification": last, "Properties": {name: value}}]
    for section in reversed(sections):
        made = [{"Classification": section, "Properties": {}, "Configurations": made}]
    for _ in range(depth):
        made = [{"Classification": "capacity-scheduler", "Properties": {}, "Configurations": made}]
    return made


def weakened(configurations: object, scope: str = "", **changes: Any) -> list[Finding]:
    """Judge a cluster with Kerberos that has these Configurations, for what weakens encryption."""
    given = changes.pop("given", {})
    facts = {
        "body": WITH_KERBEROS,
        "kerberos_attributes": True,
        "applications": APPLICATIONS,
        "release_label": "emr-7.12.0",
        "settings": select_properties(configurations, scope),
    }
    verdict = judge_cluster(cluster(**facts | changes), parameters(**given), NOW)
    return [f for f in verdict.findings if f.reason in REASONS.values()]


def overridden(configurations: object, scope: str = "", **changes: Any) -> list[Finding]:
    """Return only what puts traffic into clear text."""
    found = weakened(configurations, scope, **changes)
    return [each for each in found if each.reason is Reason.ENCRYPTION_OVERRIDDEN]


def key_of(row: Override) -> str:
    """Return the key as somebody would write it, with a bucket."""
    return row.key.replace(ANY_NAME, "my-bucket")


def release_of(row: Override) -> str:
    """Return a release on which the row counts: the newest, or the last of its own."""
    before = row.applies_to.before
    return f"emr-{LAST[str(before)]}" if before else "emr-7.12.0"


@each_row
@pytest.mark.parametrize("depth", [0, 1, 12])
def test_a_weak_value_is_found(row, depth):
    """At any depth it is one finding, which names the property, the value and what it exposes."""
    weak = WEAK_TEXTS[row.key]
    [finding] = weakened(document(key_of(row), weak, depth), release_label=release_of(row))

    assert (finding.subject, finding.reason) == (key_of(row), REASONS[row.effect])
    violates = row.effect is Effect.CLEAR_TEXT
    assert finding.severity is (Severity.VIOLATION if violates else Severity.WARNING)
    for word in (key_of(row), f'"{weak}"', row.exposes[0], "exposes" if violates else "weakens"):
        assert word in finding.detail


@each_row
def test_a_secure_value_is_not_found(row):
    """As the table has it, it is fine."""
    secure = document(key_of(row), SECURE_TEXTS[row.key])

    assert weakened(secure, release_label=release_of(row)) == []


@each_row
def test_what_only_weakens_violates_with_complete_coverage(row):
    """What puts traffic into clear text violates in any case."""
    weak = document(key_of(row), WEAK_TEXTS[row.key])
    given = {"coverage": "complete"}
    [finding] = weakened(weak, release_label=release_of(row), given=given)

    assert finding.severity is Severity.VIOLATION


@each_row
def test_application_must_be_installed(row):
    """A property of an application that is not installed does nothing."""
    weak = document(key_of(row), WEAK_TEXTS[row.key])
    found = weakened(weak, applications=("Hadoop",), release_label=release_of(row))

    everywhere = not {ANY, "Hadoop"}.isdisjoint(row.applies_to.applications)
    assert bool(found) is everywhere


@each_row
def test_release_must_know_it(row):
    """A row does not count on the release before the first that knows it."""
    first = row.applies_to.starts[0]
    before = Release(first.major, first.minor - 1, 99)
    weak = document(key_of(row), WEAK_TEXTS[row.key])

    assert weakened(weak, release_label=f"emr-{first}") != []
    others = [each for each in OVERRIDES if each.key == row.key and each is not row]
    if not others:  # else the one with the releases before takes over
        assert weakened(weak, release_label=f"emr-{before}") == []


ENDS = [
    ("SASL served Spark up to 5.8", "spark-defaults/spark.authenticate.enableSaslEncryption", "false", "5.8.3", "5.9.0"),
    ("PrestoSQL became Trino in 6.4", "prestosql-config/http-server.https.enabled", "false", "6.3.1", "6.4.0"),
    ("HBase has TLS from 7.6 on, whatever SASL does", "hbase-site/hbase.rpc.protection", "integrity", "7.5.0", "7.6.0"),
    ("S3A drops the central endpoint from Hadoop 3.4.1 on", "core-site/fs.s3a.endpoint", "http://s3.amazonaws.com", "7.7.0", "7.8.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "last", "after"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)
def test_release_must_know_it_still(key, value, last, after):
    """A property does nothing from the release on that no longer reads it so."""
    assert weakened(document(key, value), release_label=f"emr-{last}") != []
    assert weakened(document(key, value), release_label=f"emr-{after}") == []


def test_lines_of_releases_begin_each_on_their_own():
    """What came with 6.9 and 7.0 is not in 5.36, though 5.36 is younger than 6.0."""
    weak = document("hive-site/hive.server2.use.SSL", "false")
    releases = ("5.36.2", "6.8.1", "6.9.0", "6.15.0", "7.0.0", "8.0.0", "spark-8.0.0")
    answers = {each: bool(overridden(weak, release_label=f"emr-{each}")) for each in releases}

    assert [release for release, found in answers.items() if found] == [
        *("6.9.0", "6.15.0", "7.0.0", "8.0.0", "spark-8.0.0")
    ]


def test_unrecognised_release_is_taken_for_the_newest():
    """A label of no known line hides no override."""
    weak = document("yarn-site/yarn.http.policy", "HTTP_ONLY")
    old = document("spark-defaults/spark.authenticate.enableSaslEncryption", "false")

    assert overridden(weak, release_label="emr-next") != []
    assert overridden(old, release_label="emr-next") == []


TRUE_ROWS = "mapred-site/mapreduce.shuffle.ssl.enabled"
OOZIE, S3A, POLICY = (
    "oozie-site/oozie.https.enabled",
    "core-site/fs.s3a.connection.ssl.enabled",
    "yarn-site/yarn.http.policy",
)
AS_READ = [
    ("a reader that trims sees through blanks", TRUE_ROWS, " TRUE ", False),
    ("one whose default is off takes no for off", TRUE_ROWS, "no", True),
    ("and 0", TRUE_ROWS, "0", True),
    ("and an empty text", TRUE_ROWS, "", True),
    ("and what nobody has replaced", TRUE_ROWS, "${shuffle.tls}", True),
    ("a reader that does not trim takes blanks for off", OOZIE, " true", True),
    ("but not letter case", OOZIE, "True", False),
    ("one whose default is on takes only false for off", S3A, "false", True),
    ("in any letter case, with blanks", S3A, " FALSE ", True),
    ("not no", S3A, "no", False),
    ("nor an empty text", S3A, "", False),
    ("nor what nobody has replaced", S3A, "${tls}", False),
    ("a policy in any letter case", POLICY, "https_only", False),
    ("but not with blanks", POLICY, "HTTPS_ONLY ", True),
    ("nor a half one", POLICY, "HTTP_AND_HTTPS", True),
    ("nor a slip of the pen", POLICY, "HTTPS", True),
    ("a class by its whole name", "zookeeper-config/serverCnxnFactory", "NettyServerCnxnFactory", True),
    ("and in its letter case", "zookeeper-config/serverCnxnFactory", "org.apache.zookeeper.server.nettyservercnxnfactory", True),
    ("an address by its scheme", "core-site/fs.s3n.endpoint", "HTTP://s3.eu-west-1.amazonaws.com", True),
    ("a bare host is no address in clear text", "core-site/fs.s3n.endpoint", "s3.eu-west-1.amazonaws.com", False),
    ("nor one in TLS", "core-site/fs.s3n.endpoint", " https://s3.eu-west-1.amazonaws.com", False),
    ("the central endpoint is S3A's own matter", "core-site/fs.s3a.endpoint", "http://s3.amazonaws.com", False),
    ("a Regional one is not", "core-site/fs.s3a.endpoint", "http://s3.us-east-1.amazonaws.com", True),
    ("Trino has an http port unless it is off", "trino-config/http-server.http.enabled", "true", True),
    ("and does not start with anything else", "trino-config/http-server.http.enabled", "no", True),
    ("Flink takes only false for off", "flink-conf/taskmanager.data.ssl.enabled", "", False),
    ("Hue has TLS only with a certificate", "hue-ini/desktop/ssl_certificate", " ", True),
    ("wherever it stands", "hue-ini/desktop/ssl_certificate", "/etc/hue/cert.pem", False),
    ("Spark takes authentication for nothing but true", "spark-defaults/spark.authenticate", "yes", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "weak"), [row[1:] for row in AS_READ], ids=[row[0] for row in AS_READ]
)
def test_values_are_taken_as_their_reader_takes_them(key, value, weak):
    """Letter case, blanks and nonsense count as the software has them."""
    assert bool(overridden(document(key, value))) is weak


WORDS = st.sampled_from(
    [*("true", "false", "yes", "no", "on", "off", "0", "1", "", "${x}", "null", "privacy")]
) | st.text(max_size=6)


@each_row
@settings(deadline=None, max_examples=25)
@given(word=WORDS, blanks=st.text(" \t", max_size=2), upper=st.booleans())
def test_any_value_is_weak_or_not_by_the_rules_of_its_kind(row, word, blanks, upper):
    """What a row does not name is what the row says of others; case and blanks as its kind has it."""
    values, text = row.values, blanks + (word.upper() if upper else word) + blanks
    if values.kind in {Kind.WORD, Kind.UNTRIMMED_WORD}:
        seen = (text.strip() if values.kind is Kind.WORD else text).lower()
        named = seen in values.weak or (seen not in values.secure and values.others_are_weak)
        assert is_weak(values, text) is named
    if values.others_are_weak and values.kind is not Kind.FILLED:
        assert is_weak(values, "something-else")
        assert is_weak(values, "")
    assert is_weak(values, WEAK_TEXTS[row.key])
    assert not is_weak(values, SECURE_TEXTS[row.key])


RPC, SUITES, HBASE = (
    "core-site/hadoop.rpc.protection",
    "hdfs-site/dfs.encrypt.data.transfer.cipher.suites",
    "hbase-site/hbase.rpc.protection",
)

LISTS = [
    ("any weak member weakens a list", RPC, "privacy,integrity", True),
    ("blanks do not hide one", RPC, "privacy , Authentication", True),
    ("a line end parts members too", RPC, "privacy\nintegrity", True),
    ("a list of secure members is fine", RPC, "privacy,privacy", False),
    ("in any letter case, with blanks around them", RPC, " Privacy , PRIVACY ", False),
    ("an empty member at the end is none", RPC, "privacy,", False),
    ("one in the middle is nonsense", RPC, "privacy,,privacy", True),
    ("an empty list is not secure", RPC, "", True),
    ("nor are commas", RPC, ",,", True),
    ("nor what nobody knows", RPC, "privacyx", True),
    ("HBase does not trim", HBASE, "privacy, privacy", True),
    ("and has names of its own", HBASE, "auth-conf", False),
    ("a weak cipher among good ones", SUITES, "AES/CTR/NoPadding,RC4", True),
    ("a part of a name is not the name", SUITES, "AES/CTR/NoPadding-rc4x", True),
    ("the one cipher", SUITES, "AES/CTR/NoPadding", False),
    ("an old protocol among new ones", "core-site/hadoop.ssl.enabled.protocols", "TLSv1.2, tlsv1.1", True),
    ("new ones alone", "core-site/hadoop.ssl.enabled.protocols", "TLSv1.2,TLSv1.3", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "weak"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS]
)
def test_lists(key, value, weak):
    """A list is as weak as its weakest member."""
    assert bool(weakened(document(key, value), release_label="emr-7.5.0")) is weak


def test_kerberos_row_needs_kerberos():
    """Plain authentication is what a cluster without Kerberos has anyway; with it, it undoes it."""
    plain = document("core-site/hadoop.security.authentication", "simple")

    assert overridden(plain) != []
    assert overridden(plain, kerberos_attributes=False) == []
    assert overridden(plain, body=ON_WITH_PEM) == []


def test_a_weak_value_counts_wherever_it_stands():
    """Of two equal properties it is not known which one wins: a weak one is enough, first or last."""
    key = "core-site/hadoop.rpc.protection"
    weak, secure = document(key, "integrity"), document(key, "privacy")

    for configurations in (weak + secure, secure + weak):
        [finding] = overridden(configurations)
        assert '"integrity"' in finding.detail
        assert '"privacy"' not in finding.detail


def test_each_property_is_one_finding():
    """Several properties are several findings, so that a new one is noticed; sorted by name."""
    found = overridden(
        document("yarn-site/yarn.http.policy", "HTTP_ONLY")
        + document("core-site/hadoop.rpc.protection", "integrity")
        + document("core-site/hadoop.rpc.protection", "authentication")
    )

    assert [finding.subject for finding in found] == [
        *("core-site/hadoop.rpc.protection", "yarn-site/yarn.http.policy")
    ]
    assert '"integrity", "authentication" (secure: privacy)' in found[0].detail


def test_accepted_overrides_are_excused_one_by_one():
    """A property that the owner has accepted is no finding; its neighbour is."""
    both = document("hive-site/hive.metastore.use.SSL", "false") + document(
        "hive-site/hive.server2.use.SSL", "false"
    )
    found = overridden(both, given={"acceptedOverrides": "hive-site/hive.metastore.use.SSL"})

    assert [finding.subject for finding in found] == ["hive-site/hive.server2.use.SSL"]


def test_instances_count_only_where_they_are_asked_for():
    """Settings of instance groups and fleets count with overrideScope=instances, by their name."""
    weak = document("yarn-site/yarn.http.policy", "HTTP_ONLY")

    assert overridden(weak, scope="core group") == []
    [finding] = overridden(weak, scope="core group", given={"overrideScope": "instances"})
    assert '"HTTP_ONLY" in "core group"' in finding.detail


OFF = [
    ("no override where the switch is off", EncryptionSettings(Switch.FALSE, certificates=PEM), "emr-7.12.0"),
    ("none where there are no certificates", EncryptionSettings(Switch.ON), "emr-7.12.0"),
    ("none where the configuration is missing", None, "emr-7.12.0"),
    ("none before security configurations", ON_WITH_PEM, "emr-4.7.4"),
    ("none on an AMI version", ON_WITH_PEM, ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "release"), [row[1:] for row in OFF], ids=[row[0] for row in OFF])
def test_only_what_is_on_can_be_undone(body, release):
    """Overrides are looked for only where there is encryption to undo."""
    weak = document("spark-defaults/spark.authenticate", "false")

    assert overridden(weak, body=body, release_label=release, ami_version="3.11.0") == []


HOSTILE = [
    ("nothing", None),
    ("a text", "core-site"),
    ("a number", 7),
    ("an object instead of a list", {"Classification": "core-site"}),
    ("properties that are a list", [{"Classification": "core-site", "Properties": ["a"]}]),
    ("a classification that is a number", [{"Classification": 1, "Properties": {"a": "b"}}]),
    ("a value that is an object", document("core-site/hadoop.rpc.protection", {"a": 1})),
    ("null within a list", [None, [None]]),
]


@pytest.mark.parametrize(
    "configurations", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_hostile_documents_give_nothing(configurations):
    """Whatever stands in Configurations, reading it answers, and never raises."""
    assert select_properties(configurations) == ()


def test_depth_has_no_end():
    """A property is found a hundred thousand levels deep, without recursion."""
    deep = document("core-site/hadoop.rpc.protection", "integrity", depth=100_000)

    assert len(select_properties(deep)) == 1
    while deep[0].get("Configurations"):  # dismantled by hand: so is its destruction
        deep = deep[0].pop("Configurations")


def test_secrets_are_left_behind():
    """Of all properties only those of the table are kept: the others can hold passwords."""
    configurations = [
        {
            "Classification": "hive-site",
            "Properties": {
                "javax.jdo.option.ConnectionPassword": "secret",
                "hive.server2.use.SSL": "true",
            },
        }
    ]

    assert select_properties(configurations, "group") == (
        PropertySetting("hive-site", "hive.server2.use.SSL", "true", "group"),
    )


def test_credentials_in_an_address_are_left_behind():
    """Neither the ledger nor a message gets them; the scheme stays."""
    key = "core-site/fs.s3a.endpoint"
    configurations = document(key, "http://admin:p@ss@s3.local:9000/a@b")

    assert [each.value for each in select_properties(configurations)] == [
        "http://s3.local:9000/a@b"
    ]
    [finding] = overridden(document(key, "http://admin:secret@s3.local"))
    assert "secret" not in finding.detail + finding.remedy


def test_booleans_are_read_as_people_write_them():
    """A document written by hand may say false where AWS says "false"."""
    assert overridden(document("spark-defaults/spark.authenticate", False)) != []


def test_classifications_are_exact():
    """EMR knows a classification only by its exact name."""
    assert select_properties(document("Core-Site/hadoop.rpc.protection", "integrity")) == ()


@each_row
def test_every_row_can_be_checked(row):
    """A row names its source, known applications and releases, and endpoints that there are."""
    assert row.source
    assert row.basis in BASES
    assert row.read_by in {"daemon", "client", "both"}
    assert {*row.applies_to.applications} <= {ANY, *APPLICATIONS, *COMPONENTS}
    assert row.exposes
    assert {*row.exposes} <= {endpoint.label for endpoint in ENDPOINTS}
    assert row.values.secure
    assert row.values.weak or row.values.others_are_weak
    assert not row.values.secure & row.values.weak
    assert {start.major for start in row.applies_to.starts} <= {*KNOWN_LINES}
    assert row.applies_to.before is None or row.applies_to.before > row.applies_to.starts[0]
    for group in (*row.unless, *row.weaker_if):
        for each in group:
            assert each.condition or f"{row.classification}/{each.name}" in KNOWN_NAMES


def test_no_row_twice():
    """A property has one row for each release."""
    for key in KEYS:
        spans = [row.applies_to for row in OVERRIDES if row.key == key]
        for earlier, later in itertools.pairwise(spans):
            assert earlier.before == later.starts[0]
            assert earlier.before is not None
            assert earlier.before <= NEWEST


UNLESS = [
    ("Spark's own TLS replaces its AES", "spark-defaults/spark.network.crypto.enabled", {"spark-defaults/spark.ssl.rpc.enabled": "true"}, "emr-spark-8.0.0", {}, None),
    ("which Spark 3 does not have", "spark-defaults/spark.network.crypto.enabled", {"spark-defaults/spark.ssl.rpc.enabled": "true"}, "emr-7.12.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("nor when it is off", "spark-defaults/spark.network.crypto.enabled", {"spark-defaults/spark.ssl.rpc.enabled": "false"}, "emr-spark-8.0.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("SASL is weaker than AES", "spark-defaults/spark.network.crypto.enabled", {"spark-defaults/spark.authenticate.enableSaslEncryption": "true"}, "emr-7.12.0", {}, Reason.ENCRYPTION_WEAKENED),
    ("the shuffle service reads its own file", "yarn-site/spark.network.crypto.enabled", {"spark-defaults/spark.ssl.rpc.enabled": "true"}, "emr-spark-8.0.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("with both of its namespaces on, spark.ssl.enabled is idle", "spark-defaults/spark.ssl.enabled", {"spark-defaults/spark.ssl.ui.enabled": "true", "spark-defaults/spark.ssl.historyServer.enabled": "true"}, "emr-7.12.0", {}, None),
    ("with one of them it is not", "spark-defaults/spark.ssl.enabled", {"spark-defaults/spark.ssl.ui.enabled": "true"}, "emr-7.12.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("encrypted block transfer wins over its SASL", "hdfs-site/dfs.data.transfer.protection", {"hdfs-site/dfs.encrypt.data.transfer": "true"}, "emr-7.12.0", {}, None),
    ("as local-disk encryption switches it on", "hdfs-site/dfs.data.transfer.protection", {}, "emr-7.12.0", {"local_disk_encryption": True}, None),
    ("an https endpoint wins over S3A's flag", "core-site/fs.s3a.connection.ssl.enabled", {"core-site/fs.s3a.endpoint": "https://s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, None),
    ("a bare one does not", "core-site/fs.s3a.connection.ssl.enabled", {"core-site/fs.s3a.endpoint": "s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("the bucket's own wins over the bucket's flag", "core-site/fs.s3a.bucket.b.connection.ssl.enabled", {"core-site/fs.s3a.bucket.b.endpoint": "https://s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, None),
    ("another bucket's does not", "core-site/fs.s3a.bucket.b.connection.ssl.enabled", {"core-site/fs.s3a.bucket.c.endpoint": "https://s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("a plain flag does not heal the bucket's", "core-site/fs.s3a.bucket.b.connection.ssl.enabled", {"core-site/fs.s3a.connection.ssl.enabled": "true"}, "emr-7.12.0", {}, Reason.ENCRYPTION_OVERRIDDEN),
    ("an https endpoint by Spark wins for Spark", "spark-defaults/spark.hadoop.fs.s3a.connection.ssl.enabled", {"spark-defaults/spark.hadoop.fs.s3a.endpoint": "https://s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, None),
    ("and one in Hadoop's own file", "spark-defaults/spark.hadoop.fs.s3a.connection.ssl.enabled", {"core-site/fs.s3a.endpoint": "https://s3.eu-west-1.amazonaws.com"}, "emr-7.12.0", {}, None),
    ("Flink's new keys replace the old one", "flink-conf/security.ssl.enabled", {"flink-conf/security.ssl.internal.enabled": "true", "flink-conf/security.ssl.rest.enabled": "true"}, "emr-7.12.0", {}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "beside", "release", "body", "reason"),
    [row[1:] for row in UNLESS],
    ids=[row[0] for row in UNLESS],
)
def test_what_makes_a_row_irrelevant(key, beside, release, body, reason):
    """Another property, or the set-up, can make a weak value do nothing, or less."""
    configurations = document(key, WEAK_TEXTS.get(key, "false"))
    for other, its_value in beside.items():
        configurations += document(other, its_value)
    found = weakened(configurations, body=WITH_KERBEROS._replace(**body), release_label=release)

    assert [(each.reason, each.subject) for each in found] == ([(reason, key)] if reason else [])


def test_an_exception_of_one_instance_group_does_not_excuse_the_cluster():
    """What another group sets is no exception for what holds everywhere; its own group's is."""
    key, other = "spark-defaults/spark.network.crypto.enabled", "spark.ssl.rpc.enabled"
    tls = document(f"spark-defaults/{other}", "true")
    given = {"given": {"overrideScope": "instances"}, "release_label": "emr-spark-8.0.0"}
    everywhere = select_properties(document(key, "false"))
    in_group = select_properties(document(key, "false"), "core")

    assert overridden([], settings=everywhere + select_properties(tls, "core"), **given) != []
    assert overridden([], settings=in_group + select_properties(tls, "core"), **given) == []
    assert overridden([], settings=in_group + select_properties(tls, "task"), **given) != []
    assert overridden([], settings=in_group + select_properties(tls), **given) == []


PASSED_ON = [row for row in OVERRIDES if row.classification != SPARK_DEFAULTS]


@pytest.mark.parametrize("row", PASSED_ON, ids=[row.key for row in PASSED_ON])
def test_what_spark_passes_on(row):
    """spark.hadoop.X does what X does in Spark's own processes, and only where Spark is."""
    name = f"spark.hadoop.{row.name.replace(ANY_NAME, 'my-bucket')}"
    weak = document(f"spark-defaults/{name}", WEAK_TEXTS[row.key])
    rows = [each for each in PASSED_ON if each.name == row.name]
    via_spark = {each.via_spark for each in rows} - {ViaSpark.NONE}
    release = release_of(row)
    found = weakened(weak, release_label=release)

    if not via_spark:
        assert found == []
        return
    effect = Effect.WEAKER if via_spark == {ViaSpark.WEAKER} else row.effect
    assert [(each.subject, each.reason) for each in found] == [
        (f"spark-defaults/{name}", REASONS[effect])
    ]
    assert weakened(weak, release_label=release, applications=("Hadoop",)) == []


SPARK_NAMES = [
    ("by its own prefix for Hive", "spark.hive.metastore.use.SSL", Reason.ENCRYPTION_WEAKENED),
    ("by that for Hadoop", "spark.hadoop.hive.metastore.use.SSL", Reason.ENCRYPTION_WEAKENED),
    ("S3A for one bucket", "spark.hadoop.fs.s3a.bucket.my.bucket.connection.ssl.enabled", Reason.ENCRYPTION_OVERRIDDEN),
    ("a server's switch does nothing there", "spark.hadoop.mapreduce.shuffle.ssl.enabled", None),
    ("nor does HiveServer2's", "spark.hive.server2.use.SSL", None),
    ("another prefix is none", "spark.hadop.fs.s3a.connection.ssl.enabled", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason"), [row[1:] for row in SPARK_NAMES], ids=[row[0] for row in SPARK_NAMES]
)
def test_names_that_spark_passes_on(name, reason):
    """Both prefixes count, per-bucket names too, and only what Spark's processes heed."""
    found = weakened(document(f"spark-defaults/{name}", "false"), applications=("Spark",))

    assert [each.reason for each in found] == ([reason] if reason else [])


@pytest.mark.parametrize("bucket", ["a\nb", "a b", "\ud800", "b\u00fccket", "", "b" * 256, "a/b"])
def test_names_that_no_bucket_has(bucket):
    """A name that could break a line or a message never comes into one."""
    key = f"core-site/fs.s3a.bucket.{bucket}.endpoint"
    spark = f"spark-defaults/spark.hadoop.fs.s3a.bucket.{bucket}.endpoint"

    assert (
        select_properties(document(key, "http://s3.local") + document(spark, "http://s3.local"))
        == ()
    )


HUE = [
    ("a section of hue.ini", ["hue-ini", "desktop"], "ssl_certificate", "", True),
    ("a section within a section", ["hue-ini", "beeswax", "ssl"], "validate", "False", True),
    ("a section without its file", ["desktop"], "ssl_certificate", "", False),
    ("a section of another file", ["core-site", "desktop"], "ssl_certificate", "", False),
    ("a section too deep", ["hue-ini", "desktop", "a", "desktop"], "ssl_certificate", "", False),
    ("the file itself", ["hue-ini"], "ssl_certificate", "", False),
]


@pytest.mark.parametrize(
    ("sections", "name", "value", "found"), [r[1:] for r in HUE], ids=[r[0] for r in HUE]
)
def test_sections_of_hue(sections, name, value, found):
    """Hue's file is the one whose sections are nested classifications."""
    made = [{"Classification": sections[-1], "Properties": {name: value}}]
    for section in reversed(sections[:-1]):
        made = [{"Classification": section, "Configurations": made}]

    assert bool(weakened(made)) is found


REMEDIES = [
    ("the cluster's own Configurations", "", {}, "core-site/fs.s3n.ssl.enabled", "false",
     'core-site/fs.s3n.ssl.enabled is "false"; remove it, or set it to true, in the Configurations of RunJobFlow; running clusters must be replaced. If it has to stay, name it in acceptedOverrides.'),
    ("an instance group that can be reconfigured", "core", {}, "yarn-site/yarn.http.policy", "HTTP_ONLY",
     'yarn-site/yarn.http.policy is "HTTP_ONLY"; remove it, or set it to HTTPS_ONLY, in the configurations of instance group "core", by ModifyInstanceGroups on a running cluster. If it has to stay, name it in acceptedOverrides.'),
    ("one that cannot", "core", {"release_label": "emr-5.20.0"}, "core-site/fs.s3n.endpoint", "http://s3.local",
     'core-site/fs.s3n.endpoint is "http://s3.local"; remove it, or set it to an https address, in the configurations of instance group "core". If it has to stay, name it in acceptedOverrides.'),
    ("an instance fleet", "workers", {"has_fleets": True}, "hue-ini/desktop/ssl_certificate", "",
     'hue-ini/desktop/ssl_certificate is ""; remove it, or set it to the path of a PEM file, in the configurations of instance fleet "workers", by ModifyInstanceFleet on a running cluster. If it has to stay, name it in acceptedOverrides.'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "changes", "key", "value", "remedy"),
    [row[1:] for row in REMEDIES],
    ids=[row[0] for row in REMEDIES],
)
def test_the_remedy_is_made_from_what_was_found(scope, changes, key, value, remedy):
    """It names the property, its value, the value that complies, and where to write it."""
    given = {"overrideScope": "instances"}
    [finding] = weakened(document(key, value), scope, given=given, **changes)

    assert finding.remedy == remedy


def test_the_remedy_names_both_places():
    """A property of the cluster and of a group has to be mended in both."""
    key = "yarn-site/yarn.http.policy"
    settings_of_both = select_properties(document(key, "HTTP_ONLY")) + select_properties(
        document(key, "http_only"), "core"
    )
    [finding] = weakened([], settings=settings_of_both, given={"overrideScope": "instances"})

    assert finding.remedy.startswith(f'{key} is "HTTP_ONLY", "http_only"; remove it, or set it to ')
    assert "must be replaced and in the configurations of instance group" in finding.remedy


def test_only_what_is_installed_is_named_as_exposed():
    """The shuffle serves Tez as well, where there is Tez."""
    weak = document("mapred-site/mapreduce.shuffle.ssl.enabled", "false")

    assert "exposes MapReduce shuffle." in overridden(weak, applications=("Hadoop",))[0].detail
    assert (
        "exposes MapReduce shuffle, Tez shuffle."
        in overridden(weak, applications=("Pig",))[0].detail
    )


POOL = [
    *(each for each in KEYS if ANY_NAME not in each),
    *(each.replace(ANY_NAME, "logs.prod") for each in KEYS if ANY_NAME in each),
    *(
        f"spark-defaults/spark.hadoop.{each.rpartition('/')[2].replace(ANY_NAME, 'logs')}"
        for each in KEYS
    ),
    *("spark-defaults/spark.hive.metastore.use.SSL", "spark-defaults/spark.ssl.rpc.enabled"),
    *("yarn-site/spark.ssl.rpc.enabled", "core-site/fs.defaultFS", "hue-ini/desktop/other"),
]
TEXTS = [
    *(
        "true",
        "false",
        " true ",
        "FALSE",
        "",
        " ",
        "no",
        "0",
        "1",
        "yes",
        "${x}",
        "privacy",
        "integrity",
    ),
    *(
        "privacy,integrity",
        "privacy, privacy",
        "auth-conf",
        "HTTPS_ONLY",
        "https_only",
        "HTTP_ONLY ",
    ),
    *(
        "HTTP_AND_HTTPS",
        "ALLOW_ALL",
        "DEFAULT",
        "simple",
        "kerberos",
        "TLSv1.2",
        "TLSv1",
        "TLSv1.2,TLSv1.1",
    ),
    *(
        "http://s3.amazonaws.com",
        "https://s3.amazonaws.com",
        "s3.amazonaws.com",
        "HTTP://host:80",
        "3des",
    ),
    *("AES/CTR/NoPadding", "org.apache.zookeeper.server.NettyServerCnxnFactory", "/etc/cert.pem"),
    "org.apache.hadoop.security.SaslPropertiesResolver",
]
LABELS = [
    *("emr-4.9.6", "emr-5.8.3", "emr-5.36.2", "emr-6.3.1", "emr-6.15.0", "emr-7.2.0", "emr-7.5.0"),
    *("emr-7.7.0", "emr-7.12.0", "emr-7.14.0", "emr-8.0.0", "emr-spark-8.1.0", "emr-next"),
]


def some_configurations(chance: random.Random) -> list[dict[str, Any]]:
    """Make Configurations of a few properties, flat and nested, some of them twice."""
    made: list[dict[str, Any]] = []
    for _ in range(chance.randint(4, 14)):
        key = chance.choice(POOL)
        texts = (WEAK_TEXTS.get(key), SECURE_TEXTS.get(key), chance.choice(TEXTS))
        text = chance.choice([each for each in texts if each is not None])
        made += document(key, text, chance.choice([0, 0, 0, 2]))
    return made


@pytest.mark.untraced
def test_a_second_reading_of_the_table_finds_the_same():
    """A thousand random Configurations, judged by the code and by a slower reading of the file."""
    chance = random.Random(13)  # noqa: S311 - the same documents in every run
    seen: dict[str, int] = {}
    for _ in range(1_000):
        configurations, label = some_configurations(chance), chance.choice(LABELS)
        names = chance.choice(
            [APPLICATIONS, ("Spark",), ("Trino",), ("Hive", "Hue"), ("HBase", "Pig")]
        )
        disks, kerberos = chance.random() < 0.5, chance.random() < 0.5
        body = WITH_KERBEROS._replace(local_disk_encryption=disks, kerberos=kerberos)
        found = weakened(configurations, body=body, applications=names, release_label=label)

        release = parse_release(label) or NEWEST
        met = {"local-disk encryption"} if disks else set()
        expected = second_reading.Reading(
            release[:3],
            installed(names, release),
            met | ({"Kerberos"} if kerberos else set()),
            list(second_reading.statements(configurations)),
        ).findings()
        assert {(each.reason.value, each.subject) for each in found} == expected, configurations
        for reason, _ in expected:
            seen[reason] = seen.get(reason, 0) + 1

    # It would be easy to agree on nothing.
    assert seen["ENCRYPTION_OVERRIDDEN"] > 500
    assert seen["ENCRYPTION_WEAKENED"] > 200


UNKNOWN = [
    ("a slip of the pen is answered with the right name", "yarn-site/yarn.http.polcy", "yarn-site/yarn.http.policy"),
    ("a property alone is answered with its classification", "hive.metastore.use.SSL", "hive-site/hive.metastore.use.SSL"),
    ("wrong letter case is answered with the right one", "core-site/HADOOP.RPC.PROTECTION", "core-site/"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "named"), [row[1:] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN]
)
def test_unknown_accepted_overrides_are_refused(given, named):
    """A property that the table does not have cannot be accepted; the error names the nearest."""
    with pytest.raises(ParameterError) as caught:
        parameters(acceptedOverrides=f"core-site/hadoop.rpc.protection,{given}")

    assert str(caught.value).startswith("acceptedOverrides takes ")
    assert f'"{given}"' in str(caught.value)
    assert named in str(caught.value)


def test_every_row_can_be_accepted():
    """All properties of the table fit into acceptedOverrides by their keys."""
    assert parameters(acceptedOverrides=" , ".join(KEYS)).accepted_overrides == KEYS


ACCEPTED = [
    ("a bucket by its name", "core-site/fs.s3a.bucket.b.endpoint", "core-site/fs.s3a.bucket.b.endpoint", True),
    ("every bucket", "core-site/fs.s3a.bucket.*.endpoint", "core-site/fs.s3a.bucket.b.c.endpoint", True),
    ("some buckets", "core-site/fs.s3a.bucket.lab-*.endpoint", "core-site/fs.s3a.bucket.lab-1.endpoint", True),
    ("and no others", "core-site/fs.s3a.bucket.lab-*.endpoint", "core-site/fs.s3a.bucket.prod.endpoint", False),
    ("another bucket", "core-site/fs.s3a.bucket.b.endpoint", "core-site/fs.s3a.bucket.c.endpoint", False),
    ("the plain name is not the bucket's", "core-site/fs.s3a.endpoint", "core-site/fs.s3a.bucket.b.endpoint", False),
    ("a name that Spark passes on", "spark-defaults/spark.hadoop.fs.s3a.endpoint", "spark-defaults/spark.hadoop.fs.s3a.endpoint", True),
    ("which is not Hadoop's own", "core-site/fs.s3a.endpoint", "spark-defaults/spark.hadoop.fs.s3a.endpoint", False),
    ("Spark for every bucket", "spark-defaults/spark.hadoop.fs.s3a.bucket.*.endpoint", "spark-defaults/spark.hadoop.fs.s3a.bucket.b.endpoint", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("accepted", "key", "excused"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
def test_accepted_names_that_stand_for_many(accepted, key, excused):
    """What the table has by a pattern can be accepted by its name, or by the pattern."""
    found = overridden(document(key, "http://s3.local"), given={"acceptedOverrides": accepted})

    assert (found == []) is excused


@pytest.mark.parametrize("key", FORMER_KEYS)
def test_what_an_earlier_version_judged_can_still_be_accepted(key):
    """A deployed rule that names it goes on working, though nothing is found there any more."""
    assert parameters(acceptedOverrides=key).accepted_overrides == (key,)
    for value in ("3des", "true", "false"):
        assert weakened(document(key, value)) == []


TOO_WIDE = [
    "core-site/fs.s3a.bucket.[b].endpoint",
    "core-site/*",
    "*",
    "*/fs.s3a.endpoint",
    "spark-defaults/spark.hadoop.*",
    "/",
    "fs.s3a.endpoint",
]


@pytest.mark.parametrize("accepted", TOO_WIDE)
def test_an_asterisk_stands_only_where_the_table_has_one(accepted):
    """Nobody excuses a whole file by a stroke of the pen."""
    with pytest.raises(ParameterError):
        parameters(acceptedOverrides=accepted)


def test_verdict_is_led_by_the_override():
    """An override makes a cluster NON_COMPLIANT and leads its annotation, before any warning."""
    facts = cluster(settings=select_properties(document("yarn-site/yarn.http.policy", "HTTP_ONLY")))
    verdict = judge_cluster(facts, parameters(), datetime(2026, 3, 1, tzinfo=UTC))

    assert verdict.compliance is Compliance.NON_COMPLIANT
    assert [finding.reason for finding in verdict.findings] == [
        *(Reason.ENCRYPTION_OVERRIDDEN, Reason.TRAFFIC_NOT_COVERED, Reason.TRAFFIC_NOT_COVERED)
    ]
