"""Fixtures for every test: no way to real AWS, and one simulator for each pytest worker."""

from __future__ import annotations

import functools
import gc
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.client
import botocore.endpoint
import botocore.loaders
import botocore.parsers
import botocore.session
import moto.core.botocore_stubber
import moto.core.models
import pytest

from emr_in_transit.aws.clients import prepare_boto3
from emr_in_transit.deployment import start_process
from tools.simulator import shapes
from tools.simulator.client import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
UNITS = Path(__file__).with_name("unit")
_DANGEROUS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_SECURITY_TOKEN")

os.environ.update(
    SAFE_ENVIRONMENT | {k.lower(): v for k, v in SAFE_ENVIRONMENT.items() if "PROXY" in k}
)
for _name in _DANGEROUS:
    os.environ.pop(_name, None)

gc.disable()  # until all tests are collected, of which hardly anything is garbage

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Each test has sessions of its own; what botocore's files say is the same for all of them.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


def _run_untraced(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, as it runs while nothing is traced in its thread.

    `untraced` will not do in the middle of what is traced: other threads start meanwhile, and the
    tracer would miss how the context manager is left.
    """

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(tracer)

    return run


# Most of what a unit test does is within these, and nothing that ships: its hooks run outside them.
for _owner, _name in (
    (botocore.client.BaseClient, "_convert_to_request_dict"),
    (botocore.endpoint.Endpoint, "create_request"),
    (botocore.session.Session, "create_client"),
    (moto.core.botocore_stubber.BotocoreStubber, "__call__"),
    (moto.core.models.MockAWS, "start"),
    (moto.core.models.MockAWS, "stop"),
):
    setattr(_owner, _name, _run_untraced(getattr(_owner, _name)))


def is_traced(item: pytest.Item) -> bool:
    """Return whether a test counts for coverage: a unit test that is neither of chance nor `untraced`.

    Other tests run what ships in processes of their own, and what only chance reaches is not
    covered; being traced would make both three times slower.
    """
    marks = {mark.name for mark in item.iter_markers()}
    return item.path.is_relative_to(UNITS) and marks.isdisjoint({"hypothesis", "untraced"})


@pytest.hookimpl(trylast=True)  # Hypothesis has marked its own by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trace first: what is imported or cached once in a process is to be seen then."""
    items.sort(key=is_traced, reverse=True)


@contextmanager
def untraced() -> Iterator[None]:
    """Stop tracing meanwhile; pytest-cov's own mark cannot do it under xdist."""
    tracers = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracers[0])
        threading.settrace(tracers[1])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Trace in one worker alone what is imported, for all import the same.

    What is here by then is here to stay: the garbage collector need not look through it.
    """
    in_first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    with nullcontext() if in_first else untraced():
        collected = yield
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    gc.enable()
    return collected


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Run a test untraced that is not to be traced."""
    if is_traced(item):
        return (yield)
    with untraced():
        return (yield)


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

    monkeypatch.setattr(botocore.parsers.ResponseParser, "parse", _run_untraced(strict))


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """Let each test be a process of its own: its AWS clients have its endpoint and credentials."""
    if prepare_boto3.cache_info().currsize:  # else it is boto3's own, which keeps no clients
        boto3.DEFAULT_SESSION = None
    prepare_boto3.cache_clear()
    start_process.cache_clear()


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
