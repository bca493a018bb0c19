"""Simulator: SQS as other AWS services see it: what its queue policy and its key let them send."""

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sqs.models import sqs_backends

from tools.simulator.iam import keys, resources
from tools.simulator.iam.resource_policies import Principal, RefusedError, decide

Attributes = Mapping[str, Mapping[str, Any]]


def send(
    queue_arn: str,
    who: Principal,
    body: str,
    attributes: Attributes | None = None,
    key_user: Principal | None = None,
) -> None:
    """Send to a queue as `who`, or raise RefusedError.

    `key_user` is who asks the queue's key, if that request says less of itself than `who`.
    """
    _, _, _, region, account, name = queue_arn.split(":", 5)
    backend = sqs_backends[account][region]
    queue = backend.queues.get(name)
    if queue is None:
        raise RefusedError("NO_RESOURCE", f"There is no queue {queue_arn}.")
    if not decide(resources.policy_of(queue_arn), who, "sqs:SendMessage", queue_arn).allowed:
        raise RefusedError(
            "NO_PERMISSIONS", f"The policy of {queue_arn} does not admit {who.name}."
        )
    keys.check(vars(queue).get("kms_master_key_id"), (account, region), key_user or who)
    try:
        backend.send_message(name, body, dict(attributes or {}), validate_group_id=False)
    except ServiceException as problem:
        raise RefusedError("INVALID_PARAMETER", str(problem)) from problem


def strings(attributes: Mapping[str, str]) -> Attributes:
    """Make message attributes of type String."""
    return {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}
