"""Instance groups and fleets: the known properties that are set for them, wherever they stand."""

import pytest
from botocore.stub import Stubber

from emr_in_transit.aws.emr import EmrReader, read_instance_settings
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.judgement.facts import PropertySetting
from tests.support.builders import client, facts, unreachable
from tests.support.facts import parameters

RPC = "hadoop.rpc.protection"
GROUPS, FLEETS = ("list_instance_groups", False), ("list_instance_fleets", True)
every_kind = pytest.mark.parametrize(("method", "has_fleets"), [GROUPS, FLEETS])
MEMBERS = {"list_instance_groups": "InstanceGroups", "list_instance_fleets": "InstanceFleets"}
OPERATIONS = {
    "list_instance_groups": "ListInstanceGroups",
    "list_instance_fleets": "ListInstanceFleets",
}


@pytest.fixture
def emr():
    """A stubbed EMR client: it answers what was queued and refuses any other call."""
    with Stubber(client("emr")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def core_site(value, **others):
    return [{"Classification": "core-site", "Properties": {RPC: value} | others}]


def setting(value, scope):
    return PropertySetting("core-site", RPC, value, scope)


def page(emr, method, *members, marker="", more=""):
    asked = {"ClusterId": "j-1"} | ({"Marker": marker} if marker else {})
    answer = {MEMBERS[method]: list(members)} | ({"Marker": more} if more else {})
    emr.add_response(method, answer, asked)


def read(has_fleets):
    return read_instance_settings(client("emr"), "j-1", has_fleets=has_fleets)


def test_of_a_group_what_is_asked_for_and_what_was_applied_last_both_count(emr):
    """One of them is in force, and EMR does not say which; what both say is said once."""
    page(
        emr,
        GROUPS[0],
        {
            "Id": "ig-1",
            "Name": "core",
            "Configurations": core_site("privacy"),
            "LastSuccessfullyAppliedConfigurations": core_site("integrity"),
        },
        {
            "Id": "ig-2",
            "Configurations": core_site("privacy"),
            "LastSuccessfullyAppliedConfigurations": core_site("privacy"),
        },
        {"Id": "ig-3", "Name": "task"},
    )
    assert read(has_fleets=False) == (
        setting("privacy", "core"),
        setting("integrity", "core"),
        setting("privacy", "ig-2"),
    )


def test_of_a_fleet_the_specification_of_each_instance_type_counts(emr):
    """A fleet has a set of configurations for each instance type."""
    page(
        emr,
        FLEETS[0],
        {
            "Id": "if-1",
            "InstanceTypeSpecifications": [
                {"InstanceType": "m5.xlarge", "Configurations": core_site("privacy")},
                {"InstanceType": "m6g.xlarge", "Configurations": core_site("integrity")},
                {"InstanceType": "m7g.xlarge"},
            ],
        },
        {"Id": "if-2", "Name": "task"},
    )
    assert read(has_fleets=True) == (setting("privacy", "if-1"), setting("integrity", "if-1"))


@every_kind
def test_all_pages_are_read(emr, method, has_fleets):
    """A cluster may have more groups than one answer holds."""
    configured = {"Configurations": core_site("integrity")}
    last = {"Id": "x", "InstanceTypeSpecifications": [configured]} if has_fleets else configured
    page(emr, method, more="2")
    page(emr, method, {"Id": "x"} | last, marker="2")
    assert read(has_fleets) == (setting("integrity", "x"),)


def test_what_the_rule_does_not_know_stays_behind(emr):
    """Properties can hold passwords."""
    group = {"Id": "ig-1", "Configurations": core_site("privacy", password="hunter2")}
    page(emr, GROUPS[0], group)
    assert "hunter2" not in str(read(has_fleets=False))


@every_kind
def test_a_refusal_is_no_answer(emr, method, has_fleets):
    """What a group does is not known then, and nothing is said about the cluster."""
    emr.add_client_error(method, "ThrottlingException", "Rate exceeded")
    expected = f"{OPERATIONS[method]}: ThrottlingException: Rate exceeded"
    with pytest.raises(CouldNotTellError, match=expected):
        read(has_fleets)


@every_kind
def test_a_member_without_an_id_or_an_answer_without_members_is_malformed(emr, method, has_fleets):
    """What is missing is named."""
    nameless = {"Configurations": core_site("privacy")}
    if has_fleets:
        nameless = {"InstanceTypeSpecifications": [nameless]}
    page(emr, method, nameless)
    with pytest.raises(CouldNotTellError, match=f"{OPERATIONS[method]}: answered without 'Id'"):
        read(has_fleets)
    emr.add_response(method, {})
    with pytest.raises(CouldNotTellError, match=f"answered without '{MEMBERS[method]}'"):
        read(has_fleets)


@every_kind
def test_no_answer_at_all_is_told_as_what_it_was(method, has_fleets):
    """A network that is down is not a cluster without overrides."""
    with (
        unreachable("emr"),
        pytest.raises(CouldNotTellError, match=f"{OPERATIONS[method]}: EndpointConnectionError"),
    ):
        read(has_fleets)


@every_kind
def test_the_reader_asks_for_what_the_cluster_has_and_only_where_the_rule_looks(
    emr, method, has_fleets
):
    """overrideScope=instances costs a call for each cluster and sweep; the default costs none."""
    cluster = facts("j-1", has_fleets=has_fleets)
    assert EmrReader(client("emr"), parameters()).instance_settings(cluster) == ()
    page(emr, method)
    looking = parameters(overrideScope="instances")
    assert EmrReader(client("emr"), looking).instance_settings(cluster) == ()
