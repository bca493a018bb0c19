"""Simulator: what AWS Config remembers of an account in a Region, and how the simulated one behaves."""

import functools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from moto.config.models import ConfigRule, config_backends
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError

from tools.simulator.control import FORGET, on_reset, steered

Resource = tuple[str, str]  # type and id

CHANGE_MESSAGES = frozenset(
    {"ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"}
)
_ITEM_BODIES = ("object", "text", "name_only")


class ConfigError(JsonRESTError):
    """An error of AWS Config: HTTP 400 with AWS's error code."""

    code = 400


def invalid_value(message: str) -> ConfigError:
    """Return the error for a value that Config does not take."""
    return ConfigError("InvalidParameterValueException", message)


def constraint(name: str, value: object, rule: str) -> ConfigError:
    """Return the error for a parameter that breaks a constraint of the API's own model."""
    return ConfigError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must {rule}",
    )


@dataclass
class Result:
    """One recorded evaluation of one resource by one rule; times are seconds since 1970."""

    rule: str
    resource_type: str
    resource_id: str
    compliance: str
    annotation: str | None
    ordering: float
    recorded: float
    invoked: float
    token: str

    @property
    def resource(self) -> Resource:
        """Return what was evaluated."""
        return self.resource_type, self.resource_id


@dataclass(frozen=True)
class Run:
    """One invocation of a rule's function, which its result token stands for."""

    token: str
    rule: ConfigRule
    message_type: str
    invoked: float


@dataclass
class ConfigState:
    """AWS Config of one account in one Region, beyond what moto keeps of it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    runs: dict[str, Run] = field(default_factory=dict)
    history: dict[str, dict[Resource, list[Result]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    active: Counter[str] = field(default_factory=Counter)  # runs under way, by rule
    items: dict[Resource, list[dict[str, Any]]] = field(default_factory=dict)
    evaluation_started: float = 0.0  # the last StartConfigRulesEvaluation

    def latest(self, rule: str) -> list[Result]:
        """Return the rule's current results, by type and id; NOT_APPLICABLE ones are gone."""
        with self.lock:
            current = [results[-1] for results in self.history.get(rule, {}).values()]
        present = [one for one in current if one.compliance != "NOT_APPLICABLE"]
        return sorted(present, key=lambda one: one.resource)


@dataclass
class Settings:
    """How the simulator's Config behaves where AWS's behaviour is unknown, or too slow to wait for."""

    recorder: bool = True  # a recorder of all types is on, unless the account sets up its own
    item_body: str = "object"  # a configuration item's body: object, text or name_only
    oversized: bool = False  # items are announced without their body
    hybrid_rules_accept_clusters: bool = True
    start_evaluation_interval: float = 60.0
    failed_evaluations: int = 0  # so many evaluations come back as FailedEvaluations


_bodies = (_ITEM_BODIES.__contains__, f"one of {', '.join(_ITEM_BODIES)}")
settings = steered("/config", Settings(), item_body=_bodies)
_states: dict[tuple[str, str], ConfigState] = {}
_lock = threading.Lock()
on_reset(_states.clear, FORGET)


def state(account: str, region: str) -> ConfigState:
    """Return the Config state of an account in a Region."""
    with _lock:
        return _states.setdefault((account, region), ConfigState())


def states() -> dict[tuple[str, str], ConfigState]:
    """Return the Config states of all accounts and Regions in use."""
    with _lock:
        return dict(_states)


def offer(**operations: Callable[[str, str, dict[str, Any]], dict[str, Any]]) -> None:
    """Give moto's Config these operations: functions of account, Region and parameters."""
    for name, operation in operations.items():
        setattr(ConfigResponse, name, _operation(operation))


def _operation(operation: Callable[[str, str, dict[str, Any]], dict[str, Any]]) -> Any:
    def answer(self: ConfigResponse) -> str:
        return json.dumps(operation(self.current_account, self.region, json.loads(self.body)))

    return answer


@functools.cache
def recordable_types() -> frozenset[str]:
    """Return the resource types that Config knows: those that it can record."""
    model = botocore.session.Session().get_service_model("config")
    return frozenset(model.shape_for("ResourceType").enum)


def rules_of(account: str, region: str, names: list[str] | None = None) -> list[ConfigRule]:
    """Return the rules of those names (all, if none is given), or raise NoSuchConfigRuleException."""
    rules = config_backends[account][region].config_rules
    for name in names or []:
        if name not in rules:
            raise ConfigError(
                "NoSuchConfigRuleException",
                f"The ConfigRule '{name}' provided in the request is invalid. Please check the "
                "configRule name.",
            )
    return list(rules.values()) if names is None else [rules[name] for name in names]


def messages_of(rule: ConfigRule) -> frozenset[str]:
    """Return the message types that the rule asks for; none for a managed rule."""
    return frozenset(detail.message_type for detail in rule.source.source_details or [])


def is_periodic(rule: ConfigRule) -> bool:
    """Return whether the rule is run by the clock."""
    return "ScheduledNotification" in messages_of(rule)
