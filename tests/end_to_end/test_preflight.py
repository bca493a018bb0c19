"""make preflight in an account where nothing is deployed: what a deployment would meet."""

import json

import boto3
import pytest

from tests.support.account_check import checked, results, session_of
from tests.test_tools import run
from tools.account import BUCKET, Account
from tools.account_check import preflight, verify
from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION

OTHER = "210987654321"
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
)


@pytest.fixture(scope="module")
def prepared(simulator):
    simulator.reset()
    account = Account(simulator)
    account.prepare()
    return account


@pytest.fixture(scope="module")
def session(prepared):
    with session_of(prepared.simulator) as made:
        yield made


@pytest.fixture
def check(prepared, session, monkeypatch, tmp_path, capsys):
    """Runs the command; a role may stand in for the administrator."""
    for name, value in prepared.simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    prepared.simulator.clear_faults()
    prepared.simulator.clear_journal()

    def run_check(*arguments, by=session):
        return checked(preflight.main, tmp_path / "r.json", capsys, *arguments, session=by)

    return run_check


def found(done, check):
    return [
        (each["answer"], each["text"]) for each in done.report["checks"] if each["check"] == check
    ]


def test_a_healthy_account_passes_and_is_only_read(check, prepared):
    done = check("--bucket", BUCKET)
    assert (done.status, done.err) == (0, "")
    assert results(done, "no", "could not tell", "note") == []
    operations = {call["operation"] for call in prepared.simulator.journal()}
    reading = ("Describe", "Get", "List", "Head", "Simulate")
    assert [each for each in operations if not each.startswith(reading)] == []
    assert "123456789012" not in done.out + json.dumps(done.report)


def test_a_bucket_in_another_region_is_found(check, prepared):
    """Lambda takes no code from there."""
    prepared.simulator.client("s3", "us-east-1").create_bucket(Bucket="far-away")
    done = check("--bucket", "far-away")
    assert done.status == 1
    ((answer, text),) = found(done, "code bucket")
    assert answer == "no"
    assert text.startswith("the bucket far-away is in us-east-1; Lambda in eu-west-1 takes code")


def test_a_bucket_that_is_not_there_or_not_to_be_read_is_found(check, prepared):
    assert found(check("--bucket", "nobodys"), "code bucket")[0][1].startswith("there is no bucket")
    assert found(check(), "code bucket") == [("note", "none was named")]
    prepared.simulator.add_fault(service="s3", operation="HeadObject", code="403", status=403)
    done = check("--bucket", BUCKET)
    assert found(done, "code bucket") == [("no", f"you may not read objects of {BUCKET}")]


BROKEN = {
    "Resources": {
        "Rule": {
            "Type": "AWS::Config::ConfigRule",
            "Properties": {
                "Source": {
                    "Owner": "CUSTOM_LAMBDA",
                    "SourceIdentifier": f"arn:aws:lambda:eu-west-1:{DEFAULT_ACCOUNT}:function:none",
                    "SourceDetails": [
                        {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
                    ],
                }
            },
        }
    }
}


def test_a_stack_that_was_never_made_whole_is_found(check, prepared):
    """ROLLBACK_COMPLETE: CloudFormation updates it no more."""
    cloudformation = prepared.simulator.client("cloudformation")
    cloudformation.create_stack(StackName="stillborn", TemplateBody=json.dumps(BROKEN))
    prepared.simulator.settle()
    done = check("--stack", "stillborn")
    assert found(done, "stack name") == [("no", "stillborn is in ROLLBACK_COMPLETE")]
    (advice,) = [each["advice"] for each in results(done, "no")]
    assert "aws cloudformation delete-stack --stack-name stillborn" in advice


def test_an_account_without_aws_config_is_found(check, prepared):
    """Neither a recorder nor a delivery channel, so no rule can be made."""
    prepared.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    prepared.config.delete_configuration_recorder(ConfigurationRecorderName="default")
    prepared.config.delete_delivery_channel(DeliveryChannelName="default")
    try:
        done = check()
    finally:
        prepared.start_recorder()
    assert found(done, "recorder")[0][1].startswith("AWS Config has no customer managed recorder")
    assert found(done, "delivery channel") == [("no", "AWS Config has no delivery channel")]


@pytest.fixture
def topic(prepared):
    """Makes a topic in an account, with a policy and a key, and somebody who reads it."""

    def make(name, account=DEFAULT_ACCOUNT, policy=None, **attributes):
        sns = prepared.simulator.client("sns", account=account)
        arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        if policy:
            document = json.dumps({"Version": "2012-10-17", "Statement": policy(arn)})
            sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="oncall@example.com")
        return arn

    return make


