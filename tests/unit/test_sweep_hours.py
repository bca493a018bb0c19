"""Sweeps at EMR's real rate on a clock that only waiting moves: calls, seconds, and whose turn it is."""

import math
from collections import Counter
from datetime import timedelta

import pytest

from tools import bench_hours
from tools.bench_clock import ClockAccount
from tools.bench_fleet import bound, cold_floor
from tools.bench_hours import cold_seconds, ended_calls, turns

YEAR = timedelta(days=365)


@pytest.mark.untraced
@pytest.mark.parametrize("share", [1.0, 0.8])
def test_a_hundred_that_ended_in_an_hour_are_retired_by_the_list(share):
    """500 are live, and the one that is a year old does not make the list a year long."""
    calls, seconds = ended_calls(100, share)
    assert calls["DescribeCluster"] <= 12
    assert calls["ListClusters"] == 10 + 2
    assert seconds < 60


@pytest.mark.untraced
def test_five_thousand_that_ended_overnight_are_retired_by_the_list():
    """One by one that would take two hours."""
    calls, seconds = ended_calls(5000)
    assert calls["DescribeCluster"] <= 10
    assert calls["ListClusters"] <= 110
    assert seconds < 200


def test_a_few_that_ended_are_described():
    """The list would cost a call too, and can be long."""
    account = ClockAccount()
    ids = account.emr.launch(20)
    account.sweep()
    account.emr.end(ids[:8])
    run = account.sweep()
    assert run.calls == {"ListClusters": 1, "DescribeCluster": 8}
    assert run.result.retired == 8


@pytest.mark.parametrize("has_ledger", [True, False])
def test_a_list_that_costs_more_than_it_saves_is_left(has_ledger):
    """Many old ones, or ages that nobody knows, among thousands that ended: these are described."""
    account = ClockAccount(has_ledger=has_ledger)
    account.emr.end(account.emr.launch(20_000, YEAR / 2))
    ids = account.emr.launch(60, YEAR)
    account.sweep()
    account.emr.end(ids)
    run = account.sweep()
    assert (run.result.retired, run.result.problems) == (60, {})
    assert run.calls["ListClusters"] < 60
    assert run.seconds < 2 * 60


def test_what_a_list_of_ended_clusters_lacks_keeps_its_result_if_it_is_live():
    """A page of the first list has missed one: it is asked, and neither list is believed."""
    account = ClockAccount()
    ids = account.emr.launch(40)
    account.sweep()
    missed, *ended = ids
    account.emr.end(ended)
    account.emr.hidden.add(missed)
    run = account.sweep()
    assert run.result.gone == set(ended)
    assert account.config.results[missed]["ComplianceType"] == "COMPLIANT"


@pytest.fixture
def show(capsys):
    """Print a figure whether or not the test passes."""

    def show(text):
        with capsys.disabled():
            print(f"\n{text}")  # noqa: T201 - what people run these tests for

    return show


@pytest.mark.untraced
def test_a_cold_fleet_takes_hardly_longer_than_the_buckets_ask(show):
    """The list of 5,000 takes 160 s in each run, and costs none of them."""
    seconds, runs = cold_seconds(5000)
    least = bound(cold_floor(5000))
    show(f"5,000 cold: {seconds:,.0f} s in {runs} runs, {seconds / least:.3f} of {least:,.0f}")
    assert seconds <= 1.10 * least


def test_no_marker_of_the_list_waits_for_anything_but_the_list_s_own_bucket():
    """Nobody knows how long EMR honours one."""
    account = ClockAccount()
    account.emr.launch(2000)
    run = account.sweep()
    assert run.calls["DescribeCluster"] > 700
    # Two seconds for a token, and what describing one cluster and its configuration takes.
    assert account.emr.oldest_marker < 4
    assert account.emr.throttled == 0


@pytest.mark.untraced
def test_twenty_thousand_clusters_have_their_turns_in_as_many_runs_as_it_takes(show):
    """Nobody has a second verdict before everybody has the first, with nothing to remember it by."""
    found = turns(20_000, rounds=1)
    show(f"20,000 without a ledger: {found}")
    assert found.most_apart == 1
    assert found.first_round == found.runs == math.ceil(20_000 / 820)
    assert found.oldest_hours == found.runs - 1


