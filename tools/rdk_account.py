"""Tool: what stands beside a rule that rdk deploys, in one Region: role, layer, alerts, log format."""

import base64
import hashlib
import io
import zipfile
from importlib.metadata import files
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tools.stacks import Stacks

TEMPLATES = Path(__file__).resolve().parent.parent / "rdk-config"
FUNCTION = "RDK-Rule-Function-EMRINTRANSITENCRYPTION"
RULE_STACK = "EMRINTRANSITENCRYPTION"  # rdk's name for it: the rule's without underscores
ROLE_STACK = "emr-in-transit-encryption-rdk-role"
ALERT_STACK = "emr-in-transit-encryption-rdk-alerts"
LAYER = "emr-in-transit-encryption-rdklib"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold: the same bytes each time


class RegionError(Exception):
    """The Region is not as it has to be; the message says what is wrong."""


class Region:
    """One Region of the caller's account."""

    def __init__(self, name: str) -> None:
        self.name = name
        session = boto3.Session(region_name=name)
        self.stacks = Stacks(session.client("cloudformation"))
        self.lambda_ = session.client("lambda")
        self.s3 = session.client("s3")
        self.account = session.client("sts").get_caller_identity()["Account"]

    def require_bucket(self, name: str) -> str:
        """Return the bucket for the code, rdk's own unless one is named; raise if there is none."""
        bucket = name or f"config-rule-code-bucket-{self.account}-{self.name}"
        try:
            self.s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            advice = (
                "make rdk-init makes it, and switches AWS Config on where it is off; or name one"
                " with CODE_BUCKET"
            )
            raise RegionError(f"bucket {bucket} cannot be used ({error}): {advice}") from error
        return bucket

    def make_role(self) -> str:
        """Create or update the role's stack; return the role's ARN."""
        return self.stacks.deploy(ROLE_STACK, TEMPLATES / "role.yml", {})["RoleArn"]

    def publish_layer(self) -> str:
        """Publish rdklib as installed here, unless the newest version is just that; return its ARN."""
        content = layer_zip()
        versions = self.layer_versions()
        if versions:
            newest = versions[0]
            found = self.lambda_.get_layer_version(LayerName=LAYER, VersionNumber=newest["Version"])
            if found["Content"]["CodeSha256"] == _sha256(content):
                return str(newest["LayerVersionArn"])
        published = self.lambda_.publish_layer_version(
            LayerName=LAYER,
            Description="rdklib, for the AWS Config rule EMR_IN_TRANSIT_ENCRYPTION",
            Content={"ZipFile": content},
            CompatibleRuntimes=["python3.13"],
            LicenseInfo="Apache-2.0",
        )
        return str(published["LayerVersionArn"])

    def layer_versions(self) -> list[dict[str, Any]]:
        """Return the versions of our layer, newest first."""
        pages = self.lambda_.get_paginator("list_layer_versions").paginate(LayerName=LAYER)
        found = [version for page in pages for version in page["LayerVersions"]]
        return sorted(found, key=lambda version: -version["Version"])

    def delete_layer(self) -> None:
        """Delete our layer, with all its versions."""
        for version in self.layer_versions():
            self.lambda_.delete_layer_version(LayerName=LAYER, VersionNumber=version["Version"])

    def log_in_json(self) -> None:
        """Give the function the log format that the rule's fields and metrics need.

        rdk cannot say it: Lambda's default leaves out every field, and the lines of a good run.
        """
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)
        logging = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
        self.lambda_.update_function_configuration(FunctionName=FUNCTION, LoggingConfig=logging)


def layer_zip() -> bytes:
    """Return a layer with rdklib as it is installed here, from the hash-pinned lock file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files("rdklib") or [], key=str):
            if path.parts[0] == "rdklib" and path.suffix == ".py":
                entry = zipfile.ZipInfo(f"python/{path.as_posix()}", EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_binary())
    return buffer.getvalue()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
