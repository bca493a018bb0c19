"""Tool: uploads the zip and deploys template.yml to the caller's account and Region.

Usage: python -m tools.deploy --bucket NAME [--stack NAME] [PARAMETER=VALUE ...]
"""

import argparse
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from tools.package import ROOT, build

UNCHANGED = "No updates are to be performed"


class DeployError(Exception):
    """The deployment failed; the message says why."""


def deploy(session: boto3.Session, bucket: str, stack: str, parameters: dict[str, str]) -> str:
    """Upload the zip, create or update the stack, and answer its outputs as text.

    Raises DeployError, with the first reasons that CloudFormation gives.
    """
    with tempfile.TemporaryDirectory() as folder:
        code = build(Path(folder))
        session.client("s3").upload_file(str(code), bucket, code.name)
    cloudformation = session.client("cloudformation")
    parameters = {**parameters, "CodeBucket": bucket, "CodeKey": code.name}
    request = {
        "StackName": stack,
        "TemplateBody": (ROOT / "template.yml").read_text(),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        if _exists(cloudformation, stack):
            cloudformation.update_stack(**request)
            waiter = cloudformation.get_waiter("stack_update_complete")
        else:
            cloudformation.create_stack(**request)
            waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 450})
    except ClientError as error:
        if UNCHANGED not in str(error):
            raise
    except WaiterError as error:
        raise DeployError(_failures(cloudformation, stack)) from error
    outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return "\n".join(f"{each['OutputKey']}: {each['OutputValue']}" for each in outputs)


def _exists(cloudformation: "boto3.client", stack: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=stack)
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise
    return True


def _failures(cloudformation: "boto3.client", stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return f"stack {stack} failed: " + "; ".join(reasons[:5])


def main() -> None:
    """Read the command line, deploy, and print the outputs."""
    parser = argparse.ArgumentParser(description="Upload the zip and deploy template.yml.")
    parser.add_argument("--bucket", required=True, help="S3 bucket for the zip, in the same Region")
    parser.add_argument("--stack", default="emr-in-transit-encryption")
    parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
    given = parser.parse_args()
    if not given.bucket:
        parser.error("name the S3 bucket for the zip: make deploy CODE_BUCKET=my-bucket")
    wrong = [each for each in given.parameters if "=" not in each]
    if wrong:
        parser.error(f"{wrong[0]!r} is not PARAMETER=VALUE")
    parameters = dict(each.split("=", 1) for each in given.parameters)
    try:
        print(deploy(boto3.Session(), given.bucket, given.stack, parameters))
    except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error, DeployError) as error:
        sys.exit(f"Cannot deploy: {error}")


if __name__ == "__main__":
    main()
