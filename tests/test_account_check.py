"""The account check by itself: its calls and rights by AWS's data, its judgement, AWS's refusals."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber

from tools.account_check import (
    clean_up,
    create,
    functions,
    hybrid,
    launch,
    pages,
    policies,
    recording,
    results,
    rights,
    topics,
    trial,
    verify,
    watching,
)
from tools.account_check.aws import Aws, UndeclaredCallError
from tools.account_check.decisions import Verdict, decide, role, service
from tools.account_check.deployed import Stack
from tools.account_check.functions import _last_run
from tools.account_check.report import Report
from tools.account_check.results import (
    Answer,
    NotReachedError,
    Result,
    exit_status,
    no,
    note,
    unsure,
    yes,
)
from tools.account_check.trial import BusyError, Pace, Trial
from tools.package import ROOT

ACCOUNT = "123456789012"
CALLS = sorted({call for calls in pages.COMMANDS.values() for call in calls})
PAGE = pages.PAGE.read_text()
PREFIXES = {"emr": "elasticmapreduce"}
# Where the right is not called as the operation is, or is not alone.
OTHERWISE = {
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "emr:RunJobFlow": ("elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags", "iam:PassRole"),
    "lambda:CreateFunction": ("lambda:CreateFunction", "iam:PassRole"),
}
READS = {"List", "Read"}


@pytest.mark.parametrize("call", CALLS, ids=lambda each: each.name)
def test_each_call_is_one_of_aws_and_takes_the_rights_that_aws_asks_for(call):
    """By botocore's model and by AWS's authorization table; what only reads is declared so."""
    model = botocore.session.get_session().get_service_model(call.service)
    assert call.operation in model.operation_names
    usual = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    assert call.actions == OTHERWISE.get(call.name, (usual,))
    access = {rights.access(each) for each in call.actions}
    taking = (
        call is trial.RECEIVE
    )  # AWS calls it a read, but what one has taken the others do not see
    assert call.writes == (not access <= READS or taking)


def test_preflight_and_verify_declare_nothing_that_changes_anything():
    for name in ("preflight", "verify"):
        assert [call for call in pages.COMMANDS[name] if call.writes] == []


def test_the_page_lists_the_rights_of_the_code():
    assert pages.written(PAGE) == PAGE


def test_the_page_and_the_commands_name_each_option():
    """What the page says to type is what the parser takes, and nothing is kept from the reader."""
    taken = {
        option
        for action in verify._parser()._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert told - taken == set()
    assert taken - told == {"--release", "--yes"}, "--help has these"


def test_what_an_option_needs_is_asked_for_on_the_resources_of_its_parameters():
    """Each bucket for what is listed, what is in it for what is read, each key for its own use."""
    topic_key, bucket_key = f"{KEY}1", f"{KEY}2"
    options = {
        "TopicKeyArn": topic_key,
        "CertificateBundles": "check",
        "CertificateBuckets": "arn:aws:s3:::a,arn:aws:s3:::b",
        "CertificateKeyArn": bucket_key,
    }
    given = STACK._replace(parameters=options)
    asked = {resource: actions for actions, resource in rights.needed(stubbed()[0], given, "RuleFunction")}  # fmt: skip
    assert asked[topic_key] == ("kms:Decrypt", "kms:GenerateDataKey")
    assert asked[bucket_key] == ("kms:Decrypt",)
    assert asked["arn:aws:s3:::a"] == asked["arn:aws:s3:::b"] == ("s3:ListBucket",)
    assert asked["arn:aws:s3:::a/x"] == asked["arn:aws:s3:::b/x"] == ("s3:GetObject",)
    plain = rights.needed(stubbed()[0], STACK, "RuleFunction")
    assert not [each for each in plain if "s3:GetObject" in each.actions]


def test_a_call_that_is_not_declared_is_not_made():
    """Or the page would not list its right."""
    aws = stubbed()[0].limited_to((recording.RULES,))
    with pytest.raises(UndeclaredCallError, match="config:DescribeDeliveryChannels"):
        aws.call(recording.CHANNELS)
    with pytest.raises(UndeclaredCallError):
        list(aws.items(recording.ALL_RECORDERS, "x"))


def stubbed(*calls, **services):
    """Return an Aws whose clients are stubbed, and the stubs by service."""
    session = boto3.Session(region_name="eu-west-1")
    clients = {name: session.client(name, region_name=where) for name, where in services.items()}
    aws = Aws(
        session,
        "eu-west-1",
        "aws",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:user/jane",
        frozenset(calls),
        {(name, services[name]): client for name, client in clients.items()},
    )
    stubs = {name: Stubber(client) for name, client in clients.items()}
    for each in stubs.values():
        each.activate()
    return aws, stubs


SC, EC2 = recording.TYPE, "AWS::EC2::Instance"
STRATEGIES = [
    ("all", {"allSupported": True}, True),
    ("all, by strategy", {"recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}, True),
    ("a list with it", {"allSupported": False, "resourceTypes": [EC2, SC]}, True),
    ("a list without it", {"resourceTypes": [EC2], "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}, False),
    ("all but others", {"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}, "exclusionByResourceTypes": {"resourceTypes": [EC2]}}, True),
    ("all but it", {"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}, "exclusionByResourceTypes": {"resourceTypes": [SC]}}, False),
    ("all but it, as older recorders say it", {"exclusionByResourceTypes": {"resourceTypes": [SC]}}, False),
    ("a list, beside an empty exclusion", {"resourceTypes": [SC], "exclusionByResourceTypes": {"resourceTypes": []}}, True),
    ("nothing", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "wanted"), [each[1:] for each in STRATEGIES], ids=[each[0] for each in STRATEGIES]
)
def test_what_a_recorder_records_goes_by_its_strategy(group, wanted):
    assert recording.records({"recordingGroup": group}) is wanted


def find(check, aws, known=None):
    return [(each.answer, each.text) for each in check.find(aws.limited_to(check.calls), known)]


def recorders(found, status=(), linked=()):
    """Return an Aws in which AWS Config has these recorders."""
    aws, stubs = stubbed(*recording.recorder.calls, config="eu-west-1")
    stub = stubs["config"]
    stub.add_response("describe_configuration_recorders", {"ConfigurationRecorders": found}, {})
    stub.add_response(
        "describe_configuration_recorder_status", {"ConfigurationRecordersStatus": list(status)}, {}
    )
    summaries = [
        {"arn": "arn:x", "name": "x", "recordingScope": "INTERNAL", "servicePrincipal": each}
        for each in linked
    ]
    stub.add_response(
        "list_configuration_recorders", {"ConfigurationRecorderSummaries": summaries}, {}
    )
    for each in linked:
        stub.add_response(
            "describe_configuration_recorders",
            {"ConfigurationRecorders": [{"name": "x", "recordingGroup": {"resourceTypes": [SC]}}]},
            {"ServicePrincipal": each},
        )
    return aws


ALL = {"name": "default", "recordingGroup": {"allSupported": True}}


def test_a_recorder_of_a_service_does_not_count():
    """Custom rules are triggered by what the customer managed recorder records."""
    aws = recorders([], linked=["securityhub.amazonaws.com"])
    ((answer, text),) = find(recording.recorder, aws)
    assert answer == Answer.NO
    assert text.startswith("only a recorder of securityhub.amazonaws.com records AWS::EMR::")


def test_a_recorder_that_fails_and_one_that_records_daily_are_told_of():
    failing = {"name": "default", "recording": True, "lastStatus": "FAILURE", "lastErrorMessage": "no bucket"}  # fmt: skip
    aws = recorders([ALL], [failing])
    assert find(recording.recorder, aws) == [(Answer.NO, "the recorder fails: no bucket")]
    daily = ALL | {"recordingMode": {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": [{"resourceTypes": [SC], "recordingFrequency": "DAILY"}]}}  # fmt: skip
    aws = recorders([daily], [{"name": "default", "recording": True, "lastStatus": "SUCCESS"}])
    assert [answer for answer, _ in find(recording.recorder, aws)] == [Answer.YES, Answer.NOTE]


def test_an_account_with_a_thousand_rules_may_have_no_room():
    """The quota can be raised, so nobody can tell."""
    aws, stubs = stubbed(recording.RULES, config="eu-west-1")
    many = [{"Source": {"Owner": "AWS", "SourceIdentifier": "X"}}] * 999
    stubs["config"].add_response("describe_config_rules", {"ConfigRules": many}, {})
    ((answer, text),) = find(recording.quota, aws)
    assert answer == Answer.COULD_NOT_TELL
    assert text.startswith("999 of AWS Config's 1000 rules")


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([yes("a"), note("b")], 0),
        ([yes("a"), unsure("b")], 3),
        ([unsure("a"), no("b", "c"), note("d")], 1),
        ([], 0),
    ],
)
def test_the_exit_status_is_of_the_worst(answers, status):
    """A note is no fault; what is wrong goes before what could not be told."""
    assert exit_status(Result("x", each) for each in answers) == status


def test_a_malformed_answer_could_not_be_told_and_costs_the_next_check_nothing():
    def broken(_aws, _known):
        yield yes("first")
        raise KeyError("Recorders")

    checks = [results.check("broken")(broken), results.check("well")(lambda *_: [yes("fine")])]
    found = list(results.run(checks, stubbed()[0], None))
    assert [each.finding.answer for each in found] == [Answer.YES, Answer.COULD_NOT_TELL, Answer.YES]  # fmt: skip
    assert found[1].finding.text == (
        "AWS answered in a form that is not known (KeyError: 'Recorders')"
    )


def test_the_report_masks_accounts_and_callers(capsys):
    """Digits of another length are none; callers can be people's addresses."""
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jane@example.com is not authorized"
    report = Report("verify")
    assert report.masked(arn) == "CALLER is not authorized"
    assert report.masked(f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts 1234567890123") == (
        "arn:aws:sns:eu-west-1:ACCOUNT:alerts 1234567890123"
    )
    assert Report("verify", with_account=True).masked(arn) == arn
    report.say(arn)
    assert "jane" not in capsys.readouterr().out