@pytest.mark.untraced
def test_turns_go_round_although_results_do_not_change(show):
    """An unchanged result is put once a day, so its age tells nothing; a run puts one more of them."""
    found = turns(2500, rounds=5, share=0.8)
    show(f"2,500 without a ledger, five rounds: {found}")
    assert found.most_apart == 1
    assert found.oldest_hours <= 2500 // 650
    assert found.put <= 2500 + found.runs


@pytest.mark.untraced
def test_launches_come_first_and_nobody_else_loses_a_turn():
    """Every hour 40 are launched and 40 have ended; those that stay take turns as before."""
    account = ClockAccount(0.8, has_ledger=False)
    staying = account.emr.launch(2000, configuration="")
    passing = account.emr.launch(40)
    had = Counter(dict.fromkeys(staying, 0))
    for number in range(16):
        run = account.sweep()
        first_round = number < math.ceil(2040 / 655)
        assert first_round or set(passing) <= account.config.results.keys(), "judged at once"
        had.update(set(run.described) & had.keys())
        assert max(had.values()) - min(had.values()) <= 1
        account.emr.end(passing)
        passing = account.emr.launch(40)
    assert min(had.values()) >= 4
    on_record = account.config.results.values()
    assert sum(each["ComplianceType"] != "NOT_APPLICABLE" for each in on_record) <= 2000 + 40


@pytest.mark.untraced
def test_more_launches_than_a_run_can_judge_cost_hardly_anybody_a_turn():
    """Where the last sweep stopped is kept by the new result that stands nearest to it."""
    account = ClockAccount(0.8, has_ledger=False)
    staying = account.emr.launch(2000, configuration="")
    had = Counter(dict.fromkeys(staying, 0))
    for number in range(20):
        if number == 5:
            account.emr.launch(700, configuration="")
        had.update(set(account.sweep().described) & had.keys())
        counts = Counter(had.values())
        in_step = max(counts[turns] + counts[turns + 1] for turns in counts)
        assert in_step >= 2000 - 10, counts
    assert min(had.values()) >= 3


class Tags:
    """Exemption tags that are there."""

    def __init__(self, ids):
        self._ids = ids

    def read(self):
        return dict.fromkeys(self._ids, "yes")


@pytest.mark.untraced
def test_exempt_clusters_take_turns_like_all_others():
    """They are never on record, and would come first in each run."""
    account = ClockAccount(has_ledger=False, exemptionTagKey="exempt")
    others, exempt = account.emr.launch(900), account.emr.launch(900)
    for each in exempt:
        account.emr.clusters[each]["Tags"] = [{"Key": "exempt", "Value": "yes"}]
    account.tags = Tags(exempt)
    had = Counter(dict.fromkeys(others, 0))
    for _ in range(8):
        had.update(set(account.sweep().described) & had.keys())
    assert min(had.values()) >= 2


def test_clusters_that_ended_are_retired_although_no_run_gets_through_the_fleet():
    """Their results do not stand for as long as the fleet is too large."""
    account = ClockAccount(has_ledger=False)
    ids = account.emr.launch(2000, configuration="")
    for _ in range(4):
        account.sweep()
    account.emr.end(ids[:300])
    run = account.sweep()
    assert run.result.deferred > 0
    assert run.result.retired == 300


def test_a_list_that_no_run_reads_to_its_end_is_an_error_and_retires_nothing():
    """With a small share of EMR's limits: what was listed is judged, and the remedy is named."""
    account = ClockAccount(0.1)
    account.emr.launch(6000)
    run = account.sweep()
    [(subject, why)] = run.result.problems.items()
    assert subject == "the list of clusters"
    assert "the time was over after" in why
    assert why.endswith("a larger EmrCallShare reads more")
    assert run.result.retired == 0
    assert run.result.live < 6000
    assert 0 < len(run.described) < 100
    assert run.seconds < 850


@pytest.mark.untraced
def test_the_bench_prints_the_hours_beside_a_naive_rule(monkeypatch):
    """One line for each, with today's figure beside the one before."""
    monkeypatch.setattr(bench_hours, "LIVE", 60)
    measured = [bench_hours.cold(900), bench_hours.ended(100)]
    lines = bench_hours.table(measured).splitlines()
    assert lines[0] == "900 clusters never seen"
    assert "of the bound of 890 s, in 2 runs; the list first: 1.33" in lines[1]
    assert lines[3:] == [
        "100 of 160 ended, one was a year old",
        "  ours:  4 ListClusters, 8 DescribeCluster in 1 s",
        "  naive: 2 ListClusters, 160 DescribeCluster in 150 s",
    ]
