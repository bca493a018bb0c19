"""What the tests of scan share: the command beside an account, and what it must agree with."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.command import Done, run
from tools.account import RULE, Account
from tools.simulator.client import Simulator

CLUSTER = "AWS::EMR::Cluster"
FULL_SPEED = ("--share", "100")  # the simulator's EMR has limits only where they are switched on


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have the command find these among the AWS settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def scan(simulator: Simulator, *arguments: object, **keys: str) -> Done:
    """Run the command as an account's administrator, or with these settings beside."""
    with environment(simulator.environment() | keys):
        return run("scan", *FULL_SPEED, "-f", "json", *arguments)


def agrees(account: Account, rule: str = RULE) -> int:
    """Hold what a scan says of each cluster against what the rule has recorded; return how many.

    What is exempt is not on record.
    """
    variables = account.simulator.client("lambda", account.region).get_function_configuration(
        FunctionName=account.outputs["FunctionArn"]  # type: ignore[attr-defined]
    )["Environment"]["Variables"]
    longest = variables.get("EXEMPTION_MAX_DAYS")
    done = scan(
        account.simulator,
        *("--region", account.region, "--parameters-from", rule),
        *(("--exemption-max-days", longest) if longest else ()),
    )
    assert done.err == ""
    document: dict[str, Any] = json.loads(done.out)
    said = {
        each["resourceId"]: (each["complianceType"], each["annotation"])
        for each in document["clusters"]
        if each["complianceType"] != "NOT_APPLICABLE"
    }
    recorded = {
        each: (result["ComplianceType"], result["Annotation"])
        for each, result in account.results(rule).items()
        if result["ComplianceType"] != "NOT_APPLICABLE"
    }
    assert said == recorded
    return len(document["clusters"])