WANTED = {
    "Sid": "A",
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["sns:Publish", "sns:Subscribe"],
    "Resource": "arn:x",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
SAME = WANTED | {
    "Principal": {"AWS": "*"},
    "Action": ["SNS:Subscribe", "SNS:Publish"],
    "Condition": {"Bool": {"aws:securetransport": ["false"]}},
}
DIFFERENT = [
    ("effect", WANTED | {"Effect": "Allow"}),
    ("principal", WANTED | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}),
    ("an action less", WANTED | {"Action": "sns:Publish"}),
    ("resource", WANTED | {"Resource": "*"}),
    ("condition", WANTED | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
    ("no condition", {k: v for k, v in WANTED.items() if k != "Condition"}),
    ("an element more", WANTED | {"NotAction": "x"}),
]


def test_a_policy_in_another_form_is_the_same():
    """SNS, SQS and DynamoDB do not give back the very text that they took."""
    assert policies.differences({"Statement": [WANTED]}, {"Statement": SAME}) == []


@pytest.mark.parametrize("found", [d[1] for d in DIFFERENT], ids=[d[0] for d in DIFFERENT])
def test_a_policy_that_says_otherwise_is_another(found):
    assert policies.differences({"Statement": [WANTED]}, {"Statement": [found]}) == ["A is another"]


def test_statements_that_lack_or_are_added_are_named():
    found = {"Statement": [{**WANTED, "Sid": "B"}, {k: v for k, v in WANTED.items() if k != "Sid"}]}
    assert policies.differences({"Statement": [WANTED]}, found) == [
        "A is missing",
        "B is not the template's",
        "a statement without a Sid is not the template's",
    ]
    assert policies.differences({"Statement": [WANTED]}, {}) == ["A is missing"]


def test_a_second_statement_of_the_same_name_is_seen():
    """Whichever stands first."""
    other = WANTED | {"Effect": "Allow"}
    for found in ([WANTED, other], [other, WANTED]):
        assert policies.differences({"Statement": [WANTED]}, {"Statement": found}) == [
            "A is another"
        ]


def test_a_stack_of_another_version_is_compared_with_nothing():
    """Neither its code, nor what that needs, nor its policies are this clone's."""
    aws, stubs = stubbed(*functions.functions.calls, **{"lambda": "eu-west-1"})
    older = STACK._replace(
        parameters={"CodeKey": "older.zip"},
        outputs={"Version": "0.1.0"},
        resources={each: each for each in rights.FUNCTIONS},
    )
    for _ in rights.FUNCTIONS:
        stubs["lambda"].add_response("get_function_configuration", {"CodeSha256": "x"})
    checks = (functions.state, functions.functions, rights.grants, policies.resource_policies)
    for each in checks:
        answers = [answer for answer, _ in find(each, aws, older)]
        assert set(answers) - {Answer.YES} == {Answer.COULD_NOT_TELL}, each.name


def test_the_last_run_of_a_rule_counts():
    """An error that a later run has left behind is none."""
    early, late = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    failed = {"LastErrorCode": "Denied", "LastErrorMessage": "no"}
    assert _last_run("r", {}).answer == Answer.NOTE
    assert _last_run("r", failed | {"LastFailedEvaluationTime": late, "LastSuccessfulInvocationTime": late, "LastSuccessfulEvaluationTime": early}).answer == Answer.NO  # fmt: skip
    assert _last_run("r", failed | {"LastFailedEvaluationTime": early, "LastSuccessfulEvaluationTime": late}).answer == Answer.YES  # fmt: skip
    assert _last_run("r", {"LastSuccessfulInvocationTime": late}).answer == Answer.YES


def product(amount, unit="Hrs", currency="USD"):
    dimension = {"unit": unit, "pricePerUnit": {currency: amount}}
    return json.dumps({"terms": {"OnDemand": {"T": {"priceDimensions": {"D": dimension}}}}})


def prices(machine, service, region="us-east-1"):
    aws, stubs = stubbed(launch.PRICES, pricing=region)
    for found in (machine, service):
        stubs["pricing"].add_response("get_products", {"PriceList": found})
    return aws


def test_the_price_is_that_of_aws():
    """The dearest of several products; what is free is reserved capacity, and no price."""
    aws = prices([product("0.214"), product("0.0")], [product("0.048"), product("0.01")])
    assert launch.price(aws).startswith("0.262 USD an hour by AWS's price list")


@pytest.mark.parametrize(
    ("machine", "service"),
    [([], [product("0.048")]), ([product("0.2", "Quantity")], []), (["{}"], [product("0.048")])],
    ids=["no product", "other units", "another form"],
)
def test_without_a_price_the_most_that_it_can_be_is_said(machine, service):
    assert launch.price(prices(machine, service)) == launch.MOST


def test_a_partition_without_a_price_list_gets_the_most_that_it_can_be():
    aws, _ = stubbed()
    assert launch.price(replace(aws, partition="aws-us-gov")) == launch.MOST


STACK = Stack(
    "s",
    "CREATE_COMPLETE",
    {},
    {"AlertTopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"},
    {},
)


def a_trial(*calls, **services):
    clock = [0.0]

    def sleep(seconds):
        clock[0] += seconds

    aws, stubs = stubbed(*calls, **services)
    return Trial(aws, STACK, Pace(lambda: clock[0], sleep), run="0a1b2c3d"), stubs, clock


def test_a_queue_that_was_deleted_a_moment_ago_is_waited_for():
    """SQS gives its name again after a minute."""
    made, stubs, clock = a_trial(*trial.CALLS, sqs="eu-west-1")
    for _ in range(3):
        stubs["sqs"].add_client_error("create_queue", "AWS.SimpleQueueService.QueueDeletedRecently")
    stubs["sqs"].add_response("create_queue", {"QueueUrl": "https://q"})
    stubs["sqs"].add_response("get_queue_url", {"QueueUrl": "https://q"})
    policy = json.dumps({"Id": made.run})
    stubs["sqs"].add_response("get_queue_attributes", {"Attributes": {"Policy": policy}})
    assert (made.begin().queue_url, clock[0]) == ("https://q", 15.0)


def test_a_queue_of_somebody_else_is_a_lock_even_where_sqs_takes_ours():
    """Who made it is read back from it."""
    made, stubs, _ = a_trial(*trial.CALLS, sqs="eu-west-1")
    stubs["sqs"].add_response("create_queue", {"QueueUrl": "https://q"})
    stubs["sqs"].add_response("get_queue_url", {"QueueUrl": "https://q"})
    stubs["sqs"].add_response("get_queue_attributes", {"Attributes": {"Policy": '{"Id": "other"}'}})
    with pytest.raises(BusyError, match="another trial is at work in eu-west-1"):
        made.begin()


def test_two_runs_ask_for_queues_that_differ():
    """In more than the policy, in case SQS does not compare those."""
    kept = []
    for run in ("0a1b2c3d", "0a1b2c3e"):
        made, stubs, _ = a_trial(*trial.CALLS, sqs="eu-west-1")
        made = replace(made, run=run)
        client = made.aws.client("sqs")
        client.meta.events.register("provide-client-params.sqs.CreateQueue", lambda params, **_: kept.append(params["Attributes"]))  # fmt: skip
        stubs["sqs"].add_client_error("create_queue", "QueueNameExists")
        with pytest.raises(BusyError):
            made.begin()
    assert kept[0]["MessageRetentionPeriod"] != kept[1]["MessageRetentionPeriod"]
    assert 60 <= int(kept[0]["MessageRetentionPeriod"]) <= 1_209_600
    assert json.loads(kept[0]["Policy"])["Id"] == "0a1b2c3d"


def test_what_aws_refuses_for_a_while_is_asked_again_and_what_it_denies_is_not():
    made, stubs, clock = a_trial(create.DISCOVERED, config="eu-west-1")
    found = {"resourceIdentifiers": [{"resourceType": SC, "resourceId": "id", "resourceName": "n"}]}
    stub = stubs["config"]
    stub.add_client_error("list_discovered_resources", "ThrottlingException")
    stub.add_response("list_discovered_resources", found)
    assert (create._recorded(made), clock[0]) == ("id", 5.0)
    stub.add_client_error("list_discovered_resources", "AccessDeniedException")
    with pytest.raises(made.aws.client("config").exceptions.ClientError, match="AccessDenied"):
        create._recorded(made)
    for _ in range(2 * 181):  # by its name, and by an id that is its name
        stub.add_response("list_discovered_resources", {"resourceIdentifiers": []})
    with pytest.raises(NotReachedError, match="not recorded emr-in-transit-verify-0a1b2c3d within"):
        create._recorded(made)


def test_a_topic_of_another_account_cannot_be_listened_to():
    """Its owner would have to confirm."""
    made, stubs, _ = a_trial(trial.SUBSCRIBE, sns="eu-west-1")
    topic = "arn:aws:sns:eu-west-1:210987654321:alerts"
    made = replace(made, stack=STACK._replace(outputs={"AlertTopicArn": topic}))
    stubs["sns"].add_response("subscribe", {"SubscriptionArn": "pending confirmation"})
    with pytest.raises(NotReachedError, match="another account"):
        made.listen()


def test_a_role_that_lambda_does_not_know_yet_is_waited_for():
    made, stubs, clock = a_trial(*hybrid.CALLS, **{"lambda": "eu-west-1"})
    message = "The role defined for the function cannot be assumed by Lambda."
    stubs["lambda"].add_client_error("create_function", "InvalidParameterValueException", message)
    stubs["lambda"].add_response("create_function", {"FunctionArn": "arn:f"})
    assert (hybrid._function(made, "arn:role"), clock[0]) == ("arn:f", 5.0)


def test_a_rule_with_both_triggers_that_aws_config_refuses_is_an_answer():
    made, stubs, _ = a_trial(*hybrid.CALLS, emr="eu-west-1", config="eu-west-1", iam="eu-west-1", **{"lambda": "eu-west-1"})  # fmt: skip
    role = {"Path": "/", "RoleName": "r", "RoleId": "A" * 16, "Arn": f"arn:aws:iam::{ACCOUNT}:role/r", "CreateDate": datetime(2026, 1, 1, tzinfo=UTC)}  # fmt: skip
    stubs["iam"].add_response("create_role", {"Role": role})
    stubs["iam"].add_response("put_role_policy", {})
    stubs["lambda"].add_response("create_function", {"FunctionArn": "arn:f"})
    stubs["lambda"].add_response("add_permission", {})
    stubs["emr"].add_response("create_security_configuration", {"Name": "n", "CreationDateTime": datetime(2026, 1, 1, tzinfo=UTC)})  # fmt: skip
    stubs["config"].add_client_error("put_config_rule", "InvalidParameterValueException", "no scope")  # fmt: skip
    answers = {}
    found = list(hybrid.hybrid(made, answers.__setitem__))
    assert [each.answer for each in found] == [Answer.YES]
    assert answers == {
        "AWS Config takes a rule with both triggers and a scope:": "no: PutConfigRule: no scope"
    }


def allowing(providers):
    return STACK._replace(parameters={"AllowedCertificateProviders": providers})


@pytest.mark.parametrize(
    ("allowed", "provider"), [("PEM,Custom,EMR", "PEM"), ("Custom", "Custom"), ("EMR, PEM", "PEM")]
)
def test_what_complies_goes_by_what_the_stack_allows(allowed, provider):
    made, _, _ = a_trial()
    made = replace(made, stack=allowing(allowed))
    body = json.dumps(create.good(made))
    assert f'"CertificateProviderType": "{provider}"' in body


def test_where_only_emrs_own_certificates_comply_nothing_is_tried():
    """They cost by the month."""
    made, _, _ = a_trial()
    made = replace(made, stack=allowing("EMR"))
    with pytest.raises(NotReachedError):
        create.good(made)


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a1b"


def test_a_key_of_another_account_could_not_be_told():
    """Nobody else may read its policy."""
    aws, stubs = stubbed(*topics.KEY_CALLS, kms="eu-west-1")
    described = {"KeyId": "k", "Arn": KEY, "KeyState": "Enabled", "AWSAccountId": "210987654321"}
    stubs["kms"].add_response("describe_key", {"KeyMetadata": described})
    topic = topics.Topic(STACK.outputs["AlertTopicArn"], {"KmsMasterKeyId": KEY})
    who = topics.publisher(f"arn:aws:iam::{ACCOUNT}:role/r", "")
    (found,) = topics.key_admits(aws, topic, who)
    assert found.answer == Answer.COULD_NOT_TELL


def test_a_policy_with_a_condition_that_is_not_known_could_not_be_told():
    """Neither a yes nor a no is made up."""
    _aws, _ = stubbed()
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}  # fmt: skip
    topic = topics.Topic(
        STACK.outputs["AlertTopicArn"], {"Policy": json.dumps({"Statement": [statement]})}
    )
    who = topics.publisher(f"arn:aws:iam::{ACCOUNT}:role/r", "")
    (found,) = topics.admits(topic, who, ("sns:Publish",))
    assert found.answer == Answer.COULD_NOT_TELL


