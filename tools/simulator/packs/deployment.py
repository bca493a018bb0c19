"""Simulator: the rules of a conformance pack, made and removed as the service that owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.config.models import config_backends
from moto.core.exceptions import JsonRESTError, ServiceException

from tools.simulator.awsconfig import rules as config_rules
from tools.simulator.cloudformation.deployed import reason_of
from tools.simulator.packs import store, template

if TYPE_CHECKING:
    from moto.config.models import ConfigBackend

    from tools.simulator.packs.store import Pack

SERVICE = "config-conforms.amazonaws.com"


def deploy(pack: Pack) -> None:
    """Bring the pack's rules to what its template says, and note how that has ended."""
    action = pack.state.removesuffix("_IN_PROGRESS")
    backend = config_backends[pack.account][pack.region]
    before = list(pack.rules)
    try:
        wanted = template.rules(pack.template, pack.parameters, pack.account, pack.region)
        for request in wanted:
            name = f"{request['ConfigRuleName']}-{pack.id}"
            config_rules.put(backend, request | {"ConfigRuleName": name}, service=SERVICE)
            if name not in pack.rules:
                pack.rules.append(name)
    except (JsonRESTError, ServiceException, template.PackTemplateError) as problem:
        _remove(backend, pack, [name for name in pack.rules if name not in before])
        pack.ended(f"{action}_FAILED", reason_of(problem))
        return
    names = {f"{request['ConfigRuleName']}-{pack.id}" for request in wanted}
    _remove(backend, pack, [name for name in pack.rules if name not in names])
    pack.ended(f"{action}_COMPLETE")


def withdraw(pack: Pack) -> None:
    """Remove the pack with its rules."""
    _remove(config_backends[pack.account][pack.region], pack, list(pack.rules))
    with store.lock:
        store.packs(pack.account, pack.region).pop(pack.name, None)


def _remove(backend: ConfigBackend, pack: Pack, names: list[str]) -> None:
    for name in names:
        config_rules.delete(backend, name)
        pack.rules.remove(name)
