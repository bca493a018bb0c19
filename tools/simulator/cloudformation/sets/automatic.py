"""Simulator: automatic deployment: stacks follow the accounts of an organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.cloudformation.models import cloudformation_backends

from tools.simulator.cloudformation.sets import targets
from tools.simulator.cloudformation.sets.instances import make, remove

if TYPE_CHECKING:
    from moto.cloudformation.models import StackSet

    from tools.simulator.iam.organizations import Organization


def follow(organization: Organization, joined: list[str], left: list[str]) -> None:
    """Deploy to accounts that join an organization, and withdraw from those that leave it."""
    reached = targets.members(organization)
    for home in _automatic_sets(organization):
        for region in home.deployed_regions:
            for account in joined:
                if account in reached:
                    make(home, account, region, {})
        retain = bool(home.auto_deployment.get("RetainStacksOnAccountRemoval"))
        for instance in [one for one in home.stack_instances if one.account_id in left]:
            remove(home, instance, retain=retain)


def _automatic_sets(organization: Organization) -> list[StackSet]:
    return [
        home
        for account in (organization.management, *organization.delegated)
        for backend in list(cloudformation_backends[account].values())
        for home in backend.list_stack_sets()
        if home.status == "ACTIVE" and home.auto_deployment.get("Enabled")
    ]
