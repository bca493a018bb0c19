"""make verify on a deployment: healthy ones pass, each planted fault is found, trials leave nothing."""

import itertools
import json
import os
import signal

import boto3
import pytest

from emr_in_transit import __version__
from tests.end_to_end.planted import FAULTS
from tests.support.account_check import checked, clock_of, results, session_of
from tools.account import STACK
from tools.account_check import verify
from tools.account_check.create import BAD
from tools.account_check.pages import COMMANDS, PAGE, rights
from tools.account_check.trial import PREFIX, Pace, Trial

LAUNCH = ["--launch", "--service-role", "EMR_DefaultRole", "--instance-profile", "EMR_EC2_DefaultRole", "--subnet", "subnet-0a1b2c3d"]  # fmt: skip
LAUNCH_NOW = [*LAUNCH, "--yes"]
READING = ("Describe", "Get", "List", "Head", "Simulate")


@pytest.fixture(scope="module")
def session(watched):
    with session_of(watched.simulator) as made:
        yield made


@pytest.fixture
def check(alerts, monkeypatch, tmp_path, capsys, session):
    """Runs the command; what waits in it waits for the simulator's work instead."""
    for name, value in alerts.simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    alerts.simulator.set_config(start_evaluation_interval=0)
    alerts.simulator.add_fault(service="pricing", code="AccessDeniedException")

    def run(*arguments, pace=None, session=session):
        pace = pace or clock_of(alerts.simulator)
        return checked(
            verify.main, tmp_path / "r.json", capsys, *arguments, pace=pace, session=session
        )

    return run


def test_a_healthy_deployment_passes_and_is_only_read(check, alerts):
    """No call that changes anything; what has not happened yet is a note; the page shows such a run."""
    done = check("--stack", STACK)
    assert (done.status, done.err) == (0, "")
    assert results(done, "no", "could not tell") == []
    assert {each["check"] for each in results(done, "note")} <= {"alarms", "last runs", "trail"}
    assert "Nothing is wrong." in done.out
    operations = {call["operation"] for call in alerts.simulator.journal()}
    assert {each for each in operations if not each.startswith(READING)} == set()
    sample = PAGE.read_text().partition("```text\n")[2].partition("```")[0]
    assert sample
    printed = done.out.replace(f"version {__version__}", "version VERSION").splitlines()
    assert [line for line in sample.splitlines() if line not in printed] == []


def test_the_report_holds_no_account_number_unless_asked(check):
    """Neither on the terminal nor in the file, which says what it is about."""
    done = check()
    assert "123456789012" not in done.out + json.dumps(done.report)
    assert done.report["region"] == "eu-west-1"
    assert done.report["stack"] == STACK
    assert done.report["version"]
    assert done.report["modes"] == "read-only"


TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def auditor(alerts):
    """Makes sessions of a role that has the rights which the page lists for some commands."""
    iam = alerts.simulator.client("iam")
    iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = iam.get_role(RoleName="auditor")["Role"]["Arn"]

    def allow(*commands):
        listed = sorted({right for name in commands for right in rights(COMMANDS[name])})
        statement = {"Effect": "Allow", "Action": listed, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="auditor", PolicyName="p", PolicyDocument=document)
        keys = alerts.simulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="looking")
        held = keys["Credentials"]
        return boto3.Session(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])

    yield allow
    iam.delete_role_policy(RoleName="auditor", PolicyName="p")
    iam.delete_role(RoleName="auditor")


def test_the_rights_that_the_page_lists_suffice_to_look(check, alerts, auditor):
    """A role that may do what the page says for verify, and nothing else, gets all answers."""
    done = check(session=auditor("verify"))
    assert results(done, "no", "could not tell") == []
    assert done.status == 0
    assert "auditor" in {call["role"] for call in alerts.simulator.journal("config")}


def test_the_rights_that_the_page_lists_suffice_for_all_trials(check, alerts, auditor):
    """One after the other, in one run; a right that is missing from the list ends in a refusal."""
    done = check(
        "--create", "--hybrid", *LAUNCH_NOW, session=auditor(*set(COMMANDS) - {"preflight"})
    )
    assert results(done, "no", "could not tell") == []
    assert done.status == 0
    assert {each["check"] for each in done.report["checks"]} >= {"--create", "--hybrid", "--launch"}
    assert len(done.report["answers"]) == 9
    assert left(alerts) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
