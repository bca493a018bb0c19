"""Names are data: whatever a cluster is called, subject, document, email and log stay well formed."""

import json
import re

import pytest

NAMES = {
    "line breaks": "etl\r\nSubject: all is well\n\ttab",
    "quotes": """it's "quoted" \\" \\n {"a": "b"}""",
    "markup": "<script>alert(1)</script> &amp; <b>bold</b> ${name} {0} %s",
    "emoji": "🚀 nightly 👩‍👩‍👧 \U0001f512",
    "right to left": "\u202egpj.elgoog\u202c \u200f\u05e9\u05dc\u05d5\u05dd",
    "300 characters": "é" + "long-name " * 29 + "the end.!",
    "300 emoji": "🔒" * 300,
    "spaces": "   ",
}


@pytest.fixture(scope="module")
def told(watched):
    """By the name of each cluster, its message, its email and the id of the cluster."""
    watched.tidy()
    watched.simulator.set_events(cloudtrail=False)
    clusters = {watched.launch_and_wait(name): name for name in NAMES.values()}
    messages = watched.messages()
    emails = {email["subject"]: email for email in watched.emails()}
    assert [watched.sweep()["ok"] for _ in range(2)] == [True, True]
    return {
        clusters[message.document["resourceId"]]: (message, emails[message.subject])
        for message in messages
    }


def test_every_cluster_is_told(told):
    """No name keeps an alert from being sent."""
    assert told.keys() == set(NAMES.values())


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_nothing_of_a_name_is_lost_from_the_document(told, name):
    """Machines get the name as it is."""
    message, _ = told[name]
    assert message.document["resourceName"] == name


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_subject_is_one_printable_line_of_ascii(told, name):
    """SNS takes fewer than 100 characters; what is not ASCII becomes a question mark."""
    message, _ = told[name]
    assert re.fullmatch(r"EMR cluster [ -~]{1,87}", message.subject)
    assert message.subject.endswith(" not encrypted in transit (eu-west-1, 123456789012)")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_breaks_no_line_of_the_email(told, name):
    """Whoever reads it sees the same lines, whatever the name says, and in the right direction."""
    message, email = told[name]
    lines = email["body"].splitlines()
    assert lines[0].startswith('The EMR cluster "')
    assert lines[0].endswith('" does not encrypt its data in transit.')
    (shown,) = [line for line in lines if line.startswith("Cluster:")]
    assert shown.endswith(f"({message.document['resourceId']})")
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("Subject:") for line in email["text"].splitlines()) == 1


def test_every_line_of_the_logs_is_one_json_object(told, watched):
    """A name that breaks lines would forge log entries, or hide what is behind it."""
    lines = watched.log("LaunchCheckLogGroupName") + watched.log("RuleLogGroupName")
    records = [json.loads(line) for line in lines]
    verdicts = [each for each in records if each.get("message") == "verdict"]
    assert len(verdicts) >= 2 * len(NAMES)
    assert all(each["resource_name"].isprintable() for each in verdicts)
    told_ids = {message.document["resourceId"] for message, _ in told.values()}
    assert told_ids <= {each["resource_id"] for each in verdicts}


def test_every_name_is_recorded(told, watched):
    """AWS Config takes the annotation of every cluster."""
    results = watched.results()
    for message, _ in told.values():
        assert results[message.document["resourceId"]]["ComplianceType"] == "NON_COMPLIANT"