def test_clean_up_goes_by_names_that_only_trials_have():
    """Each is under the one prefix that the page names."""
    named = [trial.QUEUE_NAME, launch.CLUSTER_NAME, hybrid.NAME, f"{trial.PREFIX}{'0' * 8}"]
    assert all(each.startswith(trial.PREFIX) for each in named)
    assert f"`{trial.PREFIX}...`" in PAGE
    assert {call.name for call in clean_up.CALLS if call.writes} == {
        "emr:TerminateJobFlows",
        "emr:DeleteSecurityConfiguration",
        "config:DeleteConfigRule",
        "lambda:DeleteFunction",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
    }


def test_the_makefile_has_both_commands():
    makefile = (ROOT / "Makefile").read_text()
    for name in ("preflight", "verify"):
        assert f"\n{name}: environment-demo ## " in makefile
        assert f"-m tools.account_check.{name} " in makefile


def test_a_topic_of_another_account_that_shows_no_policy_could_not_be_told():
    """Nothing in it is no refusal."""
    _aws, _ = stubbed()
    topic = topics.Topic("arn:aws:sns:eu-west-1:210987654321:alerts", {})
    who = topics.publisher(f"arn:aws:iam::{ACCOUNT}:role/r", "")
    (found,) = topics.admits(topic, who, ("sns:Publish",))
    assert found.answer == Answer.COULD_NOT_TELL


