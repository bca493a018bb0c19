"""The command report on what a deployment really records and logs, on the simulator."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from tests.support.command import run
from tests.unit.cli.test_report import SCHEMA as REPORT
from tests.unit.cli.test_report_evidence import SCHEMA as EVIDENCE
from tools.account import RULE

KEY = "encryption-exempt"
PARAMETERS = {"ExemptionTagKey": KEY}
# As UTC has it: nobody has swept yet at its end.
PERIOD = (
    *("--from", (datetime.now(UTC) - timedelta(hours=1)).isoformat()),
    *("--to", (datetime.now(UTC) + timedelta(hours=6)).isoformat()),
)


@pytest.fixture(scope="module")
def story(watched):
    """A cluster that violates and ends, one that complies, one that is exempt; two sweeps."""
    good = watched.launch_and_wait("good", watched.configure("tls"))
    bad = watched.launch_and_wait("bad <b>")
    exempt = watched.launch_and_wait("lab", Tags=[{"Key": KEY, "Value": "2099-12-31 lab"}])
    watched.sweep()
    recorded = watched.results()
    watched.emr.terminate_job_flows(JobFlowIds=[bad])
    watched.simulator.settle()
    watched.sweep()
    return {"good": good, "bad": bad, "exempt": exempt, "recorded": recorded}


@pytest.fixture
def settings(watched, monkeypatch):
    """The AWS settings of whoever runs the command."""
    for name, value in watched.simulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def evidence(request, tmp_path):
    """Return the evidence of these hours; its files are in the folder ``out``."""
    for each in ("story", "settings"):
        request.getfixturevalue(each)
    done = run("report", *PERIOD, "--output", tmp_path / "out")
    # Nobody has swept up to the end of the period, which is said and is no compliance.
    assert (done.status, done.out) == (3, "")
    document = json.loads((tmp_path / "out" / "evidence.json").read_text())
    jsonschema.validate(document, EVIDENCE)
    return document


def of(document, cluster):
    [found] = [each for each in document["resources"] if each["resourceId"] == cluster]
    return found


def test_the_evidence_of_what_the_functions_logged(watched, evidence, story, tmp_path):
    """Each verdict of each cluster, with what it rests on, who launched it, and its end."""
    [rule_sweeps] = [each for each in evidence["sweeps"] if each["rule"] == RULE]
    assert rule_sweeps["finished"] >= 2
    assert rule_sweeps["mostLive"] == 3
    assert (rule_sweeps["unfinished"], rule_sweeps["couldNotTell"]) == ([], [])
    assert [each["title"] for each in evidence["unknown"]] == ["No sweep came to its end"]
    good, bad, exempt = (of(evidence, story[each]) for each in ("good", "bad", "exempt"))
    [held] = good["verdicts"]
    assert (held["verdict"], held["securityConfiguration"]) == ("COMPLIANT", "tls")
    assert held["lines"] == 3, "by each event of its launch, and put into AWS Config"
    assert len(held["factsHash"]) == 64
    created = watched.emr.describe_security_configuration(Name="tls")["CreationDateTime"]
    assert datetime.fromisoformat(held["securityConfigurationCreated"]) == created
    assert [each["verdict"] for each in bad["verdicts"]] == ["NON_COMPLIANT", "ENDED"]
    assert bad["verdicts"][0]["reasons"] == ["NO_SECURITY_CONFIGURATION"]
    assert bad["resourceName"] == "bad <b>"
    assert bad["launchedBy"].startswith("arn:aws:")
    described = watched.emr.describe_cluster(ClusterId=story["bad"])["Cluster"]
    started = described["Status"]["Timeline"]["CreationDateTime"]
    assert datetime.fromisoformat(bad["created"]) == started
    [exemption] = exempt["verdicts"]
    assert exemption["exemption"] == {"tag": KEY, "text": "2099-12-31 lab", "until": "2099-12-31"}
    configurations = [each for each in evidence["resources"] if each["resourceId"] == "tls"]
    assert [each["verdicts"][0]["verdict"] for each in configurations] == ["COMPLIANT"]
    page = (tmp_path / "out" / "evidence.html").read_text()
    assert "bad &lt;b&gt;" in page
    for listed in (tmp_path / "out" / "SHA256SUMS").read_text().splitlines():
        digest, name = listed.split("  ")
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


def test_exported_files_tell_the_same(watched, evidence, tmp_path):
    """An organization's lines lie in files; those of one account make the same verdicts there."""
    logs = tmp_path / "logs"
    for output in ("RuleLogGroupName", "LaunchCheckLogGroupName"):
        (logs / output).mkdir(parents=True)
        text = "".join(f"2026-01-01T00:00:00.000Z {each}\n" for each in watched.log(output))
        (logs / output / "000000").write_text(text)
    run("report", *PERIOD, "--logs", logs, "--output", tmp_path / "again")
    again = json.loads((tmp_path / "again" / "evidence.json").read_text())
    for part in ("sweeps", "resources", "unknown"):
        assert again[part] == evidence[part]


@pytest.mark.usefixtures("settings")
def test_the_report_on_what_aws_config_has(story):
    """The same verdicts that AWS Config shows."""
    done = run("report", "--format", "json")
    document = json.loads(done.out)
    jsonschema.validate(document, REPORT)
    found = {
        each["resourceId"]: each["complianceType"]
        for each in document["results"]
        if each["rule"] == RULE
    }
    assert found == {story["good"]: "COMPLIANT"}
    assert (done.status, document["unknown"], document["withoutResult"]) == (0, [], [])
    assert story["recorded"].keys() == {story["good"], story["bad"]}
