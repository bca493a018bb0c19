"""Alerts: what they tell of, and whom a verdict concerns."""

import pytest

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    TAG_LIMIT,
    Judged,
    Kind,
    Resource,
    cluster_resource,
    expiring_configurations,
    gone,
    safe_id,
)
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict, verdict_of
from tests.support.builders import (
    BARE,
    EXPIRING,
    GOOD,
    MESSAGE_KINDS,
    alert,
    exempt,
    judged,
    origin,
    violating,
)
from tests.support.facts import CREATED, NOW, cluster, configuration

EXEMPT = exempt()
EXEMPT_AND_GOOD = EXEMPT._replace(findings=())
SOON = Finding(Reason.CERTIFICATES_EXPIRING, "EMR's certificate authority expires soon.")


def test_a_cluster_is_told_of_with_its_newest_state():
    """Its facts may be days old, and the event of a launch has a state, or none."""
    facts = cluster(name="etl", state="STARTING", security_configuration=configuration())
    assert cluster_resource(facts, "WAITING", "ana") == Resource(
        *(CLUSTER_TYPE, "j-1ABCDEFGHIJKL", "etl", "secure", "WAITING", "emr-7.11.0", "ana"),
        configured=CREATED,
    )
    assert cluster_resource(facts, "", "").state == "STARTING"


def test_a_cluster_without_a_release_is_told_of_with_its_ami():
    """The oldest clusters have AMI versions instead."""
    facts = cluster(release_label="", ami_version="3.11.0", security_configuration=configuration())
    assert cluster_resource(facts, "", "").release == "AMI 3.11.0"


@pytest.mark.parametrize("resource_type", [CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE])
def test_what_has_gone_is_not_applicable(resource_type):
    """Nothing is known of it but its id."""
    assert gone(resource_type, "j-1") == Judged(
        Resource(resource_type, "j-1", ""), Verdict(Compliance.NOT_APPLICABLE)
    )


@pytest.mark.parametrize(
    ("told", "violates", "complies"),
    [
        (judged(), True, False),
        (judged(violating(BARE, Reason.CERTIFICATES_EXPIRING)), True, False),
        (judged(GOOD), False, True),
        (judged(EXEMPT), False, False),
        (gone(CLUSTER_TYPE, "j-1"), False, False),
    ],
    ids=["bad", "bad and warned of", "good", "exempt", "gone"],
)
def test_only_what_is_non_compliant_violates_and_only_what_is_compliant_complies(
    told, violates, complies
):
    """What an exemption hides is no violation, and its end is no repair."""
    assert (told.violates, told.complies, told.resource_id) == (violates, complies, "j-1")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_partition_is_that_of_the_function(partition):
    """It is nowhere else to be read from."""
    assert origin(partition=partition).partition == partition


@pytest.mark.parametrize(("told", "parts", "kind"), MESSAGE_KINDS)
def test_the_kind_says_what_the_message_is(told, parts, kind):
    """One violation, its end, or a run; a part of a digest is one too, however small."""
    assert alert(*told, parts=parts).kind == kind


@pytest.mark.parametrize(
    ("told", "exempted", "kind"),
    [
        (judged(), False, Kind.VIOLATION),
        (judged(GOOD), False, Kind.RESOLVED),
        (judged(EXEMPT), True, Kind.EXEMPTED),
        (judged(EXEMPT_AND_GOOD), False, Kind.RESOLVED),
        (gone(CLUSTER_TYPE, "j-1"), False, Kind.RESOLVED),
        (EXPIRING, False, Kind.EXPIRING),
    ],
    ids=["bad", "good", "exempt", "exempt and good", "gone", "expiring"],
)
def test_what_is_exempt_is_only_news_where_it_would_violate(told, exempted, kind):
    """Whoever grants exemptions need not hear of what complies anyway."""
    assert (told.exempted, told.kind) == (exempted, kind)


def test_the_tags_of_a_cluster_are_one_line_each_and_never_empty():
    """Cleaned and bounded like every name; a tag that says nothing is none."""
    tags = (("owner", " ana\n"), ("team", ""), ("cost", "\u202e\ud800"), ("note", "x" * 300))
    told = cluster_resource(cluster(tags=tags), "", "")
    assert [key for key, _ in told.tags] == ["owner", "note"]
    assert dict(told.tags)["owner"] == "ana"
    assert len(dict(told.tags)["note"]) == TAG_LIMIT


def using(cluster_id, name="managed", created=CREATED, verdict=None):
    """Make a judged cluster that uses a security configuration, whose certificates expire soon."""
    verdict = verdict or Verdict(Compliance.COMPLIANT, (SOON,))
    return judged(verdict, cluster_id, security_configuration=name, configured=created)


def test_a_configuration_whose_certificates_expire_comes_once_with_all_that_use_it():
    """However many clusters were launched with it."""
    clusters = [using("j-1"), using("j-2", "other"), using("j-3"), judged(GOOD, "j-4"), judged()]
    found = expiring_configurations(clusters)
    assert [(each.resource_id, [one.resource_id for one in each.used_by]) for each in found] == [
        ("managed", ["j-1", "j-3"]),
        ("other", ["j-2"]),
    ]
    assert {each.resource.resource_type for each in found} == {SECURITY_CONFIGURATION_TYPE}
    assert {each.verdict.findings for each in found} == {(SOON,)}


def test_one_that_was_created_anew_under_its_name_is_another_one():
    """It has a certificate authority of its own."""
    found = expiring_configurations([using("j-1"), using("j-2", created=NOW)])
    assert [(each.resource.configured, len(each.used_by)) for each in found] == [
        (CREATED, 1),
        (NOW, 1),
    ]


def test_a_cluster_that_violates_uses_its_configuration_and_one_that_is_exempt_does_not_count():
    """What is exempt is not judged; where nothing else uses it, nobody is told."""
    bad = verdict_of([Finding(BARE, "It is so."), SOON], "")
    hidden = EXEMPT._replace(findings=(SOON,))
    assert len(expiring_configurations([using("j-1", verdict=bad)])) == 1
    assert expiring_configurations([using("j-1", verdict=hidden)]) == []
    assert expiring_configurations([]) == []


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("j-1", True),
        ("Strict_v2.0/eu", True),
        ("x" * 256, True),
        ("x" * 257, False),
        ("two words", False),
        ("\ud800", False),
        ("", False),
    ],
)
def test_an_id_is_kept_where_it_fits_into_any_key(name, is_kept):
    """Else a digest of it stands there, always the same."""
    made = safe_id(name)
    assert (made == name) is is_kept
    assert made.isascii()
    assert 0 < len(made) <= 256
    assert made == safe_id(name)
