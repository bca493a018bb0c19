"""Tool: uploads the zip and deploys template.yml to the caller's account and Region.

Usage: python -m tools.deploy --bucket NAME [--stack NAME] [PARAMETER=VALUE ...]
"""

import sys
import tempfile
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.package import ROOT, build
from tools.simulator.program import Parser
from tools.stacks import StackError, Stacks


def deploy(session: boto3.Session, bucket: str, stack: str, parameters: dict[str, str]) -> str:
    """Upload the zip, create or update the stack, and answer its outputs as text.

    Raises StackError, with the first reasons that CloudFormation gives.
    """
    with tempfile.TemporaryDirectory() as folder:
        code = build(Path(folder))
        # In one request, which Ctrl-C ends at once; boto3's upload_file waits for its threads.
        session.client("s3").put_object(Bucket=bucket, Key=code.name, Body=code.read_bytes())
    outputs = Stacks(session.client("cloudformation")).deploy(
        stack, ROOT / "template.yml", {**parameters, "CodeBucket": bucket, "CodeKey": code.name}
    )
    return "\n".join(f"{key}: {value}" for key, value in outputs.items())


def main() -> None:
    """Read the command line, deploy, and print the outputs."""
    parser = Parser(prog="deploy", description="Upload the zip and deploy template.yml.")
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
    except (BotoCoreError, ClientError, StackError) as error:
        sys.exit(f"Cannot deploy: {error}")


if __name__ == "__main__":
    main()
