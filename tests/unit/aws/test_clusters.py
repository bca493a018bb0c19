"""Clusters: from the ledger while its facts are fresh, from EMR otherwise, and never neither."""

import itertools
from datetime import timedelta

import pytest
from moto import mock_aws

from emr_in_transit.aws.clusters import FACTS_MAX_AGE, Clusters, ExemptionTags
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.judgement.facts import PropertySetting
from tests.support.builders import (
    ACCOUNT,
    REGION,
    TABLE,
    client,
    facts,
    items,
    make_table,
    refusing,
    unreachable,
)
from tests.support.facts import NOW

IDS = [f"j-{number:03}" for number in range(60)]
GROUP = PropertySetting("core-site", "hadoop.rpc.protection", "integrity", "core")


class Emr:
    """What EMR knows, and which clusters it was asked for."""

    def __init__(self):
        self.known = {each: facts(each) for each in IDS}
        self.asked = []
        self.groups = ()
        self.reads_instances = False

    def cluster(self, cluster_id, **_):
        self.asked.append(cluster_id)
        if cluster_id == "j-throttled":
            raise CouldNotTellError("DescribeCluster: ThrottlingException: Rate exceeded")
        return self.known.get(cluster_id)

    def instance_settings(self, _facts):
        return self.groups


@pytest.fixture
def emr():
    return Emr()


@pytest.fixture
def ledger():
    """An empty ledger."""
    with mock_aws():
        yield Ledger(make_table(), TABLE, ACCOUNT, REGION)


def run(emr, ledger, ids, now=NOW, tags=None):
    """Return the clusters of one run, with what it has read."""
    clusters = Clusters(emr, ledger, tags, now)
    clusters.prefetch(ids)
    return clusters, [clusters.read(each) for each in ids]


def asked_after(emr, ledger, age, ids=IDS):
    """Return which clusters a run asks EMR for, so long after all were described."""
    emr.asked.clear()
    run(emr, ledger, ids, NOW + age)
    return list(emr.asked)


def test_a_cluster_is_described_once(emr, ledger):
    """The next runs have its facts from the ledger, as EMR gave them."""
    _, first = run(emr, ledger, IDS[:3])
    emr.known.clear()
    _, second = run(emr, ledger, IDS[:3], NOW + timedelta(hours=1))
    assert first == second == [facts(each) for each in IDS[:3]]
    assert emr.asked == IDS[:3]


def test_without_a_ledger_every_run_describes_every_cluster(emr):
    """A deployment by rdk alone has none."""
    for _ in range(2):
        assert run(emr, None, IDS[:2])[1] == [facts(each) for each in IDS[:2]]
    assert emr.asked == IDS[:2] * 2


def test_facts_are_asked_for_again_within_a_week_but_never_all_together(emr, ledger, monkeypatch):
    """Half of the week is spread by id: clusters seen together do not fall due together."""
    for each in IDS:
        ledger.store(facts(each), NOW)
    # What a run asks for is not remembered here, so that each asks for all that are due.
    monkeypatch.setattr(ledger, "store", lambda *_: None)
    due = [set(asked_after(emr, ledger, FACTS_MAX_AGE * part / 12)) for part in range(6, 13)]
    assert due[0] == set(), "fresh for half of the time"
    assert due[-1] == set(IDS), "none is as old as the limit"
    for before, after in itertools.pairwise(due):
        assert before <= after, "what is due stays due"
        assert len(after - before) < len(IDS) / 3


def test_a_stale_entry_is_renewed(emr, ledger):
    """What EMR says then is what counts from then on."""
    run(emr, ledger, IDS[:1])
    emr.known[IDS[0]] = newer = facts(IDS[0])._replace(name="renamed")
    assert asked_after(emr, ledger, FACTS_MAX_AGE, IDS[:1]) == IDS[:1]
    assert asked_after(emr, ledger, FACTS_MAX_AGE + timedelta(hours=1), IDS[:1]) == []
    _, [known] = run(emr, ledger, IDS[:1], NOW + FACTS_MAX_AGE)
    assert known == newer


