"""Account check: what roles and the caller may do, by IAM's own simulation of their policies."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.aws import (
    bundles,
    clusters,
    emr,
    episodes,
    evaluations,
    ledger,
    rules,
    security_hub,
    topic,
)
from tools.account_check.aws import Aws, read
from tools.account_check.deployed import FUNCTIONS, OTHER_VERSION, Stack
from tools.account_check.results import Finding, check, for_each, no, note, unsure, yes
from tools.aws_words import AWS_ERRORS, code_of, in_words
from tools.package import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SIMULATE = read("iam", "SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy")
ROLE = read("iam", "GetRole", "iam:GetRole")
# What the code of each function calls, as its adapters declare it.
NEEDED = {
    "RuleFunction": (
        emr.PERMISSIONS,
        emr.LIST_PERMISSIONS,
        emr.HELD_PERMISSIONS,
        emr.INSTANCE_PERMISSIONS,
        evaluations.PERMISSIONS,
        evaluations.READ_PERMISSIONS,
        clusters.PERMISSIONS,
        rules.PERMISSIONS,
        ledger.PERMISSIONS,
        episodes.PERMISSIONS,
        episodes.COUNT_PERMISSIONS,
        episodes.SWEEP_PERMISSIONS,
        topic.PERMISSIONS,
    ),
    "LaunchCheckFunction": (
        emr.PERMISSIONS,
        emr.INSTANCE_PERMISSIONS,
        rules.PERMISSIONS,
        rules.START_PERMISSIONS,
        ledger.PERMISSIONS,
        ledger.TURN_PERMISSIONS,
        episodes.PERMISSIONS,
        topic.PERMISSIONS,
    ),
}
# What it calls besides, where a parameter of the stack is set to more than these values.
OPTIONAL = {
    ("TopicKeyArn", ""): dict.fromkeys(NEEDED, topic.KEY_PERMISSIONS),
    ("SecurityHubFindings", "no"): {
        "RuleFunction": (*security_hub.PERMISSIONS, *security_hub.READ_AND_CLOSE_PERMISSIONS),
        "LaunchCheckFunction": security_hub.PERMISSIONS,
    },
    ("CertificateBundles", "off"): dict.fromkeys(
        NEEDED, (*bundles.PERMISSIONS, *bundles.EXISTENCE_PERMISSIONS)
    ),
    ("CertificateKeyArn", ""): dict.fromkeys(NEEDED, bundles.KEY_PERMISSIONS),
}
# What Lambda itself does with the role.
OF_LAMBDA = ("logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage")
# Of what the deployer's policy allows, that which the first deployment does without if all goes well.
LATER = re.compile(r":(Delete|Remove|Tag|Untag|Update)|PermissionsBoundary")
# AWS's own table of actions, which tools/authorization_data.py makes.
AUTHORIZATION = ROOT / "tools" / "simulator" / "iam" / "authorization.json"
DEPLOYER = ROOT / "rdk-config" / "deployer-policy.json"


@cache
def _services() -> dict[str, Any]:
    services: dict[str, Any] = json.loads(AUTHORIZATION.read_text(encoding="utf-8"))["services"]
    return services


def access(action: str) -> str:
    """Return AWS's access level of an action: List, Read, Write, Tagging, or Permissions management."""
    service, _, name = action.partition(":")
    return str(_services()[service]["actions"][name]["access"])


def formats(action: str) -> list[str]:
    """Return the ARNs of the resources that an action takes; none for one that takes * alone."""
    service, _, name = action.partition(":")
    known = _services()[service]
    return [known["resources"][kind] for kind in known["actions"][name]["takes"]]


# What stands for a part of a resource's ARN in AWS's table.
_NAME = re.compile(r"\$\{\w+\}")


class Asked(NamedTuple):
    """Actions, and the one resource that they are asked for on; `*` for what takes none."""

    actions: tuple[str, ...]
    resource: str


def denied(
    aws: Aws, source: str, asked: Iterable[Asked], context: Mapping[str, str] | None = None
) -> list[str]:
    """Return the actions that IAM denies a role or user; raise what AWS raises."""
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in (context or {}).items()
    ]
    given = {"ContextEntries": entries} if entries else {}
    found = []
    for actions, resource in asked:
        named = given if resource == "*" else given | {"ResourceArns": [resource]}
        results = aws.items(
            SIMULATE,
            "EvaluationResults",
            PolicySourceArn=source,
            ActionNames=list(actions),
            **named,
        )
        found += [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]
    return found


