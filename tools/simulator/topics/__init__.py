"""Simulator: Amazon SNS where moto is too kind: who may publish, and what.

A topic's policy decides for AWS services, and where IAM is enforced for callers too; the key of an
encrypted topic decides as well. `deliveries` brings messages to subscribers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Topic, sns_backends
from moto.sns.responses import SNSResponse

from tools.simulator import iam, identity
from tools.simulator.iam import grants, keys, policies
from tools.simulator.iam.resource_policies import Principal, RefusedError, caller, decide
from tools.simulator.topics import deliveries as topic_deliveries

_MAXIMUM_BYTES = 262_144  # 256 KiB, attributes included
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")  # fewer than 100 printable ASCII characters, one line
Message = tuple[str, str | None, str | None]  # of an AWS service: text, subject, structure
_moto_publish = SNSResponse.publish


class TopicKeyError(ServiceException):
    """The topic's key does not admit the caller."""


def publish(
    topic_arn: str, who: Principal, message: Message, key_user: Principal | None = None
) -> None:
    """Publish as an AWS service, or raise RefusedError.

    `key_user` is who asks the topic's key, if that request says less of itself than `who`.
    """
    region, account = topic_arn.split(":")[3:5]
    topic = sns_backends[account][region].topics.get(topic_arn)
    if topic is None:
        raise RefusedError("NO_RESOURCE", f"There is no topic {topic_arn}.")
    if not decide(topic.policy, who, "sns:Publish", topic_arn).allowed:
        raise RefusedError(
            "NO_PERMISSIONS", f"The policy of {topic_arn} does not admit {who.name}."
        )
    keys.check(topic.kms_master_key_id, (account, region), key_user or who)
    try:
        _check_message(*message)
    except InvalidParameterValue as problem:
        raise RefusedError("INVALID_PARAMETER", str(problem.message)) from problem
    topic.publish(*message[:2], message_structure=message[2])


def _check_message(
    message: str | None,
    subject: str | None,
    structure: str | None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Raise InvalidParameterValue for a message that SNS refuses."""
    if not message:
        raise InvalidParameterValue("Invalid parameter: Empty message")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise InvalidParameterValue("Invalid parameter: Subject")
    size = len(message.encode())
    for name, value in (attributes or {}).items():
        parts = (name, value["DataType"], value.get("StringValue") or "")
        if not all(parts):
            raise InvalidParameterValue(
                f"The message attribute '{name}' must contain non-empty message attribute value."
            )
        size += sum(len(part.encode()) for part in parts)
    if size > _MAXIMUM_BYTES:
        raise InvalidParameterValue("Invalid parameter: Message too long")
    if structure is not None and not _has_default(message):
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )


def _has_default(message: str) -> bool:
    try:
        parts = json.loads(message)
    except ValueError:
        return False
    return isinstance(parts, dict) and isinstance(parts.get("default"), str)


def _check_key(topic: Topic, known: identity.Caller) -> None:
    """Raise unless the topic's key lets the caller use it through SNS."""
    account, region = topic.account_id, topic.sns_backend.region_name
    through = {"kms:viaservice": f"sns.{region}.amazonaws.com", "kms:calleraccount": known.account}
    context = grants.context_of(known, region) | through

    def own_policies_allow(action: str, resource: str) -> bool:
        mine = grants.of_caller(known)
        return not iam.settings.enforce or policies.decide(mine, action, resource, context).allowed

    who = caller(known.arn, known.account, known.role_arn)
    who = replace(who, context={**who.context, **context})
    try:
        keys.check(topic.kms_master_key_id, (account, region), who, own_policies_allow)
    except RefusedError as problem:
        refusal = TopicKeyError(str(problem))
        refusal.code = problem.code
        raise refusal from problem


def _publish(self: SNSResponse) -> ActionResult:
    topic_arn = self._get_param("TopicArn") or ""
    if topic_arn.split(":")[3:4] != [self.region]:  # SNS knows only the topics of its Region
        raise InvalidParameterValue("Invalid parameter: TopicArn")
    topic = sns_backends[topic_arn.split(":")[4]][self.region].get_topic(topic_arn)
    _check_key(topic, identity.caller(self.access_key))
    names = ("Message", "Subject", "MessageStructure", "MessageAttributes")
    _check_message(*(self._get_param(name) for name in names))
    return _moto_publish(self)


def install() -> None:
    """Put the checks before moto's Publish, and the deliveries in place of moto's."""
    SNSResponse.publish = _publish  # type: ignore[method-assign]
    topic_deliveries.install()
