"""Door 3 in process: moto for EMR, DynamoDB and SNS, a Config that has rules, and what is raised."""

import copy
import json
import logging
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws
from moto.config.responses import ConfigResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.emr.models import emr_backends

import launch_check
from emr_in_transit import launch as way_in
from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.alerting.alerting import ClaimedElsewhereError
from emr_in_transit.alerting.episode import LEASE, State, claimed_episode, closed_episode
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.errors import CouldNotTellError, PublishError
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.judgement.parameters import ParameterError
from tests.support.builders import (
    ACCOUNT,
    FUNCTION_ARN,
    REGION,
    RULE,
    TABLE,
    Inbox,
    client,
    items,
    make_table,
    on,
    refusing,
    refusing_some,
    unreachable,
)
from tests.support.doors import OFF, PEM, Context, launch, move_clock
from tests.unit.aws.test_rules import given, rule
from tests.unit.test_launch_events import EVENTS

ANA = "arn:aws:sts::111122223333:assumed-role/Analyst/ana"
STARTING, CALL = EVENTS["state-change-starting"], EVENTS["run-job-flow"]
BAD = {"outcome": "NON_COMPLIANT"}


class CheckContext(Context):
    """The launch check is another function than the rule."""

    invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:launch-check"


class Aws:
    """What the launch check meets, and what it has asked Config for."""

    def __init__(self):
        make_table()
        self.emr = client("emr")
        self.inbox = Inbox()
        self.rules = [rule("any-name")]
        self.evaluations = []
        self.slept = []
        self.episodes = Episodes(client("dynamodb"), TABLE, ACCOUNT, REGION)
        self.ledger = Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION)

    def starts(self, cluster_id):
        return self.run(STARTING, "clusterId", cluster_id)

    def called(self, cluster_id):
        return self.run(CALL, "responseElements", {"jobFlowId": cluster_id})

    def run(self, event, member, value):
        event = copy.deepcopy(event)
        event["detail"][member] = value
        # Each run reads the parameters anew, as a cold function does.
        way_in._rule_of.cache_clear()
        return launch_check.lambda_handler(event, CheckContext())

    def episode(self, cluster_id):
        return self.episodes.get(CLUSTER_TYPE, cluster_id)

    def described(self):
        """Count the calls of DescribeCluster from now on."""
        asked = []
        return asked, on(
            "emr", "before-call.emr.DescribeCluster", lambda **_: asked.append(1) or None
        )


@pytest.fixture
def aws(monkeypatch):
    """AWS as template.yml sets it up, with one rule and no cluster."""

    def client_of(service, region=None):
        assert region in {None, REGION}
        return client(service)

    with mock_aws():
        place = Aws()
        monkeypatch.setattr(boto3, "client", client_of)
        monkeypatch.setattr(way_in.time, "sleep", place.slept.append)
        monkeypatch.setattr(
            ConfigResponse,
            "describe_config_rules",
            lambda _: json.dumps({"ConfigRules": place.rules}),
        )

        def start(response):
            place.evaluations += json.loads(response.body)["ConfigRuleNames"]
            return "{}"

        monkeypatch.setattr(ConfigResponse, "start_config_rules_evaluation", start, raising=False)
        monkeypatch.setenv("LEDGER_TABLE", TABLE)
        monkeypatch.setenv("RULE_NAMES", f"any-name,*-conformance-pack-*,OrgConfigRule-*,{RULE}")
        monkeypatch.setenv("ALERT_TOPIC_ARN", place.inbox.arn)
        monkeypatch.setenv("RULE_FUNCTION_ARN", FUNCTION_ARN)
        yield place


@pytest.mark.parametrize("way", ["starts", "called"])
def test_a_bad_launch_is_told_at_once(aws, way):
    """By either event; the alert says how it was found, and which function sent it."""
    bad = launch(aws.emr, "off", OFF)
    assert getattr(aws, way)(bad) == BAD
    [told] = aws.inbox.documents
    assert (told["resourceId"], told["detectedBy"]) == (bad, "LAUNCH_CHECK")
    assert (told["ruleName"], told["account"]) == ("any-name", ACCOUNT)
    assert told["functionArn"] == CheckContext.invoked_function_arn
    assert told["findings"][0]["reason"] == "IN_TRANSIT_ENCRYPTION_OFF"
    assert aws.episode(bad).state is State.SENT


