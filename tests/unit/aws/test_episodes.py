"""Episodes in the ledger: one writer wins, and nothing that was told is forgotten."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.alerting.episode import (
    LEASE,
    Episode,
    State,
    claimed_episode,
    closed_episode,
    confirmed_episode,
)
from emr_in_transit.aws.episodes import CLOSED_KEPT, ConflictError, Episodes, EpisodesRead
from emr_in_transit.aws.errors import LedgerError
from tests.support.builders import (
    ACCOUNT,
    BROKEN_EPISODES,
    REGION,
    TABLE,
    client,
    items,
    make_table,
    spoil,
    unreachable,
)
from tests.support.facts import NOW

A = frozenset({"A", "B:core-site/x"})
FIRST = claimed_episode(None, A, "alert-1", NOW)
SENT = confirmed_episode(FIRST)
CLOSED = closed_episode(SENT)


@pytest.fixture
def episodes():
    """The episodes of an empty ledger."""
    with mock_aws():
        yield Episodes(make_table(), TABLE, ACCOUNT, REGION)


@pytest.fixture
def stubbed():
    """Episodes on a stubbed client: it answers what was queued and refuses any other call."""
    with Stubber(client("dynamodb")) as stubber:
        yield Episodes(client("dynamodb"), TABLE, ACCOUNT, REGION), stubber
        stubber.assert_no_pending_responses()


def write(episodes, *versions, resource_id="j-1"):
    for each in versions:
        episodes.put(CLUSTER_TYPE, resource_id, each)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_episode_comes_back_as_it_was_written(episodes, steps):
    """In each of its states, by its own id and among all of its type."""
    versions = (FIRST, SENT, CLOSED)[:steps]
    write(episodes, *versions)
    assert episodes.get(CLUSTER_TYPE, "j-1") == versions[-1]
    assert episodes.read_all(CLUSTER_TYPE) == EpisodesRead({"j-1": versions[-1]}, {})


def test_what_never_violated_has_no_episode(episodes):
    """Nothing is made up."""
    write(episodes, FIRST, resource_id="j-10")
    assert episodes.get(CLUSTER_TYPE, "j-1") is None
    assert episodes.read_all(SECURITY_CONFIGURATION_TYPE) == EpisodesRead({}, {})


def test_a_name_of_any_kind_is_an_id(episodes):
    """A security configuration is known by its name, and that is its owner's choice."""
    for name in ("strict", "a/b", "AWS::EMR::Cluster/j-1", "\u202eevil\n"):
        episodes.put(SECURITY_CONFIGURATION_TYPE, name, FIRST)
        assert episodes.read_all(SECURITY_CONFIGURATION_TYPE).episodes[name] == FIRST
    assert episodes.read_all(CLUSTER_TYPE) == EpisodesRead({}, {})


@pytest.mark.parametrize(
    ("stored", "late"),
    [
        ([FIRST], FIRST._replace(alert_id="other")),
        ([FIRST, SENT], SENT._replace(sent=A | {"C"})),
        ([FIRST, SENT], FIRST),
        ([FIRST, SENT, CLOSED], closed_episode(FIRST)),
        ([FIRST], FIRST._replace(version=3)),
    ],
    ids=["first claim", "confirmation", "claim after all", "closing an old one", "a version ahead"],
)
def test_a_write_over_another_version_than_was_read_is_a_conflict(episodes, stored, late):
    """Of two functions that meet the same violation, one wins, and the other is told."""
    write(episodes, *stored)
    with pytest.raises(ConflictError):
        write(episodes, late)
    assert episodes.get(CLUSTER_TYPE, "j-1") == stored[-1]


@pytest.mark.parametrize("written", [[FIRST], [FIRST, SENT]])
def test_what_stands_there_already_word_for_word_is_no_conflict(episodes, written):
    """The answer to a write was lost, and botocore has written again: nobody else was faster."""
    write(episodes, *written, written[-1])
    assert episodes.get(CLUSTER_TYPE, "j-1") == written[-1]


