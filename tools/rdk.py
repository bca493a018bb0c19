"""Tool: deploys, tests and exports the rule with rdk, by commands that it prints.

Usage: python -m tools.rdk [options] COMMAND [NAME=VALUE ...]   (make rdk-COMMAND)
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tools.program import Parser
from tools.rdk_account import (
    ALERT_STACK,
    LAYER,
    ROLE_STACK,
    RULE_STACK,
    TEMPLATES,
    Region,
    RegionError,
)
from tools.rdk_export import ExportError, mend_0_12, mend_1_x
from tools.rdk_run import RdkError, regions_of, run_rdk
from tools.rdk_stage import ROOT, RULE, StageError, merge_optional, stage
from tools.stacks import StackError

DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# What is the user's, the account's or rdk's, and no error of this tool.
PROBLEMS = (
    *(BotoCoreError, ClientError, ExportError),
    *(RdkError, RegionError, StackError, StageError),
)
TIMEOUT = ("--lambda-timeout", "900")  # rdk's default of a minute is too short for a large sweep


@dataclass
class Job:
    """What one call of this tool is asked for."""

    folder: Path  # where the copies of the rule are made
    regions: list[str]
    given: dict[str, str] = field(default_factory=dict)  # parameters of the rule, or of a stack
    role: str = ""
    layer: str = ""
    bucket: str = ""

    def staged(self, command: str, *, tests: bool = False) -> Path:
        """Make a fresh copy of the rule for a command; return the folder for rdk."""
        return stage(self.folder / command, self.given, tests=tests)

    def layer_options(self, region: Region) -> list[str]:
        """Return where rdk finds rdklib; publish it first, unless a layer is named."""
        if self.layer:
            return ["--rdklib-layer-arn", self.layer]
        region.publish_layer()
        return ["--generated-lambda-layer", "--custom-layer-name", LAYER]

    def options(self, region: Region) -> list[str]:
        """Return what the function is deployed or exported with."""
        role = self.role or region.make_role()
        return [*TIMEOUT, "--lambda-role-arn", role, *self.layer_options(region)]


def init(job: Job) -> None:
    """Make the bucket for the code, and switch AWS Config on where it is off."""
    for name in job.regions:
        run_rdk(job.folder, "--region", name, "init")


def deploy(job: Job) -> None:
    """Deploy role, layer and rule to each Region."""
    folder = job.staged("deploy")
    for name in job.regions:
        region = Region(name)
        bucket = region.require_bucket(job.bucket)
        options = [*job.options(region), *(["--custom-code-bucket", bucket] if job.bucket else [])]
        run_rdk(folder, "--region", name, "deploy", RULE, *options)
        region.stacks.require_status(RULE_STACK, *DEPLOYED)
        region.log_in_json()


def undeploy(job: Job) -> None:
    """Remove rule, alerts, layer and role from each Region; the code bucket and the log stay."""
    folder = job.staged("undeploy")
    for name in job.regions:
        region = Region(name)
        run_rdk(folder, "--region", name, "undeploy", "--force", RULE)
        region.stacks.require_status(RULE_STACK, "")
        for stack in (ALERT_STACK, ROLE_STACK):
            if region.stacks.delete(stack):
                print(f"[{name}]: Stack {stack} removed.")
        region.delete_layer()


def alerts(job: Job) -> None:
    """Deploy the alerts beside the rule to each Region."""
    for name in job.regions:
        outputs = Region(name).stacks.deploy(ALERT_STACK, TEMPLATES / "alerts.yml", job.given)
        print(f"[{name}]: AlertTopicArn: {outputs['AlertTopicArn']}")


def test_local(job: Job) -> None:
    """Run the rule's own test; rdk takes it for a success when there is none."""
    output = run_rdk(job.staged("test-local", tests=True), "test-local", RULE)
    found = re.search(r"\brun=(\d+)", output)
    if not found or found.group(1) == "0":
        raise RdkError("rdk test-local has run no test")


def template(job: Job) -> None:
    """Write a template with the rule alone, for accounts that have the function."""
    path = job.folder.resolve() / "rule-template.json"
    folder = job.staged("template")
    run_rdk(folder, "create-rule-template", RULE, "--rules-only", "--output-file", str(path))
    print(path)


def export(job: Job) -> None:
    """Write Terraform code for the function and its rules, in the form that this rdk knows."""
    region = Region(job.regions[0])
    bucket = region.require_bucket(job.bucket)
    folder = job.staged("export")
    merge_optional(folder)
    old = version("rdk").startswith("0.")
    form = ["--version", "0.12"] if old else ["--output-version", "1.x"]
    form += [] if old else ["--custom-code-bucket", bucket]
    form = ["--format", "terraform", *form, *job.options(region)]
    run_rdk(folder, "--region", region.name, "export", RULE, *form)
    if old:
        print(f"terraform apply -var-file={RULE.lower()}.tfvars.json -var source_bucket={bucket}")
    print(mend_0_12(folder) if old else mend_1_x(folder))


COMMANDS = {
    "init": init,
    "deploy": deploy,
    "undeploy": undeploy,
    "alerts": alerts,
    "test-local": test_local,
    "template": template,
    "export": export,
}


def job_of(given: argparse.Namespace) -> Job:
    """Return what the command line asks for."""
    wrong = [each for each in given.parameters if "=" not in each]
    if wrong:
        raise RdkError(f"{wrong[0]!r} is not NAME=VALUE")
    regions = [] if given.command in {"test-local", "template"} else regions_of(given.region_set)
    if len(regions) > 1 and (given.bucket or given.layer):
        raise RdkError("a bucket or a layer serves one Region; leave them out for a region set")
    parameters = dict(each.split("=", 1) for each in given.parameters)
    return Job(given.folder, regions, parameters, given.role, given.layer, given.bucket)


def main() -> None:
    """Read the command line and do what it says."""
    parser = Parser(prog="rdk", description="Deploy, test and export the rule with rdk.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--folder", type=Path, default=ROOT / "dist" / "rdk")
    parser.add_argument("--region-set", default="", help="a set of rdk-config/regions.yaml")
    parser.add_argument("--bucket", default="", help="an S3 bucket for the code, not rdk's own")
    parser.add_argument("--role", default="", help="ARN of a role, not that of role.yml")
    parser.add_argument("--layer", default="", help="ARN of a layer that holds rdklib")
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    given = parser.parse_args()
    try:
        COMMANDS[given.command](job_of(given))
    except PROBLEMS as error:
        sys.exit(f"Cannot {given.command}: {error}")


if __name__ == "__main__":
    main()