@pytest.mark.parametrize("way", ["starts", "called"])
def test_a_good_launch_tells_nobody_and_asks_for_nothing(aws, way):
    """Its facts are remembered for the sweep all the same."""
    good = launch(aws.emr, "pem", PEM)
    assert getattr(aws, way)(good) == {"outcome": "COMPLIANT"}
    assert (aws.inbox.told, aws.evaluations) == ([], [])
    entry = aws.ledger.entries([good], datetime.now(UTC))[good]
    assert entry.facts.security_configuration_name == "pem"


def test_both_events_in_any_number_and_order_are_one_alert_and_one_description(aws):
    """EventBridge delivers at least once, and CloudTrail comes when it comes."""
    first, second = launch(aws.emr, "off", OFF), launch(aws.emr, "off")
    asked, counting = aws.described()
    with counting:
        for way in (aws.starts, aws.called, aws.starts, aws.called):
            assert way(first) == BAD
        for way in (aws.called, aws.called, aws.starts):
            assert way(second) == BAD
    assert aws.inbox.told == [("violation", [first]), ("violation", [second])]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("ways", "told", "known"),
    [
        (["called"], ANA, ANA),
        (["called", "starts"], ANA, ANA),
        (["starts", "called"], None, ANA),
        (["starts"], None, ""),
    ],
    ids=["CloudTrail alone", "CloudTrail first", "CloudTrail later", "no CloudTrail"],
)
def test_who_launched_it_is_told_and_remembered_as_soon_as_cloudtrail_tells(aws, ways, told, known):
    """The state change does not say; the sweep's messages will."""
    bad = launch(aws.emr)
    for way in ways:
        getattr(aws, way)(bad)
    assert [each["launchedBy"] for each in aws.inbox.documents] == [told]
    assert aws.ledger.entries([bad], datetime.now(UTC))[bad].launched_by == known


def test_who_launched_it_is_told_by_the_state_change_that_comes_after_cloudtrail(aws):
    """CloudTrail's event met a cluster that EMR did not know yet, and left the name behind."""
    bad = launch(aws.emr)
    with refusing("emr", "DescribeCluster"), pytest.raises(CouldNotTellError):
        aws.called(bad)
    aws.starts(bad)
    assert [each["launchedBy"] for each in aws.inbox.documents] == [ANA]


@pytest.mark.parametrize(
    "name", ["state-change-running", "step-status-change", "run-job-flow-refused"]
)
@pytest.mark.usefixtures("aws")
def test_an_event_of_another_kind_is_logged_and_ignored(caplog, name):
    """AWS is not asked for anything, and the log has nothing of the event but its type."""
    caplog.set_level(logging.INFO)
    with unreachable("emr"), unreachable("dynamodb"), unreachable("config"):
        answer = launch_check.lambda_handler(EVENTS[name], CheckContext())
    assert answer == {"outcome": "ignored"}
    [line] = [each for each in caplog.records if each.message == "event ignored"]
    assert line.detail_type == EVENTS[name]["detail-type"]
    assert "j-1ABCDEFGHIJKL" not in str(vars(line))


def test_a_cluster_that_emr_does_not_know_yet_is_asked_for_again(aws, monkeypatch):
    """Its event may be faster than EMR's own database."""
    bad = launch(aws.emr)
    clusters = emr_backends[DEFAULT_ACCOUNT_ID][REGION].clusters
    hidden = clusters.pop(bad)

    def appear(seconds):
        aws.slept.append(seconds)
        if len(aws.slept) == 2:
            clusters[bad] = hidden

    monkeypatch.setattr(way_in.time, "sleep", appear)
    assert aws.starts(bad) == BAD
    assert aws.slept == list(way_in.LOOKS_AGAIN_AFTER[:2])
    assert aws.inbox.told == [("violation", [bad])]


def test_a_cluster_that_emr_does_not_know_is_no_violation(aws, caplog):
    """There is nothing to judge; the log says so."""
    assert aws.starts("j-NEVERHEARDOF") == {"outcome": "unknown"}
    assert aws.inbox.told == []
    assert 5 <= sum(aws.slept) <= 15, "a launch is told within a minute"
    assert "cluster is not known" in [each.message for each in caplog.records]


