"""Simulator: AWS Config. It records security configurations, runs rules, keeps their evaluations.

| module | what it does |
|---|---|
| `store` | what is remembered, and the settings |
| `rules`, `triggers` | what PutConfigRule refuses; what triggers a rule |
| `recorder`, `messages` | configuration items; the events that functions get |
| `runs`, `evaluations` | tokens and invocations; PutEvaluations |
| `queries`, `controls` | the compliance queries; the control routes |
"""

from __future__ import annotations

from tools.simulator.awsconfig import controls, evaluations, recorder, rules, store
from tools.simulator.awsconfig.store import Hook, Result, RuleName
from tools.simulator.control import on_reset

__all__ = ["Result", "RuleName", "install", "on_compliance_change"]


def on_compliance_change(hook: Hook) -> Hook:
    """Register `hook(account, region, rule, old, new)`, called when a compliance type changes.

    `rule` is a RuleName, `old` (None for a first evaluation) and `new` are Results.
    """
    if hook not in store.hooks:
        store.hooks.append(hook)
    return hook


def install() -> None:
    """Make moto's Config work."""
    rules.install()
    evaluations.install()
    recorder.install()
    controls.install()
    on_reset(store.reset)
