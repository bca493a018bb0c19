"""Simulator: invocations of Lambda functions, one by one and as events, with what comes of them."""

import functools
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from tools.simulator import identity, queues, work
from tools.simulator.control import Log
from tools.simulator.functions.process import (
    EndedError,
    Sandbox,
    log_group_of,
    sandboxes,
    settings,
)
from tools.simulator.iam.resource_policies import Principal, decide

_ATTEMPTS = 3  # Lambda's default: the event itself and two retries


# One run of a function: id, function (its name), arn, attempt, ok, payload, answer, error_type,
# error_message, logs, started, duration (seconds, without the start of the process), peak_rss_mib.
Invocation = dict[str, Any]
invocations = Log("/invocations", function=lambda one: (one["function"], one["arn"]))


def find(function_arn: str) -> LambdaFunction:
    """Return the function with this ARN; raises moto's ResourceNotFoundException."""
    _, _, _, region, account, _, name = function_arn.split(":")[:7]
    return get_backend(account, region).get_function(name)


def may_invoke(
    function_arn: str, principal: str, source_account: str | None, source_arn: str | None
) -> bool:
    """Return whether the service `principal`, acting for this source, may invoke the function.

    False if there is no such function. A condition on a source that is not known does not hold.
    """
    try:
        function = find(function_arn)
    except (UnknownFunctionException, ValueError):
        return False
    sources = {"aws:sourceaccount": source_account, "aws:sourcearn": source_arn}
    context = {key: value for key, value in sources.items() if value}
    who = Principal(principal, source_account or "", context)
    policy = {"Statement": function.policy.statements}
    return decide(policy, who, "lambda:InvokeFunction", function.function_arn).allowed


def invoke(
    function_arn: str, payload: Any, *, request_id: str | None = None, attempt: int = 1
) -> Invocation:
    """Run the function once and return the record; an error of the function is in the record."""
    function = find(function_arn)
    function_arn = function.function_arn
    request_id = request_id or str(uuid.uuid4())
    with sandboxes.one_for(function, _fingerprint(function)) as (sandbox, warm):
        ran = _run(sandbox, {"id": request_id, "arn": function_arn}, payload, warm=warm)
        _write_log(function, sandbox.log_stream, ran["logs"])
    invocation = {
        "id": request_id,
        "function": function.function_name,
        "arn": function_arn,
        "attempt": attempt,
        "payload": payload,
        "peak_rss_mib": sandbox.peak_rss_mib,
        **ran,
    }
    invocations.add(invocation)
    return invocation


def _run(sandbox: Sandbox, request: dict[str, str], payload: Any, *, warm: bool) -> dict[str, Any]:
    """Return what came of running the handler: answer or error, times, log."""
    started, begun, last_words = time.time(), time.monotonic(), []
    try:
        reply = {"ok": True} if warm else sandbox.initialize()
        begun = time.monotonic()
        if reply["ok"]:
            reply = sandbox.invoke(request | {"event": json.dumps(payload)})
        else:
            sandbox.kill()  # so that the next invocation initializes anew
        ok, answer = reply["ok"], json.loads(reply["answer"])
    except EndedError as error:
        message = f"RequestId: {request['id']} Error: {error}"
        ok, answer = False, {"errorType": error.error_type, "errorMessage": message}
        last_words = [message]  # which Lambda logs, as the process could not
    error = {} if ok else answer
    return {
        "ok": ok,
        "answer": answer,
        "error_type": error.get("errorType"),
        "error_message": error.get("errorMessage"),
        "started": started,
        "duration": time.monotonic() - begun,
        "logs": sandbox.read_log() + last_words,
    }


def _fingerprint(function: LambdaFunction) -> str:
    """Return what must not change under a warm process."""
    scales = (settings.time_scale, settings.timeout_scale)
    return json.dumps([function.get_configuration(), scales], default=str)


def _write_log(function: LambdaFunction, stream: str, lines: list[str]) -> None:
    """Write what the function has logged to CloudWatch Logs, as its role.

    In AWS, a function whose role may not write loses its log and runs all the same.
    """
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    if not events:  # PutLogEvents takes no empty list, and who has nothing to say does not call it
        return
    client = _log_client(function.role, function.account_id, function.region, stream)
    group = log_group_of(function)
    names = {"logGroupName": group, "logStreamName": stream}
    if not _succeeds(client.put_log_events, **names, logEvents=events):
        _succeeds(client.create_log_group, logGroupName=group)
        _succeeds(client.create_log_stream, **names)
        _succeeds(client.put_log_events, **names, logEvents=events)


def _succeeds(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _log_client(role_arn: str, account: str, region: str, _stream: str) -> Any:
    # One client per process of the function, as its credentials are.
    return identity.client("logs", account, region, role_arn)


def invoke_async(function_arn: str, payload: Any) -> Future[list[Invocation]]:
    """Queue an event for the function; the future answers all attempts once Lambda has given up or won."""
    event = _Event(find(function_arn).function_arn, payload)
    work.submit(event.attempt)
    return event.future


class _Event:
    """One event on its way to one function."""

    def __init__(self, arn: str, payload: Any) -> None:
        self.arn = arn
        self.payload = payload
        self.id = str(uuid.uuid4())
        self.future: Future[list[Invocation]] = Future()
        self._attempts: list[Invocation] = []

    def attempt(self) -> None:
        """Run the function once; on an error queue the next attempt, or end."""
        number = len(self._attempts) + 1
        try:
            run = invoke(self.arn, self.payload, request_id=self.id, attempt=number)
        except UnknownFunctionException:
            self._end()  # deleted since; Lambda drops the event without a word
            return
        self._attempts.append(run)
        if run["ok"]:
            self._end()
        elif number < _allowed_attempts(find(self.arn)):
            # Lambda waits one minute after the first attempt and two after the second.
            work.submit(self.attempt, delay=settings.retry_delay * number)
        else:
            self._end()
            self._bury(run["error_message"] or "")

    def _end(self) -> None:
        self.future.set_result(list(self._attempts))

    def _bury(self, message: str) -> None:
        """Send the event to the dead-letter queue as the function's role; what may not is lost."""
        function = find(self.arn)
        target = getattr(function, "dead_letter_config", {}).get("TargetArn")
        if not target:
            return
        _, _, _, region, account, name = target.split(":", 5)
        texts = {"RequestID": self.id, "ErrorCode": "200"}
        texts |= {"ErrorMessage": message[:1024]} if message else {}
        client = identity.client("sqs", account, region, function.role)
        with suppress(ClientError):
            client.send_message(
                QueueUrl=f"{identity.endpoint()}/{account}/{name}",
                MessageBody=json.dumps(self.payload),
                MessageAttributes=queues.strings(texts),
            )


def _allowed_attempts(function: LambdaFunction) -> int:
    configured = function.event_invoke_config
    retries = configured[-1].config.get("MaximumRetryAttempts") if configured else None
    return _ATTEMPTS if retries is None else int(retries) + 1
