"""What the tests of alerting begin with."""

import pytest
from moto import mock_aws

from tests.support.builders import Inbox, make_alerting, make_table


@pytest.fixture
def inbox():
    """A topic and an empty ledger."""
    with mock_aws():
        make_table()
        yield Inbox()


@pytest.fixture
def alerting(inbox):
    """What alerts on behalf of a sweep."""
    return make_alerting(inbox.arn)
