"""Account check: the policies of the stack's table, topics and queues, beside the template's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tools.account_check import topics
from tools.account_check.aws import Aws, read
from tools.account_check.deployed import OTHER_VERSION, Stack, template
from tools.account_check.results import Finding, check, for_each, no, unsure, yes
from tools.aws_words import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE_POLICY = read("dynamodb", "GetResourcePolicy", "dynamodb:GetResourcePolicy")
QUEUE = read("sqs", "GetQueueAttributes", "sqs:GetQueueAttributes")
# What has a policy: the resource of the template that holds it, where it is not the same one.
HOLDERS = {
    "Ledger": "Ledger",
    "AlertTopic": "AlertTopicPolicy",
    "OperationsTopic": "OperationsTopicPolicy",
    "FunctionDeadLetters": "FunctionDeadLettersPolicy",
    "EventDeadLetters": "EventDeadLettersPolicy",
}


def expected(aws: Aws, stack: Stack, logical: str) -> dict[str, Any]:
    """Return the policy that the template gives to one of its resources."""
    properties = template()["Resources"][HOLDERS[logical]]["Properties"]
    document = properties.get("ResourcePolicy", properties)["PolicyDocument"]
    resolved: dict[str, Any] = _resolve(aws, stack, document)
    return resolved


def _resolve(aws: Aws, stack: Stack, value: Any) -> Any:
    """Return a policy with the references in it as the stack has them; there are no others."""
    if isinstance(value, list):
        return [_resolve(aws, stack, each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        name = value["Ref"]
        return aws.account if name == "AWS::AccountId" else stack.arn(aws, name)
    if value.keys() == {"Fn::GetAtt"}:
        found = value["Fn::GetAtt"]
        name = found.partition(".")[0] if isinstance(found, str) else found[0]
        return stack.arn(aws, name)
    return {key: _resolve(aws, stack, each) for key, each in value.items()}


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return what a policy lacks, says otherwise, or says besides, by the Sids of the statements."""
    before, after = _by_sid(wanted), _by_sid(found)
    lacking = [f"{sid} is missing" for sid in before if sid not in after]
    changed = [f"{sid} is another" for sid in before if sid in after and before[sid] != after[sid]]
    added = [f"{sid or 'a statement without a Sid'} is not the template's" for sid in after if sid not in before]  # fmt: skip
    return lacking + changed + added


def _by_sid(policy: Mapping[str, Any]) -> dict[str, list[Any]]:
    statements = policy.get("Statement", [])
    found: dict[str, list[Any]] = {}
    for each in statements if isinstance(statements, list) else [statements]:
        found.setdefault(str(each.get("Sid", "")), []).append(_plain(each))
    return found


def _plain(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in one form, of the several in which AWS gives it back."""
    principal = statement.get("Principal")
    plain = {
        "Effect": statement.get("Effect"),
        "Principal": {"AWS": ["*"]} if principal == "*" else _sorted(principal),
        "Action": sorted(each.lower() for each in _listed(statement.get("Action"))),
        "Resource": sorted(_listed(statement.get("Resource"))),
        "Condition": {
            operator: {key.lower(): sorted(_listed(each)) for key, each in keys.items()}
            for operator, keys in (statement.get("Condition") or {}).items()
        },
    }
    more = sorted(statement.keys() - plain.keys() - {"Sid"})
    return plain | {name: statement[name] for name in more}


def _sorted(principal: Any) -> Any:
    if not isinstance(principal, dict):
        return principal
    return {kind: sorted(_listed(names)) for kind, names in principal.items()}


def _listed(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in listed]


CALLS = (TABLE_POLICY, QUEUE, topics.TOPIC)


@check("policies of table, topics and queues", *CALLS)
def resource_policies(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the policies are the template's: IAM's simulation does not see them."""
    if not stack.is_of_this_version:
        return iter([unsure(OTHER_VERSION)])
    held = [logical for logical in HOLDERS if logical in stack.resources]
    return for_each(held, lambda logical: _compared(aws, stack, logical), CALLS)


def _compared(aws: Aws, stack: Stack, logical: str) -> Iterator[Finding]:
    wrong = differences(expected(aws, stack, logical), _found(aws, stack, logical))
    if wrong:
        yield no(
            f"the policy of {logical} is not the template's: {'; '.join(wrong)}",
            "put it back: CloudFormation's drift detection shows how it was",
        )
    else:
        yield yes(f"the policy of {logical} is the template's")


def _found(aws: Aws, stack: Stack, logical: str) -> dict[str, Any]:
    name = stack.resources[logical]
    text: Any
    if logical == "Ledger":
        text = _of_table(aws, stack.arn(aws, logical))
    elif logical.endswith("Topic"):
        text = aws.call(topics.TOPIC, TopicArn=name)["Attributes"].get("Policy")
    else:
        answer = aws.call(QUEUE, QueueUrl=name, AttributeNames=["Policy"])
        text = answer.get("Attributes", {}).get("Policy")
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def _of_table(aws: Aws, arn: str) -> str:
    try:
        return str(aws.call(TABLE_POLICY, ResourceArn=arn)["Policy"])
    except AWS_ERRORS as error:
        if code_of(error) == "PolicyNotFoundException":
            return ""
        raise
