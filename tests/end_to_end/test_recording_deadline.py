"""A fleet that no single run gets through: run by run all of it is judged, and nothing twice."""

import json

import pytest

from tests.end_to_end.depth import configuration
from tests.end_to_end.recording import deploy, prepared, sweep, verdicts, without_launch_checks
from tools.account import Account

CLUSTERS = 100
SPEED = 10
# A sweep keeps 90 seconds for its end, so that it works for 30: 10 DescribeCluster at once, and 30
# more at one a second; fewer where the machine is busy. The next run goes on where one stopped.
TIMEOUT, MOST_IN_ONE_RUN, MOST_RUNS = 120, 44, 8


@pytest.fixture
def slow(simulator):
    """An account whose function has little time, and EMR its limits, both ten times as fast."""
    account = deploy(without_launch_checks(prepared(simulator)), EmrCallShare="1")
    name = configuration(account)
    for number in range(CLUSTERS):
        account.launch(f"etl-{number}", name)
    simulator.client("lambda").update_function_configuration(
        FunctionName=account.outputs["FunctionArn"], Timeout=TIMEOUT
    )
    simulator.settle()
    simulator.set_functions(time_scale=1 / SPEED, deadline_scale=1 / SPEED)
    return account


def without_ledger(account: Account) -> None:
    """Take the ledger and the topic from the rule's function, as rdk deploys it."""
    functions = account.simulator.client("lambda")
    name = {"FunctionName": account.outputs["FunctionArn"]}
    variables = functions.get_function_configuration(**name)["Environment"]["Variables"]
    functions.update_function_configuration(
        **name, Environment={"Variables": variables | {"LEDGER_TABLE": "", "ALERT_TOPIC_ARN": ""}}
    )


def run(account: Account) -> tuple[set[str], int]:
    """Sweep with EMR's buckets full; return whom it described, and how many it deferred."""
    account.simulator.cool_functions()
    account.simulator.set_buckets(enabled=True, speed=SPEED)
    attempts = sweep(account)
    assert [each["error_message"] for each in attempts] == [None]
    calls = account.simulator.journal("emr", "DescribeCluster")
    described = [each["parameters"]["ClusterId"] for each in calls if not each["error"]]
    assert len(described) == len(set(described))
    return set(described), summary(account)["deferred"]


def summary(account: Account) -> dict:
    """Return the fields of the last sweep's summary line."""
    logs = account.simulator.client("logs").get_paginator("filter_log_events")
    pages = logs.paginate(logGroupName=account.outputs["RuleLogGroupName"])
    lines = [each["message"] for page in pages for each in page["events"]]
    return json.loads([each for each in lines if "sweep finished" in each][-1])


@pytest.mark.parametrize("has_ledger", [True, False], ids=["ledger", "no ledger"])
def test_where_the_time_is_not_enough_runs_share_the_work(slow, has_ledger):
    """Clusters that were never judged go first, so no run repeats what another one has done."""
    if not has_ledger:
        without_ledger(slow)
    seen: set[str] = set()
    runs = 0
    while len(seen) < CLUSTERS and runs < MOST_RUNS:
        runs += 1
        described, deferred = run(slow)
        fresh, before = described - seen, len(seen)
        seen |= described
        assert len(verdicts(slow)) == len(seen)
        assert 0 < len(described) <= MOST_IN_ONE_RUN
        if len(seen) < CLUSTERS:
            assert fresh == described
            assert deferred == CLUSTERS - len(seen if has_ledger else described)
    assert len(seen) == CLUSTERS
    assert runs >= CLUSTERS / MOST_IN_ONE_RUN, "no run has the time for them all"
    assert len(fresh) == CLUSTERS - before
    assert set(verdicts(slow).values()) == {"COMPLIANT"}
    assert deferred == (0 if has_ledger else CLUSTERS - len(described))