def test_a_cluster_that_has_ended_before_it_could_be_read_is_judged_and_told_of(aws):
    """Its data was in clear text while it ran, and the next one comes tonight."""
    ended, good = launch(aws.emr, "off", OFF), launch(aws.emr, "pem", PEM)
    aws.emr.terminate_job_flows(JobFlowIds=[ended, good])
    for _ in range(2):
        assert aws.starts(ended) == BAD
    assert aws.starts(good) == {"outcome": "COMPLIANT"}
    assert aws.inbox.told == [("violation", [ended])]
    assert aws.inbox.documents[0]["state"] == "TERMINATED"
    assert aws.evaluations == [], "a sweep records no cluster that has ended"
    assert aws.slept == []


def test_an_ended_cluster_whose_configuration_is_gone_is_no_violation_and_no_silence(aws):
    """Whoever tidies up after a test deletes both."""
    ended = launch(aws.emr, "pem", PEM)
    aws.emr.terminate_job_flows(JobFlowIds=[ended])
    aws.emr.delete_security_configuration(Name="pem")
    with pytest.raises(
        CouldNotTellError, match="has ended, and its security configuration is gone"
    ):
        aws.starts(ended)
    assert aws.inbox.told == []


def test_a_cluster_that_cannot_be_read_is_an_error(aws):
    """Lambda tries the event again, and then keeps it."""
    bad = launch(aws.emr)
    with (
        refusing("emr", "DescribeCluster", "ThrottlingException"),
        pytest.raises(CouldNotTellError, match="DescribeCluster: ThrottlingException"),
    ):
        aws.starts(bad)
    assert aws.inbox.told == []
    aws.starts(bad)
    assert aws.inbox.told == [("violation", [bad])]


@pytest.mark.parametrize("way", ["starts", "called"])
def test_while_the_ledger_is_down_the_alert_is_sent_all_the_same(aws, caplog, way):
    """A duplicate is possible then, and the log says so; Config is not asked each time."""
    bad = launch(aws.emr)
    with unreachable("dynamodb"):
        assert getattr(aws, way)(bad) == BAD
        assert getattr(aws, way)(bad) == BAD
    assert aws.inbox.told == [("violation", [bad])] * 2
    assert len(set(aws.inbox.ids)) == 1, "a reader sees the repeat"
    messages = [each.message for each in caplog.records]
    assert messages.count("alert sent without the ledger") == 2
    assert messages.count("evaluation not asked for") == 2
    assert aws.evaluations == []


@pytest.mark.parametrize("code", ["AuthorizationError", "Throttled", "NotFound"])
def test_what_sns_refuses_is_an_error_and_not_marked_as_sent(aws, monkeypatch, code):
    """The retry, a minute later, tells people."""
    bad = launch(aws.emr)
    with refusing("sns", "Publish", code), pytest.raises(PublishError, match=f"Publish: {code}"):
        aws.starts(bad)
    assert (aws.episode(bad).state, aws.episode(bad).sent) == (State.PENDING, frozenset())
    assert aws.evaluations == []
    move_clock(monkeypatch, way_in, timedelta(minutes=1))
    assert aws.starts(bad) == BAD
    assert aws.inbox.told == [("violation", [bad])]
    assert aws.inbox.ids == [aws.episode(bad).alert_id]


def test_a_topic_that_is_gone_is_an_error(aws):
    """Not a refusal scripted here, but the one that SNS gives."""
    bad = launch(aws.emr)
    client("sns").delete_topic(TopicArn=aws.inbox.arn)
    with pytest.raises(PublishError, match="Publish: NotFound"):
        aws.starts(bad)
    assert aws.episode(bad).state is State.PENDING


def test_an_alert_that_another_delivery_is_sending_just_now_is_an_error(aws):
    """The retry finds out whether people were told."""
    bad = launch(aws.emr)
    theirs = claimed_episode(None, frozenset({"X"}), "theirs", datetime.now(UTC))
    aws.episodes.put(CLUSTER_TYPE, bad, theirs)
    with pytest.raises(ClaimedElsewhereError, match=bad):
        aws.starts(bad)
    assert aws.inbox.told == []
    assert aws.episode(bad) == theirs


