"""AWS adapter: the bundles of certificates that clusters use, as S3 has them.

Imported only where the option is on.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnectionError

from emr_in_transit.alerting.alert import safe_id
from emr_in_transit.aws.errors import AWS_ERRORS, LedgerError, error_code, explain
from emr_in_transit.aws.ledger import MALFORMED, is_a
from emr_in_transit.judgement.bundle import (
    MISSING,
    MOST_BYTES,
    Bundle,
    BundleContext,
    Found,
    Unread,
    decode_bundle,
    domain_of,
    encode_bundle,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.facts import EncryptionSettings, Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

    from emr_in_transit.aws.ledger import Ledger
    from emr_in_transit.judgement.facts import Certificates, ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit.judgement.verdict import Finding

PERMISSIONS = ("s3:GetObject",)
# No call of ours: without it, S3 says of an object that does not exist that it is denied.
EXISTENCE_PERMISSIONS = ("s3:ListBucket",)
# Where a bucket is under a key of KMS, which S3 uses on behalf of the reader.
KEY_PERMISSIONS = ("kms:Decrypt",)
# The end of an object is read first: that answer tells size, ETag and time too, and in a zip these
# bytes are the end record, or part of its comment.
END = 22
# What is left of the function's time, in seconds, when S3 is asked no more: enough for one call
# that times out twice (aws/clients.py), and to tell of whatever else was found.
RESERVE = 45.0
# Raise it with every change of what is read: what older versions have read is then read anew.
SCHEMA_VERSION = 1
# How S3 says that an object cannot be had (Amazon S3 API Reference, GetObject and Error responses).
_MEANINGS = {
    "NoSuchKey": Unread.MISSING,
    "NoSuchBucket": Unread.BUCKET_MISSING,
    "InvalidObjectState": Unread.ARCHIVED,
    "PreconditionFailed": Unread.CHANGED,
    "AccessDenied": Unread.DENIED,
    "AllAccessDisabled": Unread.DENIED,
    "InvalidRequest": Unread.DENIED,  # it is under a key that the reader would have to bring (SSE-C)
}
_ADDRESS = re.compile(r"(?:s3://|arn:[a-z0-9-]+:s3:::)([A-Za-z0-9._-]+)/(.+)", re.DOTALL)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")
_NO_ANSWER = (NoConnectionError, ReadTimeoutError)
_EMPTY = Bundle(problems=(Found(Problem.EMPTY),))

logger = logging.getLogger(__name__)


class Address(NamedTuple):
    """Where an object is."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The address as S3 addresses are written."""
        return f"s3://{self.bucket}/{self.key}"


class Look(NamedTuple):
    """What one look at an object has shown."""

    bundle: Bundle | None  # what it holds, or held when it was read last; None: nobody knows
    modified: datetime | None = None
    unread: Unread | None = None  # why it could not be read now


class _Known(NamedTuple):
    """What the ledger remembers of an object."""

    address: str
    etag: str
    modified: datetime
    bundle: Bundle


class _Version(NamedTuple):
    """One version of an object: what the answer tells that brings its last bytes."""

    size: int
    etag: str
    modified: datetime
    tail: bytes


class _NotReadError(Exception):
    """An object cannot be read, and why."""

    def __init__(self, unread: Unread, why: str) -> None:
        super().__init__(why)
        self.unread = unread


class _EmptyError(Exception):
    """An object has no bytes, so that there is no range of it."""


