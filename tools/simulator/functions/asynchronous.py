"""Simulator: Lambda's asynchronous invocation: attempts, delays, and where a failed event ends."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException

from tools.simulator import identity, work
from tools.simulator.functions.records import Invocation, settings
from tools.simulator.functions.runs import ThrottledError, find, invoke

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

_ATTEMPTS = 3  # Lambda's default: the event itself and two retries


def invoke_async(function_arn: str, payload: Any) -> Future[list[Invocation]]:
    """Queue an event for the function; the future answers all attempts once Lambda has given up or won."""
    delivery = _Delivery(find(function_arn).function_arn, payload)
    work.submit(delivery.attempt)
    return delivery.future


class _Delivery:
    """One event on its way to one function."""

    def __init__(self, arn: str, payload: Any) -> None:
        self.arn = arn
        self.payload = payload
        self.id = str(uuid.uuid4())
        self.future: Future[list[Invocation]] = Future()
        self._attempts: list[Invocation] = []

    def attempt(self) -> None:
        """Run the function once; on an error queue the next attempt, or end."""
        try:
            number = len(self._attempts) + 1
            run = invoke(self.arn, self.payload, request_id=self.id, attempt=number)
        except UnknownFunctionException:
            self._end()  # deleted since; Lambda drops the event without a word
            return
        except ThrottledError:
            self._drop("RetriesExhausted", None)
            return
        self._attempts.append(run)
        if run.ok:
            self._end()
            self._tell("OnSuccess", "Success", run)
        elif number < _allowed_attempts(find(self.arn)):
            # Lambda waits one minute after the first attempt and two after the second.
            work.submit(self.attempt, delay=settings.retry_delay * number)
        else:
            self._drop("RetriesExhausted", run)

    def _end(self) -> None:
        self.future.set_result(list(self._attempts))

    def _drop(self, condition: str, run: Invocation | None) -> None:
        self._end()
        self._tell("OnFailure", condition, run)
        target = getattr(find(self.arn), "dead_letter_config", {}).get("TargetArn")
        if target:
            attributes = {
                "RequestID": self.id,
                "ErrorCode": "200",
                "ErrorMessage": (run.error_message if run else None) or "Rate exceeded",
            }
            _send(find(self.arn), target, json.dumps(self.payload), attributes)

    def _tell(self, outcome: str, condition: str, run: Invocation | None) -> None:
        function = find(self.arn)
        destinations = _event_invoke_config(function).get("DestinationConfig") or {}
        target = (destinations.get(outcome) or {}).get("Destination")
        if not target:
            return
        record = {
            "version": "1.0",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "requestContext": {
                "requestId": self.id,
                "functionArn": f"{self.arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": max(1, len(self._attempts)),
            },
            "requestPayload": self.payload,
        }
        if run is not None:
            context = {"statusCode": 200, "executedVersion": "$LATEST"}
            record["responseContext"] = (
                context if run.ok else context | {"functionError": "Unhandled"}
            )
            record["responsePayload"] = run.answer
        _send(function, target, json.dumps(record), {})


def _event_invoke_config(function: LambdaFunction) -> dict[str, Any]:
    configured = function.event_invoke_config
    return configured[-1].config if configured else {}


def _allowed_attempts(function: LambdaFunction) -> int:
    retries = _event_invoke_config(function).get("MaximumRetryAttempts")
    return _ATTEMPTS if retries is None else int(retries) + 1


def _send(function: LambdaFunction, target: str, text: str, attributes: dict[str, str]) -> None:
    """Send to a queue or topic with the function's role; what that may not send is lost."""
    _, _, service, region, account, name = target.split(":", 5)
    client = identity.client(service, account, region, function.role)
    values = {
        key: {"DataType": "String", "StringValue": value[:1024]}
        for key, value in attributes.items()
    }
    with suppress(ClientError):
        if service == "sqs":
            url = f"{identity.endpoint()}/{account}/{name}"
            client.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=values)
        else:
            client.publish(TopicArn=target, Message=text, MessageAttributes=values)
