"""Simulator: SQS as other AWS services see it: what its queue policy and its key let them send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import Queue, sqs_backends

from tools.simulator.iam import keys
from tools.simulator.iam.resource_policies import Principal, RefusedError, decide

Attributes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Message:
    """What another service sends to a queue."""

    body: str
    attributes: Attributes = field(default_factory=dict)


def send(
    queue_arn: str, who: Principal, message: Message, key_user: Principal | None = None
) -> str:
    """Send to a queue as `who`; return the message's id, or raise RefusedError.

    `key_user` is who asks the queue's key, if that request says less of itself than `who`.
    """
    queue = find(queue_arn)
    if not decide(_policy(queue), who, "sqs:SendMessage", queue_arn).allowed:
        raise RefusedError(
            "NO_PERMISSIONS", f"The policy of {queue_arn} does not admit {who.name}."
        )
    key_id: str | None = vars(queue).get("kms_master_key_id")
    keys.check(key_id, (queue.account_id, queue.region), key_user or who)
    return _put(queue, message)


def find(queue_arn: str) -> Queue:
    """Return the queue with this ARN, or raise RefusedError."""
    _, _, _, region, account, name = queue_arn.split(":", 5)
    try:
        return sqs_backends[account][region].get_queue(name)
    except QueueDoesNotExist:
        raise RefusedError("NO_RESOURCE", f"There is no queue {queue_arn}.") from None


def strings(attributes: Mapping[str, str]) -> Attributes:
    """Make message attributes of type String."""
    return {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}


def _policy(queue: Queue) -> Mapping[str, Any]:
    policy: Mapping[str, Any] = queue._policy_json  # noqa: SLF001 -- moto's text form lacks an empty one
    return policy


def _put(queue: Queue, message: Message) -> str:
    backend = sqs_backends[queue.account_id][queue.region]
    try:
        sent = backend.send_message(
            queue.name,
            message.body,
            dict(message.attributes),
            validate_group_id=False,
        )
    except ServiceException as problem:
        raise RefusedError("INVALID_PARAMETER", str(problem)) from problem
    return str(sent.id)
