"""Runs the command emr-in-transit within the tests' own process."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from emr_in_transit_cli.main import main

ON: dict[str, Any] = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "EnableAtRestEncryption": False,
        "InTransitEncryptionConfiguration": {
            "TLSCertificateConfiguration": {
                "CertificateProviderType": "PEM",
                "S3Object": "s3://amzn-s3-demo-bucket/certificates.zip",
            }
        },
    }
}
OFF: dict[str, Any] = {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}
# What is said where nothing took the security configuration that was given.
NEEDLESS = "emr-in-transit: no cluster names what --configuration gives\n"
WEAK_SPARK = {
    "Classification": "spark-defaults",
    "Properties": {"spark.network.crypto.enabled": "false"},
}


class Done(NamedTuple):
    """What a run of the command has left behind."""

    status: int
    out: str
    err: str


def run(*arguments: object, stdin: bytes = b"") -> Done:
    """Run the command; whatever it does, it ends by SystemExit."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["emr-in-transit", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def write(folder: Path, document: object, name: str = "input.json") -> Path:
    """Write a document, a text or bytes as they stand and the rest as JSON."""
    path = folder / name
    if isinstance(document, bytes):
        path.write_bytes(document)
    else:
        path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def report(*arguments: object) -> dict[str, Any]:
    """Return what check says, as JSON."""
    done = run("check", "--format", "json", *arguments)
    assert done.err in {"", NEEDLESS}
    found: dict[str, Any] = json.loads(done.out)
    return found


def verdicts(*arguments: object) -> dict[str, str]:
    """Return what check says of each subject, by its address."""
    return {each["address"]: each["compliance"] for each in report(*arguments)["verdicts"]}


def reasons(*arguments: object) -> dict[str, list[str]]:
    """Return the violations that check finds, by address."""
    return {
        each["address"]: [
            finding["reason"] for finding in each["findings"] if finding["severity"] == "VIOLATION"
        ]
        for each in report(*arguments)["verdicts"]
    }
