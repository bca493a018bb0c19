"""docs/evidence.md: what it says of the lines of the log is what the code writes."""

import logging
import re
import shlex

import pytest

from emr_in_transit.aws.logs import MOST_FINDINGS, VERDICT_VERSION, log_verdict
from emr_in_transit_cli.reporting.asked import STACK
from emr_in_transit_cli.reporting.pages import unknown_of
from emr_in_transit_cli.reporting.written import evidence_files
from tests.support.builders import JUDGED_BY, crowded, exempt, facts, judged
from tests.support.command import run
from tests.test_command_page import matches, steps
from tests.test_template import TEMPLATE
from tests.unit.cli.test_report_page import full_evidence
from tools import account
from tools.package import ROOT

PAGE = (ROOT / "docs" / "evidence.md").read_text()
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


def test_every_field_of_a_verdicts_line_is_documented(caplog):
    """Reports are made from it; the version that the table names is the code's."""
    exempting = exempt()._replace(findings=crowded(MOST_FINDINGS + 1).verdict.findings)
    caplog.set_level(logging.INFO)
    owned = judged(exempting, tags=(("owner", "ana"),), launched_by="ana")
    log_verdict(logging.getLogger("any"), owned, facts(), JUDGED_BY)
    fields = set(vars(caplog.records[0])) - set(vars(logging.makeLogRecord({}))) - {"message"}
    table = PAGE.partition("| Field of a verdict's line | Meaning |")[2].partition("\n\n")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[1])} == fields
    meanings = {row[1].strip(" `"): row[2] for row in rows}
    assert meanings["verdict_version"].startswith(f" {VERDICT_VERSION}; ")
    assert set(re.findall(r"`(\w+)`", meanings["findings"])) == set(caplog.records[0].findings[0])


def test_how_long_logs_are_kept_is_said():
    """The evidence goes with them."""
    assert f"`LogRetentionDays` ({TEMPLATE['Parameters']['LogRetentionDays']['Default']})" in PAGE


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(tmp_path, monkeypatch, example):
    """The command prints what the page shows, and ends as it says."""
    monkeypatch.chdir(tmp_path)
    for name, content in FILES:
        (tmp_path / name).write_text(content)
    status = None
    for command, shown in steps(example):
        if command == "echo $?":
            assert shown == [str(status)]
            continue
        done = run(*shlex.split(command)[1:])
        status = done.status
        assert matches(shown, done.out + done.err), done.out + done.err


def test_every_file_and_every_gap_has_a_row():
    """With the words that the evidence has for it."""
    rows = {row.split("|")[1].strip(" `") for row in PAGE.splitlines() if row.startswith("| ")}
    everything = full_evidence()
    assert evidence_files(everything).keys() <= rows
    gaps = {each.title for each in unknown_of(everything)}
    assert len(gaps) == 6
    assert {*gaps, "No line at all"} <= rows


def test_the_stack_is_called_what_it_is_called():
    """By make deploy."""
    assert account.STACK == STACK
    assert f"by default {STACK};" in PAGE
