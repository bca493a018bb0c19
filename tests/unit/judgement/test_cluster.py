"""How a DescribeCluster document becomes facts, and what is refused."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.cluster import MalformedDocumentError, read_cluster
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting
from tests.support.facts import DOCUMENTS, configuration

CREATED = datetime(2026, 1, 1, 10, 30, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "Id": "j-1ABCDEFGHIJKL",
    "Name": "nightly",
    "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": CREATED}},
    "ReleaseLabel": "emr-7.11.0",
    "SecurityConfiguration": "secure",
    "Applications": [{"Name": "Spark", "Version": "3.5.6"}, {"Name": "Hive"}],
    "Configurations": [
        {
            "Classification": "spark-defaults",
            "Properties": {"spark.authenticate": "false", "spark.password": "secret"},
        }
    ],
    "KerberosAttributes": {"Realm": "EC2.INTERNAL"},
    "Tags": [{"Key": "team", "Value": "data"}, {"Key": "exempt", "Value": "2027-01-31"}],
}
FACTS = ClusterFacts(
    cluster_id="j-1ABCDEFGHIJKL",
    name="nightly",
    state="WAITING",
    created=CREATED,
    release_label="emr-7.11.0",
    ami_version="",
    security_configuration_name="secure",
    security_configuration=configuration(),
    applications=("Spark", "Hive"),
    settings=(PropertySetting("spark-defaults", "spark.authenticate", "false"),),
    kerberos_attributes=True,
    exemption="2027-01-31",
)


def changed(path: str, value: object) -> dict[str, Any]:
    """Make the document with another value there; without the member for None."""
    document = deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    place[last] = value
    if value is None:
        del place[last]
    return document


def test_whole_document():
    """Every fact is read from its place, and nothing else is kept."""
    assert read_cluster(DOCUMENT, configuration(), "exempt") == FACTS


MEMBERS = [
    ("no applications", "Applications", None, "applications", ()),
    ("no configurations", "Configurations", None, "settings", ()),
    ("no name", "Name", None, "name", ""),
    ("no security configuration", "SecurityConfiguration", None, "security_configuration_name", ""),
    ("an empty one", "SecurityConfiguration", "", "security_configuration_name", ""),
    ("no Kerberos attributes", "KerberosAttributes", None, "kerberos_attributes", False),
    ("empty Kerberos attributes", "KerberosAttributes", {}, "kerberos_attributes", False),
    ("a blank realm", "KerberosAttributes.Realm", " ", "kerberos_attributes", False),
    ("no tags", "Tags", None, "exemption", None),
    ("other tags", "Tags", [{"Key": "Exempt", "Value": "x"}], "exemption", None),
    ("a tag without a value", "Tags", [{"Key": "exempt"}], "exemption", ""),
    ("a moment as text", "Status.Timeline.CreationDateTime", "2026-01-01T10:30:00Z", "created", CREATED),
    ("elsewhere", "Status.Timeline.CreationDateTime", "2026-01-01T11:30:00.000000+01:00", "created", CREATED),
    ("without an offset", "Status.Timeline.CreationDateTime", "2026-01-01T10:30:00", "created", CREATED),
    ("as seconds", "Status.Timeline.CreationDateTime", CREATED.timestamp(), "created", CREATED),
    ("in another zone", "Status.Timeline.CreationDateTime", CREATED.astimezone(timezone(timedelta(hours=9))), "created", CREATED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "attribute", "read"),
    [row[1:] for row in MEMBERS],
    ids=[row[0] for row in MEMBERS],
)
def test_members(path, value, attribute, read):
    """What EMR leaves out has its plain meaning; a moment is read in every form AWS writes."""
    assert getattr(read_cluster(changed(path, value), None, "exempt"), attribute) == read


def test_ami_versions():
    """A cluster without a release label has an AMI version, the running one before the requested."""
    old = changed("ReleaseLabel", None) | {"RequestedAmiVersion": "3.11"}

    assert read_cluster(old, None).ami_version == "3.11"
    assert read_cluster(old | {"RunningAmiVersion": "3.11.0"}, None).ami_version == "3.11.0"
    assert read_cluster(DOCUMENT | {"RunningAmiVersion": "3.11.0"}, None).ami_version == ""


def test_without_a_tag_key_no_tag_exempts():
    """Tags are looked at only where the rule has an exemptionTagKey."""
    assert read_cluster(DOCUMENT, None).exemption is None
    assert read_cluster(DOCUMENT | {"Tags": [{"Key": "", "Value": "x"}]}, None).exemption is None


PRIMARY_NODES = [
    ("three", [{"InstanceGroupType": "CORE", "RequestedInstanceCount": 9}, {"InstanceGroupType": "MASTER", "RequestedInstanceCount": 3}], 3),
    ("one", [{"InstanceGroupType": "MASTER", "RequestedInstanceCount": 1}], 1),
    ("a group without a count", [{"InstanceGroupType": "MASTER"}], None),
    ("no group of primary nodes", [{"InstanceGroupType": "CORE", "RequestedInstanceCount": 9}, "MASTER"], None),
    ("no groups", None, None),
    ("nonsense", {"MASTER": 3}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "nodes"), [row[1:] for row in PRIMARY_NODES], ids=[row[0] for row in PRIMARY_NODES]
)
def test_primary_nodes(groups, nodes):
    """DescribeCluster does not tell; the AWS CLI merges the instance groups into what it prints."""
    assert read_cluster(DOCUMENT | {"InstanceGroups": groups}, None).primary_nodes == nodes


MALFORMED = [
    ("no id", "Id", None, "Id"),
    ("an empty id", "Id", "", "Id"),
    ("no status", "Status", None, "Status.State"),
    ("no state", "Status.State", None, "Status.State"),
    ("a state that is a number", "Status.State", 1, "Status.State"),
    ("no timeline", "Status.Timeline", None, "Status.Timeline.CreationDateTime"),
    ("no creation time", "Status.Timeline.CreationDateTime", None, "Status.Timeline.CreationDateTime"),
    ("a creation time that is none", "Status.Timeline.CreationDateTime", "soon", "Status.Timeline.CreationDateTime"),
    ("one that is true", "Status.Timeline.CreationDateTime", True, "Status.Timeline.CreationDateTime"),
    ("one beyond the calendar", "Status.Timeline.CreationDateTime", 1e30, "Status.Timeline.CreationDateTime"),
    ("no release", "ReleaseLabel", None, "ReleaseLabel"),
    ("a release that is a number", "ReleaseLabel", 7, "ReleaseLabel"),
    ("a security configuration that is an object", "SecurityConfiguration", {}, "SecurityConfiguration"),
    ("applications that are an object", "Applications", {}, "Applications"),
    ("an application that is a text", "Applications", ["Spark"], "Applications"),
    ("an application without a name", "Applications", [{}], "Applications"),
    ("tags that are a text", "Tags", "exempt", "Tags"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "named"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED]
)
def test_malformed(path, value, named):
    """A document without what a verdict rests on is refused, and the error names the member."""
    with pytest.raises(MalformedDocumentError) as caught:
        read_cluster(changed(path, value), None, "exempt")

    assert named in str(caught.value)


@pytest.mark.parametrize("path", sorted((DOCUMENTS / "clusters").iterdir()), ids=lambda p: p.stem)
def test_recorded_documents(path):
    """Every recorded DescribeCluster answer becomes facts."""
    document = json.loads(path.read_text())["Cluster"]

    assert read_cluster(document, None, "exempt").cluster_id == document["Id"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(sorted(DOCUMENT)), values, max_size=4))
def test_any_document_is_read_or_refused(changes):
    """Whatever a document holds, it becomes facts or is refused, and nothing else is raised."""
    try:
        facts = read_cluster(DOCUMENT | changes, None, "exempt")
    except MalformedDocumentError:
        return
    assert facts.cluster_id
    assert facts.created.tzinfo


def test_only_the_tags_that_are_asked_for_are_read():
    """In the order of the keys; what nobody asked for may be anything, and is kept nowhere."""
    tags = [
        {"Key": "password", "Value": "secret"},
        {"Key": "team", "Value": "data"},
        {"Key": "owner", "Value": ""},
        {"Key": "exempt", "Value": "2027-01-31"},
        {"Key": "Owner", "Value": "another"},
    ]
    document = DOCUMENT | {"Tags": tags}
    facts = read_cluster(document, None, "exempt", ("owner", "team", "absent"))
    assert (facts.tags, facts.exemption) == ((("owner", ""), ("team", "data")), "2027-01-31")
    assert read_cluster(document, None).tags == ()
    assert "secret" not in repr(facts)
