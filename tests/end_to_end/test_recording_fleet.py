"""A fleet of 250 clusters: what sweeps ask, what they record, and what they retire."""

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.end_to_end.depth import configuration
from tests.end_to_end.recording import (
    deploy,
    forget,
    prepared,
    puts,
    sweep,
    verdicts,
    wait_for_fault,
)
from tests.end_to_end.scans import agrees
from tools.account import RULE, Account

LIVE, ENDED, BARE = 250, 10, 8


@dataclass
class Fleet:
    """An account that had clusters before the rule was deployed there, which judged them all."""

    account: Account
    bare: set[str]
    secure: set[str]
    calls: Counter[str]
    puts: int

    def live(self) -> dict[str, str]:
        """Return the verdict that each cluster has which is live now."""
        pages = self.account.emr.get_paginator("list_clusters").paginate(ClusterStates=["WAITING"])
        ids = [each["Id"] for page in pages for each in page["Clusters"]]
        return {each: "COMPLIANT" if each in self.secure else "NON_COMPLIANT" for each in ids}


@pytest.fixture(scope="module")
def fleet(simulator):
    account = prepared(simulator)
    name = configuration(account)
    secure = {account.launch(f"etl-{n}", name) for n in range(LIVE - BARE)}
    bare = {account.launch(f"adhoc-{n}") for n in range(BARE)}
    ended = [account.launch(f"done-{n}") for n in range(ENDED)]
    account.emr.terminate_job_flows(JobFlowIds=ended)
    simulator.clear_journal()
    deploy(account)
    calls = Counter(each["operation"] for each in simulator.journal("emr"))
    return Fleet(account, bare, secure, calls, puts(account))


def recorded(fleet: Fleet) -> list[dict]:
    """Return every evaluation of a cluster, oldest first."""
    return fleet.account.simulator.evaluations(RULE)


def test_the_first_sweep_records_every_live_cluster_and_no_other(fleet):
    """250 live clusters are 5 pages and 250 evaluations in 3 calls; ended ones are left out."""
    assert fleet.calls["ListClusters"] == 5
    assert fleet.calls["DescribeCluster"] == LIVE
    # One is the change run's, which asks EMR what it has; the other serves all clusters.
    assert fleet.calls["DescribeSecurityConfiguration"] == 2
    assert fleet.puts == 3
    first = {each["resource_id"]: each["compliance"] for each in recorded(fleet)[:LIVE]}
    expected = dict.fromkeys(fleet.secure, "COMPLIANT") | dict.fromkeys(fleet.bare, "NON_COMPLIANT")
    assert first == expected


def test_another_sweep_puts_nothing(fleet):
    """What is on record already is not put again, and costs nothing."""
    before = recorded(fleet)

    (run,) = sweep(fleet.account)

    assert run["ok"]
    assert puts(fleet.account) == 0
    assert recorded(fleet) == before
    assert verdicts(fleet.account) == fleet.live()


def test_a_scan_says_the_same(fleet):
    """Of every cluster, in the words that are on record."""
    assert agrees(fleet.account) == LIVE


def test_ended_clusters_are_retired_and_nothing_else_changes(fleet):
    """The results of 20 clusters that were terminated become NOT_APPLICABLE, in one call."""
    before = recorded(fleet)
    ended = sorted(fleet.live())[5:25]
    fleet.account.emr.terminate_job_flows(JobFlowIds=ended)

    (run,) = sweep(fleet.account)

    assert run["ok"]
    assert recorded(fleet)[: len(before)] == before
    new = {each["resource_id"]: each["compliance"] for each in recorded(fleet)[len(before) :]}
    assert new == dict.fromkeys(ended, "NOT_APPLICABLE")
    assert puts(fleet.account) == 1
    assert verdicts(fleet.account) == fleet.live()


def test_sweeps_that_overlap_with_a_launch_between_retire_nothing_live(fleet):
    """A sweep that listed the clusters before a launch leaves the result of another sweep alone."""
    simulator = fleet.account.simulator
    simulator.settle()
    simulator.set_functions(concurrency=2, timeout_scale=10)
    before = recorded(fleet)
    simulator.clear_invocations()
    # A sweep has listed the clusters, and is held there.
    simulator.add_fault("dynamodb", "BatchGetItem", delay=90, times=1)
    simulator.schedule(RULE, wait=False)
    wait_for_fault(fleet.account)
    launched = fleet.account.launch("between")
    (second,) = simulator.schedule(RULE)
    assert second["ok"]
    assert recorded(fleet)[-1]["resource_id"] == launched

    simulator.clear_faults()
    simulator.settle()

    runs = simulator.invocations(second["function"])
    assert runs[-1]["started"] < second["started"], "the first sweep ended last"
    assert all(each["ok"] for each in runs)
    assert verdicts(fleet.account) == fleet.live()
    new = {each["resource_id"]: each["compliance"] for each in recorded(fleet)[len(before) :]}
    assert new == {launched: "NON_COMPLIANT"}


def test_a_sweep_that_is_killed_has_recorded_all_but_its_last_batch(fleet):
    """A sweep records by the hundred as it goes, so the kill costs what the retry makes up for."""
    simulator, results = fleet.account.simulator, fleet.account.results()
    simulator.settle()
    last = max(results, key=lambda each: (results[each]["ResultRecordedTime"], each))
    forget(fleet.account, last)
    simulator.age_evaluations(25 * 3600)  # so that every result is due
    before = recorded(fleet)
    simulator.add_fault("emr", "DescribeCluster", body_contains=last, delay=9, times=1)
    simulator.clear_invocations()

    simulator.schedule(RULE, wait=False)
    wait_for_fault(fleet.account)
    assert simulator.kill_functions() == {"ended": 1}
    on_record = recorded(fleet)
    simulator.clear_faults()

    assert len(on_record) - len(before) == (len(results) - 1) // 100 * 100 == 200
    simulator.settle()
    killed, retried = simulator.invocations()
    assert (killed["error_type"], retried["ok"]) == ("Runtime.ExitError", True)
    new = [each["resource_id"] for each in recorded(fleet)[len(before) :]]
    assert sorted(new) == sorted(fleet.live())
