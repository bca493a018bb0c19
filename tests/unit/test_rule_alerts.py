"""Door 1 and 2 with a ledger and a topic: what is recorded, what people are told, and in what order."""

import importlib
import json
import logging
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse

from emr_in_transit import change as change_module
from emr_in_transit import sweep, sweep_alerts
from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE, Kind
from emr_in_transit.alerting.episode import LEASE, State, claimed_episode, episode_type
from emr_in_transit.aws.clusters import TAGS_LAG
from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.episodes import COUNTED_TOGETHER, Episodes
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.judgement.parameters import parse_parameters
from tests.support.builders import (
    ACCOUNT,
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
from tests.support.doors import (
    OFF,
    PEM,
    Context,
    changed,
    configure,
    launch,
    move_clock,
    recording,
    scheduled,
)
from tests.support.facts import on_with
from tests.unit.aws.test_rules import CHANGES, rule
from tests.unit.test_config_event import ITEM

door = importlib.import_module("EMR_IN_TRANSIT_ENCRYPTION")

ONLY_CUSTOM = '{"allowedCertificateProviders": "Custom"}'
TAGGED = '{"exemptionTagKey": "exempt"}'


class Aws:
    """What the rule meets: clusters, a ledger, a topic, and a Config that remembers."""

    def __init__(self, record):
        make_table()
        self.emr = client("emr")
        self.emr_of_rule = boto3.client("emr", REGION)
        self.emr_of_rule.meta.events.register("before-call.emr", self.listen)
        self.inbox = Inbox()
        self.record = record
        self.episodes = Episodes(client("dynamodb"), TABLE, ACCOUNT, REGION)
        self.denied = ""  # what EMR refuses the rule
        self.rules = []
        self.asked = []  # the calls that the rule makes to EMR

    def listen(self, model, **_):
        """Take down a call of the rule to EMR, or refuse it."""
        if model.name == self.denied:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, model.name)
        self.asked.append(model.name)

    def sweep(self, parameters="{}", **members):
        return door.lambda_handler(scheduled(parameters, **members), Context())

    def change(self, body, event=None, name="strict", **members):
        configure(self.emr, body, name)
        item = ITEM | {"resourceId": name, "configuration": {"Name": name}} | members
        return door.lambda_handler(changed(item, **event or {}), Context())

    def verdicts(self):
        return {key: each["ComplianceType"] for key, each in self.record.items()}

    def state(self, cluster_id):
        return self.episodes.get(CLUSTER_TYPE, cluster_id).state

    def kinds(self):
        return [kind for kind, _ in self.inbox.told]

    def lapse(self):
        """Let a minute go by for whoever has claimed an alert."""
        for item in items():
            if item.get("state") == {"S": "pending"}:
                past = {"leaseUntil": {"S": "2026-01-01T00:00:00+00:00"}}
                client("dynamodb").put_item(TableName=TABLE, Item=item | past)

    def rules_there(self, *rules):
        """Say what rules AWS Config has."""
        self.rules = list(rules)


def move_sweeps_clock(monkeypatch, by):
    for module in (sweep, sweep_alerts):
        move_clock(monkeypatch, module, by)


@pytest.fixture
def aws(monkeypatch):
    """AWS as template.yml sets it up."""

    def client_of(service, _region=None):
        return place.emr_of_rule if service == "emr" else client(service)

    with recording(monkeypatch) as record:
        place = Aws(record)
        monkeypatch.setattr(boto3, "client", client_of)
        # What is counted together has just begun to be, and goes on being so until the test is over.
        began = time.time() % COUNTED_TOGETHER.total_seconds()
        move_clock(monkeypatch, change_module, -timedelta(seconds=began))
        monkeypatch.setattr(
            ConfigResponse,
            "describe_config_rules",
            lambda _: json.dumps({"ConfigRules": place.rules}),
        )
        monkeypatch.setenv("LEDGER_TABLE", TABLE)
        monkeypatch.setenv("RULE_NAMES", RULE)
        monkeypatch.setenv("ALERT_TOPIC_ARN", place.inbox.arn)
        yield place


def test_a_sweep_tells_what_nobody_was_told_and_the_next_one_nothing(aws):
    """Safety net for a lost event: one sweep later, and once."""
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr, "off", OFF)
    for _ in range(2):
        aws.sweep()
    assert aws.verdicts() == {good: "COMPLIANT", bad: "NON_COMPLIANT"}
    assert aws.inbox.told == [("violation", [bad])]
    assert aws.inbox.documents[0]["detectedBy"] == "SWEEP"
    assert aws.inbox.documents[0]["account"] == ACCOUNT


def test_people_are_told_after_the_verdict_is_on_record(aws):
    """Whoever follows the alert to AWS Config finds it there."""
    bad = launch(aws.emr)
    seen = []

    def look(**_):
        seen.append(dict(aws.verdicts()))

    with on("sns", "before-call.sns.Publish", look):
        aws.sweep()
    assert seen == [{bad: "NON_COMPLIANT"}]


