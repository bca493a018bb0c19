"""Simulator: what S3 asks of who reads an object, beside the right to read it."""

from tools.simulator.iam import resources
from tools.simulator.wire import Call


def needed(call: Call, action: str) -> tuple[str, str] | None:
    """Return an action and its resource that reading this object takes as well.

    Of an object that does not exist S3 says so only to who may list its bucket (Amazon S3 API
    Reference, GetObject); the key of one that is encrypted by KMS is used on behalf of the reader.
    """
    if action != "s3:GetObject":
        return None
    bucket = resources.bucket_of(call.parameters["Bucket"])
    if bucket is None:
        return None
    found = bucket.keys.get(call.parameters["Key"])
    if found is None:
        return "s3:ListBucket", bucket.arn
    key = getattr(found, "kms_key_id", None)  # a delete marker has none
    return ("kms:Decrypt", key) if key else None
