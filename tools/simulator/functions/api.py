"""Simulator: Lambda's API where moto differs: functions that run, properties kept, refusals."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from tools.simulator.functions import code as zips
from tools.simulator.functions.asynchronous import invoke_async
from tools.simulator.functions.pool import sandboxes
from tools.simulator.functions.refusals import refuse, refuse_code
from tools.simulator.functions.runs import ThrottledError, invoke

_KEPT = {"LoggingConfig": "logging_config", "DeadLetterConfig": "dead_letter_config"}
_TAIL = 4096  # bytes of log that Invoke hands back on request


def _wrap_construction() -> None:
    construct = LambdaFunction.__init__

    def construct_checked(
        self: LambdaFunction, account_id: str, spec: dict[str, Any], region: str, **named: Any
    ) -> None:
        refuse(spec, region)
        refuse_code(spec.get("Code") or {}, account_id, region)
        construct(self, account_id, spec, region, **named)
        for name, attribute in _KEPT.items():
            setattr(self, attribute, spec.get(name) or {})
        if self.package_type == "Zip" and not zips.is_zip(self.code_bytes):
            raise InvalidParameterValueException(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            )

    LambdaFunction.__init__ = construct_checked


def _wrap_configuration() -> None:
    describe, update = LambdaFunction.get_configuration, LambdaFunction.update_configuration
    change_code = LambdaFunction.update_function_code

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        answer = describe(self, on_create)
        logging_config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        answer["LoggingConfig"] = logging_config | getattr(self, "logging_config", {})
        if getattr(self, "dead_letter_config", None):
            answer["DeadLetterConfig"] = self.dead_letter_config
        return answer

    def update_configuration(self: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
        refuse(updates, self.region)
        for name, attribute in _KEPT.items():
            if name in updates:
                setattr(self, attribute, updates[name] or {})
        if "Environment" in updates:
            updates = updates | {"Environment": {"Variables": {}} | updates["Environment"]}
        return update(self, updates)

    def update_function_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> dict[str, Any]:
        refuse_code(updated_spec, self.account_id, self.region)
        return change_code(self, updated_spec)

    LambdaFunction.update_function_code = update_function_code
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.update_configuration = update_configuration


def _invoke(
    self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any
) -> str | bytes:
    """Serve Lambda's Invoke: run the function, or queue the event."""
    payload = json.loads(body) if body else {}
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
    if kind == "DryRun":
        return ""
    if kind == "Event":
        invoke_async(self.function_arn, payload)
        return ""
    try:
        run = invoke(self.function_arn, payload)
    except ThrottledError as error:
        raise _TooManyRequestsError from error
    if not run.ok:
        response_headers["x-amz-function-error"] = "Unhandled"
    tail = "\n".join(run.logs).encode()[-_TAIL:]
    response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
    response_headers["x-amz-executed-version"] = "$LATEST"
    return json.dumps(run.answer).encode()


class _TooManyRequestsError(LambdaClientError):
    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


def _wrap_deletion() -> None:
    delete = LambdaBackend.delete_function

    def delete_function(
        self: LambdaBackend, function_name: str, qualifier: str | None = None
    ) -> None:
        arn = self.get_function(function_name).function_arn
        delete(self, function_name, qualifier)
        sandboxes.cool(arn)

    LambdaBackend.delete_function = delete_function


@functools.cache
def install() -> None:
    """Put all this in the place of what moto does."""
    _wrap_construction()
    _wrap_configuration()
    _wrap_deletion()
    LambdaFunction.invoke = _invoke