@dataclass
class Bundles:
    """What the objects hold that clusters take their certificates from; each is read once a run.

    Only the listed buckets are asked. An object that the ledger knows is read anew when it has
    another ETag; while S3 does not let it be read, what the ledger knows stands for it. Only who
    ``remembers`` writes what is read into the ledger.
    """

    client: S3Client  # of the Region of the clusters
    buckets: Collection[str]
    ledger: Ledger | None
    now: datetime
    seconds_left: Callable[[], float]
    remembers: bool = True
    _looks: dict[tuple[Address, bool], Look] = field(default_factory=dict, init=False)
    _silent: dict[str, str] = field(default_factory=dict, init=False)  # by bucket: what went wrong

    @property
    def not_read(self) -> int:
        """How many objects could not be read; one that is missing is a finding, not one of these."""
        found = [look.unread for look in self._looks.values()]
        return sum(unread is not None and unread not in MISSING for unread in found)

    def findings(self, facts: ClusterFacts, parameters: RuleParameters) -> tuple[Finding, ...]:
        """Return the findings on a cluster's bundle or jar; none where it uses neither."""
        certificates = _certificates_of(facts)
        matched = certificates and _ADDRESS.fullmatch(certificates.s3_object)
        if not certificates or not matched:
            return ()
        address = Address(matched[1], matched[2])
        asked = (address, certificates.provider == "PEM")
        if asked not in self._looks:
            self._looks[asked] = self._look(*asked)
        look = self._looks[asked]
        context = BundleContext(
            now=self.now,
            expiry_days=parameters.certificate_expiry_days,
            address=address.uri,
            state=facts.state,
            created=facts.created,
            modified=look.modified,
            domain=domain_of(self.client.meta.region_name),
        )
        shown = [each for each in (look.bundle, look.unread) if each is not None]
        return tuple(finding for each in shown for finding in judge_bundle(each, context))

    def _look(self, address: Address, is_bundle: bool) -> Look:
        if address.bucket not in self.buckets:
            return Look(None, unread=Unread.NOT_LISTED)
        known = self._known(address) if is_bundle else None
        try:
            return self._read(address, known) if is_bundle else self._find(address)
        except _EmptyError:
            return Look(_EMPTY)
        except _NotReadError as error:
            unread, why = error.unread, str(error)
        except Exception as error:
            # Whatever somebody has put into a bucket, all other findings stand.
            logger.exception("one bundle failed", extra={"s3_object": address.uri})
            unread, why = Unread.FAILED, f"{type(error).__name__}: {error}"
        if unread in MISSING:
            return Look(None, unread=unread)
        logger.warning("bundle not read", extra={"s3_object": address.uri, "why": why})
        return Look(known.bundle, known.modified, unread) if known else Look(None, unread=unread)

    def _find(self, address: Address) -> Look:
        """Return that an object exists; of a jar nothing else is read."""
        return Look(Bundle(), self._end(address).modified)

    def _read(self, address: Address, known: _Known | None) -> Look:
        """Return what a bundle holds; one that is replaced meanwhile is read anew, once."""
        try:
            return self._read_version(address, known)
        except _NotReadError as error:
            if error.unread is not Unread.CHANGED:
                raise
        return self._read_version(address, known)

    def _read_version(self, address: Address, known: _Known | None) -> Look:
        version = self._end(address)
        if known is not None and known.etag == version.etag:
            return Look(known.bundle, version.modified)
        if version.size > MOST_BYTES:
            raise _NotReadError(Unread.TOO_LARGE, f"it has {version.size} bytes")
        tail_starts = version.size - len(version.tail)

        def read(start: int, stop: int) -> bytes:
            if start >= tail_starts:
                return version.tail[start - tail_starts : stop - tail_starts]
            return self._range(address, version, start, stop)

        # Imported here, so that whoever meets only bundles that the ledger knows pays nothing for it.
        from emr_in_transit.judgement.bundle_reading import read_bundle  # noqa: PLC0415

        found = read_bundle(version.size, read)
        if isinstance(found, Unread):
            raise _NotReadError(found, f"{found}, of {version.size} bytes")
        self._remember(_Known(address.uri, version.etag, version.modified, found))
        return Look(found, version.modified)

    def _end(self, address: Address) -> _Version:
        """Return the version of an object that S3 has now."""
        return self._get(address, f"bytes=-{END}", lambda size: (max(size - END, 0), size - 1))

    def _range(self, address: Address, version: _Version, start: int, stop: int) -> bytes:
        """Return the bytes of a version from ``start`` to, but not including, ``stop``."""
        wanted = f"bytes={start}-{stop - 1}"
        return self._get(address, wanted, lambda _: (start, stop - 1), IfMatch=version.etag).tail

    def _get(
        self,
        address: Address,
        wanted: str,
        place: Callable[[int], tuple[int, int]],
        **condition: Any,
    ) -> _Version:
        """Return the bytes of a range, with what S3 tells of the object.

        An answer with any other range than that at ``place`` is not read: who knows what it holds.
        Raises _NotReadError or _EmptyError.
        """
        if why := self._why_not_asked(address):
            raise _NotReadError(Unread.FAILED, why)
        try:
            answer = self.client.get_object(
                Bucket=address.bucket, Key=address.key, Range=wanted, **condition
            )
            return _version(answer, place)
        except ClientError as error:
            raise _refused(error, may_be_empty=not condition) from error
        except UnicodeEncodeError as error:
            raise _NotReadError(Unread.MISSING, "its key is no text") from error
        except AWS_ERRORS as error:
            why = explain("GetObject", error)
            if isinstance(error, _NO_ANSWER):
                # What fails so, fails slowly: nobody waits for the same bucket again.
                self._silent[address.bucket] = why
            raise _NotReadError(Unread.FAILED, why) from error

    def _why_not_asked(self, address: Address) -> str:
        """Return "", or why S3 is not asked, which might not answer."""
        if self.seconds_left() < RESERVE:
            return "the function's time is nearly over"
        return self._silent.get(address.bucket, "")

    def _known(self, address: Address) -> _Known | None:
        """Return what the ledger knows of a bundle; what is malformed counts as nothing."""
        if self.ledger is None:
            return None
        try:
            text, schema = self.ledger.bundle(safe_id(address.uri), self.now)
        except LedgerError as error:
            self._leave_ledger("ledger not read", error)
            return None
        with suppress(*MALFORMED):
            known = _decode(text)
            if schema == SCHEMA_VERSION and known.address == address.uri:
                return known
        return None

    def _remember(self, known: _Known) -> None:
        if self.ledger is None or not self.remembers:
            return
        name = safe_id(known.address)
        try:
            self.ledger.store_bundle(name, _encode(known), SCHEMA_VERSION, self.now)
        except LedgerError as error:
            self._leave_ledger("ledger not written", error)

    def _leave_ledger(self, message: str, error: LedgerError) -> None:
        # What fails may fail slowly, and there may be many bundles.
        self.ledger = None
        logger.warning(message, extra={"why": str(error)})