DUE = NOW + FACTS_MAX_AGE
FORGED = [
    ("encryption", facts("j-000"), facts("j-000", settings=(GROUP,)), True),
    ("a name", facts("j-000"), facts("j-000", name="other"), True),
    ("a state", facts("j-000", state="STARTING"), facts("j-000", state="RUNNING"), False),
    ("a tag", facts("j-000", exemption="yes"), facts("j-000"), False),
    ("an owner", facts("j-000", tags=(("owner", "ana"),)), facts("j-000", tags=(("owner", "ben"),)), False),
    ("an order", facts("j-000", applications=("Hive", "Spark")), facts("j-000", applications=("Spark", "Hive")), False),
    ("nothing", facts("j-000"), facts("j-000"), False),
    ("a configuration that has been deleted", facts("j-000"), facts("j-000")._replace(security_configuration=None), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "described", "disagrees"), [each[1:] for each in FORGED], ids=[each[0] for each in FORGED]
)  # fmt: skip
def test_an_entry_that_falls_due_is_compared_with_what_emr_says(
    emr, ledger, stored, described, disagrees
):
    """What does not change after a launch, and has changed, was written by somebody else."""
    ledger.store(stored, NOW)
    emr.known["j-000"] = described
    clusters, read = run(emr, ledger, ["j-000"], DUE)
    assert read == [described], "EMR is believed"
    assert clusters.disagreeing == ({"j-000"} if disagrees else set())


def test_an_entry_of_an_older_version_disagrees_with_nothing(emr, ledger):
    """It was read by other tables; that is no forgery."""
    ledger.store(
        facts("j-000", security_configuration_name="off")._replace(security_configuration=None), NOW
    )
    [item] = items()
    client("dynamodb").put_item(TableName=TABLE, Item=item | {"schema": {"N": "1"}})
    clusters, _ = run(emr, ledger, ["j-000"], DUE)
    assert clusters.disagreeing == set()


def test_an_entry_of_the_future_is_none(emr, ledger):
    """Nobody can say for years to come that a cluster need not be looked at."""
    ledger.store(facts("j-000", name="forged"), NOW + timedelta(days=3650))
    assert run(emr, ledger, ["j-000"])[1] == [facts("j-000")]
    assert emr.asked == ["j-000"]


def test_facts_of_an_older_schema_are_asked_for_anew(emr, ledger):
    """An update of the rule does not judge by half of the facts."""
    run(emr, ledger, IDS[:1])
    [item] = items()
    older = item | {"schema": {"N": "1"}}
    client("dynamodb").put_item(TableName=TABLE, Item=older)
    assert asked_after(emr, ledger, timedelta(0), IDS[:1]) == IDS[:1]
    assert asked_after(emr, ledger, timedelta(0), IDS[:1]) == []


@pytest.mark.parametrize("outage", [unreachable, None], ids=["no network", "access denied"])
def test_while_the_ledger_is_down_emr_is_asked(emr, ledger, outage, caplog):
    """An outage of the ledger costs calls, and no verdict; the log says so."""
    run(emr, ledger, IDS[:2])
    down = outage("dynamodb") if outage else refusing("dynamodb", "*")
    with down:
        assert asked_after(emr, ledger, timedelta(0), IDS[:2]) == IDS[:2]
    assert [each.message for each in caplog.records] == ["ledger not read"] + [
        "ledger not written"
    ] * 2
    assert all(": " in each.why for each in caplog.records)


def test_a_ledger_that_is_down_is_asked_once_in_a_run(emr, ledger, caplog):
    """What fails may fail slowly, and a list has many pages."""
    clusters = Clusters(emr, ledger, None, NOW)
    with unreachable("dynamodb"):
        clusters.prefetch(IDS[:1])
    clusters.prefetch(IDS[1:2])
    assert clusters.creation_times(IDS) == {}
    assert [each.message for each in caplog.records] == ["ledger not read"]


def test_pages_are_looked_up_one_by_one_and_none_is_forgotten(emr, ledger):
    """A list comes in pages."""
    run(emr, ledger, IDS[:3])
    clusters = Clusters(emr, ledger, None, NOW)
    clusters.prefetch(IDS[:2])
    clusters.prefetch(IDS[2:4])
    assert [clusters.needs_emr(each) for each in IDS[:4]] == [False, False, False, True]


def test_the_ledger_knows_when_a_cluster_was_created(emr, ledger):
    """And nothing of those that it has not seen, or of which it knows the launcher alone."""
    run(emr, ledger, IDS[:1])
    ledger.store_launcher(IDS[1], "ana", NOW)
    clusters = Clusters(emr, ledger, None, NOW)
    assert clusters.creation_times(IDS[:3]) == {IDS[0]: facts(IDS[0]).created}
    assert Clusters(emr, None, None, NOW).creation_times(IDS[:3]) == {}


def test_every_cluster_needs_emr_without_a_ledger_and_where_instances_count(emr, ledger):
    """Nothing that is known makes up for a call then."""
    assert Clusters(emr, None, None, NOW).each_needs_emr
    assert not Clusters(emr, ledger, None, NOW).each_needs_emr
    emr.reads_instances = True
    assert Clusters(emr, ledger, None, NOW).each_needs_emr


