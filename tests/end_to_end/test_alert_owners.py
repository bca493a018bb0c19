"""Whom alerts reach: the owners of a cluster by its tags, and a chat by what Amazon Q shows."""

import json

import pytest

from emr_in_transit import __version__
from tests.end_to_end.watched import CONFIGURATION

DOCUMENTS = "https://git.example.com/team/rule/blob"
PARAMETERS = {
    "AlertTagKeys": "owner,cost centre",
    "AlertFormat": "chat",
    "DocumentsUrl": DOCUMENTS,
}
OWNED = {"ana": "payments", "ben": "search"}


@pytest.fixture(scope="module")
def queues(watched):
    """By owner, a queue that gets what concerns that owner's clusters, and nothing else."""
    return {
        owner: watched.subscribe(
            owner, RawMessageDelivery="true", FilterPolicy=json.dumps({"tag.owner": [owner]})
        )
        for owner in OWNED
    }


def tags(owner):
    return [
        {"Key": "owner", "Value": owner},
        {"Key": "cost centre", "Value": OWNED[owner]},
        {"Key": "unasked", "Value": "never to be seen"},
    ]


def test_each_owner_gets_what_concerns_the_own_clusters(alerts, queues):
    """At launch and from the sweep, in the document and by the filter; other tags go nowhere."""
    clusters = {owner: alerts.launch_and_wait("etl", Tags=tags(owner)) for owner in OWNED}
    alerts.simulator.set_events(drop=True)
    missed = alerts.launch_and_wait("missed", Tags=tags("ana"))
    alerts.launch_and_wait("nobody's")
    assert alerts.sweep()["ok"]

    got = {owner: [json.loads(each) for each in alerts.drain(url)] for owner, url in queues.items()}
    assert {owner: [each["resourceId"] for each in told] for owner, told in got.items()} == {
        "ana": [clusters["ana"], missed],
        "ben": [clusters["ben"]],
    }
    for owner, told in got.items():
        assert {json.dumps(each["tags"]) for each in told} == {
            json.dumps({"owner": owner, "cost centre": OWNED[owner]})
        }
    messages = alerts.messages()
    assert len(messages) == 4, "who does not filter gets all"
    # At launch and from the sweep: the section of the reason, of the version that is deployed.
    assert {each.document["howTo"] for each in messages} == {
        f"{DOCUMENTS}/v{__version__}/docs/reasons.md#no_security_configuration"
    }
    assert {each.attributes.get("tag.cost_centre") for each in messages} == {*OWNED.values(), None}
    log = "".join(alerts.log("LaunchCheckLogGroupName") + alerts.log("RuleLogGroupName"))
    assert '"owner": "ben"' in log
    stored = json.dumps(alerts.ledger.entry(missed))
    assert "ana" in stored
    for text in (log, stored, json.dumps([each.document for each in messages])):
        assert "never to be seen" not in text


def test_a_digest_reaches_every_owner_of_a_cluster_in_it(alerts, queues):
    """One message for twelve clusters; whoever owns none of them does not get it."""
    alerts.simulator.set_events(drop=True)
    for number in range(12):
        alerts.launch(f"etl-{number}", Tags=tags("ana"))
    alerts.simulator.settle()
    for url in queues.values():
        alerts.drain(url)
    assert alerts.sweep()["ok"]
    (message,) = alerts.messages()
    assert message.document["kind"] == "digest"
    assert [len(alerts.drain(queues[owner])) for owner in ("ana", "ben")] == [1, 0]


def test_the_default_text_is_what_a_chat_shows_and_queues_and_people_get_theirs(alerts):
    """A channel of Amazon Q is an HTTPS subscriber like any other, and gets the default."""
    before = len(alerts.published())
    cluster = alerts.launch_and_wait("<!channel> @here", Tags=tags("ana"))
    (queued,) = alerts.messages()
    assert (queued.document["kind"], queued.document["resourceId"]) == ("violation", cluster)
    (shown,) = alerts.published()[before:]
    assert (shown.document["version"], shown.document["source"]) == ("1.0", "custom")
    content = shown.document["content"]
    assert "Tag owner: ana" in content["description"]
    assert not set("<>@") & set(content["title"] + content["description"])
    assert shown.document["metadata"]["threadId"] == queued.document["alertId"]
    (email,) = alerts.emails()
    assert "<!channel> @here" in email["body"]


def test_certificates_that_expire_are_told_to_those_who_use_them(alerts, queues):
    """Once for the configuration, with the tags of the clusters that use it."""
    managed = {"CertificateProviderType": "EMR", "ValidityInDays": 20}
    name = alerts.configure("managed", **managed)
    for owner in OWNED:
        alerts.launch_and_wait("etl", name, Tags=tags(owner))
    assert alerts.messages() == []
    for url in queues.values():
        alerts.drain(url)
    assert [alerts.sweep()["ok"] for _ in range(2)] == [True, True]
    (message,) = alerts.messages()
    assert (message.document["kind"], message.document["resourceType"]) == (
        "expiring",
        CONFIGURATION,
    )
    assert message.document["clusterCount"] == 2
    assert [len(alerts.drain(url)) for url in queues.values()] == [1, 1]