def test_a_claim_lasts_from_its_own_beginning(aws, monkeypatch):
    """Looking for a cluster that EMR does not know yet takes its time, and the lease none of it."""
    bad = launch(aws.emr)
    clusters = emr_backends[DEFAULT_ACCOUNT_ID][REGION].clusters
    hidden = clusters.pop(bad)

    def appear_later(_seconds):
        clusters[bad] = hidden
        move_clock(monkeypatch, way_in, timedelta(minutes=1))

    monkeypatch.setattr(way_in.time, "sleep", appear_later)
    started = datetime.now(UTC)
    aws.starts(bad)
    assert aws.episode(bad).lease_until >= started + timedelta(minutes=1) + LEASE


def test_an_event_that_comes_after_the_end_of_the_cluster_tells_nobody_again(aws):
    """The sweep has closed the episode, and the ledger still knows the facts of the cluster."""
    bad = launch(aws.emr)
    aws.starts(bad)
    aws.episodes.put(CLUSTER_TYPE, bad, closed_episode(aws.episode(bad)))
    assert aws.called(bad) == BAD
    assert aws.inbox.told == [("violation", [bad])]


def test_config_is_asked_for_an_evaluation_at_most_once_in_a_quarter_of_an_hour(aws, monkeypatch):
    """A burst of bad launches costs one sweep."""
    ids = [launch(aws.emr) for _ in range(4)]
    for each in ids[:2]:
        aws.starts(each)
    assert aws.evaluations == ["any-name"]
    move_clock(monkeypatch, way_in, timedelta(minutes=14))
    aws.starts(ids[2])
    assert aws.evaluations == ["any-name"]
    move_clock(monkeypatch, way_in, timedelta(minutes=15, seconds=5))
    aws.starts(ids[3])
    assert aws.evaluations == ["any-name"] * 2
    assert len(aws.inbox.told) == 4


def test_an_event_that_tells_nobody_asks_for_no_evaluation(aws, monkeypatch):
    """The first delivery did."""
    bad = launch(aws.emr)
    aws.starts(bad)
    move_clock(monkeypatch, way_in, timedelta(hours=1))
    aws.called(bad)
    assert aws.evaluations == ["any-name"]


def test_a_launch_that_nobody_could_read_of_is_recorded_soon_all_the_same(aws):
    """The alert waits for a reader, the verdict for nobody."""
    bad = launch(aws.emr)
    aws.inbox.count(confirmed=0)
    assert aws.starts(bad) == BAD
    assert (aws.inbox.told, aws.evaluations) == ([], ["any-name"])


def test_an_evaluation_that_config_refuses_costs_nothing_but_a_line_of_the_log(aws, caplog):
    """The next schedule records the verdict."""
    bad = launch(aws.emr)
    with refusing("config", "StartConfigRulesEvaluation", "LimitExceededException"):
        assert aws.starts(bad) == BAD
    [line] = [each for each in caplog.records if each.message == "evaluation not started"]
    assert "LimitExceededException" in line.why
    assert aws.inbox.told == [("violation", [bad])]


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_an_evaluation_that_config_refuses_is_the_turn_of_the_next_launch(aws, code):
    """The refused one has cost nothing, and must not keep the verdicts of a quarter of an hour."""
    first, second, third = (launch(aws.emr) for _ in range(3))
    with refusing("config", "StartConfigRulesEvaluation", code):
        aws.starts(first)
    aws.starts(second)
    aws.starts(third)
    assert aws.evaluations == ["any-name"]


def test_a_turn_that_cannot_be_given_back_is_a_line_of_the_log(aws, caplog):
    """The alert is out, and the next schedule records the verdict."""
    bad = launch(aws.emr)
    with (
        refusing("config", "StartConfigRulesEvaluation"),
        refusing_some("dynamodb", "PutItem", "expires = :expires"),
    ):
        assert aws.starts(bad) == BAD
    assert "turn not released" in [each.message for each in caplog.records]


