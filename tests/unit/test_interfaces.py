"""Names that other people's software reads: changing one breaks a filter, a query or a dashboard.

A new name is added here and in CHANGELOG.md; one that is renamed or goes is a new major version.
"""

import json
import logging

import pytest
from moto import mock_aws

from emr_in_transit.alerting.alert import DetectedBy, Kind
from emr_in_transit.alerting.episode import (
    Delivery,
    Episode,
    State,
    claimed_episode,
    episode_key,
    held_episode,
)
from emr_in_transit.alerting.messages import attributes, chat, document
from emr_in_transit.alerting.security_hub_finding import closed_finding, open_finding
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.aws.logs import NAMESPACE, VERDICT_VERSION, log_verdict
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.verdict import Compliance
from emr_in_transit.sweep_result import SweepResult
from tests.support.builders import (
    ACCOUNT,
    EXEMPTED,
    EXPIRING,
    GOOD,
    JUDGED_BY,
    REGION,
    TABLE,
    alert,
    facts,
    items,
    judged,
    make_table,
    many,
    origin,
    violating,
)
from tests.support.facts import NOW

SWEEP = SweepResult(problems={})
TAGS = (("owner", "ana"),)
COMMON = {
    *("schemaVersion", "kind", "alertId", "time", "account", "region"),
    *("detectedBy", "ruleName", "functionArn", "nextStep", "howTo"),
}
RESOURCE = {
    *("resourceType", "resourceId", "resourceName", "complianceType", "securityConfiguration"),
    *("findings", "consoleUrl", "state", "release", "launchedBy", "tags"),
}


def test_the_fields_of_the_summary_line():
    """CloudWatch Logs Insights queries are written against them."""
    assert set(SWEEP.summary()) == {
        *("live", "compliant", "non_compliant", "not_applicable", "exempted_violations", "retired"),
        *("deferred", "put", "unchanged", "emr_calls", "alerts", "could_not_tell"),
        *("ledger_disagrees", "held_back"),
    }
    with_bundles = SWEEP._replace(bundles_not_read=0)
    assert set(with_bundles.summary()) - set(SWEEP.summary()) == {"bundles_not_read"}


def test_the_metrics():
    """Alarms and dashboards name them."""
    assert NAMESPACE == "EmrInTransitEncryption"
    assert set(SWEEP.metrics()) == {
        *("SweepsFinished", "ClustersJudged", "Violations", "CouldNotTell", "Deferred", "EmrCalls"),
        *("LedgerDisagrees", "AlertsHeldBack", "ExemptedViolations"),
    }
    with_bundles = SWEEP._replace(bundles_not_read=0)
    assert set(with_bundles.metrics()) - set(SWEEP.metrics()) == {"BundlesNotRead"}


def test_the_fields_of_a_verdict_line(caplog):
    """What became of a cluster is looked up by them, and evidence is made from them."""
    log_verdict(logging.getLogger("any"), judged(), facts("j-1"), JUDGED_BY)
    [record] = caplog.records
    own = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    assert record.message == "verdict"
    assert VERDICT_VERSION == 1
    assert set(vars(record)) - own == {
        *("verdict_version", "account", "region", "rule"),
        *("resource_type", "resource_id", "resource_name", "cluster_created"),
        *("compliance", "reasons", "annotation", "findings"),
        *("security_configuration", "security_configuration_created", "release", "facts_hash"),
    }
    assert set(record.findings[0]) == {"reason", "severity", "detail"}
    caplog.clear()
    owned = EXEMPTED._replace(resource=EXEMPTED.resource._replace(tags=TAGS, launched_by="ana"))
    caplog.set_level(logging.INFO)
    log_verdict(logging.getLogger("any"), owned, facts("j-1"), JUDGED_BY)
    [record] = caplog.records
    assert record.exemption == {"tag": "exempt", "text": "2026-06-30 test", "until": "2026-06-30"}
    assert record.tags == {"owner": "ana"}
    assert record.launched_by == "ana"


