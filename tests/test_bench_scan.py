"""The benchmark of scan: its kept figures are what the code costs, and what the page shows."""

import json
import sys

import pytest

from tools import bench_scan
from tools.bench_fleet import CONFIGURATIONS, PAGE
from tools.package import ROOT

KEPT = bench_scan.kept()
PAGE_OF_THE_COMMAND = (ROOT / "docs" / "command.md").read_text()


def test_the_kept_figures_are_those_of_this_code():
    """The clock moves only where somebody waits, so that they are the same on every machine."""
    assert bench_scan.measured() == KEPT


def test_both_fleets_are_measured_beside_a_naive_loop():
    """By the least calls that they take, and the seconds that EMR's limits set."""
    assert [(row["clusters"], row["regions"], row["who"]) for row in KEPT] == [
        (500, 1, "scan"),
        (500, 1, "scan --share 1"),
        (500, 1, "naive loop"),
        (2000, 10, "scan"),
        (2000, 10, "scan --share 1"),
        (2000, 10, "naive loop"),
    ]
    for row in KEPT:
        live = row["clusters"] // row["regions"]
        assert row["floor"] == row["regions"] * (live + live // PAGE + len(CONFIGURATIONS))
        assert row["bound"] == live - 10  # the burst of DescribeCluster, one a second after it


@pytest.mark.parametrize("row", KEPT, ids=lambda row: f"{row['clusters']} {row['who']}")
def test_a_scan_keeps_to_the_limits_and_loses_nothing(row):
    """Not a call more than it takes, none throttled, and as fast as its share lets it be."""
    if row["who"] == bench_scan.NAIVE:
        assert row["throttled"] > 0
        assert row["lost"] > 0
        return
    share = 1.0 if row["who"].endswith(" 1") else 0.8
    assert (row["calls"], row["throttled"], row["lost"]) == (row["floor"], 0, 0)
    assert row["seconds"] <= 1.02 * row["bound"] / share


def test_the_table_stands_on_the_page():
    """As the tool prints it."""
    assert bench_scan.table(KEPT) in PAGE_OF_THE_COMMAND


def test_the_tool_prints_the_table_and_keeps_it_where_told(tmp_path, monkeypatch, capsys):
    """Only with --keep."""
    monkeypatch.setattr(bench_scan, "KEPT", tmp_path)
    monkeypatch.setattr(bench_scan, "measured", lambda: KEPT)
    for arguments, files in (([], []), (["--keep"], [tmp_path / "scan.json"])):
        monkeypatch.setattr(sys, "argv", ["bench_scan", *arguments])
        bench_scan.main()
        assert capsys.readouterr().out == bench_scan.table(KEPT) + "\n"
        assert list(tmp_path.iterdir()) == files
    assert json.loads((tmp_path / "scan.json").read_text()) == KEPT
