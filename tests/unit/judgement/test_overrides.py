"""Which properties in Configurations undo encryption, whatever way they are written."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.applications import NAMES
from emr_in_transit.judgement.coverage_table import ENDPOINTS
from emr_in_transit.judgement.facts import EncryptionSettings, PropertySetting, Switch
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.override_row import Basis, Override
from emr_in_transit.judgement.override_table import OVERRIDES
from emr_in_transit.judgement.overrides import select_properties
from emr_in_transit.judgement.parameters import ParameterError
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.releases import Release
from emr_in_transit.judgement.verdict import Compliance, Finding
from tests.support.facts import NOW, ON_WITH_PEM, PEM, cluster, parameters

WITH_KERBEROS = EncryptionSettings(Switch.ON, certificates=PEM, kerberos=True)
IDS = [row.key for row in OVERRIDES]
each_row = pytest.mark.parametrize("row", OVERRIDES, ids=IDS)


def document(key: str, value: object, depth: int = 0) -> list[dict[str, Any]]:
    """Make Configurations in which this property stands so many levels deep."""
    classification, name = key.split("/")
    made = [{"Classification": classification, "Properties": {name: value}}]
    for _ in range(depth):
        made = [{"Classification": "emrfs-site", "Properties": {}, "Configurations": made}]
    return made


def overridden(configurations: object, scope: str = "", **changes: Any) -> list[Finding]:
    """Judge a cluster with Kerberos that has these Configurations, for what undoes encryption."""
    given = changes.pop("given", {})
    facts = {
        "body": WITH_KERBEROS,
        "kerberos_attributes": True,
        "applications": NAMES,
        "release_label": "emr-7.12.0",
        "settings": select_properties(configurations, scope),
    }
    verdict = judge_cluster(cluster(**facts | changes), parameters(**given), NOW)
    return [f for f in verdict.findings if f.reason is Reason.ENCRYPTION_OVERRIDDEN]


def release_of(row: Override) -> str:
    """Answer a release on which the property does something: the newest, or the last of its own."""
    last = {None: "7.12.0", Release(5, 9, 0): "5.8.3", Release(6, 4, 0): "6.3.1"}
    return f"emr-{last[row.where.before]}"


written = {
    "blanks": st.text(" \t\n", max_size=3),
    "upper": st.lists(st.booleans(), min_size=40, max_size=40),
    "depth": st.integers(0, 12),
}


def write(value: str, blanks: str, upper: list[bool]) -> str:
    letters = (c.upper() if up else c for c, up in zip(value, upper, strict=False))
    return blanks + "".join(letters) + blanks[::-1]


@each_row
@settings(deadline=None, max_examples=25)
@given(data=st.data(), **written)
def test_weak_values_always_violate(row, data, blanks, upper, depth):
    """A weak value violates in any letter case, with blanks around it, at any depth."""
    value = write(data.draw(st.sampled_from(row.values.weak)), blanks, upper)
    [finding] = overridden(document(row.key, value, depth), release_label=release_of(row))

    assert finding.subject == row.key
    assert finding.severity is Severity.VIOLATION
    for word in (row.key, f'"{value.strip()}"', row.exposes[0]):
        assert word in finding.detail


@each_row
@settings(deadline=None, max_examples=25)
@given(data=st.data(), **written)
def test_secure_values_never_violate(row, data, blanks, upper, depth):
    """A secure value is fine in any letter case, with blanks around it, at any depth."""
    value = write(data.draw(st.sampled_from(row.values.secure)), blanks, upper)

    assert overridden(document(row.key, value, depth), release_label=release_of(row)) == []


@each_row
@pytest.mark.parametrize("value", ["", " ", "something-else", "privacyx", "0"])
def test_only_known_weak_values_violate(row, value):
    """A value that is not known to be weak is no violation: nothing is guessed."""
    assert overridden(document(row.key, value), release_label=release_of(row)) == []


@each_row
def test_application_must_be_installed(row):
    """A property of an application that is not installed does nothing."""
    others = [name for name in NAMES if name == "Pig"]
    weak = document(row.key, row.values.weak[0])
    found = overridden(weak, applications=others, release_label=release_of(row))

    assert bool(found) is (row.where.application == "Hadoop")


@each_row
def test_release_must_know_it(row):
    """A property does nothing on the release before the first that knows it."""
    first = row.where.starts[0]
    before = Release(first.major, first.minor - 1, 99)
    weak = document(row.key, row.values.weak[0])

    assert overridden(weak, release_label=f"emr-{first}") != []
    assert overridden(weak, release_label=f"emr-{before}") == []


ENDS = [
    ("SASL served Spark up to 5.8", "spark-defaults/spark.authenticate.enableSaslEncryption", "5.8.3", "5.9.0"),
    ("the second SASL switch too", "spark-defaults/spark.network.sasl.serverAlwaysEncrypt", "4.9.6", "6.0.0"),
    ("PrestoSQL became Trino in 6.4", "prestosql-config/http-server.https.enabled", "6.3.1", "6.4.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "last", "after"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)
def test_release_must_know_it_still(key, last, after):
    """A property does nothing from the release on that no longer reads it."""
    assert overridden(document(key, "false"), release_label=f"emr-{last}") != []
    assert overridden(document(key, "false"), release_label=f"emr-{after}") == []


def test_lines_of_releases_begin_each_on_their_own():
    """What came with 6.9 and 7.0 is not in 5.36, though 5.36 is younger than 6.0."""
    weak = document("hive-site/hive.server2.use.SSL", "false")
    answers = {
        release: bool(overridden(weak, release_label=f"emr-{release}"))
        for release in ("5.36.2", "6.8.1", "6.9.0", "6.15.0", "7.0.0", "8.0.0")
    }

    assert [release for release, found in answers.items() if found] == [
        *("6.9.0", "6.15.0", "7.0.0", "8.0.0")
    ]


def test_unrecognised_release_is_taken_for_the_newest():
    """A label that cannot be compared hides no override."""
    weak = document("yarn-site/yarn.http.policy", "HTTP_ONLY")
    old = document("spark-defaults/spark.authenticate.enableSaslEncryption", "false")

    assert overridden(weak, release_label="emr-next") != []
    assert overridden(old, release_label="emr-next") == []


LISTS = [
    ("any weak member weakens a list", "core-site/hadoop.rpc.protection", "privacy,integrity", True),
    ("blanks do not hide one", "core-site/hadoop.rpc.protection", "privacy , Authentication", True),
    ("a list of secure members is fine", "core-site/hadoop.rpc.protection", "privacy,privacy", False),
    ("a weak cipher among good ones", "hdfs-site/dfs.encrypt.data.transfer.cipher.suites", "AES/CTR/NoPadding,RC4", True),
    ("a part of a name is not the name", "hdfs-site/dfs.encrypt.data.transfer.cipher.suites", "AES/CTR/NoPadding-rc4x", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "weak"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS]
)
def test_lists(key, value, weak):
    """A list is as weak as its weakest member."""
    assert bool(overridden(document(key, value))) is weak


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


def test_booleans_are_read_as_people_write_them():
    """A document written by hand may say false where AWS says "false"."""
    assert overridden(document("spark-defaults/spark.authenticate", False)) != []


def test_classifications_are_exact():
    """EMR knows a classification only by its exact name."""
    assert select_properties(document("Core-Site/hadoop.rpc.protection", "integrity")) == ()


@each_row
def test_every_row_can_be_checked(row):
    """A row names its source, its application, and endpoints that the coverage table has."""
    assert row.source.page
    assert row.source.basis in Basis
    assert row.where.application in NAMES
    assert row.exposes
    assert {*row.exposes} <= {endpoint.label for endpoint in ENDPOINTS}
    assert row.values.secure
    assert row.values.weak
    assert not {*row.values.secure} & {*row.values.weak}
    assert [value.lower() for value in row.values.secure + row.values.weak] == [
        *(row.values.secure + row.values.weak)
    ]


def test_no_row_twice():
    """A property has one row."""
    assert len(set(IDS)) == len(IDS)


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
    assert parameters(acceptedOverrides=" , ".join(IDS)).accepted_overrides == tuple(IDS)


def test_verdict_is_led_by_the_override():
    """An override makes a cluster NON_COMPLIANT and leads its annotation, before any warning."""
    facts = cluster(settings=select_properties(document("yarn-site/yarn.http.policy", "HTTP_ONLY")))
    verdict = judge_cluster(facts, parameters(), datetime(2026, 3, 1, tzinfo=UTC))

    assert verdict.compliance is Compliance.NON_COMPLIANT
    assert [finding.reason for finding in verdict.findings] == [
        *(Reason.ENCRYPTION_OVERRIDDEN, Reason.TRAFFIC_NOT_COVERED)
    ]
