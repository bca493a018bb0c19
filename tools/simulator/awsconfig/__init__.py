"""Simulator: AWS Config. It records security configurations, runs rules, keeps their evaluations.

| module | what it does |
|---|---|
| `store` | what is remembered, the settings, the rules and what triggers each |
| `rules` | what PutConfigRule refuses |
| `recorder` | configuration items |
| `runs` | the events that functions get, tokens and invocations |
| `evaluations` | PutEvaluations, and what can be asked of the results |
"""

from tools.simulator.awsconfig import evaluations, recorder, rules, runs

__all__ = ["install", "recorder"]


def install() -> None:
    """Make moto's Config work."""
    rules.install()
    runs.install()
    evaluations.install()