def test_a_new_episode_is_written_over_a_closed_one(episodes):
    """Resolved and broken again: the version goes on, so that a late writer of old still loses."""
    write(episodes, FIRST, SENT, CLOSED)
    again = claimed_episode(episodes.read_all(CLUSTER_TYPE).episodes["j-1"], A, "alert-2", NOW)
    write(episodes, again)
    assert episodes.get(CLUSTER_TYPE, "j-1") == Episode(
        State.PENDING, "alert-2", A, frozenset(), NOW + LEASE, version=4
    )
    for late in (FIRST, SENT, CLOSED):
        with pytest.raises(ConflictError):
            write(episodes, late)


def test_an_expired_episode_that_dynamodb_has_not_deleted_yet_is_in_nobodys_way(episodes):
    """Deletion may lag for days: until then a new episode is written over it, after it anew."""
    write(episodes, FIRST, SENT, CLOSED)
    [item] = items()
    client("dynamodb").put_item(TableName=TABLE, Item=item | {"expires": {"N": "1"}})
    write(episodes, claimed_episode(episodes.get(CLUSTER_TYPE, "j-1"), A, "alert-2", NOW))
    [item] = items()
    assert "expires" not in item
    client("dynamodb").delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    # Whoever read it before it was deleted may still write.
    write(episodes, claimed_episode(CLOSED, A, "alert-3", NOW))
    assert episodes.get(CLUSTER_TYPE, "j-1").alert_id == "alert-3"


def test_only_a_closed_episode_expires(episodes):
    """What is open is kept as long as it is open."""
    for each in (FIRST, SENT):
        write(episodes, each)
        assert "expires" not in items()[0]
    write(episodes, CLOSED)
    kept = float(items()[0]["expires"]["N"]) - datetime.now(UTC).timestamp()
    assert timedelta(seconds=kept + 60) > CLOSED_KEPT > timedelta(seconds=kept - 60)


def test_accounts_and_regions_do_not_see_each_other(episodes):
    """Two security configurations may have one name in two places."""
    write(episodes, FIRST)
    for account, region in [("444455556666", REGION), (ACCOUNT, "us-east-1")]:
        other = Episodes(client("dynamodb"), TABLE, account, region)
        assert other.get(CLUSTER_TYPE, "j-1") is None
        assert other.read_all(CLUSTER_TYPE) == EpisodesRead({}, {})


def test_all_pages_are_read(episodes):
    """A query answers a megabyte at a time."""
    write(episodes, FIRST)
    [item] = items()
    ids = [f"j-{number}" for number in range(5)]
    with Stubber(client("dynamodb")) as stubber:
        for each in ids:
            key = {"pk": item["pk"], "sk": {"S": f"{CLUSTER_TYPE}/{each}"}}
            more = {"LastEvaluatedKey": key} if each != ids[-1] else {}
            stubber.add_response("query", {"Items": [item | key]} | more)
        assert list(episodes.read_all(CLUSTER_TYPE).episodes) == ids
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("answer", "lacks"),
    [({}, "'Items'"), ({"Items": [{}]}, "'sk'"), ({"Items": [{"sk": {"N": "1"}}]}, "'S'")],
)
def test_a_member_that_is_missing_is_a_ledger_error(stubbed, answer, lacks):
    """An answer that says half says nothing of who has been told."""
    episodes, stubber = stubbed
    stubber.add_response("query", answer)
    with pytest.raises(LedgerError, match=f"Query: answered without {lacks}"):
        episodes.read_all(CLUSTER_TYPE)


CALLS = {
    "get_item": ("GetItem", lambda episodes: episodes.get(CLUSTER_TYPE, "j-1")),
    "query": ("Query", lambda episodes: episodes.read_all(CLUSTER_TYPE)),
    "put_item": ("PutItem", lambda episodes: episodes.put(CLUSTER_TYPE, "j-1", FIRST)),
}
every_call = pytest.mark.parametrize("method", CALLS)


