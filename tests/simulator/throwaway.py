"""Tiny Lambda functions for tests of the simulator: a zip, a role, a permission."""

import io
import json
import textwrap
import zipfile
from typing import Any

from tools.simulator.client import Simulator

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ACCOUNT = "123456789012"


def zipped(**modules: str) -> bytes:
    """Return a zip of these modules, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name.replace('__', '/')}.py", textwrap.dedent(source))
    return buffer.getvalue()


def make_role(aws: Simulator, name: str = "throwaway", *allowed: str) -> str:
    """Make a role for Lambda that may do what is named, and return its ARN."""
    iam = aws.client("iam")
    role: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    if allowed:
        statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return role


def make_function(aws: Simulator, source: str, name: str = "f", **settings: Any) -> str:
    """Make a function whose module `app` holds this source, and return its ARN."""
    role = settings.pop("Role", None) or make_role(aws, f"{name}-role")
    code = settings.pop("Code", None) or {"ZipFile": zipped(app=source)}
    given = {"Handler": "app.handler", "Runtime": "python3.13", "Timeout": 10} | settings
    made = aws.client("lambda").create_function(FunctionName=name, Role=role, Code=code, **given)
    arn: str = made["FunctionArn"]
    return arn


def call(aws: Simulator, event: Any = None, name: str = "f") -> tuple[Any, str | None]:
    """Invoke a function and return what it returned, and its kind of error, if any."""
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def session(keys: dict[str, str]) -> dict[str, str]:
    """Return what AssumeRole answered as options of a client."""
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
