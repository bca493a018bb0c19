"""What version 0.1.0 left behind is read by the code of today."""

import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.alerting.episode import Episode, State, Step, fingerprint, next_step
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.ledger import Ledger, decode
from emr_in_transit.judgement.facts import PropertySetting
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.parameters import parse_parameters

FOLDER = Path(__file__).parent / "documents" / "0.1.0"
ITEMS = json.loads((FOLDER / "ledger.json").read_text())
ACCOUNT, REGION = "123456789012", "eu-west-1"


def filled_table():
    """Make the ledger of 0.1.0; return a client and the table's name."""
    client = boto3.client("dynamodb", REGION)
    names = ("pk", "sk")
    client.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    for item in ITEMS:
        client.put_item(TableName="ledger", Item=item)
    return client


def part(name):
    return [each for each in ITEMS if each["pk"]["S"].endswith(f"/{name}")]


@mock_aws
def test_no_cluster_is_described_again_for_nothing():
    """Only those whose verdict rests on properties that 0.1.0 did not keep; who launched stays."""
    described = {each["sk"]["S"]: each for each in part("cluster")}
    oldest = min(float(each["expires"]["N"]) for each in described.values())
    ledger = Ledger(filled_table(), "ledger", ACCOUNT, REGION)

    entries = ledger.entries(list(described), datetime.fromtimestamp(oldest, UTC))

    names = {each: json.loads(item["facts"]["S"])["name"] for each, item in described.items()}
    remembered = {names[each] for each, entry in entries.items() if entry.facts}
    anew = {names[each] for each, entry in entries.items() if not entry.facts}
    assert remembered == {"without-configuration", "ended", "alert-refused"}
    assert anew == {"compliant", "many-applications", "override"}
    assert all(entry.launched_by for entry in entries.values())


@pytest.mark.parametrize("coverage", ["configured", "complete"])
@mock_aws
def test_no_violation_is_told_again_unless_it_grew(coverage):
    """What was told by 0.1.0 covers what is found today on the same clusters."""
    episodes = Episodes(filled_table(), "ledger", ACCOUNT, REGION).read_all(CLUSTER_TYPE).episodes
    told = {each: episode for each, episode in episodes.items() if episode.state is State.SENT}
    stored = {each["sk"]["S"]: json.loads(each["facts"]["S"]) for each in part("cluster")}
    parameters = parse_parameters({"coverage": coverage})

    steps = {}
    for cluster_id, episode in told.items():
        facts = facts_of(stored[cluster_id])
        found = fingerprint(judge_cluster(facts, parameters, facts.created))
        # Those of 0.1.0 with coverage=complete had this reason as well.
        sent = episode.sent | ({"TRAFFIC_NOT_COVERED"} if coverage == "complete" else set())
        assert found
        steps[facts.name] = next_step(episode._replace(sent=sent), found, facts.created)
    assert steps == {"without-configuration": Step.NOTHING, "override": Step.NOTHING}


def facts_of(document):
    """Describe a cluster of 0.1.0 anew: its encryption has not changed."""
    return decode(json.dumps(document))


def test_what_is_only_weaker_today_was_told_as_more():
    """The host name verifier was an override, and every cluster that has it was alerted on."""
    weak = PropertySetting("core-site", "hadoop.ssl.hostname.verifier", "ALLOW_ALL")
    document = next(json.loads(each["facts"]["S"]) for each in part("cluster") if "compliant" in each["facts"]["S"])  # fmt: skip
    facts = facts_of(document)._replace(settings=(weak,))
    sent = frozenset({"ENCRYPTION_OVERRIDDEN:core-site/hadoop.ssl.hostname.verifier"})
    episode = Episode(State.SENT, "first", sent, sent, facts.created)

    for coverage in ("configured", "complete"):
        verdict = judge_cluster(facts, parse_parameters({"coverage": coverage}), facts.created)
        found = fingerprint(verdict) - {"TRAFFIC_NOT_COVERED"}
        assert found == ({f"ENCRYPTION_WEAKENED:{weak.classification}/{weak.property}"} if coverage == "complete" else set())  # fmt: skip
        assert next_step(episode, found, facts.created) is Step.NOTHING


@mock_aws
def test_episodes_keep_their_state_and_what_was_sent():
    """No episode is lost, so nothing is told anew."""
    episodes = Episodes(filled_table(), "ledger", ACCOUNT, REGION)

    found = {
        f"{kind}/{resource_id}": episode
        for kind in ("AWS::EMR::Cluster", "AWS::EMR::SecurityConfiguration")
        for resource_id, episode in episodes.read_all(kind).episodes.items()
    }

    assert {each.state for each in found.values()} == set(State)
    assert {each: sorted(episode.sent) for each, episode in found.items()} == {
        each["sk"]["S"]: sorted(sent["S"] for sent in each["sent"]["L"]) for each in part("episode")
    }
