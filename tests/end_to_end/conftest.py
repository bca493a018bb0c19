"""Fixtures of the end-to-end tests: the zip and the template that ship, on the simulator."""

import pytest

from tests.end_to_end.fault_invariants import Cases
from tests.end_to_end.scans import agrees
from tests.end_to_end.watched import Watched
from tools.account import Account


@pytest.fixture
def account(aws, monkeypatch):
    """An account with AWS Config on and IAM enforced, empty of clusters; nothing is deployed."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    account = Account(aws)
    account.prepare()
    return account


@pytest.fixture
def deployed(account):
    """The same with template.yml deployed with its defaults; its first evaluations are over."""
    account.outputs = account.deploy()
    account.simulator.settle()
    account.simulator.clear_invocations()
    account.simulator.clear_journal()
    return account


@pytest.fixture(scope="module")
def watched(simulator, request):
    """One deployment for a module, which may name its parameters in PARAMETERS."""
    return Watched.deployed(simulator, **getattr(request.module, "PARAMETERS", {}))


@pytest.fixture
def alerts(watched):
    """That deployment with nothing going on, and nothing unread."""
    watched.tidy()
    return watched


@pytest.fixture(scope="module")
def cases(simulator):
    """The cases of the fault matrix, on one deployment for a module."""
    return Cases(simulator)


@pytest.fixture
def scanned_too(account):
    """Hold what a scan says at the end of a test against what the rule has recorded."""
    yield
    assert agrees(account) > 0
