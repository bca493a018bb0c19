"""Account check: the functions of a stack, their code, and the rules that run one of them."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit import __version__
from emr_in_transit.aws.rules import ON_CHANGE, PERIODIC, is_named
from tools.account_check.aws import Aws, read
from tools.account_check.decisions import Verdict, decide, service
from tools.account_check.deployed import FUNCTIONS, Stack
from tools.account_check.recording import RULES
from tools.account_check.results import (
    Finding,
    NotReachedError,
    check,
    for_each,
    no,
    note,
    unsure,
    yes,
)
from tools.account_check.topics import in_doubt
from tools.aws_words import AWS_ERRORS, code_of
from tools.package import build
from tools.stacks import STILLBORN, advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FUNCTION = read("lambda", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration")
POLICY = read("lambda", "GetPolicy", "lambda:GetPolicy")
RUNS = read(
    "config", "DescribeConfigRuleEvaluationStatus", "config:DescribeConfigRuleEvaluationStatus"
)
AGAIN = "deploy the stack again"
# An inactive function, idle for weeks, wakes when it is run (AWS Lambda API, FunctionConfiguration).
RUNNABLE = {"Active", "Inactive"}


@check("stack")
def state(_aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the stack is whole, and of this clone's version."""
    what = advice(stack.name, stack.status).lstrip(".: ")
    if stack.status in STILLBORN or stack.status.endswith("_FAILED"):
        yield no(f"it is in {stack.status}", what or AGAIN)
    elif stack.status.endswith("_IN_PROGRESS"):
        yield unsure(f"it is in {stack.status}", "wait until that is done")
    else:
        yield yes(f"it is in {stack.status}")
    if not stack.is_of_this_version:
        version = stack.outputs.get("Version", "unknown")
        yield unsure(
            f"it is of version {version}, this clone of {__version__}, so neither code "
            "nor policies can be compared",
            "run the check from a clone of that version, or deploy this one",
        )


class Code(NamedTuple):
    """The zip that this clone builds: its name, and its digest as Lambda gives it."""

    name: str
    digest: str


@cache
def own_code() -> Code:
    """Return what this clone would deploy."""
    with tempfile.TemporaryDirectory() as folder:
        path = build(Path(folder))
        digest = hashlib.sha256(path.read_bytes()).digest()
        return Code(path.name, base64.b64encode(digest).decode())


