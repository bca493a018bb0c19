"""The ledger: what it remembers of a cluster, for how long, and whose turn it is."""

import json
from datetime import timedelta

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from emr_in_transit.aws import ledger as module
from emr_in_transit.aws.errors import LedgerError
from emr_in_transit.aws.ledger import ENTRY_KEPT, PAUSES, SCHEMA_VERSION, Entry, Ledger, encode
from tests.support.builders import (
    ACCOUNT,
    REGION,
    TABLE,
    client,
    facts,
    items,
    make_table,
    unreachable,
)
from tests.support.facts import NOW

ANA = "arn:aws:iam::111122223333:user/ana"


@pytest.fixture
def table():
    """DynamoDB with an empty ledger."""
    with mock_aws():
        yield make_table()


@pytest.fixture
def ledger(table):
    return Ledger(table, TABLE, ACCOUNT, REGION)


@pytest.fixture
def stubbed():
    """A ledger on a stubbed client: it answers what was queued and refuses any other call."""
    with Stubber(client("dynamodb")) as stubber:
        yield Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION), stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def pauses(monkeypatch):
    """The seconds that would have been slept."""
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


def test_what_was_stored_is_answered_with_the_time_at_which_it_was_described(ledger):
    """Facts come back as they were."""
    ledger.store(facts(), NOW)
    assert ledger.entries(["j-1"], NOW) == {"j-1": Entry(facts(), NOW, "")}


def test_an_answer_without_its_members_is_a_ledger_error(stubbed):
    """Nothing known and nothing said are not the same."""
    ledger, stubber = stubbed
    stubber.add_response("batch_get_item", {})
    with pytest.raises(LedgerError, match="BatchGetItem: answered without 'Responses'"):
        ledger.entries(["j-1"], NOW)


def test_a_cluster_that_was_never_seen_is_left_out(ledger):
    """There is nothing to say about it."""
    ledger.store(facts(), NOW)
    assert list(ledger.entries(["j-0", "j-1", "j-2"], NOW)) == ["j-1"]
    assert ledger.entries([], NOW) == {}


def test_the_launcher_stays_whichever_of_the_two_events_comes_first(ledger):
    """CloudTrail tells before or after the facts are read, and neither wipes the other."""
    ledger.store_launcher("j-1", ANA, NOW)
    assert ledger.entries(["j-1"], NOW) == {"j-1": Entry(None, None, ANA)}
    ledger.store(facts(), NOW)
    ledger.store(facts("j-2"), NOW)
    ledger.store_launcher("j-2", ANA, NOW)
    known = ledger.entries(["j-1", "j-2"], NOW)
    assert [(each.facts, each.launched_by) for each in known.values()] == [
        (facts("j-1"), ANA),
        (facts("j-2"), ANA),
    ]


def test_a_newer_description_replaces_the_older(ledger):
    """The last one that EMR gave counts."""
    ledger.store(facts(), NOW)
    newer = facts()._replace(release_label="emr-7.12.0")
    later = NOW + timedelta(hours=1)
    ledger.store(newer, later)
    assert ledger.entries(["j-1"], later)["j-1"] == Entry(newer, later, "")


@pytest.mark.parametrize(
    ("age", "known"),
    [(ENTRY_KEPT, ["j-1"]), (ENTRY_KEPT + timedelta(seconds=1), [])],
    ids=["until it expires", "after that"],
)
def test_an_expired_entry_is_none_even_while_dynamodb_still_has_it(ledger, age, known):
    """DynamoDB may take days to delete what has expired."""
    ledger.store(facts(), NOW)
    assert list(ledger.entries(["j-1"], NOW + age)) == known
    assert len(items()) == 1


@pytest.mark.parametrize("renew", ["store", "store_launcher"])
def test_an_entry_that_is_written_again_lives_on(ledger, renew):
    """An entry of a live cluster does not expire: the sweep reads it anew in time."""
    ledger.store(facts(), NOW)
    later = NOW + ENTRY_KEPT - timedelta(days=1)
    if renew == "store":
        ledger.store(facts(), later)
    else:
        ledger.store_launcher("j-1", ANA, later)
    assert list(ledger.entries(["j-1"], NOW + ENTRY_KEPT + timedelta(days=1))) == ["j-1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": {"N": "1"}},
        {"schema": {"N": str(SCHEMA_VERSION + 1)}},
        {"facts": {"S": "{}"}},
        {"facts": {"S": "null"}},
        {"described": {"S": "yesterday"}},
    ],
    ids=["an older schema", "a newer schema", "no facts", "null", "no time"],
)
def test_an_entry_that_cannot_be_read_counts_as_none(ledger, table, wrong):
    """After an update, or a roll-back, EMR is asked again; who launched it is still known."""
    ledger.store_launcher("j-1", ANA, NOW)
    ledger.store(facts(), NOW)
    [stored] = items()
    table.put_item(TableName=TABLE, Item=stored | wrong)
    assert ledger.entries(["j-1"], NOW) == {"j-1": Entry(None, None, ANA)}


