"""AWS adapter: finds the clusters that carry the exemption tag, in a few calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_in_transit.aws.errors import AWS_ERRORS, CouldNotTellError, explain

if TYPE_CHECKING:
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

PERMISSIONS = ("tag:GetResources",)


class ExemptionTags:
    """The tag that exempts, on all clusters of one account and Region."""

    def __init__(self, client: ResourceGroupsTaggingAPIClient, key: str) -> None:
        self._client = client
        self._key = key

    def read(self) -> dict[str, str]:
        """Answer the value of the tag for each cluster that has it, by cluster id.

        Raises CouldNotTellError when AWS gives no proper answer.
        """
        pages = self._client.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": self._key}], ResourceTypeFilters=["elasticmapreduce:cluster"]
        )
        try:
            return {
                # arn:PARTITION:elasticmapreduce:REGION:ACCOUNT:cluster/ID
                resource["ResourceARN"].rpartition("/")[2]: tag["Value"]
                for page in pages
                for resource in page["ResourceTagMappingList"]
                for tag in resource["Tags"]
                if tag["Key"] == self._key
            }
        except AWS_ERRORS as error:
            raise CouldNotTellError(explain("GetResources", error)) from error
        except KeyError as error:
            raise CouldNotTellError(f"GetResources: answered without {error}") from error
