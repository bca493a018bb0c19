"""Simulator: the client's half of the control routes, one method for each."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


class SimulatorError(Exception):
    """The simulator did not start, did not settle, or refused a control request."""


class Controls:
    """The control routes of the simulator at a URL. What they answer comes back as it is."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call a control route, such as `call("POST", "/schedule", rule=None, wait=True)`."""
        url, data = f"{self.url}/simulator{path}", None
        if method in {"GET", "DELETE"}:
            given = {name: value for name, value in arguments.items() if value is not None}
            url = f"{url}?{urlencode(given)}" if given else url
        else:
            data = json.dumps(arguments).encode()
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with _opener.open(request, timeout=900) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                text = problem.read().decode()
            raise SimulatorError(f"{method} {path}: {problem.code} {text}") from None

    def reset(self) -> None:
        """Forget everything."""
        self.call("POST", "/reset")

    def settle(self, timeout: float = 30) -> None:
        """Wait for the background work; raise if it does not end in time, or if some of it failed."""
        answer = self.call("POST", "/settle", timeout=timeout)
        if not answer["settled"] or answer["errors"]:
            raise SimulatorError(f"The background work did not settle well: {answer}.")

    def journal(self, service: str | None = None, operation: str | None = None, **more: Any) -> Any:
        """The calls so far, chosen by service and operation; `role`, `internal=True` for all."""
        return self.call("GET", "/journal", service=service, operation=operation, **more)["calls"]

    def instance_credentials(self, role_arn: str) -> Any:
        """The credentials that a job finds on an instance with this role."""
        return self.call("POST", "/instance-credentials", role=role_arn)

    def clear_journal(self) -> None:
        """Empty the journal."""
        self.call("DELETE", "/journal")

    def add_fault(self, service: str, operation: str | None = None, **fault: Any) -> Any:
        """Script a fault; see `tools.simulator.faults.Fault` for what it may say."""
        return self.call("POST", "/faults", service=service, operation=operation, **fault)

    def faults(self) -> Any:
        """The scripted faults with their counts."""
        return self.call("GET", "/faults")["faults"]

    def clear_faults(self) -> None:
        """Take every fault away; calls that one delays go on."""
        self.call("DELETE", "/faults")

    def set_buckets(self, **settings: Any) -> Any:
        """Switch EMR's token buckets: enabled, speed, initial."""
        return self.call("PUT", "/buckets", **settings)

    def buckets(self) -> Any:
        """What the buckets have counted."""
        return self.call("GET", "/buckets")

    def set_iam(self, *, enforce: bool) -> Any:
        """Switch the enforcement of IAM."""
        return self.call("PUT", "/iam", enforce=enforce)

    def set_emr(self, **switches: bool) -> Any:
        """Turn EMR's switches: auto_start, validate."""
        return self.call("PUT", "/emr", **switches)

    def set_cluster(self, cluster_id: str, **change: Any) -> Any:
        """Bring a cluster into a state, or make it older: state, age_seconds, reason."""
        return self.call("POST", "/clusters", id=cluster_id, **change)

    def age_security_configuration(self, name: str, age_seconds: float, **where: str) -> Any:
        """Make a security configuration so old; `account`, `region` say where it is."""
        return self.call(
            "POST", "/security-configurations", name=name, age_seconds=age_seconds, **where
        )

    def force_delete_security_configuration(self, name: str, **where: str) -> Any:
        """Delete a security configuration even while clusters use it."""
        return self.call("DELETE", "/security-configurations", name=name, **where)

    def set_config(self, **settings: Any) -> Any:
        """Change how AWS Config behaves; see `tools.simulator.awsconfig`."""
        return self.call("PUT", "/config", **settings)

    def schedule(self, rule: str | None = None, **options: Any) -> Any:
        """Fire a rule's periodic trigger (all rules: None) and return its invocations."""
        return self.call("POST", "/schedule", rule=rule, **options)

    def evaluations(self, rule: str | None = None) -> Any:
        """Every evaluation ever recorded, NOT_APPLICABLE included."""
        return self.call("GET", "/evaluations", rule=rule)

    def age_evaluations(self, seconds: float) -> Any:
        """Make every recorded evaluation so much older."""
        return self.call("POST", "/evaluations/age", seconds=seconds)

    def set_functions(self, **settings: Any) -> Any:
        """Change how Lambda behaves: retry_delay, concurrency, three scales."""
        return self.call("PUT", "/functions", **settings)

    def cool_functions(self, function: str | None = None) -> Any:
        """End the warm processes of a function, or of all."""
        return self.call("POST", "/functions/cold", function=function)

    def kill_functions(self, function: str | None = None) -> Any:
        """End the processes of a function, or of all, that are at work."""
        return self.call("POST", "/functions/kill", function=function)

    def invocations(self, function: str | None = None) -> Any:
        """The invocations of functions so far."""
        return self.call("GET", "/invocations", function=function)

    def clear_invocations(self) -> None:
        """Forget the invocations so far."""
        self.call("DELETE", "/invocations")

    def set_events(self, **settings: Any) -> Any:
        """Change how EventBridge behaves; see `tools.simulator.events.settings`."""
        return self.call("PUT", "/events", **settings)

    def events(self, source: str | None = None) -> Any:
        """The events on the buses so far, with their deliveries."""
        return self.call("GET", "/events", source=source)

    def put_event(self, event: dict[str, Any], **where: str) -> Any:
        """Put an event as an AWS service does; `account`, `region` say where."""
        return self.call("POST", "/events", **event, **where)

    def clear_events(self) -> None:
        """Forget the events so far."""
        self.call("DELETE", "/events")

    def topics(self, topic: str | None = None) -> Any:
        """The messages that topics took, and where each went."""
        return self.call("GET", "/topics", topic=topic)

    def confirm_emails(self, *, confirm: bool = True) -> Any:
        """Have the owners of email addresses confirm all subscriptions, or none from now on."""
        return self.call("PUT", "/topics", confirm=confirm)

    def inbox(self, to: str | None = None, topic: str | None = None) -> Any:
        """The emails that people got."""
        return self.call("GET", "/inbox", to=to, topic=topic)

    def clear_inbox(self) -> None:
        """Throw all emails away."""
        self.call("DELETE", "/inbox")

    def set_organization(self, organization: str, accounts: list[str]) -> Any:
        """Have these accounts in an organization, and no others."""
        return self.call("PUT", "/organization", id=organization, accounts=accounts)

    def alarms(self) -> Any:
        """The CloudWatch alarms: state, reason, and what became of their actions."""
        return self.call("GET", "/alarms")
