"""What version 0.1.0 left behind is read by the code of today."""

import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
from moto import mock_aws

from emr_in_transit.alerting.episode import State
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.ledger import Ledger

FOLDER = Path(__file__).parent / "documents" / "0.1.0"
ITEMS = json.loads((FOLDER / "ledger.json").read_text())
ACCOUNT, REGION = "123456789012", "eu-west-1"


def filled_table():
    """Make the ledger of 0.1.0; answer a client and the table's name."""
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
def test_remembered_clusters_are_not_described_again():
    """Every entry of a cluster still gives its facts."""
    described = {each["sk"]["S"]: each for each in part("cluster")}
    oldest = min(float(each["expires"]["N"]) for each in described.values())
    ledger = Ledger(filled_table(), "ledger", ACCOUNT, REGION)

    entries = ledger.entries(list(described), datetime.fromtimestamp(oldest, UTC))

    assert len(described) == 6
    assert {each: entry.facts.cluster_id for each, entry in entries.items()} == {
        each: each for each in described
    }


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