def test_a_cluster_that_complies_again_is_told_of_once(aws):
    """Here because the rule was changed: a cluster cannot be."""
    changing = launch(aws.emr, "pem", PEM)
    for parameters in (ONLY_CUSTOM, "{}", "{}", ONLY_CUSTOM):
        aws.sweep(parameters)
    assert aws.kinds() == ["violation", "resolved", "violation"]
    assert aws.state(changing) is State.SENT


def test_resolved_messages_can_be_switched_off(aws, monkeypatch):
    """The episode is closed all the same."""
    monkeypatch.setenv("SEND_RESOLVED", "false")
    changing = launch(aws.emr, "pem", PEM)
    for parameters in (ONLY_CUSTOM, "{}"):
        aws.sweep(parameters)
    assert aws.kinds() == ["violation"]
    assert aws.state(changing) is State.CLOSED


def test_a_cluster_that_ended_is_closed_silently(aws):
    """Its result is retired, and nobody needs to act."""
    bad = launch(aws.emr)
    aws.sweep()
    aws.emr.terminate_job_flows(JobFlowIds=[bad])
    aws.sweep()
    assert aws.verdicts() == {bad: "NOT_APPLICABLE"}
    assert aws.kinds() == ["violation"]
    assert aws.state(bad) is State.CLOSED


def test_a_cluster_that_was_launched_and_ended_between_two_sweeps_is_closed_too(aws, caplog):
    """It never was on record in Config: only the launch check's episode remembers it."""
    caplog.set_level(logging.INFO)
    ended, live = launch(aws.emr), launch(aws.emr)
    for each in (ended, live):
        claimed = claimed_episode(None, frozenset({"X"}), f"alert-{each}", datetime.now(UTC))
        aws.episodes.put(CLUSTER_TYPE, each, claimed)
    aws.emr.terminate_job_flows(JobFlowIds=[ended])
    aws.sweep()
    assert (aws.state(ended), aws.state(live)) == (State.CLOSED, State.PENDING)
    assert ended not in aws.verdicts()
    aws.sweep()
    retired = [each.retired for each in caplog.records if each.message == "sweep finished"]
    assert retired == [1, 0]
    assert aws.asked.count("DescribeCluster") == 2, "once for each"


def test_steady_state_describes_no_cluster_and_no_configuration(aws):
    """The ledger knows them; ListClusters is all that EMR is asked."""
    launch(aws.emr, "pem", PEM)
    launch(aws.emr, "pem")
    launch(aws.emr)
    aws.sweep()
    assert sorted(aws.asked) == [
        *["DescribeCluster"] * 3,
        "DescribeSecurityConfiguration",
        "ListClusters",
    ]
    aws.asked.clear()
    aws.sweep()
    assert aws.asked == ["ListClusters"]


def test_with_the_ledger_down_a_sweep_records_sends_nothing_and_ends_as_an_error(aws):
    """Who has been told is not known; Config's record does not depend on it."""
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr)
    with (
        unreachable("dynamodb"),
        pytest.raises(door.RuleRunError, match=r"1 could not be .*: the alerts \(Query: Endpoint"),
    ):
        aws.sweep()
    assert aws.verdicts() == {good: "COMPLIANT", bad: "NON_COMPLIANT"}
    assert aws.kinds() == []
    aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]


def test_with_the_topic_refusing_a_sweep_records_and_ends_as_an_error(aws, monkeypatch):
    """The next sweep delivers."""
    bad = launch(aws.emr)
    with (
        refusing("sns", "Publish", "KMSAccessDenied"),
        pytest.raises(door.RuleRunError, match=rf"told: {bad} \(Publish: KMSAccessDenied"),
    ):
        aws.sweep()
    assert aws.verdicts() == {bad: "NON_COMPLIANT"}
    assert aws.state(bad) is State.PENDING
    move_sweeps_clock(monkeypatch, LEASE)
    aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]


def test_a_claim_lasts_from_its_own_beginning(aws, monkeypatch):
    """Judging a thousand clusters takes longer than a lease, and the lease none of it."""
    bad = launch(aws.emr)
    started = datetime.now(UTC)

    def take_a_minute(**_):
        move_sweeps_clock(monkeypatch, timedelta(minutes=1))

    with on("config", "before-call.*.PutEvaluations", take_a_minute):
        aws.sweep()
    lease = aws.episodes.get(CLUSTER_TYPE, bad).lease_until
    assert lease >= started + timedelta(minutes=1) + LEASE


def tag_page(*ids):
    arn = f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/"
    return {
        "ResourceTagMappingList": [
            {"ResourceARN": arn + each, "Tags": [{"Key": "exempt", "Value": "a test"}]}
            for each in ids
        ],
        "PaginationToken": "",
    }


