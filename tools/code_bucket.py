"""Tool: a bucket of code: the zip, and templates that are too long for a request, by content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tools.aws_words import DENIED, code_of
from tools.package import NAME

if TYPE_CHECKING:
    from pathlib import Path


# CloudFormation takes longer templates from S3 only.
MOST_BYTES_IN_A_REQUEST = 51_200
MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
ELSEWHERE = {"301", "PermanentRedirect"}


class BucketError(Exception):
    """A bucket is not as it has to be; the message says why."""


class CodeBucket:
    """A bucket in the Region of its client."""

    def __init__(self, s3: Any, name: str) -> None:
        self.s3, self.name = s3, name
        self.region = str(s3.meta.region_name)

    def exists(self) -> bool:
        """Return whether it is there for the caller to use; raise BucketError if it is no use."""
        try:
            found = self.s3.head_bucket(Bucket=self.name)
        except ClientError as error:
            code = code_of(error)
            if code in MISSING:
                return False
            if code in ELSEWHERE:
                raise BucketError(self._elsewhere("another Region")) from error
            if code in DENIED:
                raise BucketError(
                    f"the bucket {self.name} is somebody else's, or you may not use it"
                ) from error
            raise
        region = found.get("BucketRegion") or self._location()
        if region != self.region:
            raise BucketError(self._elsewhere(region))
        return True

    def require(self) -> None:
        """Raise BucketError unless it is there."""
        if not self.exists():
            raise BucketError(
                f"there is no bucket {self.name}: make it (aws s3 mb s3://{self.name} "
                f"--region {self.region}), or name another"
            )

    def _location(self) -> str:
        answer = self.s3.get_bucket_location(Bucket=self.name)
        return str(answer.get("LocationConstraint") or "us-east-1")

    def _elsewhere(self, region: str) -> str:
        return (
            f"the bucket {self.name} is in {region}; Lambda in {self.region} takes code from a "
            f"bucket in {self.region} only"
        )

    def put(self, key: str, content: bytes) -> bool:
        """Put an object, unless just that is there; return whether it was put."""
        try:
            held = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            # Who may not list a bucket is denied what is not there; putting it will show.
            if code_of(error) not in MISSING | DENIED:
                raise
            held = None
        if held == content:
            return False
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)
        return True

    def url(self, key: str) -> str:
        """Return the address of an object, as CloudFormation takes it in every partition."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"


def template_key(template: Path) -> str:
    """Return the name of a template in a bucket, which holds its content's digest."""
    digest = hashlib.sha256(template.read_bytes()).hexdigest()[:16]
    return f"{NAME}-{digest}{template.suffix}"


def of_template(template: Path, bucket: CodeBucket | None) -> dict[str, str]:
    """Return a template as CloudFormation's operations take it: by a bucket where it is long."""
    content = template.read_bytes()
    if len(content) <= MOST_BYTES_IN_A_REQUEST:
        return {"TemplateBody": content.decode()}
    if bucket is None:
        raise BucketError(
            f"{template.name} is too long for a request, and there is no bucket for it"
        )
    key = template_key(template)
    bucket.put(key, content)
    return {"TemplateURL": bucket.url(key)}