def rules_of(aws, stubs, *found):
    stubs["config"].add_response("describe_config_rules", {"ConfigRules": list(found)}, {})
    return [(each.answer, each.text) for each in functions.rules.find(aws, BY_A_PACK)]


FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:emr-in-transit-encryption"
BY_A_PACK = STACK._replace(
    parameters={"CreateRules": "no", "RuleNames": "*-conformance-pack-*,OrgConfigRule-*"},
    outputs={"FunctionArn": FUNCTION},
)


def rule(name, trigger, function=FUNCTION):
    details = [{"EventSource": "aws.config", "MessageType": trigger}]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function, "SourceDetails": details}
    return {"ConfigRuleName": name, "ConfigRuleState": "ACTIVE", "Source": source}


def test_rules_that_a_pack_brings_are_found_by_their_names_and_their_function():
    """Somebody else's rule on the function is none of the deployment's."""
    aws, stubs = stubbed(recording.RULES, config="eu-west-1")
    swept = rule("clusters-conformance-pack-a1", "ScheduledNotification")
    changed = rule("bodies-conformance-pack-a1", "ConfigurationItemChangeNotification")
    trial_rule = rule("trial", "ConfigurationItemChangeNotification")
    other = rule("x-conformance-pack-a1", "ScheduledNotification", "arn:other")
    found = rules_of(aws, stubs, swept, changed, other)
    assert [answer for answer, _ in found] == [Answer.YES, Answer.YES]
    found = rules_of(aws, stubs, swept, trial_rule, other)
    assert found[1:] == [
        (
            Answer.NO,
            "no rule of the deployment has the trigger ConfigurationItemChangeNotification",
        )
    ]


