"""Simulator: what AWS Config remembers, per account and Region, and the settings of its simulation."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

Resource = tuple[str, str]  # type and id


class RuleName(NamedTuple):
    """How a rule is named: by its name, its ARN and its id."""

    name: str
    arn: str
    id: str


@dataclass(frozen=True)
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

    def aged(self, seconds: float) -> Result:
        """Return the same result, so much older."""
        return replace(
            self,
            ordering=self.ordering - seconds,
            recorded=self.recorded - seconds,
            invoked=self.invoked - seconds,
        )


@dataclass(frozen=True)
class Run:
    """One invocation of a rule's function, which its result token stands for."""

    token: str
    rule: RuleName
    message_type: str
    invoked: float
    resource: Resource | None


@dataclass
class RuleStatus:
    """What DescribeConfigRuleEvaluationStatus tells of a rule."""

    activated: float
    active_runs: int = 0
    started: bool = False
    times: dict[str, float] = field(default_factory=dict)
    error: tuple[str, str] | None = None


@dataclass
class ConfigState:
    """AWS Config of one account in one Region, beyond what moto keeps of it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    runs: dict[str, Run] = field(default_factory=dict)
    history: dict[str, dict[Resource, list[Result]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    statuses: dict[str, RuleStatus] = field(default_factory=dict)
    items: dict[Resource, list[dict[str, Any]]] = field(default_factory=dict)
    evaluation_started: float = 0.0  # the last StartConfigRulesEvaluation

    def latest(self, rule: str) -> list[Result]:
        """Return the rule's current results, by type and id; NOT_APPLICABLE ones are gone."""
        with self.lock:
            current = [results[-1] for results in self.history.get(rule, {}).values()]
        present = [one for one in current if one.compliance != "NOT_APPLICABLE"]
        return sorted(present, key=lambda one: one.resource)

    def forget_rule(self, rule: str) -> None:
        """Forget a rule's results and status; its tokens stay known, and refused."""
        with self.lock:
            self.history.pop(rule, None)
            self.statuses.pop(rule, None)


@dataclass
class Settings:
    """How the simulator's Config behaves where AWS's behaviour is unknown, or too slow to wait for."""

    recorder: bool = True  # a recorder of all types is on, unless the account sets up its own
    item_body: str = "object"  # a configuration item's body: object, text or name_only
    oversized: bool = False  # items are announced without their body
    hybrid_rules_accept_clusters: bool = True
    start_evaluation_interval: float = 60.0
    failed_evaluations: int = 0  # so many evaluations come back as FailedEvaluations


Hook = Callable[[str, str, RuleName, Result | None, Result], None]

settings = Settings()
hooks: list[Hook] = []
_states: dict[tuple[str, str], ConfigState] = {}
_lock = threading.Lock()


def state(account: str, region: str) -> ConfigState:
    """Return the Config state of an account in a Region."""
    with _lock:
        return _states.setdefault((account, region), ConfigState())


def states() -> dict[tuple[str, str], ConfigState]:
    """Return the Config states of all accounts and Regions in use."""
    with _lock:
        return dict(_states)


def reset() -> None:
    """Forget everything, and put the settings back."""
    with _lock:
        _states.clear()
    vars(settings).update(vars(Settings()))
