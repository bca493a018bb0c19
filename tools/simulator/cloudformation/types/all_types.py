"""Simulator: every CloudFormation type that the simulator has, and what it honours of each."""

from __future__ import annotations

from tools.simulator.alarms import types as alarm_types
from tools.simulator.cloudformation.types import (  # noqa: F401 - a type is there once its module is
    config_types,
    emr_types,
    event_types,
    lambda_types,
    layer_types,
    log_types,
    policy_types,
    queue_types,
    role_types,
    table_types,
)
from tools.simulator.cloudformation.types.base import ApiResource
from tools.simulator.cloudformation.types.registry import register
from tools.simulator.topics import types as topic_types

# Types that moto makes well enough, with what it does of them.
_MOTOS: dict[str, frozenset[str]] = {
    "AWS::KMS::Alias": frozenset({"AliasName", "TargetKeyId"}),
    "AWS::KMS::Key": frozenset(
        {"Description", "Enabled", "EnableKeyRotation", "KeyPolicy", "Tags"}
    ),
    "AWS::S3::Bucket": frozenset({"BucketName", "Tags"}),
}
_HARMLESS: dict[str, dict[str, str]] = {
    "AWS::KMS::Key": {"PendingWindowInDays": "a key here is gone at once"},
    "AWS::S3::Bucket": {
        "BucketEncryption": "objects are not kept on any disk",
        "PublicAccessBlockConfiguration": "nobody but this machine can reach the bucket",
    },
}


def install() -> None:
    """Register every type."""
    for resource_type, honoured in _MOTOS.items():
        register(resource_type, honoured, _HARMLESS.get(resource_type))
    for resource_type, honoured in {**topic_types.HONOURED, **alarm_types.HONOURED}.items():
        register(resource_type, honoured)
    for one in ApiResource.__subclasses__():
        register(one.TYPE, one.HONOURED, one.HARMLESS)
