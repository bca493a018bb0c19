"""What the tests of Security Hub share: the strict one of the simulator, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emr_in_transit.alerting.alert import Origin
from emr_in_transit.aws.security_hub import SecurityHub
from tests.support.builders import ACCOUNT, client, on
from tools.simulator import securityhub

# Before moto starts: it asks then which paths there are.
securityhub.install()


def _from_the_account(params: Any, **_: Any) -> None:
    params["headers"]["x-moto-account-id"] = ACCOUNT


class Hub:
    """Security Hub of an account and Region that has enabled it, and what it was asked."""

    def __init__(self) -> None:
        # Security Hub takes findings only from their own account; moto's is another one.
        events = client("securityhub").meta.events
        events.register("before-call.securityhub", _from_the_account, unique_id="account")
        client("securityhub").enable_security_hub()

    def findings(self) -> dict[str, Any]:
        """Return what it shows, by the last part of the id."""
        pages = client("securityhub").get_paginator("get_findings").paginate()
        return {each["Id"].rpartition("/")[2]: each for page in pages for each in page["Findings"]}

    def states(self) -> dict[str, tuple[str, str, str]]:
        """Return compliance, record state and workflow of each finding."""
        return {
            name: (
                each["Compliance"]["Status"],
                each["RecordState"],
                each["Workflow"]["Status"],
            )
            for name, each in self.findings().items()
        }

    def adapter(self, origin: Origin) -> SecurityHub:
        """Return the adapter of this project, with time enough."""
        return SecurityHub(client("securityhub"), origin, lambda: 900.0)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Note the operations that are called meanwhile."""
        calls: list[str] = []

        def note(model: Any, **_: Any) -> None:
            calls.append(model.name)

        with on("securityhub", "before-call.securityhub", note):
            yield calls
