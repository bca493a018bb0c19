"""Simulator: Config's operations put into moto, and its control routes."""

from __future__ import annotations

import functools
import json
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from moto.config.models import config_backends
from moto.config.responses import ConfigResponse

from tools.simulator.awsconfig import queries, runs, status
from tools.simulator.awsconfig.store import settings, states
from tools.simulator.awsconfig.triggers import is_periodic, rules_of
from tools.simulator.control import ControlError, route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from moto.config.models import ConfigRule

_ITEM_BODIES = ("object", "text", "name_only")
_OPERATIONS = {
    "get_compliance_details_by_config_rule": queries.details_by_rule,
    "get_compliance_details_by_resource": queries.details_by_resource,
    "describe_compliance_by_config_rule": queries.compliance_by_rule,
    "describe_compliance_by_resource": queries.compliance_by_resource,
    "get_compliance_summary_by_config_rule": queries.summary_by_rule,
    "describe_config_rule_evaluation_status": status.evaluation_status,
    "delete_evaluation_results": status.delete_results,
}


def _operation(query: Callable[[str, str, dict[str, Any]], dict[str, Any]]) -> Any:
    """Return the query as one of Config's operations, for moto to find by its name."""

    def answer(self: ConfigResponse) -> str:
        return json.dumps(query(self.current_account, self.region, json.loads(self.body)))

    return answer


def _start_evaluation(account: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    runs.start_evaluation(account, region, parameters.get("ConfigRuleNames"))
    return {}


@functools.cache
def install() -> None:
    """Give moto's Config the operations that it lacks."""
    for name, query in _OPERATIONS.items():
        setattr(ConfigResponse, name, _operation(query))
    ConfigResponse.start_config_rules_evaluation = _operation(_start_evaluation)


def _rules() -> Iterator[tuple[str, str, ConfigRule]]:
    for account, regions in list(config_backends.items()):
        for region in list(regions):
            for rule in rules_of(account, region):
                yield account, region, rule


@route("PUT", "/config")
def change_settings(body: dict[str, Any]) -> dict[str, Any]:
    """Change how Config behaves; see `store.Settings` for what there is to change."""
    known = vars(settings)
    for name, value in body.items():
        if name not in known:
            raise ControlError(f"Unknown setting {name}; known are {', '.join(known)}.")
        if name == "item_body" and value not in _ITEM_BODIES:
            raise ControlError(f"item_body is one of {', '.join(_ITEM_BODIES)}.")
    for name, value in body.items():
        setattr(settings, name, type(known[name])(value))
    return asdict(settings)


@route("POST", "/schedule")
def schedule(body: dict[str, Any]) -> list[Any]:
    """Fire the periodic trigger of `rule` (of all periodic rules if null).

    With `wait` (default true) answer the invocations, retries included. `age_seconds` makes the
    notification so much older; `account` and `region` narrow the choice; `timeout` ends the wait.
    """
    wanted = body.get("rule")
    chosen = [
        (account, region, rule)
        for account, region, rule in _rules()
        if is_periodic(rule)
        and wanted in {None, rule.config_rule_name}
        and body.get("account") in {None, account}
        and body.get("region") in {None, region}
    ]
    if not chosen:
        raise ControlError(f"There is no periodic rule {wanted or 'at all'}.")
    age = float(body.get("age_seconds", 0))
    started = [runs.schedule(*one, age=age) for one in chosen]
    if not body.get("wait", True):
        return []
    return _await([one for one in started if one is not None], float(body.get("timeout", 900)))


def _await(started: list[Future[list[Any]]], timeout: float) -> list[Any]:
    try:
        return [attempt for one in started for attempt in one.result(timeout)]
    except FutureTimeoutError as error:
        raise ControlError(f"The rules have not finished within {timeout} s.") from error


@route("POST", "/evaluations/age")
def age_evaluations(body: dict[str, Any]) -> dict[str, int]:
    """Make every recorded result `seconds` older; return how many there are."""
    seconds, count = float(body["seconds"]), 0
    for kept in states().values():
        with kept.lock:
            for resources in kept.history.values():
                for resource, results in resources.items():
                    resources[resource] = [result.aged(seconds) for result in results]
                    count += len(results)
    return {"aged": count}


@route("GET", "/evaluations")
def list_evaluations(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every evaluation ever recorded, of `rule` or of all, NOT_APPLICABLE included."""
    found = []
    for (account, region), kept in states().items():
        with kept.lock:
            for name, resources in kept.history.items():
                if query.get("rule") in {None, name}:
                    found += [
                        {"account": account, "region": region, **asdict(result)}
                        for results in resources.values()
                        for result in results
                    ]
    return sorted(found, key=lambda one: one["recorded"])