@pytest.mark.parametrize(
    "name", ["EMR_IN_TRANSIT_ENCRYPTION", "pack-conformance-pack-1a2b", "OrgConfigRule-a-b"]
)
def test_the_rule_is_found_by_its_function_and_its_parameters_are_judged_by(aws, name):
    """Two ways in, one judgement, whatever the rule is called."""
    aws.rules = [rule("other", FUNCTION_ARN + "-2"), rule(name, **given(exemptionTagKey="exempt"))]
    exempt, bad = launch(aws.emr), launch(aws.emr)
    aws.emr.add_tags(ResourceId=exempt, Tags=[{"Key": "exempt", "Value": "a test"}])
    assert aws.starts(exempt) == {"outcome": "NOT_APPLICABLE"}
    assert aws.starts(bad) == BAD
    assert aws.inbox.told == [("exempted", [exempt]), ("violation", [bad])]
    assert [each["ruleName"] for each in aws.inbox.documents] == [name, name]
    assert aws.evaluations == [name], "what is exempt is on no record"


def test_what_is_exempt_at_its_launch_is_told_once_and_nothing_is_asked_of_config(aws):
    """By both events, in any order; there is no verdict to record, so no sweep is started."""
    aws.rules = [rule("any-name", **given(exemptionTagKey="exempt"))]
    tags = [{"Key": "exempt", "Value": "2999-12-31 migration"}]
    exempt, good = launch(aws.emr, Tags=tags), launch(aws.emr, "pem", PEM, Tags=tags)
    for way in (aws.called, aws.starts, aws.called):
        assert way(exempt) == way(good) == {"outcome": "NOT_APPLICABLE"}
    assert aws.inbox.told == [("exempted", [exempt])]
    [told] = aws.inbox.documents
    assert (told["detectedBy"], told["launchedBy"]) == ("LAUNCH_CHECK", ANA)
    assert told["exemption"] == {
        "tag": "exempt",
        "text": "2999-12-31 migration",
        "until": "2999-12-31",
    }
    assert aws.evaluations == []


def test_an_exemption_that_lasts_longer_than_allowed_is_a_violation_at_launch(aws, monkeypatch):
    """The setting is the function's, the tag's key the rule's."""
    monkeypatch.setenv("EXEMPTION_MAX_DAYS", "90")
    aws.rules = [rule("any-name", **given(exemptionTagKey="exempt"))]
    bad = launch(aws.emr, Tags=[{"Key": "exempt", "Value": "2999-12-31 for good"}])
    assert aws.starts(bad) == BAD
    [told] = aws.inbox.documents
    assert "2999-12-31 is more than 90 days away" in told["findings"][0]["detail"]


def test_what_the_topic_does_not_take_of_an_exemption_is_an_error(aws):
    """Lambda tries again, as for a violation."""
    aws.rules = [rule("any-name", **given(exemptionTagKey="exempt"))]
    exempt = launch(aws.emr, Tags=[{"Key": "exempt", "Value": ""}])
    with refusing("sns", "Publish", "Throttled"), pytest.raises(PublishError, match="Throttled"):
        aws.starts(exempt)
    assert aws.inbox.told == []


def test_whom_to_wake_is_told_at_launch(aws, monkeypatch):
    """By the cluster's own tags, and the ledger remembers them for the sweeps."""
    monkeypatch.setenv("ALERT_TAG_KEYS", "owner,team")
    bad = launch(aws.emr, Tags=[{"Key": "owner", "Value": "ana"}, {"Key": "x", "Value": "y"}])
    assert aws.starts(bad) == BAD
    assert [each["tags"] for each in aws.inbox.documents] == [{"owner": "ana"}]
    known = aws.ledger.entries([bad], datetime.now(UTC))[bad].facts
    assert known.tags == (("owner", "ana"),)


def test_the_rule_is_looked_up_once_in_five_minutes(aws, monkeypatch):
    """DescribeConfigRules has a limit of its own; a change takes effect within that time."""
    good = launch(aws.emr, "pem", PEM)
    clock = [1000.0]
    monkeypatch.setattr(way_in.time, "monotonic", lambda: clock[0])
    event = copy.deepcopy(STARTING)
    event["detail"]["clusterId"] = good
    way_in._rule_of.cache_clear()
    asked = []
    with on("config", "before-call.*.DescribeConfigRules", lambda **_: asked.append(1) or None):
        for seconds in (900.0, 1000.0, 1199.0, 1200.0, 1300.0):
            clock[0] = seconds
            launch_check.lambda_handler(event, CheckContext())
    assert len(asked) == 2


