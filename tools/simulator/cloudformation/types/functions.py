"""Simulator: the resource types of AWS Lambda: functions, and who may invoke them."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import Any

from tools.simulator.cloudformation.template_intrinsics import text_of
from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    deletion,
)

_CONFIGURATION = frozenset(
    {
        *("DeadLetterConfig", "Description", "Environment", "Handler", "Layers", "LoggingConfig"),
        *("MemorySize", "Role", "Runtime", "Timeout", "VpcConfig"),
    }
)
# What a function has of which a template says nothing (any more).
_DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "Layers": [],
    "LoggingConfig": {},
    "MemorySize": 128,
    "Timeout": 3,
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}


def _code(given: Properties) -> dict[str, Any]:
    """Return the code as the API wants it: inline source becomes index.py in a zip."""
    if "ZipFile" not in given["Code"]:
        return dict(given["Code"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", given["Code"]["ZipFile"])
    return {"ZipFile": buffer.getvalue()}


def _configuration(given: Properties) -> dict[str, Any]:
    """Return the configuration as the API wants it: variables are texts."""
    found = chosen(given, _CONFIGURATION)
    variables = (given.get("Environment") or {}).get("Variables") or {}
    if variables:
        texts = {name: text_of(value) for name, value in variables.items()}
        found["Environment"] = {"Variables": texts}
    return found


def _create_function(place: Place, name: str, given: Properties) -> Made:
    made = place.client("lambda").create_function(
        FunctionName=name,
        Code=_code(given),
        **_configuration(given),
        **chosen(given, ["Architectures"]),
    )
    return Made(name, {"Arn": made["FunctionArn"]})


def _update_function(place: Place, old: Deployed, given: Properties) -> None:
    client, name = place.client("lambda"), old.physical_id
    client.update_function_configuration(FunctionName=name, **_DEFAULTS | _configuration(given))
    architectures = chosen(given, ["Architectures"])
    client.update_function_code(FunctionName=name, **_code(given), **architectures)


def _add_permission(place: Place, name: str, given: Properties) -> Made:
    place.client("lambda").add_permission(StatementId=name, **given)
    return Made(name)


def _remove_permission(place: Place, one: Deployed) -> None:
    client, function = place.client("lambda"), one.properties["FunctionName"]
    with suppress(client.exceptions.ResourceNotFoundException):  # the function took it along
        client.remove_permission(FunctionName=function, StatementId=one.physical_id)


def _put_invoke_config(place: Place, name: str, given: Properties) -> Made:
    if given["Qualifier"] != "$LATEST":
        raise ValueError("The simulator has no versions: Qualifier must be $LATEST.")
    request = chosen(given, ["FunctionName", "MaximumRetryAttempts"])
    place.client("lambda").put_function_event_invoke_config(**request)
    return Made(name)


def _delete_invoke_config(place: Place, one: Deployed) -> None:
    place.client("lambda").delete_function_event_invoke_config(
        FunctionName=one.properties["FunctionName"]
    )


TYPES = {
    "AWS::Lambda::Function": ResourceType(
        create=_create_function,
        update=_update_function,
        delete=deletion("lambda", "delete_function", "FunctionName"),
        named="FunctionName",
        honoured=_CONFIGURATION | {"Architectures", "Code", "FunctionName"},
    ),
    "AWS::Lambda::Permission": ResourceType(
        create=_add_permission,
        delete=_remove_permission,
        honoured=frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"}),
    ),
    "AWS::Lambda::EventInvokeConfig": ResourceType(
        create=_put_invoke_config,
        delete=_delete_invoke_config,
        honoured=frozenset({"FunctionName", "MaximumRetryAttempts", "Qualifier"}),
        harmless={
            "MaximumEventAgeInSeconds": "no event waits here as long as the shortest age allowed"
        },
    ),
}