def test_an_entry_without_a_time_to_expire_counts_as_none(ledger, table):
    """Such an entry is not ours: EMR is asked, and the run does not fail of it."""
    ledger.store(facts(), NOW)
    [stored] = items()
    del stored["expires"]
    table.put_item(TableName=TABLE, Item=stored)
    assert ledger.entries(["j-1"], NOW) == {}


def test_an_entry_that_is_a_little_younger_than_the_run_is_known(ledger):
    """A launch check writes while a sweep, which read its clock first, is still listing."""
    ledger.store(facts(), NOW + timedelta(minutes=14))
    assert ledger.entries(["j-1"], NOW)["j-1"].facts == facts()


def test_accounts_and_regions_do_not_see_each_other(ledger, table):
    """One table can serve many, as a cluster id is unique only in its place."""
    ledger.store(facts(), NOW)
    for account, region in [("444455556666", REGION), (ACCOUNT, "us-east-1")]:
        other = Ledger(table, TABLE, account, region)
        assert other.entries(["j-1"], NOW) == {}
        assert other.take_turn("evaluation", NOW, timedelta(minutes=1))


def key(cluster_id):
    return {"pk": {"S": f"{ACCOUNT}/{REGION}/cluster"}, "sk": {"S": cluster_id}}


def item(cluster_id):
    return key(cluster_id) | {
        "launchedBy": {"S": ANA},
        "expires": {"N": str(int((NOW + ENTRY_KEPT).timestamp()))},
    }


def queue(stubber, asked, answered, left):
    stubber.add_response(
        "batch_get_item",
        {
            "Responses": {TABLE: [item(each) for each in answered]},
            "UnprocessedKeys": {TABLE: {"Keys": [key(each) for each in left]}} if left else {},
        },
        {"RequestItems": {TABLE: {"Keys": [key(e) for e in asked], "ConsistentRead": True}}},
    )


def test_a_hundred_entries_are_read_in_one_call(stubbed):
    """Steady state costs no EMR call, and one BatchGetItem for each hundred clusters."""
    ledger, stubber = stubbed
    ids = [f"j-{number}" for number in range(201)]
    for batch in (ids[:100], ids[100:200], ids[200:]):
        queue(stubber, batch, batch, [])
    assert list(ledger.entries(ids, NOW)) == ids


def test_what_dynamodb_left_unprocessed_is_asked_for_again(stubbed, pauses):
    """Only what is left, after a pause that grows."""
    ledger, stubber = stubbed
    queue(stubber, "abc", "a", "bc")
    queue(stubber, "bc", "b", "c")
    queue(stubber, "c", "c", "")
    assert list(ledger.entries(["a", "b", "c"], NOW)) == ["a", "b", "c"]
    assert pauses == list(PAUSES[:2])
    assert sorted(set(PAUSES)) == list(PAUSES)


def test_what_dynamodb_does_not_come_to_is_left_out(stubbed, pauses):
    """EMR is asked for that cluster instead; the others are known."""
    ledger, stubber = stubbed
    queue(stubber, "ab", "a", "b")
    for _ in PAUSES:
        queue(stubber, "b", "", "b")
    assert list(ledger.entries(["a", "b"], NOW)) == ["a"]
    assert pauses == list(PAUSES)


@pytest.mark.parametrize("seconds", [0, 1, 899])
def test_a_turn_is_taken_once_in_each_pause(ledger, seconds):
    """Whoever comes during the pause is not served."""
    pause = timedelta(minutes=15)
    assert ledger.take_turn("evaluation", NOW, pause)
    assert not ledger.take_turn("evaluation", NOW + timedelta(seconds=seconds), pause)
    assert ledger.take_turn("other", NOW, pause)
    assert ledger.take_turn("evaluation", NOW + pause, pause)
    assert not ledger.take_turn("evaluation", NOW + pause, pause)


def test_a_turn_that_is_given_back_is_the_next_ones_and_only_by_whoever_has_it(ledger):
    """Giving back a turn that another has by now would let two have it."""
    pause = timedelta(minutes=15)
    ledger.take_turn("evaluation", NOW, pause)
    ledger.release_turn("evaluation", NOW, pause)
    assert ledger.take_turn("evaluation", NOW, pause)
    ledger.release_turn("evaluation", NOW - pause, pause)
    assert not ledger.take_turn("evaluation", NOW, pause)


CALLS = {
    "batch_get_item": lambda ledger: ledger.entries(["j-1"], NOW),
    "update_item": lambda ledger: ledger.store(facts(), NOW),
    "put_item": lambda ledger: ledger.take_turn("evaluation", NOW, timedelta(minutes=1)),
}
OPERATIONS = {
    "batch_get_item": "BatchGetItem",
    "update_item": "UpdateItem",
    "put_item": "PutItem",
}
every_call = pytest.mark.parametrize("method", CALLS)


