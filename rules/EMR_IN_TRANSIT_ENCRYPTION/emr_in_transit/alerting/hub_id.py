"""Pure: by which product and which id Security Hub knows a finding."""

import hashlib
import re

from emr_in_transit.alerting.alert import Origin

PRODUCT = "emr-in-transit-encryption"
_PLAIN = re.compile(r"[\w.:/=+@-]{1,256}", re.ASCII)


def product_arn(origin: Origin) -> str:
    """Answer the product under which an account imports findings of its own."""
    return (
        f"arn:{origin.partition}:securityhub:{origin.region}:{origin.account}"
        f":product/{origin.account}/default"
    )


def id_prefix(resource_type: str, origin: Origin) -> str:
    """Answer what the ids of all findings about one type of resource begin with."""
    return f"{PRODUCT}/{origin.account}/{origin.region}/{resource_type}/"


def finding_id(resource_type: str, resource_id: str, origin: Origin) -> str:
    """Answer the id of a resource's finding, the same every time.

    The name of a security configuration may be longer than an id, and hold anything.
    """
    if not _PLAIN.fullmatch(resource_id):
        resource_id = hashlib.sha256(resource_id.encode("utf-8", "replace")).hexdigest()
    return id_prefix(resource_type, origin) + resource_id


def resource_id_of(finding: str) -> str:
    """Answer the id of the resource that a finding's id ends in; for clusters that is their own."""
    return finding.rpartition("/")[2]
