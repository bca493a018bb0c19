"""What the tests of certificate bundles in S3 share: a bucket that gives nobody the private key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emr_in_transit.judgement.bundle import CHAIN, KEY, TRUSTED, domain_of
from tests.support.builders import REGION, client, on
from tests.support.bundles import files, key_bytes, leaf, zipped

BUCKET, OBJECT = "amzn-s3-demo-bucket", "certificates.zip"


def bundle(*order: str, region: str = REGION, ends_in: int = 365, **options: Any) -> bytes:
    """Make a good bundle for the nodes in a Region, its members in this order."""
    name = f"*.{domain_of(region)}"
    members = files(leaf(subject=name, names=(name,), to_day=ends_in))
    return zipped([(each, members[each]) for each in order or (KEY, CHAIN, TRUSTED)], **options)


class Bucket:
    """A bucket of moto's; while it is watched, whoever asks for a byte of a private key fails."""

    def __init__(self, name: str = BUCKET) -> None:
        self.name = name
        self.asked: list[str] = []  # the ranges
        self.sizes: dict[str, int] = {}
        self.secrets: dict[str, range] = {}
        where = {"LocationConstraint": REGION}
        client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)

    def put(self, content: bytes, key: str = OBJECT) -> None:
        """Store an object."""
        client("s3").put_object(Bucket=self.name, Key=key, Body=content)
        self.sizes[key] = len(content)
        self.secrets[key] = key_bytes(content)

    @contextmanager
    def watched(self) -> Iterator["Bucket"]:
        """Watch what ``client("s3")`` asks for."""
        with on("s3", "before-call.s3.GetObject", self._watch):
            yield self

    def _watch(self, params: dict[str, Any], **_: Any) -> None:
        wanted, key = params["headers"]["Range"], params["url_path"].rpartition("/")[2]
        self.asked.append(wanted)
        start, _, last = wanted.removeprefix("bytes=").partition("-")
        size, secret = self.sizes.get(key, 0), self.secrets.get(key, range(0))
        asked = range(int(start), int(last) + 1) if start else range(size - int(last), size)
        assert not set(asked) & set(secret), f"{wanted} touches the private key, {secret}"
