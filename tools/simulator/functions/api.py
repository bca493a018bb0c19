"""Simulator: Lambda's API where moto differs: functions that run, properties kept, refusals."""

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.utilities.utils import get_partition

from tools.simulator import iam
from tools.simulator.control import on_reset, route
from tools.simulator.functions.process import sandboxes
from tools.simulator.functions.runs import invoke, invoke_async
from tools.simulator.iam import grants, policies, trust

_PRINCIPAL = "lambda.amazonaws.com"
_KEPT = {"LoggingConfig": "logging_config", "DeadLetterConfig": "dead_letter_config"}
# What Lambda looks for in the role of a function in a VPC, before it takes the function.
_NETWORK_ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
_construct = LambdaFunction.__init__
_describe = LambdaFunction.get_configuration
_update = LambdaFunction.update_configuration
_delete = LambdaBackend.delete_function
_list_layers = LambdaResponse.list_layer_versions
on_reset(sandboxes.cool)


def _refuse_unusable_role(spec: Mapping[str, Any], region: str) -> None:
    """Refuse a role that Lambda cannot assume, or that lacks what the function's settings need."""
    if "Role" not in spec:
        return
    role = str(spec["Role"])
    account = role.split(":")[4] if role.count(":") >= 5 else ""
    if not account.isdigit() or not trust.admits_service(role, _PRINCIPAL, role, account):
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda."
        )
    needed = []
    if (spec.get("VpcConfig") or {}).get("SubnetIds"):
        eni = f"arn:{get_partition(region)}:ec2:{region}:{account}:network-interface/eni-0123456789"
        needed += [
            ("ec2", action, "*" if action.startswith("Describe") else eni)
            for action in _NETWORK_ACTIONS
        ]
    if target := (spec.get("DeadLetterConfig") or {}).get("TargetArn"):
        needed.append(("sqs", "SendMessage", target))
    granted, context = grants.of_role(role), {"aws:principalarn": role}
    for service, action, resource in needed if iam.settings.enforce else []:
        if not policies.decide(granted, f"{service}:{action}", resource, context).allowed:
            raise InvalidParameterValueException(
                "The provided execution role does not have permissions to call "
                f"{action} on {service.upper()}"
            )


def _checked_construction(
    self: LambdaFunction, account_id: str, spec: dict[str, Any], region: str, **named: Any
) -> None:
    _refuse_unusable_role(spec, region)
    _construct(self, account_id, spec, region, **named)
    for name, attribute in _KEPT.items():
        setattr(self, attribute, spec.get(name) or {})


def _get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    answer = _describe(self, on_create)
    logging_config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
    answer["LoggingConfig"] = logging_config | getattr(self, "logging_config", {})
    if getattr(self, "dead_letter_config", None):
        answer["DeadLetterConfig"] = self.dead_letter_config
    return answer


def _update_configuration(self: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
    _refuse_unusable_role(updates, self.region)
    for name, attribute in _KEPT.items():
        if name in updates:
            setattr(self, attribute, updates[name] or {})
    if "Environment" in updates:
        updates = updates | {"Environment": {"Variables": {}} | updates["Environment"]}
    return _update(self, updates)


def _delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    arn = self.get_function(function_name).function_arn
    _delete(self, function_name, qualifier)
    sandboxes.cool(arn)


def _invoke(
    self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any
) -> str | bytes:
    """Serve Lambda's Invoke: run the function, or queue the event."""
    payload = json.loads(body) if body else {}
    if request_headers.get("x-amz-invocation-type") == "Event":
        invoke_async(self.function_arn, payload)
        return ""
    run = invoke(self.function_arn, payload)
    if not run["ok"]:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-executed-version"] = "$LATEST"
    return json.dumps(run["answer"]).encode()


def _list_layer_versions(self: LambdaResponse) -> str:
    """Leave out of a list what AWS tells of one version alone."""
    answer = json.loads(_list_layers(self))
    for version in answer["LayerVersions"]:
        del version["Content"], version["LayerArn"]
    return json.dumps(answer)


@route("POST", "/functions/cold")
def cool_down(body: dict[str, Any]) -> dict[str, int]:
    """End the warm processes of `function` (name or ARN), or of all functions."""
    return {"ended": sandboxes.cool(body.get("function"))}


@route("POST", "/functions/kill")
def kill(body: dict[str, Any]) -> dict[str, int]:
    """End the processes of `function` (name or ARN), or of all, that are at work: Lambda may too."""
    return {"ended": sandboxes.kill(body.get("function"))}


def install() -> None:
    """Put all this in the place of what moto does."""
    LambdaFunction.__init__ = _checked_construction
    LambdaFunction.get_configuration = _get_configuration
    LambdaFunction.update_configuration = _update_configuration
    LambdaFunction.invoke = _invoke
    LambdaResponse.list_layer_versions = _list_layer_versions
    LambdaBackend.delete_function = _delete_function