def allow(*actions, **condition):
    more = {"Condition": condition} if condition else {}

    def policy(arn):
        return [{"Sid": "X", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": list(actions), "Resource": arn, **more}]  # fmt: skip

    return policy


def deny(arn):
    return [{"Sid": "X", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn}]  # fmt: skip


def test_a_topic_that_takes_alerts_passes(check, topic):
    """Of this account, whose policies decide; of another one, whose policy allows."""
    mine, theirs = topic("mine"), topic("theirs", OTHER, allow("sns:Publish", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"))  # fmt: skip
    for arn in (mine, theirs):
        done = check("--topic", arn)
        assert [answer for answer, _ in found(done, "alert topic")] == ["yes"] * 3


def test_a_topic_that_refuses_or_that_nobody_reads_is_found(check, topic, prepared):
    refusing = found(check("--topic", topic("refusing", policy=deny)), "alert topic")
    assert refusing[0][0] == "no"
    assert refusing[0][1].startswith("its policy denies")
    silent = topic("silent", OTHER, allow("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"))
    text = found(check("--topic", silent), "alert topic")[0][1]
    assert text.startswith("its policy does not allow")
    assert text.endswith("of another account sns:Publish")
    unread = prepared.simulator.client("sns").create_topic(Name="unread")["TopicArn"]
    assert ("no", "nobody is subscribed") in found(check("--topic", unread), "alert topic")
    missing = f"arn:aws:sns:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:missing"
    assert found(check("--topic", missing), "alert topic")[0][1].startswith("there is no topic")
    prepared.simulator.add_fault(service="sns", operation="GetTopicAttributes", code="AuthorizationError", status=403)  # fmt: skip
    done = check("--topic", topic("closed", OTHER))
    assert found(done, "alert topic")[0][0] == "could not tell"
    prepared.simulator.clear_faults()
    fifo = f"{missing}.fifo"
    assert "FIFO" in found(check("--topic", fifo), "alert topic")[0][1]


def test_a_topic_of_an_organization_is_judged_by_the_callers_own(check, topic, prepared):
    """Which one that is, AWS Organizations says; else it could not be told."""
    given = ("sns:Publish", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic")
    arn = topic(
        "central", OTHER, allow(*given, StringEquals={"aws:PrincipalOrgID": "o-example123"})
    )
    prepared.simulator.set_organization("o-example123", [DEFAULT_ACCOUNT, OTHER])
    answer, text = found(check("--topic", arn), "alert topic")[0]
    assert (answer, "(aws:PrincipalOrgID)" in text) == ("could not tell", True)


def test_a_key_that_refuses_is_found(check, topic, prepared):
    """One whose policy names somebody else, one that is off, and AWS's own in another account."""
    kms = prepared.simulator.client("kms")
    owner = {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/keys"}
    statement = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    arn = topic("encrypted", KmsMasterKeyId=key["KeyMetadata"]["Arn"])
    assert "the key's policy does not allow" in found(check("--topic", arn), "alert topic")[1][1]
    kms.disable_key(KeyId=key["KeyMetadata"]["KeyId"])
    assert "the topic's key is Disabled" in found(check("--topic", arn), "alert topic")[1][1]
    given = ("sns:Publish", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic")
    theirs = topic("theirs-too", OTHER, allow(*given), KmsMasterKeyId="alias/aws/sns")
    assert "which admits only that one" in found(check("--topic", theirs), "alert topic")[1][1]


def test_what_the_caller_lacks_is_named(check, prepared):
    """By role; deployer-policy.json is what it should have."""
    iam = prepared.simulator.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": ["iam:CreateRole", "s3:PutObject"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed, denied]})
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document)
    held = prepared.simulator.client("sts").assume_role(RoleArn=role, RoleSessionName="jane@example.com")  # fmt: skip
    keys = held["Credentials"]
    by = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], DEFAULT_REGION)  # fmt: skip
    done = check("--bucket", BUCKET, by=by)
    assert found(done, "your own rights") == [("no", "you may not do s3:PutObject, iam:CreateRole")]
    prepared.simulator.add_fault(service="iam", operation="SimulatePrincipalPolicy", code="AccessDenied", status=403)  # fmt: skip
    done = check(by=by)
    assert found(done, "your own rights")[0][0] == "could not tell"
    assert "jane" not in done.out + json.dumps(done.report)


WRONG = [
    (preflight, "--stack 1st", "preflight: '1st' is no name of a stack"),
    (preflight, "--topic alerts", "preflight: 'alerts' is no ARN of a topic"),
    (preflight, "--bucket Mine", "preflight: 'Mine' is no name of a bucket"),
    (preflight, "--region eu-nowhere-1", "preflight: eu-nowhere-1 is no Region"),
    (preflight, "--create", "preflight: unrecognized arguments: --create"),
    (preflight, "", "preflight: there are no AWS credentials"),
    (verify, "--launch", "verify: --launch needs --service-role, --instance-profile, --subnet"),
    (verify, "--subnet subnet-1", "verify: a role, an instance profile and a subnet are for"),
    (verify, "--clean-up --create", "verify: --clean-up stands alone"),
    (verify, "", "verify: there are no AWS credentials"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: f"{each[0].__name__} {each[1]}")
def test_wrong_use_is_one_line(wrong, monkeypatch, tmp_path, capsys):
    """Before AWS is asked anything; here nobody has credentials."""
    command, arguments, line = wrong
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    done = checked(command.main, tmp_path / "r.json", capsys, *arguments.split())
    assert (done.status, done.out, done.report) == (2, "", {})
    assert done.err.startswith(line)
    assert done.err.count("\n") == 1


def test_the_command_runs_as_a_program():
    """Without the tests' own paths, and with the Makefile's empty options."""
    done = run("tools.account_check.verify", "--region", "", "--stack", "1st")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("verify: '1st' is no name of a stack")


@pytest.mark.usefixtures("check")
@pytest.mark.parametrize("command", [preflight, verify])
def test_a_report_that_cannot_be_written_is_one_line(command, tmp_path, capsys, session):
    """Before anything is asked, or made, that it would tell of."""
    done = checked(command.main, tmp_path, capsys, session=session)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"{done.err.split(':')[0]}: the report cannot be written: ")
    assert done.err.count("\n") == 1


def test_a_profile_that_is_not_there_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    done = checked(verify.main, tmp_path / "r.json", capsys)
    assert (done.status, done.out) == (2, "")
    assert done.err == "verify: The config profile (nobody) could not be found\n"
