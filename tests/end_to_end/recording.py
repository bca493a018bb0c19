"""What the tests of recording share: a prepared account, sweeps, and what is on record."""

import time
from typing import Any

from tools.account import RULE, Account
from tools.simulator.client import Simulator

CLUSTER = "AWS::EMR::Cluster"
QUICK = 0.02  # what a wait in a function takes of its real time, and seconds between attempts


def prepared(simulator: Simulator) -> Account:
    """Empty the simulator and prepare an account in it; nothing is deployed."""
    simulator.reset()
    simulator.set_functions(time_scale=QUICK, retry_delay=QUICK)
    account = Account(simulator)
    account.prepare()
    return account


def deploy(account: Account, **parameters: str) -> Account:
    """Deploy, and wait until AWS Config has evaluated the new rules."""
    account.outputs = account.deploy(**parameters)
    account.simulator.settle(180)
    return account


def without_launch_checks(account: Account) -> Account:
    """Lose the events of launches, so that sweeps are all that is going on."""
    account.simulator.set_events(emr_state_change=False, cloudtrail=False)
    return account


def sweep(account: Account, rule: str = RULE, **options: Any) -> list[dict[str, Any]]:
    """Fire the rule's schedule; return its invocation, and Lambda's retries where there are any."""
    account.simulator.clear_journal()
    attempts: list[dict[str, Any]] = account.simulator.schedule(rule, **options)
    account.simulator.settle()
    return attempts


def verdicts(account: Account, rule: str = RULE) -> dict[str, str]:
    """Return the compliance that is on record for a rule, by resource id."""
    return {each: result["ComplianceType"] for each, result in account.results(rule).items()}


def puts(account: Account) -> int:
    """Return how many PutEvaluations for clusters are in the journal."""
    given = [each["parameters"] for each in account.simulator.journal("config", "PutEvaluations")]
    return sum(each is None or any(map(_is_of_cluster, each["Evaluations"])) for each in given)


def _is_of_cluster(evaluation: dict[str, Any]) -> bool:
    return bool(evaluation["ComplianceResourceType"] == CLUSTER)


def forget(account: Account, cluster_id: str) -> None:
    """Make the ledger forget a cluster, so that the next sweep asks EMR again."""
    table = account.outputs["LedgerTable"]
    dynamodb = account.simulator.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            if item["sk"]["S"] == cluster_id:
                dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def wait_for_fault(account: Account) -> None:
    """Wait until the one fault that is scripted has struck."""
    deadline = time.monotonic() + 30
    while not account.simulator.faults()[0]["hits"]:
        assert time.monotonic() < deadline, "no call came to the fault"
        time.sleep(0.02)
