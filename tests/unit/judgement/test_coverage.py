"""Which endpoints of a cluster are encrypted, by application, release and set-up."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.applications import (
    ANY,
    APPLICATIONS,
    COMPONENTS,
    ENDPOINTS,
    INSTALLED_WITH,
    Condition,
    Endpoint,
)
from emr_in_transit.judgement.coverage import EndpointState, endpoint_states
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.override_table import ANY_NAME, OVERRIDES
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.releases import NEWEST, Release, parse_release, reached, since
from emr_in_transit.judgement.verdict import Compliance, Finding, verdict_of
from emr_in_transit.judgement.wording import annotation
from tests.support.facts import NOW, ON_WITH_PEM, PEM, cluster, parameters

from .override_values import WEAK_TEXTS

# Releases with security configurations, all those around a start among them (EMR Release Guide).
RELEASES = [
    *since(
        "4.8.0 4.8.2 4.8.3 4.8.4 4.8.5 4.9.1 4.9.2 4.9.3 4.9.4 4.9.5 4.9.6 "
        "5.0.0 5.0.3 5.1.0 5.2.0 5.2.1 5.2.2 5.3.0 5.3.1 5.3.2 5.4.0 5.5.0 5.5.4 5.6.0 5.7.0 5.8.0 "
        "5.8.3 5.9.0 5.9.1 5.10.0 5.10.1 5.11.0 5.12.0 5.13.0 5.13.1 5.14.0 5.14.2 5.15.0 5.16.0 "
        "5.20.0 5.24.0 5.30.0 5.36.2 "
        "6.0.0 6.0.1 6.1.0 6.1.1 6.2.0 6.3.0 6.3.1 6.4.0 6.5.0 6.6.0 6.7.0 6.8.0 6.8.1 6.9.0 6.9.1 "
        "6.10.0 6.11.0 6.15.0 "
        "7.0.0 7.1.0 7.2.0 7.3.0 7.4.0 7.5.0 7.6.0 7.7.0 7.8.0 7.9.0 7.10.0 7.11.0 7.12.0 7.13.0 "
        "7.14.0"
    )
]
EVERYTHING = EncryptionSettings(
    Switch.ON, certificates=PEM, local_disk_encryption=True, kerberos=True
)
LABELS = [endpoint.label for endpoint in ENDPOINTS]


def on(release: object, body: Any = EVERYTHING, **changes: object) -> ClusterFacts:
    """Make a cluster of that release with every application, Kerberos attributes included."""
    given = {
        "applications": APPLICATIONS,
        "release_label": f"emr-{release}",
        "kerberos_attributes": True,
    }
    return cluster(body, **given | changes)


def state(facts: ClusterFacts, label: str) -> EndpointState:
    return next(each for each in endpoint_states(facts) if each.label == label)


STARTS = [
    (endpoint, protection, start)
    for endpoint in ENDPOINTS
    for protection in endpoint.protections
    for start in protection.starts
    if start in RELEASES
    and RELEASES.index(start) > 0
    # A line that begins with what the line before had ends with is no start of anything.
    and not reached(RELEASES[RELEASES.index(start) - 1], protection.starts)
]


@pytest.mark.parametrize(
    ("endpoint", "protection", "start"),
    STARTS,
    ids=[f"{endpoint.label} {start}" for endpoint, _, start in STARTS],
)
def test_release_and_the_one_before_differ(endpoint: Endpoint, protection, start):
    """Where a protection starts, the release has it, and the release before has not."""
    # Without Kerberos, so that nothing else protects what got TLS later.
    only_switch = EncryptionSettings(Switch.ON, certificates=PEM)
    before = RELEASES[RELEASES.index(start) - 1]

    assert state(on(before, only_switch), endpoint.label).protected is False
    assert f"before {start}" in state(on(before, only_switch), endpoint.label).why
    assert state(on(start, only_switch), endpoint.label).protected is True
    assert state(on(start, only_switch), endpoint.label).why == protection.mechanism


def test_every_start_is_enumerated():
    """All releases of the table are known to the test above."""
    starts = {start for row in ENDPOINTS for each in row.protections for start in each.starts}
    assert starts <= {*RELEASES}
    # 6.0.0 and 7.0.0 begin lines that go on with what the line before has.
    assert {str(start) for _, _, start in STARTS} == {
        *("5.3.0", "5.6.0", "5.14.0", "6.1.0", "6.9.0", "7.3.0", "7.4.0", "7.6.0")
    }


NAMED = [
    ("HiveServer2 got TLS in 6.9, not by being past 6.15", "Hive HiveServer2", "6.8.1", "6.9.0"),
    ("the Hive metastore in 7.3", "Hive metastore", "7.2.0", "7.3.0"),
    ("Presto in 5.6", "Presto coordinator and workers", "5.5.4", "5.6.0"),
    ("Trino in 6.1", "Trino coordinator and workers", "6.0.1", "6.1.0"),
    ("JupyterHub in 5.14, which comes after 5.9", "JupyterHub server", "5.13.1", "5.14.0"),
    ("Spark's history server in 5.3", "Spark history server", "5.2.2", "5.3.0"),
    ("HBase's RPC in 7.6 even without Kerberos", "HBase HMaster", "7.5.0", "7.6.0"),
    ("Hue in 7.4", "Hue server", "7.3.0", "7.4.0"),
    ("ZooKeeper's quorum in 7.4", "ZooKeeper quorum", "7.3.0", "7.4.0"),
    ("YARN's web in 7.3, and never in 6.15", "YARN ResourceManager web", "6.15.0", "7.3.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "before", "first"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED]
)
def test_named_starts(label, before, first):
    """Some rows by name, as AWS's page has them."""
    only_switch = EncryptionSettings(Switch.ON, certificates=PEM)

    assert state(on(before, only_switch), label).protected is False
    assert state(on(first, only_switch), label).protected is True