@every_call
@pytest.mark.parametrize("code", ["ThrottlingException", "ResourceNotFoundException"])
def test_a_refusal_is_a_ledger_error_and_no_conflict(stubbed, method, code):
    """Whether people have been told is not known then."""
    episodes, stubber = stubbed
    operation, call = CALLS[method]
    stubber.add_client_error(method, code, "no")
    with pytest.raises(LedgerError, match=f"{operation}: {code}: no"):
        call(episodes)


@every_call
def test_no_answer_is_a_ledger_error(method):
    """A network that is down is told as what it is."""
    operation, call = CALLS[method]
    episodes = Episodes(client("dynamodb"), TABLE, ACCOUNT, REGION)
    with (
        unreachable("dynamodb"),
        pytest.raises(LedgerError, match=f"{operation}: EndpointConnectionError"),
    ):
        call(episodes)


def test_reading_sees_the_latest_write(stubbed):
    """DynamoDB reads what is a moment old unless it is asked for more."""
    episodes, stubber = stubbed
    partition = f"{ACCOUNT}/{REGION}/episode"
    stubber.add_response(
        "get_item",
        {},
        {
            "TableName": TABLE,
            "Key": {"pk": {"S": partition}, "sk": {"S": f"{CLUSTER_TYPE}/j-1"}},
            "ConsistentRead": True,
        },
    )
    stubber.add_response(
        "query",
        {"Items": []},
        {
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {
                ":pk": {"S": partition},
                ":sk": {"S": f"{CLUSTER_TYPE}/"},
            },
            "ConsistentRead": True,
        },
    )
    assert episodes.get(CLUSTER_TYPE, "j-1") is None
    assert episodes.read_all(CLUSTER_TYPE) == EpisodesRead({}, {})


@pytest.mark.parametrize(("change", "why"), BROKEN_EPISODES, ids=str)
def test_an_item_that_is_no_episode_is_named_and_costs_no_other_its_own(episodes, change, why):
    """Asked for alone it is an error, for then there is no other."""
    write(episodes, SENT._replace(version=1))
    write(episodes, FIRST, resource_id="j-2")
    spoil("j-1", change)
    unreadable = f"the episode is none that can be read ({why})"
    assert episodes.read_all(CLUSTER_TYPE) == EpisodesRead({"j-2": FIRST}, {"j-1": unreadable})
    with pytest.raises(LedgerError, match=f"^{re.escape(unreadable)}$"):
        episodes.get(CLUSTER_TYPE, "j-1")
    assert episodes.get(CLUSTER_TYPE, "j-2") == FIRST


@pytest.mark.parametrize(
    "written",
    ["2026-03-01T12:00:45", "2026-03-01T12:00:45Z", "2026-03-01T13:00:45+01:00"],
)
def test_a_lease_is_a_moment_whatever_its_time_zone(episodes, written):
    """One without any is read as UTC: it could be compared with no other."""
    write(episodes, FIRST)
    spoil("j-1", {"leaseUntil": {"S": written}})
    moment = datetime(2026, 3, 1, 12, 0, 45, tzinfo=UTC)
    assert FIRST.lease_until == moment
    assert episodes.get(CLUSTER_TYPE, "j-1").lease_until == moment
    assert episodes.read_all(CLUSTER_TYPE).episodes["j-1"].lease_until == moment


def test_a_counter_that_answers_without_a_count_is_a_ledger_error(stubbed):
    """Nobody knows how many there have been, so the run is tried again."""
    episodes, stubber = stubbed
    stubber.add_response("update_item", {})
    with pytest.raises(LedgerError, match="UpdateItem: answered without a count"):
        episodes.count("AWS::EMR::SecurityConfiguration", NOW)