@check("functions", FUNCTION)
def functions(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether both functions are there, can be run, and have the code of this clone."""
    return for_each(FUNCTIONS, lambda logical: _of_function(aws, stack, logical), (FUNCTION,))


def _of_function(aws: Aws, stack: Stack, logical: str) -> Iterator[Finding]:
    found = _configuration(aws, stack, logical)
    if found is None:
        yield no(f"{logical} is gone", AGAIN)
        return
    if found.get("State", "Active") not in RUNNABLE or found.get("LastUpdateStatus") == "Failed":
        why = found.get("StateReason") or found.get("LastUpdateStatusReason") or ""
        yield no(f"{logical} is {found.get('State')}: {why}".rstrip(": "), AGAIN)
    yield _version(logical, found, stack, own_code())
    yield from _settings(logical, found, stack)


def _configuration(aws: Aws, stack: Stack, logical: str) -> dict[str, Any] | None:
    name = stack.resources.get(logical)
    if name is None:
        return None
    try:
        return aws.call(FUNCTION, FunctionName=name)
    except AWS_ERRORS as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def _version(logical: str, found: Mapping[str, Any], stack: Stack, code: Code) -> Finding:
    if found["CodeSha256"] == code.digest:
        return yes(f"{logical} has the code of version {__version__}")
    named = stack.parameters.get("CodeKey", "").rpartition("/")[2]
    if stack.is_of_this_version and named == code.name:
        return no(
            f"{logical} has other code than the zip that the stack names ({named})",
            f"{AGAIN}; and ask who has changed it",
        )
    return unsure(
        f"{logical} has other code than this clone builds ({code.name}); the stack names {named}",
        "run the check from a clone of that version, without changes of your own",
    )


def _settings(logical: str, found: Mapping[str, Any], stack: Stack) -> Iterator[Finding]:
    variables = (found.get("Environment") or {}).get("Variables") or {}
    wanted = {
        "LEDGER_TABLE": stack.resources.get("Ledger"),
        "ALERT_TOPIC_ARN": stack.outputs.get("AlertTopicArn"),
    }
    for name, value in wanted.items():
        if value and variables.get(name) != value:
            yield no(f"{logical} has another {name} than the stack", AGAIN)


def own_rules(aws: Aws, stack: Stack) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the deployment's rules, and the names of those that should be there and are not."""
    rules = list(aws.items(RULES, "ConfigRules"))
    if stack.makes_rules:
        wanted = set(stack.of_type("AWS::Config::ConfigRule").values())
        found = [each for each in rules if each["ConfigRuleName"] in wanted]
        return found, sorted(wanted - {each["ConfigRuleName"] for each in found})
    names = [each.strip() for each in stack.parameters.get("RuleNames", "").split(",")]
    function = stack.outputs.get("FunctionArn")
    return [
        each
        for each in rules
        if each["Source"].get("SourceIdentifier") == function
        and is_named(each["ConfigRuleName"], names)
    ], []


def rule_with(aws: Aws, stack: Stack, trigger: str) -> str:
    """Return the name of the deployment's rule with a trigger; raise NotReachedError if there is none."""
    for each in own_rules(aws, stack)[0]:
        details = each["Source"].get("SourceDetails", [])
        if trigger in {detail.get("MessageType") for detail in details}:
            return str(each["ConfigRuleName"])
    raise NotReachedError(f"no rule of the deployment has the trigger {trigger}")


@check("rules", RULES)
def rules(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the rules are active, bound to the function, and triggered by all they need."""
    found, missing = own_rules(aws, stack)
    for name in missing:
        yield no(f"the rule {name} is gone", AGAIN)
    function = stack.outputs.get("FunctionArn")
    for each in found:
        name = each["ConfigRuleName"]
        if each["Source"].get("SourceIdentifier") != function:
            yield no(f"the rule {name} runs another function", AGAIN)
        elif each.get("ConfigRuleState", "ACTIVE") != "ACTIVE":
            yield no(f"the rule {name} is {each['ConfigRuleState']}", "wait, or deploy again")
        else:
            yield yes(f"the rule {name} is active and runs the function")
    triggers = {
        detail.get("MessageType")
        for each in found
        for detail in each["Source"].get("SourceDetails", [])
    }
    for trigger in (PERIODIC, ON_CHANGE):
        if trigger not in triggers and not missing:
            how = AGAIN if stack.makes_rules else "deploy the conformance pack that brings them"
            yield no(f"no rule of the deployment has the trigger {trigger}", how)


@check("permission of the rules", POLICY)
def permission(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the function's policy lets AWS Config run it."""
    yield may_run(aws, stack, "RuleFunction", "config.amazonaws.com", "")


def may_run(aws: Aws, stack: Stack, logical: str, principal: str, source: str) -> Finding:
    """Return whether a service may run a function on behalf of a source."""
    arn = stack.arn(aws, logical)
    try:
        policy = json.loads(aws.call(POLICY, FunctionName=arn)["Policy"])
    except AWS_ERRORS as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        policy = {}
    who = service(principal, source, aws.account)
    decision = decide(policy, who, "lambda:InvokeFunction", arn)
    if decision.doubts:
        return in_doubt(f"the policy of {logical}", decision.doubts)
    if decision.verdict is Verdict.ALLOWED:
        return yes(f"{principal} may run {logical}")
    return no(f"the policy of {logical} does not let {principal} run it", AGAIN)


@check("last runs", RULES, RUNS)
def runs(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Find whether the last run of each rule went well."""
    names = [each["ConfigRuleName"] for each in own_rules(aws, stack)[0]]

    def last(name: str) -> Iterator[Finding]:
        (status,) = aws.call(RUNS, ConfigRuleNames=[name])["ConfigRulesEvaluationStatus"]
        yield _last_run(name, status)

    return for_each(names, last, (RULES, RUNS))


def _last_run(name: str, status: Mapping[str, Any]) -> Finding:
    good = _latest(status, "LastSuccessfulInvocationTime", "LastSuccessfulEvaluationTime")
    bad = _latest(status, "LastFailedInvocationTime", "LastFailedEvaluationTime")
    # AWS Config keeps the error of an earlier run; the run that failed was invoked before it failed.
    if bad and status.get("LastErrorCode") and (not good or bad >= good):
        why = status.get("LastErrorMessage") or "no message"
        return no(
            f"the last run of {name} failed: {status['LastErrorCode']}: {why}",
            "the function's log names what went wrong",
        )
    if not good:
        return note(f"{name} has not run yet", "an on-change rule waits for a change")
    return yes(f"{name} last ran at {good:%Y-%m-%d %H:%M:%S %Z}")


def _latest(status: Mapping[str, Any], *names: str) -> Any:
    return max((status[name] for name in names if name in status), default=None)


CHECKS = (state, functions, rules, permission, runs)
