"""The wheel: the package and the command, typed, with the version that it says of itself."""

import json
import subprocess
import sys
import zipfile

import pytest

from emr_in_transit import __version__
from tools.package import ROOT, RULE, rule_files

USER = """
from datetime import UTC, datetime

from emr_in_transit import Compliance, judge_cluster, parse_parameters, read_cluster

facts = read_cluster(
    {
        "Id": "j-1",
        "ReleaseLabel": "emr-7.12.0",
        "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": "2026-05-06T12:00:00Z"}},
    },
    None,
)
verdict = judge_cluster(facts, parse_parameters({}), datetime.now(UTC))
is_bad: bool = verdict.compliance is Compliance.NON_COMPLIANT
print(verdict.findings[0].reason)
"""
# What a user's mypy has to find.
WRONG = USER.replace("is_bad: bool", "is_bad: str")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel as `pip install .` does, and unpack it; return the folder."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name == f"emr_in_transit_encryption-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed, *command):
    """Run Python where nothing but the wheel and the environment's packages are found."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(installed),
        "MYPYPATH": str(installed),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=installed.parent,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_it_holds_the_package_the_command_and_nothing_else(installed):
    """All that the Lambda zip has of it, tables and type marker among them, and the command."""
    held = {path.relative_to(installed).as_posix() for path in installed.rglob("*.*")}
    package = {
        path.relative_to(RULE).as_posix()
        for path in rule_files()
        if path.is_relative_to(RULE / "emr_in_transit")
    }
    command = {
        path.relative_to(ROOT / "cli").as_posix()
        for path in (ROOT / "cli").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    assert package | command <= held
    assert {each.split("/")[0] for each in held - package - command} == {
        f"emr_in_transit_encryption-{__version__}.dist-info"
    }


def test_a_user_judges_a_cluster_with_what_the_package_exports(installed):
    """Without an AWS account, and without importing boto3, nor what reads certificates."""
    program = f"{USER}\nimport sys\nassert not {{'boto3', 'pyasn1'}} & set(sys.modules)"
    done = run(installed, "-c", program)
    assert (done.stdout, done.stderr) == ("NO_SECURITY_CONFIGURATION\n", "")


def test_the_command_runs(installed):
    """Its entry point is what pip makes a program of."""
    (points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "emr-in-transit = emr_in_transit_cli.main:main" in points.read_text()
    program = "from emr_in_transit_cli.main import main; main()"
    done = run(installed, "-c", program, "--version")
    assert (done.stdout, done.stderr) == (f"emr-in-transit, version {__version__}\n", "")


@pytest.mark.parametrize(("program", "problems"), [(USER, 0), (WRONG, 1)], ids=["right", "wrong"])
def test_a_users_mypy_checks_against_it(installed, tmp_path, program, problems):
    """py.typed is there: a wrong use is found, a right one is not."""
    path = tmp_path / "user.py"
    path.write_text(program)
    done = run(
        installed,
        "-m",
        "mypy",
        "--strict",
        "--output",
        "json",
        "--cache-dir",
        str(tmp_path / "cache"),
        str(path),
    )
    assert [
        json.loads(line)["code"] for line in done.stdout.splitlines() if line.startswith("{")
    ] == ["assignment"] * problems, done.stdout + done.stderr
