"""Account check: the probe of a rule with both triggers, by a function and a role of its own."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from emr_in_transit.aws.rules import ON_CHANGE, PERIODIC
from tools.account_check import create
from tools.account_check import trial as trials
from tools.account_check.aws import Aws, write
from tools.account_check.recording import TYPE
from tools.account_check.results import Finding, NotReachedError, note, yes
from tools.account_check.trial import PREFIX, QUEUE_NAME, Stopwatch, Trial
from tools.aws_words import AWS_ERRORS, code_of, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.account_check.trial import Answering

MAKE_ROLE = write("iam", "CreateRole", "iam:CreateRole")
GRANT = write("iam", "PutRolePolicy", "iam:PutRolePolicy")
MAKE_FUNCTION = write("lambda", "CreateFunction", "lambda:CreateFunction", "iam:PassRole")
ADMIT = write("lambda", "AddPermission", "lambda:AddPermission")
MAKE_RULE = write("config", "PutConfigRule", "config:PutConfigRule")
CALLS = (*trials.CALLS, MAKE_ROLE, GRANT, MAKE_FUNCTION, ADMIT, MAKE_RULE, create.CREATE)
NAME = f"{PREFIX}hybrid"
PLAN = """\
--hybrid makes a rule with both triggers, {name}, a function of ten lines for it, a role, and a
security configuration that complies, so nobody is alerted. It costs some cents. All goes at the end."""
# A new role is not at once known to Lambda; a new rule runs within minutes.
ROLE_IS_KNOWN, RAN = 60.0, 900.0
QUESTION = (
    "AWS Config takes AWS::EMR::Cluster evaluations from a rule with both triggers, in a run of"
)
# What it tells goes to the trial's queue: the result on record would not say why there is none.
SOURCE = """\
import json, os, boto3
def handler(event, _context):
    invoking = json.loads(event["invokingEvent"])
    when = invoking["notificationCreationTime"]
    evaluation = {"ComplianceResourceType": "AWS::EMR::Cluster", "ComplianceResourceId": "j-0VERIFY00HYBRID",
                  "ComplianceType": "COMPLIANT", "OrderingTimestamp": when}
    try:
        answer = boto3.client("config").put_evaluations(Evaluations=[evaluation], ResultToken=event["resultToken"])
        told = "no, it came back as failed" if answer["FailedEvaluations"] else "yes"
    except Exception as error:
        told = f"no: {error}"
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"],
        MessageBody=json.dumps({"hybrid": invoking["messageType"], "told": told}))
"""


def role_name(aws: Aws) -> str:
    """Return the name of the probe's role: IAM knows no Regions."""
    return f"{NAME}-{aws.region}"


def hybrid(trial: Trial, answer: Answering) -> Iterator[Finding]:
    """Make the rule, and tell what AWS Config says to its evaluations."""
    function = _function(trial, _role(trial))
    trial.aws.call(
        ADMIT,
        FunctionName=NAME,
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        SourceAccount=trial.aws.account,
    )
    create.make(trial, create.good(trial))
    clock = Stopwatch(trial.pace)
    try:
        trial.aws.call(MAKE_RULE, ConfigRule=_rule(function))
    except AWS_ERRORS as error:
        if code_of(error) != "InvalidParameterValueException":
            raise
        answer("AWS Config takes a rule with both triggers and a scope:", f"no: {in_words(error)}")
        yield yes("the question is settled: AWS Config takes no such rule")
        return
    answer("AWS Config takes a rule with both triggers and a scope:", "yes.")
    for trigger in (PERIODIC, ON_CHANGE):
        told = trial.pace.wait_for(lambda t=trigger: _told(trial, t), RAN)
        if told:
            answer(f"{QUESTION} {trigger}:", f"{told.rstrip('.')}.")
            yield yes(f"the rule has run by {trigger}", clock.seconds())
        else:
            yield note(f"the rule has not run by {trigger} within {RAN:.0f} s, so that stays open")


def _told(trial: Trial, trigger: str) -> str:
    for body in trial.heard(f'"hybrid": "{trigger}"'):
        return str(json.loads(body)["told"])
    return ""


def _role(trial: Trial) -> str:
    trust = _policy(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
    name = role_name(trial.aws)
    made = trial.aws.call(MAKE_ROLE, RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    put = {"Effect": "Allow", "Action": "config:PutEvaluations", "Resource": "*"}  # takes no other
    send = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": trial.aws.arn("sqs", QUEUE_NAME),
    }
    document = {"Version": "2012-10-17", "Statement": [put, send]}
    trial.aws.call(GRANT, RoleName=name, PolicyName="probe", PolicyDocument=json.dumps(document))
    return str(made["Role"]["Arn"])


def _policy(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _function(trial: Trial, role: str) -> str:
    request = {
        "FunctionName": NAME,
        "Runtime": "python3.13",
        "Handler": "probe.handler",
        "Role": role,
        "Code": {"ZipFile": _zip()},
        "Timeout": 30,
        "Environment": {"Variables": {"QUEUE_URL": trial.queue_url}},
    }

    def make() -> str:
        try:
            return str(trial.aws.call(MAKE_FUNCTION, **request)["FunctionArn"])
        except AWS_ERRORS as error:
            # "The role defined for the function cannot be assumed by Lambda", for some seconds.
            if code_of(error) == "InvalidParameterValueException" and "assume" in str(error):
                return ""
            raise

    made = trial.pace.wait_for(make, ROLE_IS_KNOWN)
    if not made:
        raise NotReachedError(f"Lambda cannot assume the role {role_name(trial.aws)}")
    return str(made)


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        entry = zipfile.ZipInfo("probe.py")
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, SOURCE)
    return made.getvalue()


def _rule(function: str) -> dict[str, Any]:
    return {
        "ConfigRuleName": NAME,
        "Scope": {"ComplianceResourceTypes": [TYPE]},
        "Source": {
            "Owner": "CUSTOM_LAMBDA",
            "SourceIdentifier": function,
            "SourceDetails": [
                {
                    "EventSource": "aws.config",
                    "MessageType": PERIODIC,
                    "MaximumExecutionFrequency": "TwentyFour_Hours",
                },
                {"EventSource": "aws.config", "MessageType": ON_CHANGE},
            ],
        },
    }
