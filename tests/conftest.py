"""Fixtures for every test: no way to real AWS, and one simulator for each pytest worker."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import botocore.parsers
import pytest

from emr_in_transit.aws.clients import forget_clients
from tools.simulator import shapes
from tools.simulator.client import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# Credentials that AWS refuses, no credential sources beside them, and a proxy that is not there:
# a client that no endpoint was given cannot leave this machine. Set at import, so that clients
# made while pytest collects, and the simulator itself, have them too.
SAFE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "HTTP_PROXY": "http://localhost:9",
    "HTTPS_PROXY": "http://localhost:9",
    "NO_PROXY": "localhost,127.0.0.1",
}
_DANGEROUS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_SECURITY_TOKEN")

os.environ.update(
    SAFE_ENVIRONMENT | {k.lower(): v for k, v in SAFE_ENVIRONMENT.items() if "PROXY" in k}
)
for _name in _DANGEROUS:
    os.environ.pop(_name, None)

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _safe_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the safe environment back, whatever an earlier test did to it."""
    for name, value in SAFE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in _DANGEROUS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _answers_have_aws_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where moto, or a test, answers what AWS's models do not have: clients pass over it."""
    parse = botocore.parsers.ResponseParser.parse

    def strict(parser: Any, response: dict[str, Any], shape: Any) -> Any:
        parsed = parse(parser, response, shape)
        if response["status_code"] < 300 and shape is not None:
            with suppress(json.JSONDecodeError):  # some tests cut answers off, to see what happens
                assert shapes.problems(response["body"], shape) == []
        return parsed

    monkeypatch.setattr(botocore.parsers.ResponseParser, "parse", strict)


@pytest.fixture(autouse=True)
def _new_clients() -> None:
    """Let each test make its own AWS clients, with its own endpoint and credentials."""
    forget_clients()


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One simulator process for each pytest worker, started when a test first asks for it."""
    with Simulator.start() as running:
        yield running


@pytest.fixture
def aws(simulator: Simulator) -> Simulator:
    """The simulator, empty."""
    simulator.reset()
    return simulator