def test_a_trail_whose_state_nobody_shows_could_not_be_told():
    """That of an organization, in a member account; one that logs is enough."""
    aws, stubs = stubbed(*watching.trail.calls, cloudtrail="eu-west-1")
    stub = stubs["cloudtrail"]
    listed = {"trailList": [{"TrailARN": "arn:central"}, {"TrailARN": "arn:mine"}]}
    stub.add_response("describe_trails", listed)
    stub.add_client_error("get_trail_status", "AccessDeniedException")
    stub.add_response("get_trail_status", {"IsLogging": True})
    assert [answer for answer, _ in find(watching.trail, aws)] == [Answer.YES]
    stub.add_response("describe_trails", listed)
    stub.add_client_error("get_trail_status", "AccessDeniedException")
    stub.add_response("get_trail_status", {"IsLogging": False})
    assert [answer for answer, _ in find(watching.trail, aws)] == [Answer.COULD_NOT_TELL]


def test_what_only_changes_and_options_take_is_a_note():
    """A first deployment succeeds without."""
    found = list(rights._missing(["iam:TagRole", "iam:PutRolePermissionsBoundary"]))
    assert [each.answer for each in found] == [Answer.YES, Answer.NOTE]
    found = list(rights._missing(["iam:TagRole", "iam:CreateRole"]))
    assert [each.answer for each in found] == [Answer.NO, Answer.NOTE]