def test_who_has_the_tag_is_known_without_a_ledger_too(emr, tagged):
    """Exempt clusters are on no record, so nothing else tells that they had their turn."""
    tags, values = tagged
    values["j-001"] = "2027-01-31"
    clusters = Clusters(emr, None, tags, NOW)
    assert not clusters.has_exemption_tag("j-001")
    clusters.prefetch(IDS[:2])
    assert [clusters.has_exemption_tag(each) for each in IDS[:2]] == [False, True]


def test_a_cluster_that_ended_has_no_facts_and_leaves_none(emr, ledger):
    """There is nothing to remember."""
    assert run(emr, ledger, ["j-ended"])[1] == [None]
    assert items() == []


def test_what_emr_does_not_answer_is_not_remembered(emr, ledger):
    """Could not tell: the next run asks again."""
    with pytest.raises(CouldNotTellError, match="Rate exceeded"):
        run(emr, ledger, ["j-throttled"])
    assert items() == []


def test_a_missing_configuration_is_looked_for_again_by_every_run(emr, ledger):
    """A violation that may be a race must not stand for a week."""
    emr.known["j-1"] = facts("j-1")._replace(security_configuration=None)
    for _ in range(2):
        [read] = run(emr, ledger, ["j-1"])[1]
        assert read.security_configuration is None
    assert emr.asked == ["j-1", "j-1"]


def test_a_cluster_without_any_configuration_is_remembered(emr, ledger):
    """None was attached at launch, and none can be attached later."""
    bare = facts("j-1")._replace(security_configuration_name="", security_configuration=None)
    emr.known["j-1"] = bare
    for _ in range(2):
        assert run(emr, ledger, ["j-1"])[1] == [bare]
    assert emr.asked == ["j-1"]


def test_instance_settings_are_read_each_time_and_never_remembered(emr, ledger):
    """They can change on a running cluster."""
    for groups in ((GROUP,), ()):
        emr.groups = groups
        assert [each.settings for each in run(emr, ledger, IDS[:1])[1]] == [groups]
    assert "hadoop.rpc.protection" not in str(items())


def test_who_launched_a_cluster_is_known_once_cloudtrail_has_told(emr, ledger):
    """Until then, nobody knows."""
    ledger.store_launcher("j-000", "ana", NOW)
    clusters, _ = run(emr, ledger, IDS[:2])
    assert [clusters.launched_by(each) for each in IDS[:2]] == ["ana", ""]
    assert emr.asked == IDS[:2], "knowing who launched it is not knowing the cluster"


@pytest.fixture
def tagged(monkeypatch):
    """Tags that can be set: what reads them has tests of its own."""
    tags = ExemptionTags(client("resourcegroupstaggingapi"), "exempt")
    values = {}
    monkeypatch.setattr(tags, "read", lambda: dict(values))
    return tags, values


def test_a_tag_that_was_added_or_removed_later_takes_effect_at_the_next_run(emr, ledger, tagged):
    """What the cluster was launched with is not what counts."""
    tags, values = tagged
    emr.known["j-000"] = facts("j-000")._replace(exemption="until launch")
    assert [each.exemption for each in run(emr, ledger, IDS[:2], tags=tags)[1]] == [
        "until launch",
        None,
    ]
    values["j-001"] = "2027-01-31"
    assert [each.exemption for each in run(emr, ledger, IDS[:2], tags=tags)[1]] == [
        None,
        "2027-01-31",
    ]


def test_tags_that_cannot_be_read_are_no_doubt_about_a_cluster_that_is_described(emr, ledger):
    """DescribeCluster tells its tags."""
    tags = ExemptionTags(client("resourcegroupstaggingapi"), "exempt")
    with refusing("resourcegroupstaggingapi", "GetResources"):
        clusters, _ = run(emr, ledger, IDS[:1], tags=tags)
    assert clusters.why_exemption_is_unknown("j-000") == ""


def test_unknown_tags_are_a_doubt_only_about_clusters_that_were_not_described_now(emr, ledger):
    """The caller decides what a doubt means; freshly described clusters have their tags."""
    run(emr, ledger, IDS[:1])
    tags = ExemptionTags(client("resourcegroupstaggingapi"), "exempt")
    with refusing("resourcegroupstaggingapi", "GetResources"):
        clusters, read = run(emr, ledger, IDS[:2], tags=tags)
    assert len(read) == 2
    assert clusters.why_exemption_is_unknown("j-000") == "GetResources: AccessDeniedException: no"
    assert clusters.why_exemption_is_unknown("j-001") == ""


def test_without_tags_the_exemption_at_the_time_of_the_description_stands(emr, ledger):
    """The launch check has the tags of the launch."""
    emr.known["j-000"] = facts("j-000")._replace(exemption="yes")
    for _ in range(2):
        assert [each.exemption for each in run(emr, ledger, IDS[:1])[1]] == ["yes"]