def test_without_a_rule_nothing_is_judged(aws):
    """By whose parameters? The event is kept, and the alarm rings."""
    bad = launch(aws.emr)
    aws.rules = []
    with pytest.raises(CouldNotTellError, match="those there are: none"):
        aws.starts(bad)
    aws.rules = [rule(RULE, **given(coverage="some"))]
    with pytest.raises(ParameterError, match="coverage takes configured or complete"):
        aws.starts(bad)
    assert aws.inbox.told == []


@pytest.mark.parametrize("variable", ["LEDGER_TABLE", "ALERT_TOPIC_ARN"])
def test_without_a_ledger_or_a_topic_a_violation_is_an_error(aws, monkeypatch, variable):
    """A function that cannot alert must not look healthy."""
    bad, good = launch(aws.emr), launch(aws.emr, "pem", PEM)
    monkeypatch.delenv(variable)
    assert aws.starts(good) == {"outcome": "COMPLIANT"}
    assert aws.called(good) == {"outcome": "COMPLIANT"}
    with pytest.raises(way_in.NotConfiguredError, match="must be set"):
        aws.starts(bad)
    assert aws.inbox.told == []


def counted(caplog):
    """Return how often CloudWatch counts that people were not told."""
    return [each.AlertsHeldBack for each in caplog.records if "AlertsHeldBack" in vars(each)]


@pytest.mark.parametrize("what", ["no reader", "no topic", "no table"])
def test_a_launch_that_nobody_was_told_of_is_counted(aws, monkeypatch, caplog, what):
    """An alarm rings on it; a launch that was told of, or is good, counts nothing."""
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr)
    aws.starts(good)
    aws.starts(bad)
    assert counted(caplog) == []
    other = launch(aws.emr)
    if what == "no reader":
        aws.inbox.count(confirmed=0)
        aws.starts(other)
    elif what == "no topic":
        with refusing("sns", "Publish"), pytest.raises(PublishError):
            aws.starts(other)
    else:
        monkeypatch.delenv("LEDGER_TABLE")
        with pytest.raises(way_in.NotConfiguredError):
            aws.starts(other)
    assert counted(caplog) == [1]


def test_a_launch_is_judged_by_no_rule_of_somebody_elses(aws):
    """A trial rule on the same function lends no parameters, and gets no message."""
    aws.rules = [rule("A-trial", **given(coverage="complete")), rule(RULE)]
    bad = launch(aws.emr)
    aws.starts(bad)
    assert [each["ruleName"] for each in aws.inbox.documents] == [RULE]
    assert aws.evaluations == [RULE]


def test_two_rules_of_the_deployment_are_an_error_that_names_them(aws):
    """By whose parameters? The event is kept, and the alarm rings."""
    aws.rules = [rule(RULE), rule("a-conformance-pack-1")]
    with pytest.raises(CouldNotTellError, match=f"{RULE}, a-conformance-pack-1 are all rules"):
        aws.starts(launch(aws.emr))


def test_a_password_in_configurations_is_found_nowhere(aws, caplog):
    """Not in a log record, nor in the ledger, nor in a message; the weak value beside it is."""
    caplog.set_level(logging.DEBUG, logger="launch_check")
    caplog.set_level(logging.INFO)
    properties = {
        "javax.jdo.option.ConnectionPassword": "hunter2",
        "hadoop.rpc.protection": "authentication",
    }
    bad = launch(
        aws.emr,
        "pem",
        PEM,
        Configurations=[
            {"Classification": "hive-site", "Properties": properties},
            {"Classification": "core-site", "Properties": properties},
        ],
        Applications=[{"Name": "Hive"}, {"Name": "Hadoop"}],
    )
    assert aws.starts(bad) == BAD
    everything = {
        "log": "".join(str(vars(each)) for each in caplog.records),
        "ledger": str(items()),
        "messages": aws.inbox.wire(),
    }
    for text in everything.values():
        assert "hadoop.rpc.protection" in text
        assert "hunter2" not in text


@pytest.mark.parametrize("name", ['a"b\n<b>', "\u202eevil\u200f", "\U0001f525" * 50, "x" * 256])
def test_a_hostile_name_reaches_machines_whole_and_breaks_nothing(aws, caplog, name):
    """The log has it in one line."""
    bad = launch(aws.emr, Name=name)
    aws.starts(bad)
    assert [each["resourceName"] for each in aws.inbox.documents] == [name]
    [line] = [each for each in caplog.records if each.message == "verdict"]
    assert line.resource_name.isprintable()