def test_an_exemption_that_is_added_and_ends_later_takes_effect_at_the_next_sweep(aws):
    """It ends the violation, and is told under its id; once it has ended, all begins anew."""
    bad = launch(aws.emr)
    aws.sweep(TAGGED)
    verdicts = []
    with Stubber(client("resourcegroupstaggingapi")) as stubber:
        for exempt in ([bad], [bad], [], []):
            stubber.add_response("get_resources", tag_page(*exempt))
            aws.sweep(TAGGED)
            verdicts.append(aws.verdicts()[bad])
    assert verdicts == ["NOT_APPLICABLE"] * 2 + ["NON_COMPLIANT"] * 2
    assert aws.kinds() == ["violation", "exempted", "violation"]
    first, exempted, second = aws.inbox.ids
    assert first == exempted != second


def test_a_new_cluster_that_the_tagging_api_does_not_know_yet_is_asked_for_its_own_tags(aws):
    """The launch check saw that it is exempt; the sweep must not see less, and alert."""
    tags = [{"Key": "exempt", "Value": "a test"}]
    exempt, bad, good = launch(aws.emr, Tags=tags), launch(aws.emr), launch(aws.emr, "pem", PEM)
    ledger = Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION)
    reader = EmrReader(aws.emr, parse_parameters(json.loads(TAGGED)))
    for each in (exempt, bad, good):
        ledger.store(reader.cluster(each), datetime.now(UTC))
    with Stubber(client("resourcegroupstaggingapi")) as stubber:
        for _ in range(2):
            stubber.add_response("get_resources", tag_page())
        aws.sweep(TAGGED)
        assert aws.verdicts()[bad] == "NON_COMPLIANT"
        assert exempt not in aws.verdicts(), "AWS Config keeps no result that is not applicable"
        told = [("violation", [bad]), ("exempted", [exempt])]
        assert aws.inbox.told == told
        assert aws.asked.count("DescribeCluster") == 2, "of what would be alerted, and no other"
        aws.asked.clear()
        aws.sweep(TAGGED)
    assert aws.asked.count("DescribeCluster") == 1, "people know of the other by now"
    assert aws.inbox.told == told, "who was told to be exempt is not told to violate"


def test_an_old_cluster_without_the_tag_is_not_asked_for_it_again(aws):
    """By now the Tagging API knows."""
    aged = parse_parameters(json.loads(TAGGED))
    bad = launch(aws.emr)
    known = EmrReader(aws.emr, aged).cluster(bad)
    ledger = Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION)
    ledger.store(known._replace(created=known.created - TAGS_LAG), datetime.now(UTC))
    with Stubber(client("resourcegroupstaggingapi")) as stubber:
        stubber.add_response("get_resources", tag_page())
        aws.sweep(TAGGED)
    assert aws.asked == ["ListClusters"]
    assert aws.inbox.told == [("violation", [bad])]


def test_a_new_cluster_whose_own_tags_cannot_be_read_is_could_not_tell(aws):
    """Perhaps it is exempt; nobody is told, and the run says so."""
    bad = launch(aws.emr)
    known = EmrReader(aws.emr, parse_parameters(json.loads(TAGGED))).cluster(bad)
    Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION).store(known, datetime.now(UTC))
    with Stubber(client("resourcegroupstaggingapi")) as stubber:
        stubber.add_response("get_resources", tag_page())
        aws.denied = "DescribeCluster"
        with pytest.raises(door.RuleRunError, match=rf"{bad} \(DescribeCluster: AccessDenied"):
            aws.sweep(TAGGED)
    assert (aws.inbox.told, aws.verdicts()) == ([], {})


def test_with_unknown_tags_what_complies_is_recorded_and_what_violates_is_could_not_tell(aws):
    """Perhaps it is exempt: its result stands, nobody is told, and the run ends as an error."""
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr)
    aws.sweep(TAGGED)
    told, before = list(aws.inbox.told), dict(aws.record)
    aws.record.clear()
    with (
        refusing("resourcegroupstaggingapi", "GetResources"),
        pytest.raises(door.RuleRunError, match=rf"1 could not be .*: {bad} \(GetResources: Access"),
    ):
        aws.sweep(TAGGED)
    assert aws.verdicts() == {good: "COMPLIANT"}
    assert before[bad]["ComplianceType"] == "NON_COMPLIANT"
    assert aws.inbox.told == told == [("violation", [bad])]
    assert aws.state(bad) is State.SENT


TRIAL = {"configRuleName": "trial"}


def counted(caplog, metric="AlertsHeldBack"):
    """Return what CloudWatch counts of a metric, line by line."""
    return [vars(each)[metric] for each in caplog.records if metric in vars(each)]


def test_a_rule_of_somebody_elses_records_its_verdicts_and_nothing_else(aws, caplog):
    """A stricter trial on the same function never quarrels with the real rule."""
    caplog.set_level(logging.INFO)
    aws.rules_there(rule(RULE), rule("trial"))
    good, bad = launch(aws.emr, "pem", PEM), launch(aws.emr)
    aws.sweep(ONLY_CUSTOM, **TRIAL)
    assert aws.verdicts() == {good: "NON_COMPLIANT", bad: "NON_COMPLIANT"}
    assert (aws.inbox.told, items()) == ([], [])
    assert "verdicts recorded, nobody told" in [each.message for each in caplog.records]
    assert counted(caplog, "SweepsFinished") == [], "the own rule's sweeps are what is waited for"

    aws.sweep()
    aws.sweep(ONLY_CUSTOM, **TRIAL)
    aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]
    assert aws.state(bad) is State.SENT
    assert counted(caplog, "SweepsFinished") == [1, 1]


