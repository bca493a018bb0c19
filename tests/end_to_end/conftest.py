"""Fixtures of the end-to-end tests: the zip and the template that ship, on the simulator."""

import pytest

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