@every_call
@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_refusal_is_a_ledger_error(stubbed, method, code):
    """It names the call and the cause, and is no answer."""
    ledger, stubber = stubbed
    stubber.add_client_error(method, code, "no")
    with pytest.raises(LedgerError, match=f"{OPERATIONS[method]}: {code}: no"):
        CALLS[method](ledger)


@every_call
def test_no_answer_is_a_ledger_error(method):
    """A network that is down is told as what it is."""
    ledger = Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION)
    with (
        unreachable("dynamodb"),
        pytest.raises(LedgerError, match=f"{OPERATIONS[method]}: EndpointConnectionError"),
    ):
        CALLS[method](ledger)


def test_writing_a_launcher_that_fails_is_a_ledger_error(stubbed):
    """It is the same call as storing facts."""
    ledger, stubber = stubbed
    stubber.add_client_error("update_item", "ThrottlingException", "no", expected_params=None)
    with pytest.raises(LedgerError, match="UpdateItem: ThrottlingException"):
        ledger.store_launcher("j-1", ANA, NOW)


def test_an_entry_holds_nothing_but_facts_times_and_the_launcher(stubbed):
    """Nothing of an answer of AWS is stored as it came."""
    ledger, stubber = stubbed
    values = {":facts": ANY, ":schema": ANY, ":described": ANY, ":expires": ANY}
    stubber.add_response(
        "update_item",
        {},
        {
            "TableName": TABLE,
            "Key": key("j-1"),
            "UpdateExpression": ANY,
            "ExpressionAttributeNames": ANY,
            "ExpressionAttributeValues": values,
        },
    )
    ledger.store(facts(), NOW)


def _spoilt(name, value):
    """Write facts of which one member is of a type that no facts have."""
    document = json.loads(encode(facts("j-1")))
    *path, last = name.split(".")
    place = document
    for each in path:
        place = place[each]
    place[last] = value
    return json.dumps(document)


SPOILT = [
    ("name", 7),
    ("name", None),
    ("created", "2026-01-01T00:00:00"),
    ("applications", [["Spark"]]),
    ("settings", [{"classification": "a", "property": "b", "value": True}]),
    ("has_fleets", "no"),
    ("exemption", {}),
    ("primary_nodes", True),
    ("security_configuration.name", 7),
    ("security_configuration.body.local_disk_encryption", 1),
    ("security_configuration.body.certificates.validity_days", "9999"),
]
SHAPES = [
    ("no time", {"expires": None}),
    ("a time that is no number", {"expires": {"S": "soon"}}),
    ("a time of another type", {"expires": {"L": []}}),
    ("no facts", {"facts": None}),
    ("facts of another type", {"facts": {"N": "7"}}),
    ("facts that are no JSON", {"facts": {"S": "{"}}),
    ("facts that are no object", {"facts": {"S": "[]"}}),
    ("facts that lack members", {"facts": {"S": "{}"}}),
    ("facts nested too deeply", {"facts": {"S": "[" * 100_000}}),
    ("the facts of another cluster", {"facts": {"S": encode(facts("j-2"))}}),
    ("no schema", {"schema": None}),
    ("a schema to come", {"schema": {"N": str(SCHEMA_VERSION + 1)}}),
    ("no time of description", {"described": None}),
    ("a time of description without a zone", {"described": {"S": "2026-03-01T12:00:00"}}),
    ("a time of description that is none", {"described": {"S": "lately"}}),
    (
        "a time of description to come",
        {"described": {"S": (NOW + timedelta(minutes=16)).isoformat()}},
    ),
    *(
        (f"facts whose {name} is {value!r}", {"facts": {"S": _spoilt(name, value)}})
        for name, value in SPOILT
    ),
    ("a launcher of another type", {"launchedBy": {"L": []}}),
    ("a launcher that is no attribute at all", {"launchedBy": {"M": {}}}),
]


@pytest.mark.parametrize("change", [each[1] for each in SHAPES], ids=[each[0] for each in SHAPES])
def test_an_entry_of_another_shape_counts_as_none_and_costs_no_other_its_own(table, ledger, change):
    """Whoever wrote it: the cluster is described anew, and the others are known as before."""
    ledger.store(facts("j-1"), NOW)
    ledger.store(facts("j-3"), NOW)
    [item] = [each for each in items() if each["sk"]["S"] == "j-1"]
    changed = {name: value for name, value in (item | change).items() if value is not None}
    table.put_item(TableName=TABLE, Item=changed)
    found = ledger.entries(["j-1", "j-3"], NOW)
    is_about_the_launcher = "launchedBy" in change
    known = found["j-1"].facts if "j-1" in found else None
    assert known == (facts("j-1") if is_about_the_launcher else None)
    assert found["j-3"] == Entry(facts("j-3"), NOW, "")