def test_a_trial_rule_that_knows_no_violation_closes_nothing(aws):
    """What it takes for good is still bad for the deployment's own rule."""
    aws.rules_there(rule(RULE), rule("trial"))
    bad = launch(aws.emr, "pem", PEM)
    aws.sweep(ONLY_CUSTOM)
    aws.sweep(**TRIAL)
    assert aws.verdicts() == {bad: "COMPLIANT"}
    assert (aws.kinds(), aws.state(bad)) == (["violation"], State.SENT)


@pytest.mark.parametrize("there", [(), (rule("renamed"),), (rule(RULE, details=CHANGES),)])
def test_a_sweep_that_finds_no_rule_of_the_deployment_is_an_error(aws, caplog, there):
    """Whoever renames the rule would have silence else."""
    caplog.set_level(logging.INFO)
    aws.rules_there(*there)
    bad = launch(aws.emr)
    with pytest.raises(door.RuleRunError, match=f"no rule with the trigger .* is named {RULE}"):
        aws.sweep(configRuleName="renamed")
    assert aws.verdicts() == {bad: "NON_COMPLIANT"}
    assert counted(caplog) == [1]
    assert aws.inbox.told == []


def test_of_two_rules_of_the_deployment_nobody_is_told_until_one_is_chosen(
    aws, caplog, monkeypatch
):
    """The error names both; with the other's name in RuleNames this one is nobody's."""
    caplog.set_level(logging.INFO)
    one, other = "a-conformance-pack-1", "b-conformance-pack-2"
    monkeypatch.setenv("RULE_NAMES", "*-conformance-pack-*")
    aws.rules_there(rule(one), rule(other))
    bad = launch(aws.emr)
    with pytest.raises(door.RuleRunError, match=f"{one}, {other} are all rules of the deployment"):
        aws.sweep(configRuleName=one)
    assert (aws.verdicts(), counted(caplog)) == ({bad: "NON_COMPLIANT"}, [1])
    monkeypatch.setenv("RULE_NAMES", other)
    aws.sweep(configRuleName=one)
    assert aws.inbox.told == []
    aws.sweep(configRuleName=other)
    assert aws.inbox.told == [("violation", [bad])]


def test_where_the_rules_cannot_be_listed_those_of_a_pack_tell_all_the_same(aws, monkeypatch):
    """A throttled list is no reason for silence, and the run says that it could not look."""
    monkeypatch.setenv("RULE_NAMES", "*-conformance-pack-*")
    bad = launch(aws.emr)
    with (
        refusing("config", "DescribeConfigRules", "ThrottlingException"),
        pytest.raises(door.RuleRunError, match="DescribeConfigRules: ThrottlingException"),
    ):
        aws.sweep(configRuleName="emr-conformance-pack-1")
    assert aws.inbox.told == [("violation", [bad])]


def test_the_own_rule_by_its_exact_name_needs_no_list_of_rules(aws):
    """An account can have a thousand, and each sweep would read them all."""
    bad = launch(aws.emr)
    with refusing("config", "DescribeConfigRules"):
        aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]


def test_a_change_under_a_rule_of_somebody_elses_is_recorded_and_told_by_the_own_one(aws):
    """Both rules get the event."""
    aws.rules_there(rule(RULE, details=CHANGES), rule("trial", details=CHANGES))
    aws.change(OFF, event=TRIAL)
    assert (aws.verdicts(), aws.kinds(), items()) == ({"strict": "NON_COMPLIANT"}, [], [])
    aws.change(OFF)
    assert aws.inbox.told == [("violation", ["strict"])]


def test_a_change_that_finds_no_rule_of_the_deployment_is_an_error(aws, caplog):
    """It is recorded first."""
    caplog.set_level(logging.INFO)
    aws.rules_there(rule("renamed", details=CHANGES), rule(RULE))
    with pytest.raises(door.RuleRunError, match="those there are: renamed"):
        aws.change(OFF, event={"configRuleName": "renamed"})
    assert (aws.verdicts(), counted(caplog)) == ({"strict": "NON_COMPLIANT"}, [1])


