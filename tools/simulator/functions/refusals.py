"""Simulator: what Lambda refuses when a function is created or changed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import botocore.session
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.utilities.utils import get_partition

from tools.simulator import iam, identity
from tools.simulator.iam import grants, policies, resources, trust

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRINCIPAL = "lambda.amazonaws.com"
_ENVIRONMENT_LIMIT = 4096
# What Lambda looks for in the role of a function in a VPC, before it takes the function.
_NETWORK_ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
_RESERVED = frozenset(
    (
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    )
)


@functools.cache
def _runtimes() -> frozenset[str]:
    model = botocore.session.Session().get_service_model("lambda")
    return frozenset(model.shape_for("Runtime").enum)


def _refuse_bad_environment(spec: Mapping[str, Any]) -> None:
    variables = (spec.get("Environment") or {}).get("Variables") or {}
    reserved = sorted(_RESERVED & set(variables))
    if reserved:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = sum(len(name.encode()) + len(str(text).encode()) for name, text in variables.items())
    if size > _ENVIRONMENT_LIMIT:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit ({size} bytes)."
        )


def _refuse_out_of_range(spec: Mapping[str, Any]) -> None:
    for name, low, high in (("Timeout", 1, 900), ("MemorySize", 128, 10240)):
        if name in spec and not low <= int(spec[name]) <= high:
            raise LambdaClientError(
                "ValidationException",
                f"1 validation error detected: Value '{spec[name]}' at '{name}' failed to satisfy "
                f"constraint: Member must be between {low} and {high}",
            )
    runtime = spec.get("Runtime")
    if runtime is not None and runtime not in _runtimes():
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
            f"value set: [{', '.join(sorted(_runtimes()))}] or be a valid ARN"
        )


def _refuse_unusable_role(spec: Mapping[str, Any]) -> None:
    if "Role" not in spec:
        return
    arn = str(spec["Role"])
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if not account.isdigit() or not trust.admits_service(arn, _PRINCIPAL, arn, account):
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda."
        )


def _refuse_unusable_vpc(spec: Mapping[str, Any], region: str) -> None:
    vpc = spec.get("VpcConfig") or {}
    subnets, groups = vpc.get("SubnetIds") or [], vpc.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise InvalidParameterValueException(
            "SubnetIds and SecurityIds must coexist or be both empty list."
        )
    if not subnets or "Role" not in spec or not iam.enforced():
        return
    granted = grants.of_role(str(spec["Role"]))
    _, partition, _, _, account, _ = str(spec["Role"]).split(":", 5)
    interface = f"arn:{partition}:ec2:{region}:{account}:network-interface/eni-0123456789abcdef0"
    for action in _NETWORK_ACTIONS:
        resource = "*" if action.startswith("Describe") else interface  # a list takes no resource
        if not policies.decide(granted, f"ec2:{action}", resource, {}).allowed:
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on EC2"
            )


def _refuse_dead_letters_that_the_role_cannot_send(spec: Mapping[str, Any]) -> None:
    target = (spec.get("DeadLetterConfig") or {}).get("TargetArn")
    if not (iam.enforced() and target and "Role" in spec):
        return
    service, action = ("SQS", "SendMessage") if ":sqs:" in target else ("SNS", "Publish")
    context = {"aws:principalarn": spec["Role"]}
    name = f"{service.lower()}:{action}"
    if not policies.decide(grants.of_role(spec["Role"]), name, target, context).allowed:
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {action} on {service}"
        )


def refuse_code(code: Mapping[str, Any], account: str, region: str) -> None:
    """Refuse code in a bucket of another Region, or of an account that does not let this one read."""
    bucket = resources.bucket_of(str(code.get("S3Bucket")))
    if bucket is None:
        return
    if bucket.region_name != region:
        raise InvalidParameterValueException(
            "Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The "
            f"bucket is in this region: {bucket.region_name}. Please use this region to retry the "
            "request"
        )
    partition = get_partition(region)
    caller = identity.Caller("", account, f"arn:{partition}:iam::{account}:user/somebody")
    resource = f"arn:{partition}:s3:::{code['S3Bucket']}/{code.get('S3Key')}"
    if iam.enforced() and not iam.may_use(caller, "s3:GetObject", resource):
        raise InvalidParameterValueException(
            "Your access has been denied by S3, please make sure your request credentials have "
            f"permission to GetObject for {code['S3Bucket']}/{code.get('S3Key')}. S3 Error Code: "
            "AccessDenied. S3 Error Message: Access Denied"
        )


def refuse(spec: Mapping[str, Any], region: str) -> None:
    """Refuse what Lambda refuses, whether it comes by its API or by CloudFormation."""
    _refuse_bad_environment(spec)
    _refuse_out_of_range(spec)
    _refuse_unusable_role(spec)
    _refuse_unusable_vpc(spec, region)
    _refuse_dead_letters_that_the_role_cannot_send(spec)
