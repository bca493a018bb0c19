"""docs/evidence.md: what it says of the lines of the log is what the code writes."""

import logging
import re

from emr_in_transit.aws.logs import MOST_FINDINGS, VERDICT_VERSION, log_verdict
from tests.support.builders import JUDGED_BY, crowded, exempt, facts, judged
from tests.test_template import TEMPLATE
from tools.package import ROOT

PAGE = (ROOT / "docs" / "evidence.md").read_text()


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
