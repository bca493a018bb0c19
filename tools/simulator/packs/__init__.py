"""Simulator: conformance packs of AWS Config, for one account and for an organization.

| module | what it does |
|---|---|
| `template` | reads a pack's template: the rules that it makes in an account and Region |
| `store` | the packs, by account and Region |
| `deployment` | makes, changes and removes a pack's rules, as the service that owns them |
| `operations` | the operations on an account's packs |
| `compliance` | how a pack's rules, and the pack as a whole, comply |
| `organization`, `organization_queries` | packs that an organization puts into its accounts |
"""

from __future__ import annotations

import functools

from moto.config.responses import ConfigResponse

from tools.simulator.awsconfig.controls import operation
from tools.simulator.control import on_reset
from tools.simulator.iam import organizations
from tools.simulator.packs import compliance, operations, organization, organization_queries, store


@functools.cache
def install() -> None:
    """Give moto's Config the operations on packs."""
    for module in (operations, compliance, organization, organization_queries):
        for name, query in module.OPERATIONS.items():
            setattr(ConfigResponse, name, operation(query))
    organizations.on_membership(organization.follow)
    on_reset(store.reset)