def test_the_fields_of_a_message():
    """Ticket systems and chat bots read them."""
    one, digest = document(alert()), document(alert(*many(11)))
    assert set(one) == COMMON | RESOURCE
    assert set(one["findings"][0]) == {"reason", "severity", "detail", "remedy"}
    assert set(digest) == COMMON | {"part", "parts", "counts", "remedies", "resources"}
    assert set(digest["resources"][0]) == RESOURCE


def test_the_fields_of_a_message_that_links_to_the_documents():
    """Those of before, and where each reason is described."""
    known = origin()._replace(documents="https://git.example.com/blob/v0.2.0")
    one, digest = document(alert(origin=known)), document(alert(*many(11), origin=known))
    assert set(one) == COMMON | RESOURCE
    assert set(one["findings"][0]) == {"reason", "severity", "detail", "remedy", "howTo"}
    assert set(digest) - set(document(alert(*many(11)))) == {"howToByReason"}


def test_the_fields_of_a_message_on_what_is_exempt():
    """Whoever grants exemptions follows them by these."""
    told = document(alert(EXEMPTED))
    assert set(told) == COMMON | RESOURCE | {"exemption"}
    assert set(told["exemption"]) == {"tag", "text", "until"}


def test_the_fields_of_a_message_on_certificates():
    """It is about a security configuration, and the clusters that use it."""
    of_configuration = RESOURCE - {"state", "release", "launchedBy", "tags"}
    told = document(alert(EXPIRING))
    assert set(told) == COMMON | of_configuration | {"clusters", "clusterCount"}


def test_the_members_of_a_chat_message():
    """Those that Amazon Q in chat applications knows: it drops a message with any other schema."""
    told = chat(alert())
    assert set(told) == {"version", "source", "id", "content", "metadata"}
    assert (told["version"], told["source"]) == ("1.0", "custom")
    assert set(told["content"]) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert told["content"]["textType"] == "client-markdown"
    assert set(told["metadata"]) == {
        *("threadId", "summary", "eventType", "relatedResources", "additionalContext"),
    }


def test_the_fields_of_a_message_that_was_cut_to_fit():
    """Whoever reads it knows that it is not all."""
    cut = document(alert(judged(violating(*list(Reason)[:3]))), 1)
    assert set(cut) == COMMON | RESOURCE | {"findingsLeftOut"}
    assert cut["findingsLeftOut"] == 2


def test_the_field_of_a_digest_that_may_repeat_an_earlier_message():
    """Whoever counts alerts does not count it twice."""
    repeating = alert(*many(11))._replace(earlier={"j-003": "alert-0"})
    resources = document(repeating)["resources"]
    assert set(resources[3]) == RESOURCE | {"earlierAlertId"}
    assert [each["resourceId"] for each in resources if "earlierAlertId" in each] == ["j-003"]


def test_the_message_attributes():
    """Filter policies of subscriptions name them; a tag's name stands behind ``tag.``."""
    owned = judged()._replace(resource=judged().resource._replace(tags=TAGS))
    assert set(attributes(alert(owned))) - set(attributes(alert())) == {"tag.owner"}
    assert set(attributes(alert())) == {
        *("account", "region", "resourceType", "complianceType", "reasons", "detectedBy"),
    }


