"""Tool: deploys the plain rule of `tools.plain_rule`, to be measured beside ours."""

import io
import json
import zipfile
from importlib.metadata import files
from pathlib import Path

from tools.account import Account

RULE = "PLAIN_RULE"
_SOURCE = Path(__file__).with_name("plain_rule.py")
_MEMORY, _TIMEOUT = 256, 900  # as our own function has
_TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
_ACTIONS = {
    "Effect": "Allow",
    "Action": [
        "config:GetComplianceDetailsByConfigRule",
        "config:PutEvaluations",
        "elasticmapreduce:Describe*",
        "elasticmapreduce:ListClusters",
    ],
    "Resource": "*",
}


def deploy(account: Account) -> None:
    """Deploy it with what rdk would give it, but for a longer Timeout than rdk's minute."""
    lambda_ = account.simulator.client("lambda")
    arn = lambda_.create_function(
        FunctionName=RULE,
        Runtime="python3.13",
        Handler="plain_rule.lambda_handler",
        Role=_role(account),
        Code={"ZipFile": _zip()},
        MemorySize=_MEMORY,
        Timeout=_TIMEOUT,
    )["FunctionArn"]
    # A second attempt would do all the work of the first again; one is enough to be measured.
    lambda_.put_function_event_invoke_config(FunctionName=RULE, MaximumRetryAttempts=0)
    lambda_.add_permission(
        FunctionName=RULE,
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
    )
    details = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": [details]}
    # A Lambda function cannot assume AWS Config's service-linked role, which rdklib would try.
    parameters = json.dumps({"AssumeRoleMode": "False"})
    account.config.put_config_rule(
        ConfigRule={"ConfigRuleName": RULE, "Source": source, "InputParameters": parameters}
    )


def set_retries(account: Account, mode: str | None) -> None:
    """Choose boto3's retry mode by the environment; None for boto3's default."""
    variables = {"AWS_RETRY_MODE": mode} if mode else {}
    account.simulator.client("lambda").update_function_configuration(
        FunctionName=RULE, Environment={"Variables": variables}
    )


def forget_results(account: Account) -> None:
    """Begin anew: what the rule has on record is deleted."""
    account.config.delete_evaluation_results(ConfigRuleName=RULE)


def _role(account: Account) -> str:
    iam = account.simulator.client("iam")
    trust, actions = (
        json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (_TRUST, _ACTIONS)
    )
    role = iam.create_role(RoleName=RULE, AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(RoleName=RULE, PolicyName="plain", PolicyDocument=actions)
    return str(role["Arn"])


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(_SOURCE, _SOURCE.name)
        for path in files("rdklib") or []:
            if path.parts[0] == "rdklib" and path.suffix == ".py":
                archive.writestr(path.as_posix(), path.read_binary())
    return buffer.getvalue()