def _certificates_of(facts: ClusterFacts) -> Certificates | None:
    """Return the certificates of a cluster where they come from an object in S3."""
    body = facts.security_configuration and facts.security_configuration.body
    if not isinstance(body, EncryptionSettings) or body.switch is not Switch.ON:
        return None
    certificates = body.certificates
    return certificates if certificates and certificates.provider in {"PEM", "Custom"} else None


def _version(answer: GetObjectOutputTypeDef, place: Callable[[int], tuple[int, int]]) -> _Version:
    """Return the version that S3 answered with; raise _NotReadError without reading another range."""
    told = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
    first, last, size = map(int, told.groups()) if told else (0, 0, 0)
    if not told or (first, last) != place(size):
        answer["Body"].close()
        raise _NotReadError(Unread.FAILED, "GetObject: answered with another range")
    try:
        return _Version(size, answer["ETag"], answer["LastModified"], answer["Body"].read())
    except KeyError as error:
        raise _NotReadError(Unread.FAILED, f"GetObject: answered without {error}") from error


def unread_of(error: ClientError) -> Unread:
    """Return what an error that S3 answered with means for whoever reads an object."""
    code = error_code(error)
    otherwise = Unread.DENIED if code.startswith("KMS.") else Unread.FAILED
    return _MEANINGS.get(code, otherwise)


def _refused(error: ClientError, *, may_be_empty: bool) -> Exception:
    if error_code(error) == "InvalidRange" and may_be_empty:
        return _EmptyError()
    return _NotReadError(unread_of(error), explain("GetObject", error))


def _encode(known: _Known) -> str:
    document = known._asdict() | {"bundle": encode_bundle(known.bundle)}
    return json.dumps(document, default=datetime.isoformat, separators=(",", ":"))


def _decode(text: str) -> _Known:
    """Return what ``_encode`` has made a text of; raise one of MALFORMED for any other."""
    document = json.loads(text)
    modified = datetime.fromisoformat(document["modified"])
    bundle = decode_bundle(document["bundle"])
    known = _Known(document["address"], document["etag"], modified, bundle)
    if not is_a(_Known, known):
        raise ValueError("a member is of another type")
    # For a moment beyond the calendar, this raises.
    judge_bundle(bundle, BundleContext(modified, 0))
    return known