def test_the_kinds_and_values():
    """Each stands in messages, results or the ledger as it is here."""
    kinds = {
        alert().kind,
        alert(judged(GOOD)).kind,
        alert(*many(11)).kind,
        alert(*many(11, GOOD)).kind,
        *(alert(each).kind for each in (EXEMPTED, EXPIRING)),
        *(alert(each, each).kind for each in (EXEMPTED, EXPIRING)),
    }
    assert kinds == {
        *("violation", "resolved", "exempted", "expiring"),
        *("digest", "resolvedDigest", "exemptedDigest", "expiringDigest"),
    }
    assert {each.value for each in Kind} == {"violation", "resolved", "exempted", "expiring"}
    announcement = alert(announces=True)
    assert announcement.kind == "moreToFollow"
    assert set(document(announcement)) == COMMON | {"resourceType", "text"}
    assert {each.value for each in DetectedBy} == {
        *("LAUNCH_CHECK", "SWEEP", "CONFIGURATION_CHANGE"),
    }
    assert {each.value for each in State} == {"pending", "sent", "closed"}
    assert {each.value for each in Severity} == {"VIOLATION", "WARNING"}
    assert {each.value for each in Compliance} == {"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}
    assert all(reason.value == reason.name for reason in Reason)
    assert len(Delivery) == 7


@pytest.fixture
def table():
    """An empty ledger."""
    with mock_aws():
        yield make_table()


def test_the_keys_of_the_ledger(table):
    """The next version reads what this one has written, and the other way round after a rollback."""
    ledger = Ledger(table, TABLE, ACCOUNT, REGION)
    ledger.store(facts("j-1"), NOW)
    ledger.store_launcher("j-1", "arn:aws:iam::111122223333:user/ana", NOW)
    ledger.take_turn("evaluation", NOW, NOW - NOW)
    episode = claimed_episode(None, frozenset({"X"}), "alert-1", NOW)
    episodes = Episodes(table, TABLE, ACCOUNT, REGION)
    episodes.put("AWS::EMR::Cluster", "j-1", episode)
    assert episodes.count("AWS::EMR::SecurityConfiguration", NOW) == 1
    found = {each["pk"]["S"]: (each["sk"]["S"], set(each)) for each in items()}
    keys = {"pk", "sk"}
    described = {"facts", "schema", "described", "launchedBy", "expires"}
    claimed = {"state", "alertId", "claimed", "sent", "leaseUntil", "version"}
    assert found == {
        f"{ACCOUNT}/{REGION}/cluster": ("j-1", keys | described),
        f"{ACCOUNT}/{REGION}/episode": ("AWS::EMR::Cluster/j-1", keys | claimed),
        f"{ACCOUNT}/{REGION}/turn": ("evaluation", keys | {"expires"}),
        f"{ACCOUNT}/{REGION}/count": (
            f"AWS::EMR::SecurityConfiguration/{int(NOW.timestamp()) // 600}",
            keys | {"calls", "expires"},
        ),
    }
    held = held_episode(episode, frozenset({"X"}), "{}", NOW)
    episodes.put("AWS::EMR::Cluster", "j-1", held)
    [item] = [each for each in items() if each["sk"]["S"] == "AWS::EMR::Cluster/j-1"]
    assert set(item) == keys | claimed | {"held"}
    assert item["state"] == {"S": "pending"}, "version 0.1.0 knows no other, after a rollback"
    assert isinstance(episode, Episode)
    assert {kind: episode_key(EXPIRING, kind) for kind in Kind} == {
        Kind.VIOLATION: ("AWS::EMR::SecurityConfiguration", "managed"),
        Kind.RESOLVED: ("AWS::EMR::SecurityConfiguration", "managed"),
        Kind.EXEMPTED: ("exempted:AWS::EMR::SecurityConfiguration", "managed"),
        Kind.EXPIRING: (
            "expiring:AWS::EMR::SecurityConfiguration",
            "2025-01-15T00:00:00Z/managed",
        ),
    }


def test_the_members_of_a_finding_in_security_hub():
    """Insights and automation rules filter by them."""
    opened = open_finding(judged(), origin(), None, NOW)
    kept = {
        *("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt"),
        *("Title", "Remediation", "SourceUrl", "Resources"),
    }
    assert set(opened) == kept | {
        *("UpdatedAt", "Description", "FindingProviderFields", "ProductFields"),
        *("Compliance", "RecordState"),
    }
    assert set(opened["ProductFields"]) == {"sentBy", "detectedBy"}
    assert opened["Id"] == f"emr-in-transit-encryption/{ACCOUNT}/{REGION}/AWS::EMR::Cluster/j-1"
    closed = closed_finding(opened, None, NOW)
    assert set(closed) == kept | {
        *("UpdatedAt", "Description", "FindingProviderFields", "Compliance", "RecordState"),
    }
    assert json.dumps(closed)
