"""The command itself: how it ends when something goes wrong, and what it loads."""

import subprocess
import sys

import pytest

from emr_in_transit import __version__
from emr_in_transit_cli import main
from emr_in_transit_cli.checking import report as check_report
from emr_in_transit_cli.outcomes import OWN_FAULT
from tests.support.command import ON, run, write
from tools.package import ROOT, RULE

# What takes long to load, and only a run needs: libraries, and the rule's tables.
SLOW = ("boto3", "botocore", "cryptography", "jinja2", "rich", "yaml", "emr_in_transit")
LOADED = f"""
import sys
from emr_in_transit_cli.main import command, main
assert len(command.commands) == 6
for verb in ((), *((each,) for each in command.commands)):
    sys.argv = ["emr-in-transit", *verb, "--help"]
    try:
        main()
    except SystemExit as end:
        assert end.code == 0
print("loaded:", [each for each in {SLOW} if each in sys.modules])
"""


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, {"Name": "on", "SecurityConfiguration": ON})


def test_help_loads_nothing_slow():
    """The help of each verb comes at once, for what runs the verb is not loaded for it."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PYTHONPATH": f"{ROOT / 'cli'}:{RULE}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_a_fault_of_its_own(path, monkeypatch):
    """It is never taken for a verdict: 70 and one line, the rest with --debug."""

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(check_report, "as_json", fail)
    done = run("check", "-f", "json", path)
    line = "emr-in-transit: fault of its own, ZeroDivisionError; --debug shows where\n"
    assert (done.status, done.out, done.err) == (OWN_FAULT, "", line)
    done = run("check", "-f", "json", "--debug", path)
    assert done.err.startswith("Traceback")
    assert done.err.endswith(line)


@pytest.mark.parametrize(
    ("raised", "status"), [(KeyboardInterrupt, 130), (BrokenPipeError, 0)], ids=["Ctrl-C", "head"]
)
def test_interrupted(path, monkeypatch, raised, status):
    """Ctrl-C is one line and 130; a reader that has gone is no fault."""

    def end(*_):
        raise raised

    monkeypatch.setattr(check_report, "as_json", end)
    monkeypatch.setattr(main, "_drop_output", lambda: None)
    done = run("check", "-f", "json", path)
    assert (done.status, "Traceback" in done.err) == (status, False)


def test_output_that_nobody_reads(tmp_path, monkeypatch):
    """What is still to be flushed goes nowhere, so that Python does not complain at its end."""
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(main.sys, "stdout", file)
        main._drop_output()
        file.write("x")
    assert (tmp_path / "out").read_text() == ""


def test_version():
    """It is the package's own."""
    assert run("--version").out == f"emr-in-transit, version {__version__}\n"
