"""Tiny stacks for tests of the simulator's CloudFormation."""

import json
from typing import Any

from tests.simulator.throwaway import TRUST, zipped
from tools.simulator.client import Simulator

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"S3Bucket": "code", "S3Key": "k"},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
    },
}
# A function that fails when it is made: its code is in the template.
BAD = {
    **FUNCTION,
    "Properties": FUNCTION["Properties"] | {"Code": {"ZipFile": "def handler(*_): return"}},
}
PERMISSION = {
    "Type": "AWS::Lambda::Permission",
    "Properties": {
        "FunctionName": {"Ref": "Function"},
        "Action": "lambda:InvokeFunction",
        "Principal": "config.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
    },
}
RULE = {
    "Type": "AWS::Config::ConfigRule",
    "DependsOn": "Permission",
    "Properties": {
        "ConfigRuleName": "rule",
        "Source": {
            "Owner": "CUSTOM_LAMBDA",
            "SourceIdentifier": {"Fn::GetAtt": ["Function", "Arn"]},
            "SourceDetails": [
                {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
            ],
        },
    },
}
RULE_STACK = {"Rule": RULE, "Permission": PERMISSION, "Function": FUNCTION, "Role": ROLE}


def with_properties(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return the resource with these properties too; None takes one away."""
    merged = resource.get("Properties", {}) | properties
    kept = {key: value for key, value in merged.items() if value is not None}
    return resource | {"Properties": kept}


def queue(name: Any = None, **properties: Any) -> dict[str, Any]:
    """Return a queue, the simplest of resources."""
    named = {"QueueName": name} if name else {}
    return {"Type": "AWS::SQS::Queue", "Properties": named | properties}


def upload(aws: Simulator) -> None:
    """Put the function's code where its template says."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="code", Key="k", Body=zipped(index="def handler(event, _): return event"))


def queues(aws: Simulator) -> list[str]:
    """Return the names of all queues."""
    urls = aws.client("sqs").list_queues().get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def text(resources: dict[str, Any], **sections: Any) -> str:
    """Return a template with these resources."""
    return json.dumps({"Resources": resources, **sections})


def request(template: str, name: str = "s", **parameters: str) -> dict[str, Any]:
    """Return the request for a stack with this template."""
    return {
        "StackName": name,
        "TemplateBody": template,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }


def create(aws: Simulator, template: str, name: str = "s", **parameters: str) -> str:
    """Create a stack and return its status."""
    aws.client("cloudformation").create_stack(**request(template, name, **parameters))
    return status(aws, name)


def update(aws: Simulator, template: str, name: str = "s", **parameters: str) -> str:
    """Update a stack and return its status."""
    aws.client("cloudformation").update_stack(**request(template, name, **parameters))
    return status(aws, name)


def described(aws: Simulator, name: str = "s") -> dict[str, Any]:
    """Return what DescribeStacks says of the stack."""
    (found,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(found)


def status(aws: Simulator, name: str = "s") -> str:
    """Return the stack's status."""
    return str(described(aws, name)["StackStatus"])


def outputs(aws: Simulator, name: str = "s") -> dict[str, str]:
    """Return the stack's outputs."""
    found = described(aws, name).get("Outputs", [])
    return {one["OutputKey"]: one["OutputValue"] for one in found}


def history(aws: Simulator, name: str = "s") -> list[tuple[str, str, str]]:
    """Return the stack's events, oldest first: resource, status, reason."""
    found = aws.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return [
        (one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", ""))
        for one in reversed(found)
    ]
