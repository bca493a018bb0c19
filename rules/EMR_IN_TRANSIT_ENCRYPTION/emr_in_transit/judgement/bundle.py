"""Pure: judges a PEM bundle, the zip that a security configuration names in its S3Object.

``bundle_reading`` reads the facts; here stands what they mean for a cluster at a certain time. What
EMR wants is in the EMR Management Guide, emr-encryption-enable, "Providing certificates".
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from emr_in_transit.judgement.bundle_problems import PROBLEMS, ZIP, Problem
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import clip, one_line, quoted

KEY, CHAIN, TRUSTED = "privateKey.pem", "certificateChain.pem", "trustedCertificates.pem"
# The largest object that is looked at. A bundle has some kilobytes; the certificates of all public
# authorities together have a quarter of a megabyte.
MOST_BYTES = 2**20
# Until then nodes fetch the object, so the cluster fails with it; afterwards only new nodes do.
STARTING_STATES = frozenset({"STARTING", "BOOTSTRAPPING"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+", re.ASCII)


class Unread(StrEnum):
    """Why nothing is known of what an object holds."""

    MISSING = "missing"  # NoSuchKey, as S3 answers whoever may list the bucket
    BUCKET_MISSING = "bucket missing"  # NoSuchBucket
    ARCHIVED = "archived"  # InvalidObjectState: nobody can read it before it is restored
    DENIED = "denied"  # of the object, or of the key that encrypts it
    NOT_LISTED = "not listed"  # a bucket that parameter CertificateBuckets does not name
    TOO_LARGE = "too large"  # more than MOST_BYTES
    CHANGED = "changed"  # again and again while it was read
    TOO_MANY_READS = "too many reads"  # a long comment, for example: see bundle_zip
    FAILED = "failed"  # an outage: throttled, a timeout, 5xx


class Certificate(NamedTuple):
    """One certificate of certificateChain.pem."""

    subject: str  # such as "CN=*.ec2.internal, O=Example"
    issuer: str
    names: tuple[str, ...]  # the DNS names of its subjectAltName, wildcards first
    common_name: str  # "" where it has none
    not_before: int  # seconds since 1970
    not_after: int
    key: str  # "RSA", "EC", or an object identifier
    key_bits: int
    signature: str  # such as "sha256WithRSAEncryption", or an object identifier
    is_authority: bool

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.subject == self.issuer


class Found(NamedTuple):
    """One thing that is wrong with an object, or with a member of it."""

    problem: Problem
    member: str = ""  # "" for the object as a whole
    what: str = ""  # what the sentence of the problem is completed with


class Bundle(NamedTuple):
    """What an object holds, as far as it does not change with time or with who asks.

    Of a Custom provider's jar nothing is read: ``Bundle()`` is an object that exists.
    """

    members: tuple[str, ...] = ()  # names of the zip's entries, the first twenty
    problems: tuple[Found, ...] = ()
    # Of certificateChain.pem, that of the nodes first; of a long chain those that end first.
    certificates: tuple[Certificate, ...] = ()


class BundleContext(NamedTuple):
    """What else a judgement of a bundle rests on."""

    now: datetime
    expiry_days: int  # rule parameter certificateExpiryDays
    address: str = ""  # how findings name the object; "" where it is clear
    state: str = "STARTING"  # of the cluster
    created: datetime | None = None  # the cluster; None where there is none
    modified: datetime | None = None  # the object, as S3 says
    domain: str = ""  # of the nodes' names, from domain_of; "" where nobody knows it


def domain_of(text: str) -> str:
    """Return the domain of the nodes of a VPC in a Region, or the domain itself if it is one.

    Source: EMR Management Guide, emr-encryption-enable: ``*.ec2.internal`` in us-east-1,
    ``*.REGION.compute.internal`` elsewhere.
    """
    if text == "us-east-1":
        return "ec2.internal"
    if _REGION.fullmatch(text):
        return f"{text}.compute.internal"
    return text.removeprefix("*.").strip(".").lower()


def judge_bundle(bundle: Bundle | Unread, context: BundleContext) -> tuple[Finding, ...]:
    """Return the findings on the bundle of one cluster, in the order of the reasons.

    What is missing or invalid violates while the cluster starts, and warns afterwards. What could
    not be read is one warning, whatever the state.
    """
    if isinstance(bundle, Unread):
        findings = [_unread_finding(bundle, context)]
    else:
        findings = [_problem_finding(each, context) for each in bundle.problems]
        findings += _certificate_findings(bundle.certificates, context)
        findings += _change_findings(context)
    order = list(Reason)
    return tuple(sorted(findings, key=lambda each: order.index(each.reason)))


_LET_READ = (
    "Allow s3:GetObject on the object, s3:ListBucket on its bucket, and kms:Decrypt with the key "
    "that encrypts it, if one does"
)
_BY_HAND = "test it by hand: emr-in-transit certificates FILE"
# What is said of each, and what to do about it; "": what the reason says.
_UNREAD = {
    Unread.MISSING: ("there is no such object in its bucket", ""),
    Unread.BUCKET_MISSING: ("its bucket does not exist", ""),
    Unread.ARCHIVED: (
        "it is archived, and cannot be read before somebody restores it",
        "Restore it to a storage class that can be read at once, such as STANDARD.",
    ),
    Unread.DENIED: (
        "reading it, or using the key that encrypts it, is denied",
        f"{_LET_READ}; or {_BY_HAND}.",
    ),
    Unread.NOT_LISTED: (
        "parameter CertificateBuckets does not list its bucket",
        f"Add the bucket to CertificateBuckets, or {_BY_HAND}.",
    ),
    Unread.TOO_LARGE: (
        f"it is larger than {MOST_BYTES // 2**20} MB",
        "Put the PEM files alone into the zip; they have some kilobytes.",
    ),
    Unread.CHANGED: (
        "it was replaced again and again while it was read",
        f"Wait until nobody replaces it any more, or {_BY_HAND}.",
    ),
    Unread.TOO_MANY_READS: (
        "its directory cannot be found without touching the private key, because it has a comment",
        f"Make the zip anew without a comment: {ZIP}",
    ),
    Unread.FAILED: ("S3 gave no proper answer", f"Wait for the next run, or {_BY_HAND}."),
}
# Who reads these knows all the same: nodes will not get the object either.
MISSING = frozenset({Unread.MISSING, Unread.BUCKET_MISSING, Unread.ARCHIVED})


def _unread_finding(unread: Unread, context: BundleContext) -> Finding:
    is_missing = unread in MISSING
    reason = Reason.BUNDLE_MISSING if is_missing else Reason.BUNDLE_NOT_READ
    detail, fix = _UNREAD[unread]
    return _finding(reason, detail, context, fix=fix)


def _problem_finding(found: Found, context: BundleContext) -> Finding:
    text = PROBLEMS[found.problem]
    detail = text.detail.format(member=found.member, what=clip(found.what, 120))
    fix = text.fix.format(member=found.member or "FILE")
    fix = fix.replace("DOMAIN", context.domain or "DOMAIN")
    return _finding(text.reason, detail, context, found.member, fix)


def _finding(
    reason: Reason, detail: str, context: BundleContext, subject: str = "", fix: str = ""
) -> Finding:
    only_warns = (
        reason in {Reason.BUNDLE_MISSING, Reason.BUNDLE_INVALID}
        and context.state not in STARTING_STATES
    )
    if context.address:
        detail = f"{quoted(context.address)}: {detail}"
    elif not subject:  # of the object as a whole, so that its sentence begins in the middle
        detail = detail[0].upper() + detail[1:]
    return Finding(reason, f"{detail}.", subject, only_warns=only_warns, fix=fix)


def _certificate_findings(
    certificates: tuple[Certificate, ...], context: BundleContext
) -> list[Finding]:
    if not certificates:
        return []
    return [
        *_validity_findings(certificates, context),
        *_name_findings(certificates[0], context),
    ]


def _validity_findings(
    certificates: tuple[Certificate, ...], context: BundleContext
) -> list[Finding]:
    found = []
    starts_last = max(certificates, key=lambda each: each.not_before)
    ends_first = min(certificates, key=lambda each: each.not_after)
    if (starts := _moment(starts_last.not_before)) > context.now:
        what = f"{quoted(starts_last.subject)}, from {starts:%Y-%m-%d %H:%M} UTC on"
        found.append(_problem_finding(Found(Problem.NOT_YET_VALID, CHAIN, what), context))
    ends = _moment(ends_first.not_after)
    who = f"{CHAIN} holds {quoted(ends_first.subject)}, which"
    if ends <= context.now:
        detail = f"{who} expired on {ends:%Y-%m-%d}"
        found.append(_finding(Reason.CERTIFICATES_EXPIRED, detail, context, CHAIN, _RENEW))
    elif (ends - context.now).total_seconds() <= context.expiry_days * 86_400:
        detail = f"{who} expires on {ends:%Y-%m-%d}"
        found.append(_finding(Reason.CERTIFICATES_EXPIRING, detail, context, CHAIN, _RENEW))
    return found


_RENEW = (
    "Put a bundle with a new certificate in its place, and launch replacements: running nodes keep "
    "what they were started with. To see the dates: openssl x509 -in certificateChain.pem -noout -dates"
)


def _name_findings(leaf: Certificate, context: BundleContext) -> list[Finding]:
    found = []
    if context.domain and not _covers(leaf, context.domain):
        names = leaf.names or (leaf.common_name,)
        held = clip(", ".join(filter(None, names)) or "no name", 120)
        detail = f"{CHAIN} names {held}, not *.{context.domain}"
        fix = PROBLEMS[Problem.NAME_ONLY_IN_SUBJECT].fix
        fix = fix.replace("DOMAIN", context.domain)
        found.append(_finding(Reason.CERTIFICATE_NAME_MISMATCH, detail, context, CHAIN, fix))
    if leaf.is_self_signed:
        detail = f"{CHAIN} holds {quoted(leaf.subject)}, which is signed by itself"
        found.append(_finding(Reason.CERTIFICATE_SELF_SIGNED, detail, context, CHAIN))
    return found


def _covers(leaf: Certificate, domain: str) -> bool:
    """Return whether a certificate is for all nodes of a domain.

    Names of the subjectAltName win; the common name counts where there are none (RFC 6125, 6.4.4).
    """
    names = leaf.names or (leaf.common_name,)
    return f"*.{domain.lower()}" in {one_line(name).lower().rstrip(".") for name in names}


def _change_findings(context: BundleContext) -> list[Finding]:
    if context.created is None or context.modified is None or context.modified <= context.created:
        return []
    detail = (
        f"it was replaced on {context.modified.astimezone(UTC):%Y-%m-%d %H:%M} UTC, after the launch, "
        "so nodes that started before may have another one"
    )
    return [_finding(Reason.BUNDLE_CHANGED, detail, context)]


def _moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def encode_bundle(bundle: Bundle) -> dict[str, Any]:
    """Return the facts as JSON has them."""
    return {
        "members": list(bundle.members),
        "problems": [each._asdict() for each in bundle.problems],
        "certificates": [each._asdict() for each in bundle.certificates],
    }


def decode_bundle(document: dict[str, Any]) -> Bundle:
    """Return the facts that ``encode_bundle`` wrote.

    Raises TypeError, KeyError or ValueError for anything else, an unknown problem among it.
    """
    return Bundle(
        tuple(document["members"]),
        tuple(
            Found(**each | {"problem": Problem(each["problem"])}) for each in document["problems"]
        ),
        tuple(
            Certificate(**each | {"names": tuple(each["names"])})
            for each in document["certificates"]
        ),
    )
