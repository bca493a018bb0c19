"""scan: the clusters of one Region, and what each failure of EMR is taken for."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from emr_in_transit.aws.emr import EmrReader, Pacer
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit_cli.scanning.scan import Options, RegionScan, StoppedError
from tests.support.facts import parameters

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
PARAMETERS = parameters()
REFUSED = "DescribeCluster: AccessDeniedException: no"


@pytest.fixture
def emr():
    """A stubbed EMR client: it answers what was queued and refuses any other call."""
    client = boto3.client("emr", region_name="eu-west-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def scan_of(client, given=PARAMETERS, **options):
    """Scan by that client."""
    scan = RegionScan(
        "111122223333",
        "eu-west-1",
        Options(given, 100, **options),
        Pacer(100),
        lambda _: nullcontext(EmrReader(client, given)),
    )
    scan.run()
    assert scan.is_done
    return scan


def said(scan):
    """Return by id what is said of each cluster."""
    return {each.listed.cluster_id: (str(each.outcome), each.annotation) for each in scan.results()}


def page(stubber, *ids, marker="", state="WAITING", ended=None):
    """Queue a page of the list."""
    status = {"State": state, "Timeline": {"EndDateTime": ended} if ended else {}}
    clusters = [{"Id": each, "Name": f"name-{each}", "Status": status} for each in ids]
    stubber.add_response("list_clusters", {"Clusters": clusters} | ({"Marker": marker} if marker else {}))  # fmt: skip


def describe(stubber, cluster_id, state="WAITING", **members):
    """Queue what EMR says of a cluster, which has no security configuration."""
    document = {
        "Id": cluster_id,
        "Name": f"name-{cluster_id}",
        "Status": {"State": state, "Timeline": {"CreationDateTime": CREATED}},
        "ReleaseLabel": "emr-7.3.0",
        "Applications": [{"Name": "Spark"}],
    }
    stubber.add_response(
        "describe_cluster", {"Cluster": document | members}, {"ClusterId": cluster_id}
    )


BARE = ("NON_COMPLIANT", "NO_SECURITY_CONFIGURATION: No security configuration is attached.")


def test_one_cluster_that_is_refused_costs_no_other_its_verdict(emr):
    """It stands by its name with the cause; the list was read to its end."""
    client, stubber = emr
    page(stubber, "j-1", "j-2", "j-3")
    describe(stubber, "j-1")
    stubber.add_client_error("describe_cluster", "AccessDeniedException", "no")
    describe(stubber, "j-3")
    scan = scan_of(client)
    assert said(scan) == {"j-1": BARE, "j-2": ("COULD_NOT_TELL", REFUSED), "j-3": BARE}
    assert (scan.complete, scan.problem) == (True, "")
    [_, refused, _] = scan.results()
    assert (refused.listed.name, refused.facts) == ("name-j-2", None)


BROKEN = [
    ("without a release", {"ReleaseLabel": ""}, "DescribeCluster: neither ReleaseLabel nor RunningAmiVersion is there"),
    ("in a state that nobody knows", {"Status": {"State": "LOST"}}, "DescribeCluster: answered with the state 'LOST'"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "cause"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_cluster_that_cannot_be_read(emr, members, cause):
    """What EMR says of it is no verdict."""
    client, stubber = emr
    page(stubber, "j-1", "j-2")
    describe(stubber, "j-1", **members)
    describe(stubber, "j-2")
    assert said(scan_of(client)) == {"j-1": ("COULD_NOT_TELL", cause), "j-2": BARE}


def test_a_cluster_that_breaks_the_judgement(emr, monkeypatch):
    """Whatever one cluster holds, it costs no other its verdict."""

    def judge(facts, *arguments):
        if facts.cluster_id == "j-1":
            raise RecursionError("too deep")
        return judge_cluster(facts, *arguments)

    monkeypatch.setattr("emr_in_transit_cli.scanning.scan.judge_cluster", judge)
    client, stubber = emr
    page(stubber, "j-1", "j-2")
    describe(stubber, "j-1")
    describe(stubber, "j-2")
    assert said(scan_of(client)) == {
        "j-1": ("COULD_NOT_TELL", "RecursionError: too deep"),
        "j-2": BARE,
    }


def test_a_list_that_breaks_off(emr):
    """What it had told of is judged, and the Region says what it did not."""
    client, stubber = emr
    page(stubber, "j-1", marker="more")
    stubber.add_client_error("list_clusters", "InternalServerException", "sorry")
    describe(stubber, "j-1")
    scan = scan_of(client)
    assert said(scan) == {"j-1": BARE}
    assert (scan.complete, scan.problem) == (
        False,
        "ListClusters: InternalServerException: sorry",
    )


def test_a_cluster_on_two_pages_is_judged_once(emr):
    """EMR promises no order, so a page may repeat what another had."""
    client, stubber = emr
    page(stubber, "j-1", marker="more")
    page(stubber, "j-1")
    describe(stubber, "j-1")
    assert said(scan_of(client)) == {"j-1": BARE}


def test_a_cluster_that_ends_after_it_was_listed_is_left_out(emr):
    """It is live no more; with --ended-days it is judged all the same."""
    client, stubber = emr
    page(stubber, "j-1")
    describe(stubber, "j-1", "TERMINATING")
    assert said(scan_of(client)) == {}
    page(stubber, "j-1")
    page(stubber)
    describe(stubber, "j-1", "TERMINATING")
    assert said(scan_of(client, ended_days=1)) == {"j-1": BARE}


def test_what_has_ended_in_the_last_days(emr):
    """By when it ended, whenever it was created; what is still ending has no such time."""
    client, stubber = emr
    now = datetime.now(UTC)
    page(stubber, "j-1")
    page(stubber, "j-2", state="TERMINATED", ended=now - timedelta(days=6, hours=23), marker="m")
    page(stubber, "j-3", state="TERMINATED", ended=now - timedelta(days=7, hours=1), marker="n")
    page(stubber, "j-4", state="TERMINATING")
    for each, state in (("j-1", "WAITING"), ("j-2", "TERMINATED"), ("j-4", "TERMINATING")):
        describe(stubber, each, state)
    assert list(said(scan_of(client, ended_days=7))) == ["j-1", "j-2", "j-4"]


def test_instance_groups_count_where_the_rule_reads_them(emr):
    """With overrideScope=instances."""
    client, stubber = emr
    page(stubber, "j-1")
    describe(stubber, "j-1")
    stubber.add_client_error("list_instance_groups", "AccessDeniedException", "no")
    given = parameters(overrideScope="instances")
    cause = "ListInstanceGroups: AccessDeniedException: no"
    assert said(scan_of(client, given)) == {"j-1": ("COULD_NOT_TELL", cause)}


def test_a_region_without_a_client():
    """It says why, and raises nothing."""

    def refuse(_):
        raise ValueError("no such Region")

    scan = RegionScan("111122223333", "eu-west-1", Options(PARAMETERS, 1), Pacer(1), refuse)
    scan.run()
    assert (scan.complete, scan.problem) == (False, "ValueError: no such Region")


def test_what_was_listed_and_not_judged_could_not_be_told(emr):
    """With what has ended the scan as its cause."""
    client, stubber = emr
    asked = iter([False, False])  # before the list, and before the first cluster
    page(stubber, "j-1", "j-2", marker="more")
    describe(stubber, "j-1")
    scan = RegionScan(
        "111122223333",
        "eu-west-1",
        Options(PARAMETERS, 0.001),  # so that the second page waits
        Pacer(0.001, sleep=lambda _: None),
        lambda _: nullcontext(EmrReader(client, PARAMETERS)),
        lambda: next(asked, True),
    )
    scan.pacer.wait("ListClusters")
    scan.run()
    assert said(scan) == {"j-1": BARE, "j-2": ("COULD_NOT_TELL", "interrupted")}
    assert (scan.complete, scan.is_done) == (False, True)


def test_a_wait_that_is_interrupted_is_no_verdict(emr):
    """The pacer raises where it would wait on."""
    client, stubber = emr

    def stop(_):
        raise StoppedError

    page(stubber, "j-1", "j-2")
    describe(stubber, "j-1")
    pacer = Pacer(0.001, sleep=stop)

    def open_reader(given):
        given.attach(client)
        return nullcontext(EmrReader(client, PARAMETERS))

    scan = RegionScan("111122223333", "eu-west-1", Options(PARAMETERS, 1), pacer, open_reader)
    scan.run()
    assert [outcome for outcome, _ in said(scan).values()] == ["NON_COMPLIANT", "COULD_NOT_TELL"]