def test_each_planted_fault_is_found_by_the_check_that_is_for_it(check, alerts, fault):
    """By its name, with what to do, and by no other."""
    with fault.plant(alerts):
        done = check()
    found = results(done, "no")
    assert {each["check"] for each in found} == fault.checks
    assert any(fault.words in each["text"] for each in found)
    assert all(each["advice"] for each in found)
    assert done.status == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_what_aws_does_not_answer_could_not_be_told(check, alerts, code):
    """Every other check is made all the same."""
    alerts.simulator.add_fault(service="lambda", operation="GetPolicy", code=code)
    done = check()
    assert done.status == 3
    unsure = results(done, "could not tell")
    assert {each["check"] for each in unsure} == {"permission of the rules", "events of launches"}
    assert ("lambda:GetPolicy" in unsure[0]["advice"]) == (code == "AccessDeniedException")
    assert {"alarms", "trail"} <= {each["check"] for each in done.report["checks"]}


def test_a_stack_that_is_not_there_is_one_no(check):
    done = check("--stack", "nothing-here")
    assert done.status == 1
    assert [each["text"] for each in done.report["checks"]] == [
        "there is no stack nothing-here in eu-west-1"
    ]


def test_create_goes_the_whole_way_and_leaves_nothing(check, alerts):
    """Each step with its seconds, the open questions answered, and what stays is named."""
    done = check("--create")
    assert (done.status, done.err) == (0, "")
    told = [each for each in done.report["checks"] if each["check"] == "--create"]
    assert [each["answer"] for each in told] == ["yes"] * 5
    assert [each.get("seconds") is not None for each in told] == [True, True, True, True, False]
    assert done.out.index("is a real one") < done.out.index("recorder:")
    assert list(done.report["answers"].values())[1:] == [
        "has the status ResourceDeleted, no body, and its name.",
        "no.",
    ]
    assert len(done.report["stays"]) == 2
    assert left(alerts) == []
    assert len([m for m in alerts.messages() if PREFIX in json.dumps(m.document)]) == 1


def test_launch_tells_when_the_alert_and_the_verdict_came_and_ends_the_cluster(check, alerts):
    done = check(*LAUNCH_NOW)
    assert (done.status, done.err) == (0, "")
    told = [each for each in done.report["checks"] if each["check"] == "--launch"]
    assert [each["answer"] for each in told] == ["yes"] * 3
    assert "at most 0.50 USD an hour, as of 2026-11-28" in done.out
    assert list(done.report["answers"].values()) == ["0 s.", "0 s.", "yes."]
    assert left(alerts) == []


def test_hybrid_says_what_aws_config_took_by_each_trigger(check, alerts):
    """In AWS's own words."""
    alerts.simulator.set_config(hybrid_rules_accept_clusters=False)
    done = check("--hybrid")
    alerts.simulator.set_config(hybrid_rules_accept_clusters=True)
    assert done.status == 0
    scope, *taken = done.report["answers"].values()
    assert (scope, len(taken)) == ("yes.", 2)
    for each in taken:
        assert each.startswith("no: ")
        assert "The resource type AWS::EMR::Cluster is invalid" in each
    assert left(alerts) == []


def test_nobody_is_launched_anything_without_a_yes(check, alerts, monkeypatch):
    """The price stands before the question; what is not yes is no."""
    monkeypatch.setattr("builtins.input", lambda _: "n")
    done = check(*LAUNCH)
    assert (done.status, done.err) == (
        2,
        "verify: nothing was launched; --yes launches without asking\n",
    )
    assert "0.50 USD" in done.out
    assert alerts.simulator.journal("emr", "RunJobFlow") == []


def test_nothing_is_made_where_something_is_wrong_already(check, alerts):
    """Nobody is alerted for a trial that cannot succeed."""
    alerts.sqs.send_message(QueueUrl=alerts.outputs["EventDeadLettersUrl"], MessageBody="{}")
    done = check("--create")
    assert done.status == 1
    assert done.report["checks"][-1]["text"] == "something is wrong already, so nothing was made"
    assert alerts.simulator.journal("emr", "CreateSecurityConfiguration") == []


INTERRUPTED = [
    ("--create", signal.SIGINT),
    ("--hybrid", signal.SIGINT),
    ("--launch", signal.SIGINT),
    ("--create", signal.SIGTERM),
]


@pytest.mark.parametrize(("mode", "number"), INTERRUPTED, ids=str)
def test_an_interrupt_cleans_up(check, alerts, mode, number):
    """At the first wait, when all is there that there will be."""

    def interrupt(_seconds):
        alerts.simulator.settle()
        os.kill(os.getpid(), number)

    clock = itertools.count(step=60.0)  # goes on, so that a signal that is lost ends the test too
    pace = Pace(lambda: next(clock), interrupt)
    done = check(*(LAUNCH_NOW if mode == "--launch" else [mode]), pace=pace)
    assert done.status == 130
    assert done.report["checks"][-1] == {
        "check": "trial",
        "answer": "could not tell",
        "text": "it was interrupted",
    }
    assert left(alerts) == []


