"""Pure: what AWS said about one cluster or one security configuration.

An adapter reads facts, a judgement decides on them. Documents from AWS are decoded once, into these
types; nothing behind them looks at a raw document again.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

# EMR's default for ValidityInDays: 20 years (EMR Management Guide, emr-encryption-enable).
DEFAULT_VALIDITY_DAYS = 7305


class Switch(StrEnum):
    """What EncryptionConfiguration.EnableInTransitEncryption holds. Only ON is on."""

    ON = "on"
    FALSE = "false"
    OMITTED = "omitted"
    MISPLACED = "misplaced"
    NOT_BOOLEAN = "not a boolean"


class Certificates(NamedTuple):
    """A TLSCertificateConfiguration; "" where a text is missing or is not a text."""

    provider: str
    s3_object: str = ""
    provider_class: str = ""
    validity_days: int = DEFAULT_VALIDITY_DAYS


class EncryptionSettings(NamedTuple):
    """What the body of a security configuration says about encryption."""

    switch: Switch
    switch_found: str = ""  # the path of a misplaced switch, or the value that is no boolean
    certificates: Certificates | None = None
    local_disk_encryption: bool = False
    kerberos: bool = False
    # Kerberos that EMR sets up by itself, for LDAP, Identity Center or runtime roles.
    managed_kerberos: bool = False


class Unreadable(NamedTuple):
    """A body that is not a JSON object, and why."""

    problem: str


class SecurityConfigurationFacts(NamedTuple):
    """One security configuration that exists."""

    name: str
    created: datetime
    body: EncryptionSettings | Unreadable


class PropertySetting(NamedTuple):
    """One property that somebody set in ``Configurations``, and that this rule knows."""

    classification: str
    property: str
    value: str
    scope: str = ""  # "" for the cluster, else the name or the id of an instance group or fleet


class ClusterFacts(NamedTuple):
    """One live cluster, with the security configuration that it was launched with."""

    cluster_id: str
    name: str
    state: str
    created: datetime
    release_label: str  # "" for an AMI-version cluster
    ami_version: str  # "" for a cluster with a release label
    security_configuration_name: str  # "" when none is attached
    security_configuration: SecurityConfigurationFacts | None  # None: none attached, or missing
    applications: tuple[str, ...] = ()
    settings: tuple[PropertySetting, ...] = ()
    kerberos_attributes: bool = False
    has_fleets: bool = False  # instance fleets instead of instance groups
    exemption: str | None = None  # the value of the exemption tag; None when it has no such tag
    primary_nodes: int | None = None  # None where nobody tells: DescribeCluster does not
    # The tags that say whom to tell, as keys and values; those that nobody asked for are left out.
    tags: tuple[tuple[str, str], ...] = ()
