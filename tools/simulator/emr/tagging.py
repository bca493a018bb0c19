"""Simulator: EMR clusters in the Resource Groups Tagging API, which moto leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.emr.models import emr_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCE_TYPE = "elasticmapreduce:cluster"

_others = ResourceGroupsTaggingAPIBackend._get_resources_generator  # noqa: SLF001 -- moto has no hook


def _resources(
    backend: ResourceGroupsTaggingAPIBackend,
    tag_filters: list[dict[str, Any]] | None = None,
    resource_type_filters: list[str] | None = None,
    resource_arn_list: list[str] | None = None,
) -> Iterator[TaggedResource]:
    yield from _others(backend, tag_filters, resource_type_filters, resource_arn_list)
    if not match_resource_type(RESOURCE_TYPE, resource_type_filters):
        return
    matches = make_tag_matcher(tag_filters)
    for cluster in list(emr_backends[backend.account_id][backend.region_name].clusters.values()):
        tags = {tag["Key"]: tag["Value"] for tag in cluster.tags}
        wanted = not resource_arn_list or cluster.arn in resource_arn_list
        if tags and wanted and matches(tags):
            yield TaggedResource(cluster.arn, tags, RESOURCE_TYPE)


def install() -> None:
    """Add the clusters to what moto finds."""
    ResourceGroupsTaggingAPIBackend._get_resources_generator = _resources  # noqa: SLF001
