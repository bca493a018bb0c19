"""Account check: what a stack holds, as CloudFormation says."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit import __version__
from emr_in_transit_cli.dialects.documents import parse
from tools.account_check.aws import Aws, read
from tools.package import ROOT
from tools.stacks import Stacks

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK = read("cloudformation", "DescribeStacks", "cloudformation:DescribeStacks")
RESOURCES = read("cloudformation", "ListStackResources", "cloudformation:ListStackResources")
TEMPLATE = ROOT / "template.yml"
OTHER_VERSION = "the stack is of another version than this clone, so there is nothing to compare"
# Each function of the template, and its role.
FUNCTIONS = {"RuleFunction": "RuleRole", "LaunchCheckFunction": "LaunchCheckRole"}


class Stack(NamedTuple):
    """A deployed stack: what it was given, what it says, and what it made, by logical id."""

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, str]

    @property
    def is_of_this_version(self) -> bool:
        """Return whether it was made from a template of this clone's version."""
        return self.outputs.get("Version") == __version__

    @property
    def makes_rules(self) -> bool:
        """Return whether it makes the rules; else a pack or an organization does."""
        return self.parameters.get("CreateRules", "yes") == "yes"

    def arn(self, aws: Aws, logical: str) -> str:
        """Return the ARN of what it made, as Fn::GetAtt or Ref gives it; empty if it made none."""
        name = self.resources.get(logical, "")
        kind = template()["Resources"][logical]["Type"]
        if not name or name.startswith("arn:"):
            return name
        path = self.parameters.get("RolePath", "/")
        return {
            "AWS::DynamoDB::Table": lambda: aws.arn("dynamodb", f"table/{name}"),
            "AWS::Events::Rule": lambda: aws.arn("events", f"rule/{name}"),
            "AWS::IAM::Role": lambda: aws.arn("iam", f"role{path}{name}", region=""),
            "AWS::Lambda::Function": lambda: aws.arn("lambda", f"function:{name}"),
            "AWS::SQS::Queue": lambda: aws.arn("sqs", name.rpartition("/")[2]),
        }[kind]()

    def of_type(self, kind: str) -> dict[str, str]:
        """Return what it made of a type, by logical id."""
        declared = template()["Resources"]
        return {
            logical: name
            for logical, name in self.resources.items()
            if logical in declared and declared[logical]["Type"] == kind
        }


@functools.cache
def template() -> dict[str, Any]:
    """Return the template of this clone, its intrinsic functions in their long form."""
    (document,) = parse(TEMPLATE.read_text(encoding="utf-8"))
    assert isinstance(document, dict)  # noqa: S101 - the file is ours, and tested
    return document


def fetch(aws: Aws, name: str) -> Stack | None:
    """Return a stack, or None where there is none; raise what AWS raises."""
    found = Stacks(aws.limited_to((STACK,)).client("cloudformation")).find(name)
    if found is None:
        return None
    resources = aws.items(RESOURCES, "StackResourceSummaries", StackName=name)
    return Stack(
        name,
        str(found["StackStatus"]),
        {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in resources
            if each.get("PhysicalResourceId")
        },
    )