def test_a_rule_that_is_being_evaluated_is_removed_a_little_later():
    """AWS Config refuses to delete it for so long; what else there is goes all the same."""
    services = ("emr", "config", "lambda", "iam", "sqs")
    made, stubs, clock = a_trial(*clean_up.CALLS, **dict.fromkeys(services, "eu-west-1"))
    stubs["emr"].add_response("list_clusters", {"Clusters": []})
    stubs["config"].add_client_error("delete_config_rule", "ResourceInUseException")
    stubs["config"].add_response("delete_config_rule", {})
    stubs["lambda"].add_client_error("delete_function", "ResourceNotFoundException")
    stubs["iam"].add_client_error("delete_role_policy", "NoSuchEntity")
    stubs["iam"].add_client_error("delete_role", "NoSuchEntity")
    stubs["emr"].add_response("list_security_configurations", {"SecurityConfigurations": []})
    for _ in range(2):
        stubs["sqs"].add_client_error("get_queue_url", "AWS.SimpleQueueService.NonExistentQueue")
    removed = list(clean_up.clean_up(made.aws, made.pace))
    assert removed == [clean_up.Removed("the hybrid rule emr-in-transit-verify-hybrid")]
    assert clock[0] == 15.0


ROLE, TOPIC = f"arn:aws:iam::{ACCOUNT}:role/security/rule", STACK.outputs["AlertTopicArn"]


