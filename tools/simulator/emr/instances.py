"""Simulator: instance groups and fleets of EMR, with their configurations.

There are no EC2 instances behind them: nothing here looks at one, and each costs moto dearly.
"""

import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.core.utils import utcnow
from moto.emr.exceptions import InvalidRequestException
from moto.emr.models import Cluster, ElasticMapReduceBackend, InstanceGroup
from moto.emr.responses import ElasticMapReduceResponse
from moto.emr.utils import random_instance_group_id

_add_groups = ElasticMapReduceBackend.add_instance_groups


def keep(cluster: Cluster, request: dict[str, Any]) -> None:
    """Keep what a RunJobFlow request says of instance groups or fleets, as it was sent."""
    # Old requests name no groups, and moto makes some.
    for group, given in zip(
        cluster.instance_groups, request.get("InstanceGroups", []), strict=False
    ):
        _configure(group, given.get("Configurations", []))
    fleets = request.get("InstanceFleets", [])
    cluster.instance_collection_type = "INSTANCE_FLEET" if fleets else "INSTANCE_GROUP"
    cluster.instance_fleets = [_fleet(fleet) for fleet in fleets]


def _fleet(request: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        name: request.get(name, 0) for name in ("TargetOnDemandCapacity", "TargetSpotCapacity")
    }
    return {
        "Id": f"if-{random_instance_group_id().removeprefix('i-')}",
        "Name": request.get("Name", request["InstanceFleetType"].title()),
        "InstanceFleetType": request["InstanceFleetType"],
        "Status": {"State": "RUNNING", "Timeline": {"CreationDateTime": utcnow()}},
        **wanted,
        **{name.replace("Target", "Provisioned"): value for name, value in wanted.items()},
        "InstanceTypeSpecifications": request.get("InstanceTypeConfigs", []),
    }


def _add_groups_bare(
    backend: ElasticMapReduceBackend, cluster_id: str, instance_groups: list[Any]
) -> list[InstanceGroup]:
    for group in instance_groups:
        group.pop("configurations", None)  # moto fails on them; they follow from the request itself
    return _add_groups(backend, cluster_id, instance_groups)


def _configure(group: InstanceGroup, configurations: list[dict[str, Any]]) -> None:
    version = getattr(group, "configurations_version", 0) + 1
    group.configurations = configurations
    group.configurations_version = version
    group.last_successfully_applied_configurations = configurations
    group.last_successfully_applied_configurations_version = version


def _get_groups(backend: ElasticMapReduceBackend, ids: list[str]) -> list[InstanceGroup]:
    # moto looks at the groups of all clusters for each, and fails where one is launched meanwhile.
    return [backend.instance_groups[each] for each in ids if each in backend.instance_groups]


def _modify_instance_groups(response: ElasticMapReduceResponse) -> ActionResult:
    for change in json.loads(response.body)["InstanceGroups"]:
        group = response.backend.instance_groups.get(change["InstanceGroupId"])
        if group is None:
            raise InvalidRequestException("Instance group id is not valid.")
        _configure(group, change["Configurations"])
    return EmptyResult()


def _list_instance_fleets(response: ElasticMapReduceResponse) -> ActionResult:
    cluster = response.backend.describe_cluster(json.loads(response.body)["ClusterId"])
    if cluster.instance_collection_type != "INSTANCE_FLEET":
        raise InvalidRequestException("Instance fleets and instance groups are mutually exclusive.")
    return PaginatedResult({"InstanceFleets": list(cluster.instance_fleets)})


def install() -> None:
    """Put ours in the place of moto's."""
    ElasticMapReduceBackend.add_instance_groups = _add_groups_bare
    ElasticMapReduceBackend.get_instance_groups = _get_groups
    ElasticMapReduceBackend.run_instances = lambda *_, **__: None
    ElasticMapReduceResponse.modify_instance_groups = _modify_instance_groups
    ElasticMapReduceResponse.list_instance_fleets = _list_instance_fleets
