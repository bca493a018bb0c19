"""Tool: measures the command emr-in-transit, beside a bare Python and the AWS CLI."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tools.package import ROOT, RULE

FILES = 1000
_COMMAND = (sys.executable, "-c", "from emr_in_transit_cli.main import main; main()")
_AWS = ROOT / ".venv-awscli" / "bin" / "aws"
_TEMPLATE = """Resources:
  Tls:
    Type: AWS::EMR::SecurityConfiguration
    Properties:
      SecurityConfiguration: %s
  Cluster:
    Type: AWS::EMR::Cluster
    Properties: {ReleaseLabel: emr-7.14.0, Applications: [{Name: Spark}], SecurityConfiguration: !Ref Tls}
"""
_BODY = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "InTransitEncryptionConfiguration": {
            "TLSCertificateConfiguration": {"CertificateProviderType": "EMR"}
        },
    }
}


def measure(runs: int, files: int = FILES) -> list[tuple[str, float]]:
    """Return what was run, and how many seconds of the clock it took."""
    starts = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "emr-in-transit --help": (*_COMMAND, "--help"),
    }
    if _AWS.exists():
        starts["aws --version"] = (str(_AWS), "--version")
    rows = [
        (name, median(_seconds(command) for _ in range(runs))) for name, command in starts.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        for index in range(files):
            text = _TEMPLATE % json.dumps(_BODY)
            Path(folder, f"{index}.yaml").write_text(text)
        rows.append((f"emr-in-transit check, {files} templates", _seconds((*_COMMAND, "check", folder))))  # fmt: skip
    return rows


def peak_mebibytes() -> float:
    """Return the most memory that any of the measured programs had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _seconds(command: tuple[str, ...]) -> float:
    path = os.pathsep.join(map(str, (ROOT / "cli", RULE)))
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    return time.monotonic() - began


def report(runs: int) -> str:
    """Return the table."""
    lines = [f"{seconds:7.2f} s  {name}" for name, seconds in measure(runs)]
    return "\n".join([*lines, f"{peak_mebibytes():7.0f} MiB at most"])
