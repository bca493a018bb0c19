"""Simulator: which accounts a stack set is for, by its permission model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from tools.simulator.iam import organizations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.iam.organizations import Organization

SERVICE_MANAGED = "SERVICE_MANAGED"


def run_by(account: str, model: str, called_as: str) -> Organization | None:
    """Answer the organization that the caller runs a service-managed set for; None for others."""
    if model != SERVICE_MANAGED:
        return None
    found = organizations.organization(account)
    needed = "SELF" if found and account == found.management else "DELEGATED_ADMIN"
    if found is None or not found.is_run_by(account) or called_as != needed:
        raise ValidationError(
            message="You must be the management account or delegated admin account of an "
            "organization before operating a SERVICE_MANAGED stack set"
        )
    return found


def accounts_of(
    organization: Organization | None, accounts: list[str], given: Mapping[str, Any] | None
) -> list[str]:
    """Answer the accounts that a request is for."""
    targets = given or {}
    units = targets.get("OrganizationalUnitIds") or []
    if organization is None:
        if units:
            raise ValidationError(
                message="StackSets with SELF_MANAGED permission model can only have accounts as "
                "target"
            )
        return accounts or list(targets.get("Accounts") or [])
    if accounts or not units:
        raise ValidationError(
            message="StackSets with SERVICE_MANAGED permission model can only have "
            "OrganizationalUnit as target"
        )
    if units != [organization.root]:
        raise ValidationError(
            message=f"The simulator has one organizational unit, the root {organization.root}."
        )
    return _filtered(members(organization), targets)


def members(organization: Organization) -> list[str]:
    """Answer the accounts that a service-managed set reaches: not the one that manages it all."""
    return [account for account in organization.accounts if account != organization.management]


def _filtered(reached: list[str], targets: Mapping[str, Any]) -> list[str]:
    named, kind = set(targets.get("Accounts") or []), targets.get("AccountFilterType", "NONE")
    if kind == "INTERSECTION":
        return [account for account in reached if account in named]
    if kind == "DIFFERENCE":
        return [account for account in reached if account not in named]
    if kind != "NONE" or named:
        raise ValidationError(
            message="The simulator takes Accounts with the AccountFilterType INTERSECTION or "
            "DIFFERENCE."
        )
    return reached
