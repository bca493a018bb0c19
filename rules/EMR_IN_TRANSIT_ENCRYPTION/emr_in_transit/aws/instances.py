"""AWS adapter: reads the configurations of a cluster's instance groups or fleets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain
from emr_in_transit.judgement.overrides import select_properties

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient

    from emr_in_transit.judgement.facts import PropertySetting

PERMISSIONS = ("elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ListInstanceGroups")


def read_instance_settings(
    client: EMRClient, cluster_id: str, *, has_fleets: bool
) -> tuple[PropertySetting, ...]:
    """Answer the known properties set for groups or fleets, under the name or id of each.

    Of a group both what is asked for and what was last applied count: one of them is in force.
    Raises CouldNotTellError when EMR gives no proper answer.
    """
    operation = "ListInstanceFleets" if has_fleets else "ListInstanceGroups"
    try:
        found = _fleets(client, cluster_id) if has_fleets else _groups(client, cluster_id)
    except AWS_ERRORS as error:
        raise CouldNotTellError(explain(operation, error)) from error
    except KeyError as error:
        raise CouldNotTellError(f"{operation}: answered without {error}") from error
    return tuple(dict.fromkeys(found))


def _groups(client: EMRClient, cluster_id: str) -> list[PropertySetting]:
    pages = client.get_paginator("list_instance_groups").paginate(ClusterId=cluster_id)
    return [
        setting
        for page in pages
        for group in page["InstanceGroups"]
        for member in ("Configurations", "LastSuccessfullyAppliedConfigurations")
        for setting in select_properties(group.get(member), group.get("Name") or group["Id"])
    ]


def _fleets(client: EMRClient, cluster_id: str) -> list[PropertySetting]:
    pages = client.get_paginator("list_instance_fleets").paginate(ClusterId=cluster_id)
    return [
        setting
        for page in pages
        for fleet in page["InstanceFleets"]
        for instance_type in fleet.get("InstanceTypeSpecifications", [])
        for setting in select_properties(
            instance_type.get("Configurations"), fleet.get("Name") or fleet["Id"]
        )
    ]
