"""Alerts: what they tell of, and whom a verdict concerns."""

import pytest

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    Judged,
    Resource,
    cluster_resource,
    gone,
)
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict
from tests.support.builders import BARE, GOOD, alert, judged, many, origin, violating
from tests.support.facts import cluster, configuration

EXEMPT = Verdict(Compliance.NOT_APPLICABLE, (Finding(BARE, "It is so."),), "Exempt.")


def test_a_cluster_is_told_of_with_its_newest_state():
    """Its facts may be days old, and the event of a launch has a state, or none."""
    facts = cluster(name="etl", state="STARTING", security_configuration=configuration())
    assert cluster_resource(facts, "WAITING", "ana") == Resource(
        CLUSTER_TYPE, "j-1ABCDEFGHIJKL", "etl", "secure", "WAITING", "emr-7.11.0", "ana"
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


@pytest.mark.parametrize(
    ("told", "parts", "kind"),
    [
        ([judged()], 1, "violation"),
        ([judged(GOOD)], 1, "resolved"),
        (many(2), 1, "digest"),
        ([judged()], 2, "digest"),
        (many(2, GOOD), 1, "resolvedDigest"),
        ([judged(GOOD)], 2, "resolvedDigest"),
    ],
)
def test_the_kind_says_what_the_message_is(told, parts, kind):
    """One violation, its end, or a run; a part of a digest is one too, however small."""
    assert alert(*told, parts=parts).kind == kind
