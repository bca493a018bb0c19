"""Simulator: organization conformance packs: one pack, put into every account by one account.

An account that the stack set has not reached has no function yet: its pack fails, and that of the
organization with it. AWS tries again for some hours; here, whoever wants that puts it anew.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tools.simulator import work
from tools.simulator.awsconfig.errors import ConfigError
from tools.simulator.iam import organizations
from tools.simulator.packs import store, template
from tools.simulator.packs.deployment import deploy, withdraw
from tools.simulator.packs.operations import body_of, check_name, parameters_of, prepare
from tools.simulator.packs.store import OrganizationPack, Pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.simulator.iam.organizations import Organization

Answer = dict[str, Any]

OWNER = "config-multiaccountsetup.amazonaws.com"


def run_by(account: str) -> Organization:
    """Answer the organization that the caller runs, or raise."""
    found = organizations.organization(account)
    if found is None:
        raise ConfigError("NoAvailableOrganizationException", f"{account} is in no organization.")
    if not found.is_run_by(account):
        raise ConfigError(
            "OrganizationAccessDeniedException",
            "Only the management account and delegated administrators may call this.",
        )
    return found


def put(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """PutOrganizationConformancePack; the packs in the accounts come later."""
    organization = run_by(account)
    name = request["OrganizationConformancePackName"]
    check_name("organizationConformancePackName", name, 128)
    text = body_of(account, region, request)
    parameters = parameters_of(request, text)
    try:
        template.rules(text, parameters, account, region)
    except template.PackTemplateError as problem:
        code = "OrganizationConformancePackTemplateValidationException"
        raise ConfigError(code, str(problem)) from problem
    pack = _kept(account, region, name, text)
    pack.template, pack.parameters = text, parameters
    pack.excluded = frozenset(request.get("ExcludedAccounts") or [])
    work.submit(_deploy, pack, organization)
    return {"OrganizationConformancePackArn": pack.arn}


def _kept(account: str, region: str, name: str, text: str) -> OrganizationPack:
    """Answer the pack of that name, about to be changed, or a new one."""
    with store.lock:
        packs = store.organization_packs(account, region)
        if name in packs:
            if packs[name].state.endswith("_IN_PROGRESS"):
                raise ConfigError("ResourceInUseException", f"{name} is in {packs[name].state}.")
            packs[name].state = "UPDATE_IN_PROGRESS"
            return packs[name]
        packs[name] = OrganizationPack(account, region, name, text)
        return packs[name]


def _deploy(pack: OrganizationPack, organization: Organization) -> None:
    """Put the pack into every account that is not excluded, and take it from the others."""
    reached = [account for account in organization.accounts if account not in pack.excluded]
    _put_into(pack, reached)
    _take_from(pack, [account for account in pack.members if account not in reached])
    action = pack.state.removesuffix("_IN_PROGRESS")
    failed = any(member.state.endswith("_FAILED") for member in pack.members.values())
    pack.state = f"{action}_{'FAILED' if failed else 'SUCCESSFUL'}"
    pack.updated = time.time()


def _put_into(pack: OrganizationPack, accounts: Iterable[str]) -> None:
    for account in accounts:
        wanted = Pack(
            account, pack.region, pack.member_name, pack.template, pack.parameters, {}, OWNER
        )
        pack.members[account] = prepare(account, pack.region, wanted)
        deploy(pack.members[account])


def _take_from(pack: OrganizationPack, accounts: Iterable[str]) -> None:
    for account in accounts:
        if account in pack.members:
            withdraw(pack.members.pop(account))


def follow(organization: Organization, joined: list[str], left: list[str]) -> None:
    """Put the organization's packs into accounts that join it; take them from those that leave."""
    runners = (organization.management, *organization.delegated)
    for pack in store.all_organization_packs(runners):
        _put_into(pack, [account for account in joined if account not in pack.excluded])
        _take_from(pack, left)


def named(account: str, region: str, name: str) -> OrganizationPack:
    """Answer the pack, or raise NoSuchOrganizationConformancePackException."""
    found = store.organization_packs(account, region).get(name)
    if found is None:
        raise ConfigError(
            "NoSuchOrganizationConformancePackException",
            f"There is no organization conformance pack named {name}.",
        )
    return found


def delete(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DeleteOrganizationConformancePack."""
    run_by(account)
    pack = named(account, region, request["OrganizationConformancePackName"])
    pack.state = "DELETE_IN_PROGRESS"
    work.submit(_delete, account, region, pack)
    return {}


def _delete(account: str, region: str, pack: OrganizationPack) -> None:
    _take_from(pack, list(pack.members))
    store.organization_packs(account, region).pop(pack.name, None)


OPERATIONS = {
    "put_organization_conformance_pack": put,
    "delete_organization_conformance_pack": delete,
}
