"""The benchmark measures what it says, on its smallest fleet; times are not looked at here."""

import json
import math

import pytest

from tools import bench_command, bench_report, bench_tables
from tools.bench_fleet import PAGE, bound
from tools.bench_run import FLEETS, REAL_FLEET, Measured
from tools.bench_start import TARGETS, measure_starts
from tools.bench_sweeps import ADAPTIVE, CHANGED, COLD, PLAIN, WARM, Fleet, Pace

LIVE = 60  # more than a page
FASTER = Pace(fastest=20, shortest=0.5)


@pytest.fixture(scope="module")
def measured(simulator):
    simulator.reset()
    fleet = Fleet(simulator, FASTER)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in simulator.environment().items():
            environment.setenv(name, value)
        fleet.build(LIVE)
    return Measured(fleet.measure(), [], measure_starts(1), 1)


@pytest.fixture(scope="module")
def rows(measured):
    return {row["who"]: row for row in json.loads(json.dumps(measured.document()))["rows"]}


def test_every_kind_of_sweep_is_there_with_all_its_figures(rows):
    launched, ended = f"ours, {CHANGED} launched", f"ours, {CHANGED} ended"
    assert list(rows) == [COLD, WARM, launched, ended, PLAIN, ADAPTIVE]
    for row in rows.values():
        assert row["seconds"] > 0
        assert row["peak_mib"] > 20
        assert row["runs"] >= 1
        assert row["error"] == ""


def test_a_warm_sweep_lists_and_asks_nothing_else(rows):
    assert rows[WARM]["calls"] == {"ListClusters": math.ceil(LIVE / PAGE)}
    assert rows[WARM]["missed"] == 0


def test_a_cold_sweep_asks_once_for_each_cluster_and_configuration(rows):
    cold = rows[COLD]
    assert sum(cold["calls"].values()) - cold["throttled"] == sum(cold["floor"].values())
    assert cold["floor"] == {
        "ListClusters": 2,
        "DescribeCluster": LIVE,
        "DescribeSecurityConfiguration": 5,
    }
    assert cold["missed"] == 0


def test_a_launch_and_an_end_cost_one_call_each(rows):
    for happened in ("launched", "ended"):
        row = rows[f"ours, {CHANGED} {happened}"]
        assert row["calls"]["DescribeCluster"] == CHANGED
        assert row["missed"] == 0


def test_the_bound_is_that_of_the_bucket_which_is_empty_longest():
    assert bound({"ListClusters": 100, "DescribeCluster": 5_000}) == 4_990
    assert bound({"ListClusters": 20, "DescribeCluster": 10}) == 0
    assert bound({"ListClusters": 30, "DescribeCluster": 11}) == 20


def test_what_weighs_the_less_the_longer_a_sweep_takes_is_sped_up_less():
    pace = Pace(fastest=40, shortest=20)
    assert [pace.speed(bound) for bound in (0, 90, 490, 4_990)] == [1, 4.5, 24.5, 40]


def test_cold_starts_are_compared_with_what_they_need(measured):
    assert [start.module for start in measured.starts] == list(TARGETS)
    for start in measured.starts:
        assert start.milliseconds > 0
        assert start.peak_mib > 10
        assert (start.ratio == 1) == (start.module == start.beside)


def test_the_tables_show_all(measured, rows):
    table = bench_report.sweeps(measured.rows)
    assert len(table.splitlines()) == 1 + len(rows)
    assert all(who in table for who in rows)
    assert "launch_check" in bench_report.starts(measured.starts)


KEPT = bench_tables.measured()
OURS = [row for row in KEPT["rows"] + KEPT["real_rows"] if row["who"].startswith("ours")]


@pytest.mark.parametrize("row", OURS, ids=lambda row: f"{row['live']} {row['who']} {row['speed']}")
def test_the_kept_figures_are_what_this_code_promises(row):
    """What docs/measured.md shows of our sweeps: few calls, nothing missed, little memory."""
    assert row["missed"] == 0
    assert row["throttled"] <= 0.02 * sum(row["calls"].values())
    assert row["peak_mib"] <= 192
    if row["who"] == WARM:
        assert set(row["calls"]) == {"ListClusters"}
    if row["who"] == COLD and row["runs"] == 1:
        assert row["seconds"] <= 1.10 * row["bound"]


def test_the_kept_figures_are_of_every_fleet():
    """A quick run does not pass for the whole."""
    assert {row["live"] for row in KEPT["rows"]} == set(FLEETS)
    assert {row["live"] for row in KEPT["real_rows"]} == {REAL_FLEET}
    for start in KEPT["starts"]:
        assert start["compiled_ratio"] <= 1.25


def test_the_command_is_measured():
    """Its start beside a bare Python's, and a folder of templates; what fails is no figure."""
    rows = bench_command.measure(runs=1, files=3)
    assert [name for name, _ in rows if "aws" not in name] == [
        "python -c pass",
        "emr-in-transit --help",
        "emr-in-transit check, 3 templates",
    ]
    assert all(seconds > 0 for _, seconds in rows)
    assert bench_command.peak_mebibytes() > 0
