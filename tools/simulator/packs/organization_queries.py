"""Simulator: what AWS Config tells of organization conformance packs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.simulator.awsconfig.queries import page
from tools.simulator.packs import store
from tools.simulator.packs.organization import named, run_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.packs.store import OrganizationPack, Pack

Answer = dict[str, Any]


def _chosen(account: str, region: str, request: Mapping[str, Any]) -> list[OrganizationPack]:
    run_by(account)
    names = request.get("OrganizationConformancePackNames")
    if names:
        return [named(account, region, name) for name in names]
    return list(store.organization_packs(account, region).values())


def describe(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DescribeOrganizationConformancePacks."""
    entries = [
        {
            "OrganizationConformancePackName": pack.name,
            "OrganizationConformancePackArn": pack.arn,
            "ConformancePackInputParameters": [
                {"ParameterName": key, "ParameterValue": value}
                for key, value in pack.parameters.items()
            ],
            "ExcludedAccounts": sorted(pack.excluded),
            "LastUpdateTime": pack.updated,
        }
        for pack in _chosen(account, region, request)
    ]
    shown, token = page(entries, request, 100, 100)
    return {"OrganizationConformancePacks": shown} | token


def statuses(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DescribeOrganizationConformancePackStatuses."""
    entries = [
        {
            "OrganizationConformancePackName": pack.name,
            "Status": pack.state,
            "LastUpdateTime": pack.updated,
        }
        for pack in _chosen(account, region, request)
    ]
    shown, token = page(entries, request, 100, 100)
    return {"OrganizationConformancePackStatuses": shown} | token


def detailed_status(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """GetOrganizationConformancePackDetailedStatus."""
    run_by(account)
    pack = named(account, region, request["OrganizationConformancePackName"])
    filters = request.get("Filters") or {}
    entries = [
        _member_status(member)
        for member in pack.members.values()
        if filters.get("AccountId") in {None, member.account}
    ]
    wanted = [one for one in entries if filters.get("Status") in {None, one["Status"]}]
    shown, token = page(wanted, request, 100, 100)
    return {"OrganizationConformancePackDetailedStatuses": shown} | token


def _member_status(member: Pack) -> Answer:
    entry: Answer = {
        "AccountId": member.account,
        "ConformancePackName": member.name,
        "Status": member.state.replace("_COMPLETE", "_SUCCESSFUL"),
        "LastUpdateTime": member.completed or member.requested,
    }
    return entry | ({"ErrorMessage": member.reason} if member.reason else {})


OPERATIONS = {
    "describe_organization_conformance_packs": describe,
    "describe_organization_conformance_pack_statuses": statuses,
    "get_organization_conformance_pack_detailed_status": detailed_status,
}