def crashed(alerts):
    """Begin a trial as the command does, and go away in the middle of it."""
    aws = verify.command.open_account("", verify._calls())
    stack = verify.deployed.fetch(aws, STACK)
    trial = Trial(aws, stack, clock_of(alerts.simulator)).begin()
    trial.listen()
    aws.call(verify.create.CREATE, Name=trial.name, SecurityConfiguration=json.dumps(BAD))
    aws.call(verify.hybrid.MAKE_ROLE, RoleName=verify.hybrid.role_name(aws), AssumeRolePolicyDocument="{}")  # fmt: skip
    alerts.launch(verify.launch.CLUSTER_NAME)
    return trial


def test_a_second_trial_in_the_region_is_refused_and_a_crashed_one_can_be_removed(check, alerts):
    """The first one's things are left alone by the second, and all found by --clean-up."""
    crashed(alerts)
    before = left(alerts)
    assert len(before) == 5
    done = check("--create")
    assert done.status == 2
    assert done.err.startswith("verify: another trial is at work in eu-west-1, or one has crashed")
    assert done.err.count("\n") == 1
    assert left(alerts) == before
    done = check("--clean-up")
    assert (done.status, left(alerts)) == (0, [])
    done = check("--clean-up")
    assert (done.status, done.report["stays"]) == (0, [])
    assert "There is nothing to remove." in done.out


def test_what_cannot_be_removed_is_named(check, alerts):
    """The rest is removed all the same."""
    trial = crashed(alerts)
    alerts.simulator.add_fault(service="emr", operation="DeleteSecurityConfiguration", code="InternalServerException", times=1)  # fmt: skip
    done = check("--clean-up")
    assert done.status == 1
    (problem,) = results(done, "no")
    assert problem["text"].startswith("the security configurations may still be there: ")
    assert done.report["stays"][0] == "the security configurations"
    assert left(alerts) == [trial.name]
    alerts.simulator.clear_faults()
    assert check("--clean-up").status == 0
    assert left(alerts) == []


def test_a_trial_that_may_not_begin_ends_well(check, alerts):
    """What right is missing is said, and nothing was made."""
    alerts.simulator.add_fault(service="sqs", operation="CreateQueue", code="AccessDenied", status=403)  # fmt: skip
    done = check("--create")
    assert done.status == 3
    (refused,) = results(done, "could not tell")
    assert (refused["check"], refused["advice"]) == ("trial", "allow yourself sqs:CreateQueue")
    assert left(alerts) == []


def test_a_trial_that_aws_refuses_in_the_middle_ends_well(check, alerts):
    """It says why, could not tell, and cleans up."""
    alerts.simulator.add_fault(service="sns", operation="Subscribe", code="AuthorizationError", status=403)  # fmt: skip
    done = check("--create")
    assert done.status == 3
    (refused,) = [each for each in done.report["checks"] if each["check"] == "--create"]
    assert refused["text"].startswith("the topic refuses Subscribe: to an EC2 instance it always")
    assert left(alerts) == []


def test_the_alert_of_another_resource_is_no_answer(check, alerts):
    """Only a message that names what was made counts."""
    alerts.simulator.add_fault(service="sns", operation="Publish", code="InternalFailure", status=500)  # fmt: skip
    done = check("--create")
    assert done.status == 1
    (missing,) = [e for e in results(done, "no") if e["check"] == "--create"]
    assert missing["text"] == "no alert within 300 s of the result"
    assert left(alerts) == []


def left(alerts):
    """Return the names of all that a trial has left in the account."""
    client, prefix = alerts.simulator.client, PREFIX.rstrip("-")
    live = alerts.emr.list_clusters(ClusterStates=["STARTING", "RUNNING", "WAITING"])["Clusters"]
    found = [
        *(each["Name"] for each in live),
        *(e["Name"] for e in alerts.emr.list_security_configurations()["SecurityConfigurations"]),
        *(each["ConfigRuleName"] for each in alerts.config.describe_config_rules()["ConfigRules"]),
        *(each["FunctionName"] for each in client("lambda").list_functions()["Functions"]),
        *(each["RoleName"] for each in client("iam").list_roles()["Roles"]),
        *(url.rpartition("/")[2] for url in alerts.sqs.list_queues().get("QueueUrls", [])),
        *(each["Endpoint"].rpartition(":")[2] for each in client("sns").list_subscriptions()["Subscriptions"]),
    ]  # fmt: skip
    return [name for name in found if name.startswith(prefix)]
