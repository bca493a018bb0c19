"""Simulator: what Lambda writes to CloudWatch Logs for each invocation."""

from __future__ import annotations

import functools
import json
import math
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.logs.models import logs_backends

from tools.simulator import iam, identity
from tools.simulator.functions.process import log_group_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.awslambda.models import LambdaFunction

    from tools.simulator.functions.records import Invocation


def write(function: LambdaFunction, stream: str, invocation: Invocation) -> None:
    """Write the invocation's lines, between Lambda's own, if the function's role may."""
    lines = _framed(function, invocation)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    if not events:  # PutLogEvents takes no empty list, and who has nothing to say does not call it
        return
    if iam.enforced():
        _write_as_role(function, stream, events)
        return
    backend = logs_backends[function.account_id][function.region]
    group = log_group_of(function)
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    backend.put_log_events(group, stream, events)


def _write_as_role(function: LambdaFunction, stream: str, events: list[dict[str, Any]]) -> None:
    client = _client(function.role, function.account_id, function.region, stream)
    group = log_group_of(function)
    names = {"logGroupName": group, "logStreamName": stream}
    # In AWS, a function whose role may not write loses its log and runs all the same.
    if not _allowed(client.put_log_events, **names, logEvents=events):
        _allowed(client.create_log_group, logGroupName=group)
        _allowed(client.create_log_stream, **names)
        _allowed(client.put_log_events, **names, logEvents=events)


def _allowed(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _client(role_arn: str, account: str, region: str, _stream: str) -> Any:
    # One client per process of the function, as its credentials are.
    return identity.client("logs", account, region, role_arn)


def _framed(function: LambdaFunction, invocation: Invocation) -> list[str]:
    logging_config: dict[str, str] = getattr(function, "logging_config", {})
    if logging_config.get("LogFormat") != "JSON":
        report = "\t".join(_report_fields(function, invocation))
        start = f"START RequestId: {invocation.id} Version: $LATEST"
        return [start, *invocation.logs, f"END RequestId: {invocation.id}", f"REPORT {report}"]
    if logging_config.get("SystemLogLevel", "INFO") == "WARN":
        return invocation.logs
    return [*invocation.logs, json.dumps(_platform_report(function, invocation))]


def _report_fields(function: LambdaFunction, invocation: Invocation) -> list[str]:
    milliseconds = invocation.duration * 1000
    fields = [
        f"RequestId: {invocation.id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds)} ms",
        f"Memory Size: {function.memory_size} MB",
        f"Max Memory Used: {invocation.peak_rss_mib:.0f} MB",
    ]
    if invocation.init_duration is not None:
        fields.append(f"Init Duration: {invocation.init_duration * 1000:.2f} ms")
    return fields


def _platform_report(function: LambdaFunction, invocation: Invocation) -> dict[str, Any]:
    milliseconds = invocation.duration * 1000
    metrics: dict[str, float] = {
        "durationMs": round(milliseconds, 3),
        "billedDurationMs": math.ceil(milliseconds),
        "memorySizeMB": int(function.memory_size),
        "maxMemoryUsedMB": round(invocation.peak_rss_mib),
    }
    if invocation.init_duration is not None:
        metrics["initDurationMs"] = round(invocation.init_duration * 1000, 3)
    status = "success" if invocation.ok else "error"
    record = {"requestId": invocation.id, "metrics": metrics, "status": status}
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(invocation.started))
    return {"time": when, "type": "platform.report", "record": record}