@check("what the functions may do", SIMULATE, ROLE)
def grants(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the roles grant what the code calls, by their policies and boundaries."""
    if not stack.is_of_this_version:
        return iter([unsure(OTHER_VERSION)])
    return for_each(FUNCTIONS, lambda function: _granted(aws, stack, function), (SIMULATE, ROLE))


def _granted(aws: Aws, stack: Stack, function: str) -> Iterator[Finding]:
    role = FUNCTIONS[function]
    try:
        source = aws.call(ROLE, RoleName=stack.resources[role])["Role"]["Arn"]
    except AWS_ERRORS as error:
        if code_of(error) != "NoSuchEntity":
            raise
        yield no(f"the role {role} is gone", "make the stack anew")
        return
    # S3 asks the key of a bucket on the reader's behalf; no other grant has a condition.
    through_s3 = {"kms:ViaService": f"s3.{aws.region}.amazonaws.com"}
    lacking = denied(aws, source, needed(aws, stack, function), through_s3)
    if lacking:
        yield no(
            f"{role} may not do {', '.join(lacking)}, which {function} calls",
            "look for what was taken from the role, a permissions boundary, or a service control "
            "policy",
        )
    else:
        yield yes(f"{role} may do all that {function} calls, by the policies of its account")


def needed(aws: Aws, stack: Stack, function: str) -> list[Asked]:
    """Return what a function calls, by the resource that each action takes."""
    actions = {each for permissions in NEEDED[function] for each in permissions} | {*OF_LAMBDA}
    pairs = {(each, _resource(aws, stack, function, each)) for each in actions}
    for (parameter, without), more in OPTIONAL.items():
        value = stack.parameters.get(parameter, without)
        if value == without:
            continue
        for each in more[function]:
            if parameter == "CertificateBundles":
                pairs |= {(each, one) for one in _certificates(stack, each)}
            else:
                named = value if parameter.endswith("KeyArn") else ""
                pairs.add((each, named or _resource(aws, stack, function, each)))
    by_resource: dict[str, list[str]] = {}
    for action, resource in sorted(pairs):
        by_resource.setdefault(resource, []).append(action)
    return [Asked(tuple(names), resource) for resource, names in by_resource.items()]


def _certificates(stack: Stack, action: str) -> list[str]:
    """Return the buckets of certificates, or something in each, whichever the action takes."""
    buckets = stack.parameters.get("CertificateBuckets", "").split(",")
    return [f"{each}/x" if action in bundles.PERMISSIONS else each for each in buckets]


def _resource(aws: Aws, stack: Stack, function: str, action: str) -> str:
    """Return the resource that an action is asked for on: * where AWS's table has none for it."""
    if not formats(action):
        return "*"
    log_group = stack.resources.get(function.replace("Function", "LogGroup"), "")
    product = f"product/{aws.account}/default"
    hub = product if action.endswith(":BatchImportFindings") else "hub/default"
    return {
        "config": aws.arn("config", "config-rule/config-rule-000000"),
        "dynamodb": aws.arn("dynamodb", f"table/{stack.resources.get('Ledger', '')}"),
        "elasticmapreduce": aws.arn("elasticmapreduce", "cluster/j-0000000000000"),
        "logs": aws.arn("logs", f"log-group:{log_group}:log-stream:x"),
        "securityhub": aws.arn("securityhub", hub),
        "sns": stack.outputs.get("AlertTopicArn", ""),
        "sqs": stack.arn(aws, "FunctionDeadLetters"),
    }[action.partition(":")[0]]


def caller_source(aws: Aws) -> str:
    """Return the ARN by which IAM simulates the caller; empty where it cannot."""
    kind, _, rest = aws.caller.rpartition(":")[2].partition("/")
    if kind == "user":
        return aws.caller
    if kind == "assumed-role":
        return str(aws.call(ROLE, RoleName=rest.partition("/")[0])["Role"]["Arn"])
    return ""


class Deployment(NamedTuple):
    """What somebody is about to deploy."""

    stack: str
    bucket: str = ""
    topic: str = ""


def deployer(aws: Aws, plan: Deployment) -> list[Asked]:
    """Return what deploying takes: rdk-config/deployer-policy.json, on resources of this stack."""
    asked = []
    for statement in json.loads(DEPLOYER.read_text())["Statement"]:
        actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
        for written in resources:
            resource = _of_this_stack(aws, plan, written)
            named = [each for each in actions if _takes(each, resource, alone=len(resources) == 1)]
            if resource and named:
                asked.append(Asked(tuple(named), resource))
    return asked


def _of_this_stack(aws: Aws, plan: Deployment, written: str) -> str:
    """Return a resource of the policy as this deployment would have it; empty where it has none."""
    if "example-code" in written:
        if not plan.bucket:
            return ""
        key = "/code.zip" if written.endswith("/*") else ""
        return f"arn:{aws.partition}:s3:::{plan.bucket}{key}"
    parts = written.split(":", 5)
    if written == "*" or len(parts) < 6:
        return written
    name = parts[5].replace("emr-in-transit-encryption*", f"{plan.stack}/id")
    name = name.replace("*emr-in-transit*", f"{plan.stack}-x").replace("/*", "/x")
    return aws.arn(parts[2], name, aws.region if parts[3] else "")


def _takes(action: str, resource: str, *, alone: bool) -> bool:
    """Return whether an action is about this one of a statement's resources."""
    patterns = ("[^:/]*".join(map(re.escape, _NAME.split(each))) for each in formats(action))
    return alone or any(re.fullmatch(each, resource) for each in patterns)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@check("your own rights", SIMULATE, ROLE)
def own_rights(aws: Aws, plan: Deployment) -> Iterator[Finding]:
    """Find whether the caller may deploy."""
    source = caller_source(aws)
    if aws.caller.endswith(":root"):
        yield yes("you are the account's root user, who may do anything")
    elif not source:
        yield unsure(
            "IAM does not simulate who is neither a user nor a role", "read deployer-policy.json"
        )
    else:
        context = {"iam:PassedToService": "lambda.amazonaws.com"}
        try:
            lacking = denied(aws, source, deployer(aws, plan), context)
        except AWS_ERRORS as error:
            if code_of(error) != "NoSuchEntity":
                raise
            yield unsure(f"IAM does not know you: {in_words(error)}")
            return
        yield from _missing(lacking)


def _missing(lacking: Iterable[str]) -> Iterator[Finding]:
    """Find which rights a deployment cannot do without, and which only some do."""
    advice = "rdk-config/deployer-policy.json has all that deploying takes"
    needed = [each for each in lacking if not LATER.search(each)]
    later = [each for each in lacking if LATER.search(each)]
    if needed:
        yield no(f"you may not do {', '.join(needed)}", advice)
    else:
        yield yes("your policies allow all that a deployment takes")
    if later:
        text = f"you may not do {', '.join(later)}: for tags, boundaries, changes, or going back"
        yield note(text, advice)