ALWAYS = [row.label for row in ENDPOINTS if row.protections and row.protections[0].starts[0] == Release(4, 8, 0)]  # fmt: skip


@pytest.mark.parametrize("label", ALWAYS)
def test_what_the_first_release_has(label):
    """What AWS marks for all releases is protected on 4.8.0 and on every later one."""
    assert [str(r) for r in RELEASES if not state(on(r), label).protected] == []


CONDITIONS = [
    ("RPC needs Kerberos in the security configuration", "HDFS NameNode RPC", {"kerberos": False}, {}, "without Kerberos"),
    ("and Kerberos attributes on the cluster", "HDFS NameNode RPC", {}, {"kerberos_attributes": False}, "without Kerberos"),
    ("block transfer needs local-disk encryption", "HDFS block transfer", {"local_disk_encryption": False}, {}, "without local-disk encryption"),
    ("TLS needs the switch", "HDFS NameNode web", {"switch": Switch.FALSE}, {}, "without in-transit encryption"),
    ("TLS needs certificates", "HDFS NameNode web", {"certificates": None}, {}, "without in-transit encryption"),
    ("RPC needs both", "YARN NodeManager RPC", {"kerberos": False, "switch": Switch.FALSE}, {}, "without in-transit encryption and without Kerberos"),
    ("HBase's RPC lacks one of two ways", "HBase HMaster", {"kerberos": False}, {"release_label": "emr-7.5.0"}, "without Kerberos, before 7.6.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "body", "facts", "why"),
    [row[1:] for row in CONDITIONS],
    ids=[row[0] for row in CONDITIONS],
)
def test_conditions(label, body, facts, why):
    """With everything an endpoint is protected; without what it needs, it says what is missing."""
    assert state(on("7.12.0"), label).protected is True
    lacking = on("7.12.0", EVERYTHING._replace(**body), **facts)

    assert state(lacking, label).protected is False
    assert state(lacking, label).why == why


def test_some_things_do_not_depend_on_the_switch():
    """S3 is spoken to by TLS anyway, and local-disk encryption alone encrypts blocks."""
    off = on("7.12.0", EVERYTHING._replace(switch=Switch.FALSE))

    assert {each.label for each in endpoint_states(off) if each.protected} == {
        *("S3 traffic", "HDFS block transfer")
    }


@pytest.mark.parametrize("body", [None, Unreadable("it is empty")])
def test_without_a_configuration_nothing_is_protected(body):
    """Where the configuration is missing or cannot be read, only S3 traffic is encrypted."""
    states = endpoint_states(on("7.12.0", body))

    assert [each.label for each in states if each.protected] == ["S3 traffic"]


def test_reasons_why_something_is_protected():
    """What is protected says how."""
    assert state(on("7.12.0"), "HDFS NameNode RPC").why == "SASL with Kerberos"
    assert state(on("7.12.0"), "HDFS block transfer").why == "AES-256 with local-disk encryption"


NONE = [row.label for row in ENDPOINTS if not row.protections]


@pytest.mark.parametrize("label", NONE)
def test_what_nothing_protects(label):
    """Some endpoints stay in clear text on every release and set-up, and say so."""
    for release in RELEASES:
        answer = state(on(release), label)
        assert (answer.protected, answer.protectable) == (False, False)


ISSUES = [
    ("Spark used a weak cipher before 5.9", "Spark driver", "5.8.3", "DIGEST-MD5"),
    ("and no more from 5.9 on", "Spark driver", "5.9.0", ""),
    ("the history server's link from 7.3 on", "Spark history server", "7.3.0", "18080"),
    ("to 7.9", "Spark history server", "7.9.0", "18080"),
    ("and not in 7.10, which comes after 7.9", "Spark history server", "7.10.0", ""),
    ("nor before 7.3", "Spark history server", "7.2.0", ""),
    ("the metastore's from 7.3 on", "Hive metastore", "7.12.0", "hive.metastore.use.SSL"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "release", "text"), [row[1:] for row in ISSUES], ids=[row[0] for row in ISSUES]
)
def test_known_issues(label, release, text):
    """A known issue is told on the releases that have it."""
    assert bool(state(on(release), label).issues) is bool(text)
    assert text in " ".join(state(on(release), label).issues)


def coverage(facts: ClusterFacts, demand: str = "configured"):
    verdict = judge_cluster(facts, parameters(coverage=demand), NOW)
    return [f for f in verdict.findings if f.reason is Reason.TRAFFIC_NOT_COVERED]


def test_configured_warns_of_what_can_be_done_and_of_what_cannot():
    """By default a warning names what another set-up would protect, and one what nothing does."""
    facts = cluster(release_label="emr-7.2.0", applications=("Hadoop",))
    protectable, lost = coverage(facts)

    assert (protectable.severity, lost.severity) == (Severity.WARNING, Severity.WARNING)
    assert (protectable.unavoidable, lost.unavoidable) == (False, True)
    assert protectable.detail.startswith(
        "In clear text: without local-disk encryption: HDFS block transfer; before 7.3.0: YARN "
    )
    assert "without Kerberos: YARN" in protectable.detail
    assert lost.detail == (
        "In clear text: no setting can help: HDFS ZKFC (with several primary nodes), "
        "Hadoop KMS, HDFS HttpFS."
    )
    assert lost.remedy == "Keep what no setting protects inside the network."


def test_the_remedy_says_what_would_protect_which_endpoint():
    """A release, Kerberos, local-disk encryption: each with the endpoints that it is for."""
    facts = cluster(release_label="emr-7.2.0", applications=("Spark",))
    protectable, _ = coverage(facts)

    assert protectable.remedy == (
        "Launch a replacement with Kerberos: YARN ResourceManager RPC, YARN timeline RPC, YARN proxy, "
        "YARN NodeManager RPC, MapReduce job history RPC and 5 more; "
        "on release 7.3.0 or later: YARN ResourceManager web, YARN timeline web, YARN NodeManager web, "
        "MapReduce job history web; with local-disk encryption: HDFS block transfer; "
        "on release 7.4.0 or later: Livy server."
    )


def test_one_of_two_ways_is_enough_and_both_are_named():
    """HBase's own traffic is protected by Kerberos, or by a release with TLS."""
    facts = cluster(release_label="emr-7.5.0", applications=("HBase",))
    [hmaster] = [each for each in endpoint_states(facts) if each.label == "HBase HMaster"]

    assert hmaster.fixes == ("with Kerberos", "on release 7.6.0 or later")
    assert "with Kerberos or on release 7.6.0 or later: HBase" in coverage(facts)[0].remedy


def test_complete_violates_only_where_something_can_be_done():
    """With coverage=complete what could be protected violates; what never can only warns."""
    violation, warning = coverage(cluster(), "complete")

    assert (violation.severity, warning.severity) == (Severity.VIOLATION, Severity.WARNING)
    assert "ZKFC" not in violation.detail
    assert "ZKFC" in warning.detail
    assert judge_cluster(cluster(), parameters(coverage="complete"), NOW).compliance is (
        Compliance.NON_COMPLIANT
    )


def test_complete_can_be_met():
    """A cluster with all that AWS offers complies with coverage=complete; nothing is left to do."""
    facts = on("7.12.0", applications=("Hadoop", "Spark", "Hive"))
    verdict = judge_cluster(facts, parameters(coverage="complete"), NOW)

    assert verdict.compliance is Compliance.COMPLIANT
    assert [finding.reason for finding in verdict.findings] == [Reason.TRAFFIC_NOT_COVERED]
    assert verdict.findings[0].unavoidable
    assert annotation(verdict) == 'Security configuration "secure", PEM certificates.'


def test_trino_alone_has_nothing_that_no_setting_protects():
    """From 7.14.0 on it comes without Hadoop, so that there is nothing left to warn of."""
    assert coverage(on("7.14.0", applications=("Trino",)), "complete") == []
    assert [each.unavoidable for each in coverage(on("7.13.0", applications=("Trino",)))] == [True]


@pytest.mark.parametrize("name", ["Kafka", "Ganglia", "Sqoop", "Mahout", "\n"])
@pytest.mark.parametrize("demand", ["configured", "complete"])
def test_an_application_that_no_table_knows(name, demand):
    """Nobody can say that its endpoints are encrypted: a warning, or a violation if you say so."""
    facts = cluster(applications=("Spark", name))
    verdict = judge_cluster(facts, parameters(coverage=demand), NOW)
    [finding] = [f for f in verdict.findings if f.reason is Reason.APPLICATION_NOT_RECOGNISED]

    severity = Severity.VIOLATION if demand == "complete" else Severity.WARNING
    assert finding.severity is severity
    assert finding.detail == (
        f'No table has "{name.strip()}": whether its endpoints are encrypted is not known.'
    )
    [state] = [each for each in endpoint_states(facts) if each.application == name.strip()]
    assert (state.protected, state.protectable) == (False, False)


@pytest.mark.parametrize("name", [row.application for row in INSTALLED_WITH if not row.brings])
def test_a_library_has_no_endpoint(name):
    """It adds nothing to what a cluster with Spark has to protect, and is no unknown application."""
    with_it, without = (
        coverage(cluster(applications=names)) for names in (("Spark", name), ("Spark",))
    )

    assert with_it == without
    verdict = judge_cluster(cluster(applications=(name,)), parameters(), NOW)
    assert Reason.APPLICATION_NOT_RECOGNISED not in {each.reason for each in verdict.findings}


ASSUMED = [
    ("a line to come", "emr-8.0.0", "release 8.0.0 is newer than AWS's matrix, assumed to be like the newest there"),
    ("the other family", "emr-spark-8.0.0", "release emr-spark-8.0.0 is newer than AWS's matrix, assumed to be like the newest there"),
    ("a label of no line", "emr-next", 'release label "emr-next" is assumed to be like the newest release'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "note"), [row[1:] for row in ASSUMED], ids=[row[0] for row in ASSUMED]
)
def test_what_is_assumed_is_said(label, note):
    """A release that AWS's matrix does not have is taken for its newest, and the detail says so."""
    newest, assumed = (
        coverage(cluster(release_label=f"emr-{NEWEST}")),
        coverage(cluster(release_label=label)),
    )

    assert [each.detail for each in assumed] == [
        each.detail.replace("clear text", f"clear text ({note})", 1) for each in newest
    ]


@pytest.mark.parametrize("primary_nodes", [None, 1, 3])
def test_what_only_several_primary_nodes_have(primary_nodes):
    """ZKFC and JournalNode are left out where there is one primary node, and only there."""
    states = endpoint_states(on("7.12.0", primary_nodes=primary_nodes))
    shown = {each.label for each in states if "ZKFC" in each.label or "JournalNode" in each.label}

    assert len(shown) == (0 if primary_nodes == 1 else 3)


KERBEROS = [
    ("KerberosConfiguration with attributes", {"kerberos": True}, True, True),
    ("KerberosConfiguration without attributes", {"kerberos": True}, False, False),
    ("attributes without KerberosConfiguration", {}, True, False),
    ("LDAP, Identity Center or runtime roles, which need no attributes", {"managed_kerberos": True}, False, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "attributes", "protected"), [r[1:] for r in KERBEROS], ids=[r[0] for r in KERBEROS]
)
def test_kerberos(body, attributes, protected):
    """SASL needs Kerberos, by whatever way it comes."""
    facts = on("7.12.0", ON_WITH_PEM._replace(**body), kerberos_attributes=attributes)

    assert state(facts, "HDFS NameNode RPC").protected is protected


def test_a_warning_never_leads_a_violation():
    """Of two findings with one reason, the one that violates comes first."""
    violation = Finding(Reason.TRAFFIC_NOT_COVERED, "could be protected")
    warning = violation._replace(only_warns=True)

    assert verdict_of([warning, violation], "").findings == (violation, warning)
    assert verdict_of([warning], "").compliance is Compliance.COMPLIANT


NOTHING = [
    ("an AMI version", {"release_label": "", "ami_version": "3.11.0"}),
    ("a release before security configurations", {"release_label": "emr-4.7.4"}),
    ("no security configuration", {"body": None, "security_configuration_name": ""}),
    ("a missing one", {"body": None}),
    ("one that is off", {"body": EncryptionSettings(Switch.OMITTED)}),
    ("one without certificates", {"body": EncryptionSettings(Switch.ON)}),
]  # fmt: skip


@pytest.mark.parametrize("facts", [row[1] for row in NOTHING], ids=[row[0] for row in NOTHING])
@pytest.mark.parametrize("demand", ["configured", "complete"])
def test_no_coverage_finding(facts, demand):
    """Coverage is spoken of only where the switch is on, on a release that can have it on."""
    assert coverage(cluster(**facts), demand) == []


LABEL_ORDER = [
    ("5.10.0 is after 5.9.0", "emr-5.9.0", "emr-5.10.0"),
    ("6.15.0 is after 6.9.0", "emr-6.9.0", "emr-6.15.0"),
    ("7.11.0 is after 7.3.0", "emr-7.3.0", "emr-7.11.0"),
    ("a suffix does not hide 7.10.0", "emr-7.9.0", "emr-7.10.0-latest"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("earlier", "later"), [row[1:] for row in LABEL_ORDER], ids=[row[0] for row in LABEL_ORDER]
)
def test_releases_are_compared_as_numbers(earlier, later):
    """Releases are compared by number, not by letter."""
    first, second = parse_release(earlier), parse_release(later)

    assert first is not None
    assert second is not None
    assert first < second


def test_lines_of_releases():
    """A line has what begins in it; one that is not named has it never; a newer one is assumed to."""
    starts = since("5.36.1 7.0.0")
    answers = {r: reached(Release(*r), starts) for r in [(5, 36, 0), (5, 36, 1), (6, 15, 0), (7, 0, 0), (8, 0, 0)]}  # fmt: skip

    assert [*answers.values()] == [False, True, False, True, True]
    assert reached(Release(7, 0, 0), ()) is False


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=LABELS)
def test_every_row_can_be_checked(endpoint):
    """A row names the source to check it against, a known application, a port, sorted releases."""
    assert endpoint.source.startswith(("EMR ", "Apache Hadoop, "))
    assert endpoint.application in {ANY, *APPLICATIONS, *COMPONENTS}
    assert endpoint.ports
    for protection in endpoint.protections:
        assert list(protection.starts) == sorted(protection.starts)
        assert len({start.major for start in protection.starts}) == len(protection.starts)


def test_labels_are_unique():
    """An override names endpoints by label: none may mean two."""
    assert len(set(LABELS)) == len(LABELS)


# Laws: more encryption never turns COMPLIANT into NON_COMPLIANT.
CERTIFICATES = [None, PEM, Certificates("EMR"), Certificates("PEM")]
bodies = st.builds(
    EncryptionSettings,
    switch=st.sampled_from(Switch),
    certificates=st.sampled_from(CERTIFICATES),
    local_disk_encryption=st.booleans(),
    kerberos=st.booleans(),
)
# What needs Kerberos to do anything cannot be part of the law on adding Kerberos.
weak = st.sampled_from(
    [
        PropertySetting(row.classification, row.name.replace(ANY_NAME, "b"), WEAK_TEXTS[row.key])
        for row in OVERRIDES
        if not row.applies_to.needs_kerberos
    ]
)
clusters = st.builds(
    cluster,
    bodies,
    applications=st.lists(st.sampled_from([*APPLICATIONS, "Kafka"]), max_size=4).map(tuple),
    release_label=st.sampled_from([f"emr-{release}" for release in RELEASES]),
    kerberos_attributes=st.booleans(),
    settings=st.lists(weak, max_size=2).map(tuple),
)
demands = st.sampled_from([parameters(coverage=demand) for demand in ("configured", "complete")])


def better(facts: ClusterFacts, **changes: object) -> ClusterFacts:
    configuration = facts.security_configuration
    assert configuration is not None
    body = configuration.body._replace(**changes)
    return facts._replace(security_configuration=configuration._replace(body=body))


@settings(deadline=None, max_examples=300)
@given(clusters, demands, st.sampled_from(RELEASES))
def test_more_encryption_never_makes_it_worse(facts, demand, release):
    """Kerberos, local-disk encryption, no overrides, a newer release: COMPLIANT stays COMPLIANT."""
    bare = facts._replace(settings=())
    own = parse_release(facts.release_label)
    assert own is not None
    pairs = [
        (facts, better(facts, kerberos=True)),
        (facts, better(facts, kerberos=True)._replace(kerberos_attributes=True)),
        (facts, better(facts, local_disk_encryption=True)),
        (facts, bare),
        (bare, bare._replace(release_label=f"emr-{max(own, release)}")),
    ]
    for before, after in pairs:
        if judge_cluster(before, demand, NOW).compliance is Compliance.COMPLIANT:
            assert judge_cluster(after, demand, NOW).compliance is Compliance.COMPLIANT


def test_every_combination_of_conditions_is_ordered():
    """Of two set-ups, the one with more conditions met protects at least the same endpoints."""
    setups = [
        {Condition.KERBEROS: kerberos, Condition.LOCAL_DISK: disk}
        for kerberos, disk in itertools.product([False, True], repeat=2)
    ]

    def protected(setup: dict[Condition, bool]) -> set[str]:
        body = ON_WITH_PEM._replace(
            kerberos=setup[Condition.KERBEROS],
            local_disk_encryption=setup[Condition.LOCAL_DISK],
        )
        return {each.label for each in endpoint_states(on("7.3.0", body)) if each.protected}

    for less, more in itertools.permutations(setups, 2):
        if all(less[condition] <= more[condition] for condition in less):
            assert protected(less) < protected(more)
