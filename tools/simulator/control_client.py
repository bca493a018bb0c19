"""Simulator: the client's half of the control routes, one method for each."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


class SimulatorError(Exception):
    """The simulator did not start, did not settle, or refused a control request."""


def _calls(route: str, doc: str) -> Callable[..., Any]:
    """Make the method that calls a route: a verb, a path, what may be given by position."""
    verb, path, *names = route.split()

    def method(self: Any, *given: Any, **arguments: Any) -> Any:
        return self.call(verb, path, **dict(zip(names, given, strict=False)), **arguments)

    method.__doc__ = doc
    return method


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

    def settle(self, timeout: float = 30) -> None:
        """Wait for the background work; raise if it does not end in time, or if some of it failed."""
        answer = self.call("POST", "/settle", timeout=timeout)
        if not answer["settled"] or answer["errors"]:
            raise SimulatorError(f"The background work did not settle well: {answer}.")

    def put_event(self, event: dict[str, Any], **where: str) -> Any:
        """Put an event as an AWS service does; `account`, `region` say where."""
        return self.call("POST", "/events", **event, **where)

    def confirm_emails(self, *, confirm: bool = True) -> Any:
        """Have the owners of email addresses confirm all subscriptions, or none from now on."""
        return self.call("PUT", "/topics", confirm=confirm)

    reset = _calls("POST /reset", "Forget everything.")
    # What happened.
    journal = _calls(
        "GET /journal service operation",
        "The calls so far, chosen by service, operation and `role`.",
    )
    clear_journal = _calls("DELETE /journal", "Empty the journal.")
    invocations = _calls("GET /invocations function", "The invocations of functions so far.")
    clear_invocations = _calls("DELETE /invocations", "Forget the invocations so far.")
    events = _calls("GET /events source", "The events on the buses, with their deliveries.")
    topics = _calls("GET /topics topic", "The messages that topics took, and where each went.")
    inbox = _calls("GET /inbox to topic", "The emails that people got.")
    clear_inbox = _calls("DELETE /inbox", "Throw all emails away.")
    evaluations = _calls("GET /evaluations rule", "Every evaluation, NOT_APPLICABLE included.")
    alarms = _calls("GET /alarms", "The CloudWatch alarms, and what became of their actions.")
    # What AWS answers instead of what it would.
    add_fault = _calls("POST /faults service operation", "Script a `tools.simulator.faults.Fault`.")
    faults = _calls("GET /faults", "The scripted faults with their counts.")
    clear_faults = _calls("DELETE /faults", "Take every fault away; delayed calls go on.")
    set_buckets = _calls("PUT /buckets", "Switch EMR's token buckets: enabled, speed, initial.")
    buckets = _calls("GET /buckets", "What the buckets have counted.")
    # How the services behave.
    set_iam = _calls("PUT /iam", "Switch the enforcement of IAM: enforce.")
    set_config = _calls("PUT /config", "See `tools.simulator.awsconfig.store.Settings`.")
    set_functions = _calls("PUT /functions", "See `tools.simulator.functions.process.Settings`.")
    set_events = _calls("PUT /events", "See `tools.simulator.events.delivery.Settings`.")
    set_organization = _calls("PUT /organization id accounts", "Have only these accounts in one.")
    # What happens next.
    schedule = _calls(
        "POST /schedule rule",
        "Fire a rule's periodic trigger (all rules: None) and return its invocations.",
    )
    age_security_configuration = _calls(
        "POST /security-configurations name age_seconds",
        "Make a security configuration so old; `account`, `region` say where it is.",
    )
    force_delete_security_configuration = _calls(
        "DELETE /security-configurations name", "Delete one even while clusters use it."
    )
    age_evaluations = _calls(
        "POST /evaluations/age seconds", "Make every evaluation so much older."
    )
    cool_functions = _calls("POST /functions/cold function", "End a function's warm processes.")
    kill_functions = _calls("POST /functions/kill function", "End its processes at work.")
    instance_credentials = _calls(
        "POST /instance-credentials role", "The credentials that a job finds on an instance."
    )
