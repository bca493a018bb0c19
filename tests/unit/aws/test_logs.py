"""Metrics: an embedded metric document that CloudWatch takes, at the top level of a log line."""

import json
import logging
from datetime import UTC, datetime

import pytest

from emr_in_transit.alerting.alert import Judged, cluster_resource
from emr_in_transit.aws.logs import NAMESPACE, TAG_LIMIT, facts_hash, log_verdict, metric_fields
from emr_in_transit.sweep_result import SweepResult
from tests.support.builders import JUDGED_BY, exempt, facts, judged

NOW = datetime(2026, 5, 6, 12, 0, 0, 250_000, tzinfo=UTC)
# The specification of the embedded metric format (CloudWatch User Guide).
UNITS = {"Seconds", "Milliseconds", "Bytes", "Percent", "Count", "None"}
# What a log record has of its own; logging refuses them in ``extra``.
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@pytest.fixture
def fields():
    return metric_fields("rule", SweepResult(problems={}).metrics(), NOW)


def test_the_document_is_one_of_the_embedded_metric_format(fields):
    """A namespace, dimensions that are texts, metrics that are numbers, all at the top level."""
    document = json.loads(json.dumps(fields))
    about = document["_aws"]
    assert about["Timestamp"] == 1778068800250
    assert 1 <= len(about["CloudWatchMetrics"]) <= 100
    for directive in about["CloudWatchMetrics"]:
        assert 1 <= len(directive["Namespace"]) <= 1024
        assert all(len(dimensions) <= 30 for dimensions in directive["Dimensions"])
        for name in [each for dimensions in directive["Dimensions"] for each in dimensions]:
            assert isinstance(document[name], str)
            assert document[name]
        for metric in directive["Metrics"]:
            assert metric["Unit"] in UNITS
            assert type(document[metric["Name"]]) is int


def test_every_metric_of_a_sweep_is_counted_and_nothing_else(fields):
    """One function is one set of metrics."""
    [directive] = fields["_aws"]["CloudWatchMetrics"]
    names = [each["Name"] for each in directive["Metrics"]]
    assert names == list(SweepResult(problems={}).metrics())
    assert fields.keys() == {"_aws", "FunctionName", *names}
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [["FunctionName"]])
    assert (fields["FunctionName"], fields["SweepsFinished"]) == ("rule", 1)


def test_the_fields_go_through_extra_beside_the_summary(fields, caplog):
    """Logging refuses names of its own, and neither hides a field of the other."""
    summary = SweepResult(problems={}).summary()
    assert not (fields.keys() | summary.keys()) & OWN
    assert not fields.keys() & summary.keys()
    with caplog.at_level(logging.INFO):
        logging.getLogger("emr_in_transit.sweep").info("sweep finished", extra=summary | fields)
    [record] = caplog.records
    assert record._aws == fields["_aws"]
    assert record.live == 0


def test_the_line_of_an_exempt_cluster_says_by_which_tag_until_when_and_why(caplog):
    """In one line each, whatever somebody has written into a tag."""
    verdict = exempt(None, "a\nreason" + "x" * 300)
    tagged = facts(tags=(("owner", "ana\u2028"), ("note", "y" * 300)))
    caplog.set_level(logging.INFO)
    about = Judged(cluster_resource(tagged, "RUNNING", ""), verdict)
    log_verdict(logging.getLogger("any"), about, tagged, JUDGED_BY)
    [record] = caplog.records
    assert (record.exemption["tag"], record.exemption["until"]) == ("exempt", None)
    assert record.exemption["text"].startswith("a reasonx")
    assert record.tags["owner"] == "ana"
    assert {len(record.exemption["text"]), len(record.tags["note"])} == {TAG_LIMIT}


def test_the_tags_that_say_whom_to_tell_are_no_part_of_what_a_verdict_rests_on():
    """Another setting of the function changes no evidence."""
    assert facts_hash(facts(tags=(("owner", "ana"),))) == facts_hash(facts())


def test_a_line_says_whom_it_judges_and_what_it_rests_on(caplog):
    """An account's lines can lie beside those of others; a name alone can be one made anew."""
    known = facts()
    about = Judged(cluster_resource(known, "RUNNING", "arn:aws:iam::1:user/a\nb"), judged().verdict)
    log_verdict(logging.getLogger("any"), about, known, JUDGED_BY)
    log_verdict(logging.getLogger("any"), about, known.security_configuration, JUDGED_BY)
    log_verdict(logging.getLogger("any"), about, None, JUDGED_BY)
    of_cluster, of_configuration, of_what_has_gone = caplog.records
    assert (of_cluster.account, of_cluster.region, of_cluster.rule) == JUDGED_BY
    assert of_cluster.launched_by == "arn:aws:iam::1:user/a b"
    assert of_cluster.cluster_created == known.created.isoformat()
    configured = known.security_configuration.created.isoformat()
    assert of_cluster.security_configuration_created == configured
    assert of_configuration.security_configuration_created == configured
    rests_on = {"facts_hash", "cluster_created", "security_configuration_created"}
    assert rests_on - set(vars(of_configuration)) == {"cluster_created"}
    assert rests_on & set(vars(of_what_has_gone)) == {"facts_hash"}


def test_a_line_on_what_is_not_exempt_has_nothing_of_an_exemption(caplog):
    """Nor of tags that the cluster does not have."""
    log_verdict(logging.getLogger("any"), judged(), facts(), JUDGED_BY)
    [record] = caplog.records
    assert not {"exemption", "tags", "launched_by"} & set(vars(record))