HELD_BACK = [
    ("no reader", lambda aws: aws.inbox.count(confirmed=0), None),
    ("no ledger", lambda _: unreachable("dynamodb"), "GetItem: EndpointConnectionError"),
    ("a claim refused", lambda _: refusing("dynamodb", "PutItem"), "PutItem: AccessDenied"),
    ("a topic that refuses", lambda _: refusing("sns", "Publish", "KMSDisabled"), "Publish: KMSDisabled"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("hinder", "why"), [each[1:] for each in HELD_BACK], ids=[each[0] for each in HELD_BACK]
)
@pytest.mark.parametrize("way", ["sweep", "change"])
def test_whatever_people_should_have_been_told_of_and_were_not_is_counted(
    aws, caplog, way, hinder, why
):
    """An alarm rings on it, also where the run does not fail."""
    caplog.set_level(logging.INFO)
    launch(aws.emr)

    def run():
        return aws.sweep() if way == "sweep" else aws.change(OFF)

    with hinder(aws) or nullcontext():
        if why:
            with pytest.raises(door.RuleRunError, match=why):
                run()
        else:
            run()
    assert counted(caplog) == [1]


def test_a_sweep_that_told_everything_counts_nothing_held_back(aws, caplog):
    """Or the alarm would ring for ever."""
    caplog.set_level(logging.INFO)
    launch(aws.emr)
    aws.sweep()
    aws.sweep()
    assert counted(caplog) == [0, 0]


def test_an_end_that_could_not_be_told_is_held_back_too(aws, caplog):
    """People go on looking for a violation that is over."""
    caplog.set_level(logging.INFO)
    launch(aws.emr, "pem", PEM)
    aws.sweep(ONLY_CUSTOM)
    with refusing("sns", "Publish"), pytest.raises(door.RuleRunError):
        aws.sweep()
    assert counted(caplog) == [0, 1]


def test_exemptions_and_certificates_that_could_not_be_told_are_held_back_too(
    aws, caplog, monkeypatch
):
    """Whichever fails: SNS, or a memory of what was told."""
    caplog.set_level(logging.INFO)
    launch(aws.emr, Tags=[{"Key": "exempt", "Value": "a test"}])
    launch(aws.emr, "soon", managed(20), ReleaseLabel="emr-7.12.0")
    for failing, held_back in (
        (refusing("sns", "Publish"), 2),
        (refusing_some("dynamodb", "GetItem", "expiring:"), 1),
        (refusing_some("dynamodb", "Query", "exempted:"), 1),
    ):
        caplog.clear()
        with failing, pytest.raises(door.RuleRunError):
            aws.sweep(TAGGED)
        assert counted(caplog) == [held_back]
        move_sweeps_clock(monkeypatch, LEASE * 2)
    aws.sweep(TAGGED)
    assert aws.kinds() == ["exempted", "expiring"]


@pytest.mark.parametrize("variable", ["LEDGER_TABLE", "ALERT_TOPIC_ARN"])
@pytest.mark.parametrize("way", ["sweep", "change"])
def test_half_of_what_alerts_need_is_an_error_not_silence(aws, caplog, monkeypatch, way, variable):
    """Somebody has taken a variable from the function; verdicts are recorded all the same."""
    caplog.set_level(logging.INFO)
    bad = launch(aws.emr)
    monkeypatch.delenv(variable)
    with pytest.raises(door.RuleRunError, match="LEDGER_TABLE and ALERT_TOPIC_ARN must be set"):
        aws.sweep() if way == "sweep" else aws.change(OFF)
    assert set(aws.verdicts().values()) == {"NON_COMPLIANT"}
    assert counted(caplog) == [1]
    assert aws.inbox.told == [], bad


def test_a_password_in_configurations_is_found_nowhere(aws, caplog):
    """Not in the log, the ledger, the messages or AWS Config; the weak value beside it is."""
    caplog.set_level(logging.INFO)
    properties = {
        "javax.jdo.option.ConnectionPassword": "hunter2",
        "hadoop.rpc.protection": "authentication",
    }
    configurations = [
        {"Classification": name, "Properties": properties} for name in ("hive-site", "core-site")
    ]
    launch(
        aws.emr,
        "pem",
        PEM,
        Configurations=configurations,
        Applications=[{"Name": "Hive"}, {"Name": "Hadoop"}],
    )
    aws.sweep()
    everything = {
        "log": "".join(str(vars(each)) for each in caplog.records if each.name != "rdklib"),
        "ledger": str(items()),
        "messages": aws.inbox.wire(),
        "record": str(aws.record),
    }
    for text in everything.values():
        assert "hadoop.rpc.protection" in text
        assert "hunter2" not in text


def configuration_state(aws):
    return aws.episodes.get(SECURITY_CONFIGURATION_TYPE, "strict").state


def test_a_change_for_the_worse_is_told_once_and_its_repair_once(aws):
    """AWS Config delivers at least once; the message says which configuration."""
    for body in (OFF, OFF, PEM, PEM, OFF):
        aws.change(body)
    assert aws.inbox.told == [
        ("violation", ["strict"]),
        ("resolved", ["strict"]),
        ("violation", ["strict"]),
    ]
    assert {each["detectedBy"] for each in aws.inbox.documents} == {"CONFIGURATION_CHANGE"}
    assert {each["resourceType"] for each in aws.inbox.documents} == {SECURITY_CONFIGURATION_TYPE}


def test_a_good_security_configuration_leaves_nothing_in_the_ledger(aws):
    """There is nothing to remember."""
    aws.change(PEM)
    assert items() == []


def test_a_security_configuration_that_is_deleted_is_closed_silently(aws):
    """It harms nobody any more."""
    aws.change(OFF)
    aws.change(OFF, configurationItemStatus="ResourceDeleted")
    assert aws.kinds() == ["violation"]
    assert configuration_state(aws) is State.CLOSED


def test_an_event_about_a_configuration_that_is_gone_tells_nobody_and_closes_its_episode(aws):
    """It was alerted on by the first delivery; the second comes after its deletion."""
    aws.change(OFF)
    aws.emr.delete_security_configuration(Name="strict")
    door.lambda_handler(changed(), Context())
    assert aws.kinds() == ["violation"]
    assert configuration_state(aws) is State.CLOSED
    assert aws.verdicts() == {"strict": "NON_COMPLIANT"}, "the event of its deletion retires it"


def test_an_event_that_is_older_than_what_is_on_record_tells_nobody(aws):
    """Neither of the violation nor of its end: the later event has told."""
    aws.change(OFF, configurationItemCaptureTime="2026-05-06T12:30:00.000Z")
    aws.change(PEM)
    aws.change(PEM, configurationItemStatus="ResourceDeleted")
    assert aws.kinds() == ["violation"]
    assert configuration_state(aws) is State.SENT


NAMES = [f"bad-{number:02}" for number in range(30)]


def change_all(aws, names=NAMES):
    for name in names:
        aws.change(OFF, name=name)


def test_thirty_bad_configurations_are_ten_messages_one_announcement_and_one_digest(aws):
    """Whoever rolls out a broken module gets twelve messages, and knows of all."""
    change_all(aws)
    assert aws.kinds() == ["violation"] * 10 + ["moreToFollow"]
    assert set(aws.verdicts()) == set(NAMES), "all are on record at once"
    for _ in range(2):
        aws.sweep()
    assert aws.kinds() == ["violation"] * 10 + ["moreToFollow", "digest"]
    kind, told = aws.inbox.told[-1]
    assert (kind, sorted(told)) == ("digest", NAMES[10:])
    digest = aws.inbox.documents[-1]
    assert digest["counts"] == {"IN_TRANSIT_ENCRYPTION_OFF": 20}
    assert {each["findings"][0]["reason"] for each in digest["resources"]} == {
        "IN_TRANSIT_ENCRYPTION_OFF"
    }
    assert [each for each in digest["resources"] if "earlierAlertId" in each] == []
    assert "20 EMR security configurations do not encrypt" in aws.inbox.emails[-1]
    assert aws.asked.count("ListSecurityConfigurations") == 1, "only where something is held"
    assert len(set(aws.inbox.ids)) == 12


def test_what_is_held_is_told_of_by_nobody_but_the_sweep(aws):
    """Events come twice; the second finds that it is held, and is no error."""
    change_all(aws, NAMES[:12])
    change_all(aws, NAMES[:12])
    assert aws.kinds() == ["violation"] * 10 + ["moreToFollow"]
    aws.sweep()
    change_all(aws, NAMES[:12])
    assert aws.kinds() == ["violation"] * 10 + ["moreToFollow", "digest"]


def test_what_is_held_and_has_gone_or_complies_by_the_sweep_is_told_of_no_more(aws):
    """Whoever has mended it needs no message: EMR is asked once what is left."""
    change_all(aws, NAMES[:14])
    aws.emr.delete_security_configuration(Name=NAMES[10])
    aws.change(PEM, name=NAMES[11])
    aws.sweep()
    assert aws.inbox.told[11:] == [("digest", NAMES[12:14])]
    closed = aws.episodes.read_all(SECURITY_CONFIGURATION_TYPE).episodes
    assert {closed[each].state for each in NAMES[10:12]} == {State.CLOSED}


def test_one_that_is_held_alone_is_a_message_as_always(aws):
    """A digest of one would read oddly."""
    change_all(aws, NAMES[:11])
    aws.sweep()
    assert aws.inbox.told[11:] == [("violation", NAMES[10:11])]


def test_ten_minutes_later_the_first_ten_are_told_one_by_one_again(aws, monkeypatch):
    """The counter is one for ten minutes."""
    change_all(aws, NAMES[:12])
    move_clock(monkeypatch, change_module, timedelta(minutes=10))
    aws.change(OFF, name=NAMES[12])
    assert aws.inbox.told[11:] == [("violation", [NAMES[12]])]


def test_an_alert_that_is_tried_again_is_not_counted_twice(aws, monkeypatch):
    """Or an outage of SNS would use up what people are told one by one."""
    for attempt in range(12):
        move_clock(monkeypatch, change_module, timedelta(minutes=attempt / 100))
        with refusing("sns", "Publish"), pytest.raises(door.RuleRunError):
            aws.change(OFF, name=NAMES[0])
        aws.lapse()
    change_all(aws, NAMES[:2])
    assert aws.kinds() == ["violation"] * 2


LOSSES = [
    ("the list", lambda: None, "ListSecurityConfigurations"),
    ("the claim", lambda: refusing_some("dynamodb", "PutItem", NAMES[10]), ""),
    ("SNS", lambda: refusing("sns", "Publish"), ""),
]


@pytest.mark.parametrize(("fail", "denied"), [e[1:] for e in LOSSES], ids=[e[0] for e in LOSSES])
def test_a_sweep_that_cannot_tell_what_is_held_loses_none(aws, caplog, fail, denied):
    """It stays held, is counted, and the next sweep tells of it."""
    caplog.set_level(logging.INFO)
    change_all(aws, NAMES[:13])
    aws.denied = denied
    with fail() or nullcontext(), pytest.raises(door.RuleRunError):
        aws.sweep()
    aws.denied = ""
    assert max(counted(caplog)) > 0
    aws.lapse()
    aws.sweep()
    told = {each for _, ids in aws.inbox.told[11:] for each in ids}
    assert told == set(NAMES[10:13])


def test_a_held_text_that_somebody_has_spoilt_costs_no_other_its_message(aws):
    """It is named, and stays."""
    change_all(aws, NAMES[:13])
    [item] = [each for each in items() if each["sk"]["S"].endswith(NAMES[11])]
    for text in ("{", "[]", '{"resource": {}, "findings": []}'):
        client("dynamodb").put_item(TableName=TABLE, Item=item | {"held": {"S": text}})
        with pytest.raises(door.RuleRunError, match=f"{NAMES[11]} \\(what is held cannot be read"):
            aws.sweep()
    assert aws.inbox.told[11:] == [("digest", [NAMES[10], NAMES[12]])]


def test_a_counter_that_does_not_answer_is_an_error_and_the_retry_tells(aws):
    """Nobody knows whether it would be one message too many."""
    with (
        refusing_some("dynamodb", "UpdateItem", "calls"),
        pytest.raises(door.RuleRunError, match="UpdateItem: AccessDenied"),
    ):
        aws.change(OFF)
    aws.change(OFF)
    assert aws.inbox.told == [("violation", ["strict"])]


def test_an_announcement_that_sns_refuses_is_an_error_and_what_is_held_stays(aws, caplog):
    """The sweep tells of it."""
    caplog.set_level(logging.INFO)
    change_all(aws, NAMES[:10])
    with refusing("sns", "Publish"), pytest.raises(door.RuleRunError, match="Publish: Access"):
        aws.change(OFF, name=NAMES[10])
    assert counted(caplog) == [1]
    aws.change(OFF, name=NAMES[10])
    aws.sweep()
    assert aws.inbox.told[10:] == [("violation", [NAMES[10]])]


def test_a_change_that_another_delivery_is_telling_just_now_is_an_error(aws):
    """The retry finds out whether people were told; the verdict is on record already."""
    theirs = claimed_episode(None, frozenset({"X"}), "theirs", datetime.now(UTC))
    aws.episodes.put(SECURITY_CONFIGURATION_TYPE, "strict", theirs)
    with pytest.raises(door.RuleRunError, match="strict: strict: another function has claimed it"):
        aws.change(OFF)
    assert aws.verdicts() == {"strict": "NON_COMPLIANT"}
    assert aws.kinds() == []


@pytest.mark.parametrize(
    ("down", "match"),
    [
        (lambda: unreachable("dynamodb"), "strict: GetItem: EndpointConnectionError"),
        (lambda: refusing("sns", "Publish", "Throttled"), "strict: Publish: Throttled"),
    ],
    ids=["no ledger", "no topic"],
)
def test_a_change_that_cannot_be_told_is_recorded_and_an_error(aws, down, match):
    """The retry tells it."""
    with down(), pytest.raises(door.RuleRunError, match=match):
        aws.change(OFF)
    assert aws.verdicts() == {"strict": "NON_COMPLIANT"}
    assert aws.kinds() == []


def test_a_change_that_cannot_be_recorded_is_not_told(aws, monkeypatch):
    """People are told of what AWS Config shows, and the retry does both."""

    def refuse(_self, evaluations, _token, _test_mode):
        return {"FailedEvaluations": evaluations or []}

    monkeypatch.setattr(ConfigBackend, "put_evaluations", refuse)
    with pytest.raises(door.RuleRunError, match="returned it as failed"):
        aws.change(OFF)
    assert (aws.kinds(), items()) == ([], [])


def exempting(*rounds):
    """Have the Tagging API answer, sweep by sweep, that these clusters are exempt."""
    stubber = Stubber(client("resourcegroupstaggingapi"))
    for ids in rounds:
        stubber.add_response("get_resources", tag_page(*ids))
    return stubber


def test_an_exempt_cluster_is_told_of_once_and_counted_each_time(aws, caplog):
    """It is on no record, so its end has to be found by the episode that remembers it."""
    caplog.set_level(logging.INFO)
    exempt = launch(aws.emr, Tags=[{"Key": "exempt", "Value": "a test"}])
    with exempting([exempt], []):
        aws.sweep(TAGGED)
        aws.sweep(TAGGED)
        aws.emr.terminate_job_flows(JobFlowIds=[exempt])
        aws.sweep(TAGGED)
    assert aws.inbox.told == [("exempted", [exempt])]
    finished = [each for each in caplog.records if each.message == "sweep finished"]
    assert [each.ExemptedViolations for each in finished] == [1, 1, 0]
    assert [each.alerts for each in finished] == [1, 0, 0]
    verdicts = [each for each in caplog.records if each.message == "verdict"]
    assert verdicts[0].exemption == {"tag": "exempt", "text": "a test", "until": None}
    episodes = aws.episodes.read_all(episode_type(CLUSTER_TYPE, Kind.EXEMPTED)).episodes
    assert {each: episode.state for each, episode in episodes.items()} == {exempt: State.CLOSED}


def test_an_exemption_that_lasts_longer_than_allowed_does_not_exempt(aws, monkeypatch):
    """The same setting as at launch; the verdict is on record, with the reason."""
    monkeypatch.setenv("EXEMPTION_MAX_DAYS", "90")
    bad = launch(aws.emr, Tags=[{"Key": "exempt", "Value": "a test"}])
    aws.sweep(TAGGED)
    assert aws.verdicts() == {bad: "NON_COMPLIANT"}
    assert "it has no end, and at most 90 days are allowed" in aws.record[bad]["Annotation"]
    assert aws.kinds() == ["violation"]


def managed(days):
    """Make the body of a configuration whose certificates EMR manages for so many days."""
    certificates = {"CertificateProviderType": "EMR", "ValidityInDays": days}
    return json.dumps(on_with(certificates))


def test_certificates_that_expire_are_told_once_for_each_configuration_in_use(aws):
    """Two clusters share one; another is good for longer, and a third nobody uses."""
    first = launch(aws.emr, "soon", managed(20), ReleaseLabel="emr-7.12.0")
    second = launch(aws.emr, "soon", ReleaseLabel="emr-7.12.0")
    launch(aws.emr, "later", managed(7_000), ReleaseLabel="emr-7.12.0")
    aws.emr.create_security_configuration(Name="idle", SecurityConfiguration=managed(20))
    for _ in range(2):
        aws.sweep()
    assert aws.inbox.told == [("expiring", ["soon"])]
    [told] = aws.inbox.documents
    assert sorted(told["clusters"]) == sorted([first, second])
    assert told["resourceType"] == SECURITY_CONFIGURATION_TYPE


def test_the_window_is_the_rules_parameter_and_told_again_is_nothing_when_it_widens(aws):
    """Once it has opened, it has."""
    launch(aws.emr, "soon", managed(20), ReleaseLabel="emr-7.12.0")
    for days, told in (("10", 0), ("30", 1), ("60", 1)):
        aws.sweep(json.dumps({"certificateExpiryDays": days}))
        assert len(aws.kinds()) == told


def test_with_the_memory_of_certificates_failing_all_else_is_told_and_the_run_is_an_error(aws):
    """The next sweep makes up for it."""
    launch(aws.emr, "soon", managed(20), ReleaseLabel="emr-7.12.0")
    bad = launch(aws.emr)
    with (
        refusing_some("dynamodb", "GetItem", "expiring:"),
        pytest.raises(
            door.RuleRunError, match=r"1 could .*: the certificates that expire \(GetItem"
        ),
    ):
        aws.sweep()
    assert aws.inbox.told == [("violation", [bad])]
    aws.sweep()
    assert aws.kinds() == ["violation", "expiring"]


def test_whom_to_wake_is_what_the_tags_were_when_the_cluster_was_described(aws, monkeypatch):
    """Steady sweeps ask EMR for nothing, so a tag that changes is seen with the next description."""
    monkeypatch.setenv("ALERT_TAG_KEYS", "owner")
    bad = launch(aws.emr, "pem", PEM, Tags=[{"Key": "owner", "Value": "ana"}])
    aws.sweep()
    aws.emr.add_tags(ResourceId=bad, Tags=[{"Key": "owner", "Value": "ben"}])
    aws.asked.clear()
    aws.sweep(ONLY_CUSTOM)
    assert aws.asked == ["ListClusters"]
    assert [each["tags"] for each in aws.inbox.documents] == [{"owner": "ana"}]
    move_sweeps_clock(monkeypatch, timedelta(days=8))
    aws.sweep()
    assert [each["tags"] for each in aws.inbox.documents[1:]] == [{"owner": "ben"}]


def test_in_a_chat_the_default_text_is_the_one_that_amazon_q_shows(aws, monkeypatch):
    """The email is as ever."""
    monkeypatch.setenv("ALERT_FORMAT", "chat")
    bad = launch(aws.emr)
    aws.sweep()
    [document] = aws.inbox.documents
    assert (document["version"], document["source"]) == ("1.0", "custom")
    assert document["metadata"]["relatedResources"] == [bad]
    assert "What is wrong" in aws.inbox.emails[0]


def test_with_the_ledger_down_a_change_that_complies_is_an_error_but_nobody_missed_anything(
    aws, caplog
):
    """Whether an episode has ended is not known; there was nothing that people should have been told."""
    caplog.set_level(logging.INFO)
    with unreachable("dynamodb"), pytest.raises(door.RuleRunError, match="GetItem: Endpoint"):
        aws.change(PEM)
    assert "people were not told" not in [each.message for each in caplog.records]