def one(effect="Allow", principal="*", action="sns:Publish", resource=TOPIC, **condition):
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


ALLOWED, DENIED, SILENT = Verdict.ALLOWED, Verdict.DENIED, Verdict.SILENT
ONLY_OURS = {"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}  # fmt: skip
NO_JOBS = {"Null": {"aws:Ec2InstanceSourceVpc": "false"}, "ForAllValues:StringNotEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}  # fmt: skip
STATEMENTS = [
    ("nothing", [], SILENT, ()),
    ("everybody", [one()], ALLOWED, ()),
    ("the role", [one(principal={"AWS": ROLE})], ALLOWED, ()),
    ("the account", [one(principal={"AWS": [ACCOUNT]})], ALLOWED, ()),
    ("the account's root", [one(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})], ALLOWED, ()),
    ("another role", [one(principal={"AWS": f"{ROLE}2"})], SILENT, ()),
    ("a service", [one(principal={"Service": "events.amazonaws.com"})], SILENT, ()),
    ("another action", [one(action=["sns:Subscribe"])], SILENT, ()),
    ("an action in another case, with a wildcard", [one(action="SNS:Pub*")], ALLOWED, ()),
    ("another resource", [one(resource=f"{TOPIC}2")], SILENT, ()),
    ("all but an action", [{**one(), "NotAction": "sns:Subscribe", "Action": None}], ALLOWED, ()),
    ("a Deny before an Allow", [one(), one("Deny")], DENIED, ()),
    ("a Deny for all but ours", [one(), one("Deny", **ONLY_OURS)], ALLOWED, ()),
    ("a Deny for jobs on instances", [one(), one("Deny", **NO_JOBS)], ALLOWED, ()),
    ("a Deny without TLS", [one(), one("Deny", Bool={"aws:SecureTransport": False})], ALLOWED, ()),
    ("AWS's own default", [one(StringEquals={"AWS:SourceOwner": ACCOUNT})], ALLOWED, ()),
    ("a path of roles", [one(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/security/*"})], ALLOWED, ()),
    ("another path", [one(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/other/*"})], SILENT, ()),
    ("a source that it has not", [one(StringEquals={"aws:SourceAccount": ACCOUNT})], SILENT, ()),
    ("a source, if there is one", [one(StringEqualsIfExists={"aws:SourceAccount": "1"})], ALLOWED, ()),
    ("any of several values, of none", [one(**{"ForAnyValue:StringEquals": {"aws:CalledVia": "x"}})], SILENT, ()),
    ("an organization", [one(StringEquals={"aws:PrincipalOrgID": "o-1"})], SILENT, ("aws:PrincipalOrgID",)),
    ("a Deny by address", [one(), one("Deny", IpAddress={"aws:SourceIp": "10.0.0.0/8"})], ALLOWED, ("aws:SourceIp",)),
    ("an Allow by address beside another", [one(), one(IpAddress={"aws:SourceIp": "10.0.0.0/8"})], ALLOWED, ()),
    ("an address, for another account", [one(StringEquals={"aws:PrincipalAccount": "1"}, IpAddress={"aws:SourceIp": "10.0.0.0/8"})], SILENT, ()),
    ("a variable", [one(StringEquals={"aws:PrincipalArn": "${aws:x}"})], SILENT, ("aws:PrincipalArn",)),
    ("an operator that is not known", [one(DateLessThan={"aws:PrincipalArn": "x"})], SILENT, ("aws:PrincipalArn",)),
    ("who is not named", [{"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}], SILENT, ("NotPrincipal",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "verdict", "doubts"), [s[1:] for s in STATEMENTS], ids=[s[0] for s in STATEMENTS]
)
def test_what_a_policy_says_to_a_role(statements, verdict, doubts):
    """What may be another way is a doubt, with the key that it hangs on."""
    found = decide({"Statement": statements}, role(ROLE), "sns:Publish", TOPIC)
    assert found == (verdict, doubts)


def test_what_a_policy_says_to_a_service():
    """By the resource for which it acts."""
    rule = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/r"
    who = service("events.amazonaws.com", rule, ACCOUNT)
    named = {"principal": {"Service": "events.amazonaws.com"}}
    for statement, verdict in (
        (one(**named, ArnLike={"AWS:SourceArn": rule}), ALLOWED),
        (one(**named, ArnLike={"AWS:SourceArn": f"{rule}2"}), SILENT),
        (one(**named, StringEquals={"AWS:SourceAccount": "1"}), SILENT),
        (one(principal={"Service": "config.amazonaws.com"}), SILENT),
        (one("Deny", BoolIfExists={"aws:PrincipalIsAWSService": "false"}), SILENT),
    ):
        assert decide({"Statement": statement}, who, "sns:Publish", TOPIC).verdict == verdict


def test_the_check_brings_no_simulator_into_a_real_account():
    """moto puts itself between botocore and AWS, even where it does nothing."""
    code = "import sys, tools.account_check.verify; print('moto' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"False\n"
