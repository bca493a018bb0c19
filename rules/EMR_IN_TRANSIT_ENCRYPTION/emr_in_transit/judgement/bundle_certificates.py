"""Pure: reads certificates in PEM; the only module that imports pyasn1.

PEM is read as leniently as its readers do (RFC 7468, 2: text around the blocks is no error); what
some reader refuses becomes a problem of its own.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from pyasn1.codec.der import decoder
from pyasn1.error import PyAsn1Error
from pyasn1_modules import rfc3279, rfc5280

from emr_in_transit.judgement.bundle import CHAIN, Certificate, Found
from emr_in_transit.judgement.bundle_problems import BYTE_ORDER_MARK, Problem
from emr_in_transit.judgement.wording import clip, one_line, quoted

_BEGIN, _DASHES = b"-----BEGIN ", b"-----"
_LONGEST_LABEL = 60
_CERTIFICATE_LABELS = {b"CERTIFICATE", b"X509 CERTIFICATE"}  # RFC 7468, 5.1 and appendix A
_OTHERS = {
    b"CERTIFICATE REQUEST": Problem.REQUEST,
    b"NEW CERTIFICATE REQUEST": Problem.REQUEST,
    b"PKCS7": Problem.PKCS7,
    b"CMS": Problem.PKCS7,
}
# What pyasn1 raises for what is no certificate: its own errors, and those of what it is made of.
_UNREADABLE = (
    *(PyAsn1Error, ValueError, TypeError, IndexError, KeyError),
    *(OverflowError, AttributeError, RecursionError),
)
_MOST_NAMES, _LONGEST_NAME, _LONGEST_SUBJECT = 100, 253, 200
_LEAST_RSA_BITS, _LARGEST_CURVE = 2048, 521
# Limits of what is looked at, so that no file of a megabyte takes its reader's time: the public
# authorities are about 150, and few certificates have more than four kilobytes.
_MOST_CERTIFICATES, _MOST_WITHOUT_END, _LONGEST_CERTIFICATE = 500, 10, 2**17
_LONGEST_BLANK = 80

_RSA = {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"}
_EC = "1.2.840.10045.2.1"
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
}
_SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
}
_WEAK_SIGNATURES = {"md5WithRSAEncryption", "sha1WithRSAEncryption", "ecdsa-with-SHA1"}
_SUBJECT_ALT_NAME, _BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.19"


class _Block(NamedTuple):
    label: bytes
    body: bytes | None  # None where it has no end
    stands_alone: bool = True  # its lines of dashes share their lines with nothing


def read_certificates(member: str, content: bytes) -> tuple[list[Certificate], list[Found]]:
    """Return the certificates of a PEM file, and what is wrong with it; raise nothing.

    There are none where one of them cannot be read.
    """
    text = content.removeprefix(BYTE_ORDER_MARK)
    blocks = list(_blocks(text))
    own = [each for each in blocks if each.label in _CERTIFICATE_LABELS]
    problems: list[Found] = []
    if text != content:
        problems.append(Found(Problem.BYTE_ORDER_MARK, member))
    if not all(each.stands_alone for each in blocks):
        problems.append(Found(Problem.NO_LINE_END, member))
    if any(each.label.endswith(b"PRIVATE KEY") for each in blocks):
        problems.append(Found(Problem.KEY_AMONG_CERTIFICATES, member))
    if any(each.body is None and each not in own for each in blocks):
        problems.append(Found(Problem.REFUSED, member, "a block of it has no end"))
    if len(own) > _MOST_CERTIFICATES:
        what = f"it has {len(own)} certificates, of which {_MOST_CERTIFICATES} were looked at"
        problems.append(Found(Problem.REFUSED, member, what))
    if not own:
        problems.append(Found(_instead(content, blocks), member))
    found, damaged = _read_all(member, own[:_MOST_CERTIFICATES])
    return found, problems + damaged


def _read_all(member: str, blocks: list[_Block]) -> tuple[list[Certificate], list[Found]]:
    """Return the certificates, none unless all can be read: of some one cannot tell the order."""
    found, problems, is_complete = [], [], True
    for number, block in enumerate(blocks, 1):
        body = block.body or b""
        if len(body) > _LONGEST_CERTIFICATE:
            what = f"certificate {number} has {len(body)} characters, and was not looked at"
            problems.append(Found(Problem.REFUSED, member, what))
            is_complete = False
            continue
        try:
            certificate, is_whole = _read(body)
        except _UNREADABLE:
            what = f"certificate {number} of {len(blocks)} is damaged"
            problems.append(Found(Problem.CERTIFICATE_UNREADABLE, member, what))
            is_complete = False
            continue
        found.append(certificate)
        if not is_whole:
            what = f"bytes stand behind certificate {number} in its block"
            problems.append(Found(Problem.REFUSED, member, what))
    return (found if is_complete else []), problems


def _blocks(text: bytes) -> Iterator[_Block]:
    at, without_end = 0, 0
    # Each search for an end that is not there goes through the whole text.
    while (start := text.find(_BEGIN, at)) >= 0 and without_end < _MOST_WITHOUT_END:
        at = start + len(_BEGIN)
        label_end = text.find(_DASHES, at, at + _LONGEST_LABEL)
        label = text[at : max(label_end, at)]
        ending = b"-----END " + label + _DASHES
        end = text.find(ending, at) if label else -1
        if end < 0:
            without_end += 1
            yield _Block(label, None)
            continue
        body = text[label_end + len(_DASHES) : end]
        at = end + len(ending)
        before, after = text[max(start - 1, 0) : start], text[at : at + _LONGEST_BLANK]
        begins = _ends_line(before) and _begins_line(body[:_LONGEST_BLANK])
        ends = _ends_line(body) and _begins_line(after)
        yield _Block(label, body, stands_alone=begins and ends)


def _ends_line(text: bytes) -> bool:
    return not text or text.endswith(b"\n")


def _begins_line(text: bytes) -> bool:
    rest = text.lstrip(b" \t\r")
    return not rest or rest.startswith(b"\n")


def _instead(content: bytes, blocks: list[_Block]) -> Problem:
    """Return what a file without any certificate holds in its place."""
    for block in blocks:
        if block.label in _OTHERS:
            return _OTHERS[block.label]
    # A SEQUENCE whose length takes one or two bytes more: as every certificate begins in DER.
    if content[:2] in {b"\x30\x81", b"\x30\x82"}:
        return Problem.DER
    return Problem.NO_CERTIFICATE


def _read(body: bytes) -> tuple[Certificate, bool]:
    """Return the facts of a certificate in base64, and whether nothing stands behind it.

    Raises any of _UNREADABLE.
    """
    der = base64.b64decode(b"".join(body.split()), validate=True)
    decoded, rest = decoder.decode(der, asn1Spec=rfc5280.Certificate())
    inner = decoded["tbsCertificate"]
    extensions = {
        str(each["extnID"]): bytes(each["extnValue"])
        for each in (inner["extensions"] if inner["extensions"].hasValue() else ())
    }
    key, bits = _key(inner["subjectPublicKeyInfo"])
    subject = _attributes(inner["subject"])
    signature = str(decoded["signatureAlgorithm"]["algorithm"])
    certificate = Certificate(
        subject=_text(subject),
        issuer=_text(_attributes(inner["issuer"])),
        names=_dns_names(extensions.get(_SUBJECT_ALT_NAME)),
        common_name=next(
            (clip(value, _LONGEST_NAME) for kind, value in subject if kind == "CN"), ""
        ),
        not_before=_seconds(inner["validity"]["notBefore"]),
        not_after=_seconds(inner["validity"]["notAfter"]),
        key=key,
        key_bits=bits,
        signature=_SIGNATURES.get(signature, signature),
        is_authority=_is_authority(extensions.get(_BASIC_CONSTRAINTS)),
    )
    return certificate, not rest


def _attributes(name: Any) -> list[tuple[str, str]]:
    """Return the attributes of a distinguished name, the most special first."""
    found = []
    for part in name[0]:
        for attribute in part:
            kind = str(attribute["type"])
            value, _ = decoder.decode(bytes(attribute["value"]))
            found.append((_ATTRIBUTES.get(kind, kind), one_line(str(value))))
    return found[::-1]


def _text(attributes: list[tuple[str, str]]) -> str:
    return clip(", ".join(f"{kind}={value}" for kind, value in attributes), _LONGEST_SUBJECT)


def _dns_names(extension: bytes | None) -> tuple[str, ...]:
    if extension is None:
        return ()
    decoded, _ = decoder.decode(extension, asn1Spec=rfc5280.SubjectAltName())
    names = [str(each["dNSName"]) for each in decoded if each.getName() == "dNSName"]
    names = [clip(each, _LONGEST_NAME) for each in names]
    return tuple(sorted(names, key=lambda each: not each.startswith("*."))[:_MOST_NAMES])


def _is_authority(extension: bytes | None) -> bool:
    if extension is None:
        return False
    decoded, _ = decoder.decode(extension, asn1Spec=rfc5280.BasicConstraints())
    return bool(decoded["cA"])


def _seconds(time: Any) -> int:
    moment: datetime = time.getComponent().asDateTime
    if time.getName() == "utcTime" and moment.year >= 2050:  # RFC 5280, 4.1.2.5.1
        moment = moment.replace(year=moment.year - 100)
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _key(info: Any) -> tuple[str, int]:
    """Return the kind of a public key and its size in bits, 0 where its kind has but one."""
    algorithm = str(info["algorithm"]["algorithm"])
    content = info["subjectPublicKey"].asOctets()
    if algorithm in _RSA:
        decoded, _ = decoder.decode(content, asn1Spec=rfc3279.RSAPublicKey())
        return "RSA", int(decoded["modulus"]).bit_length()
    if algorithm == _EC:  # a point: its form in a byte, and one coordinate or two
        coordinates = 1 if content[:1] in {b"\2", b"\3"} else 2
        bits = (len(content) - 1) // coordinates * 8
        return "EC", min(bits, _LARGEST_CURVE)
    return algorithm, 0


def chain_problems(chain: list[Certificate], trusted: list[Certificate] | None) -> list[Found]:
    """Return what readers could refuse in the certificates, taken together.

    Names are compared as texts: whether an issuer really signed, only the command tells.
    ``trusted`` is None where nobody knows what is trusted.
    """
    leaf = leaf_of(chain)
    problems = []
    broken = [each for each, after in pairwise(chain) if each.issuer != after.subject]
    if broken or leaf is not chain[0]:
        culprit = broken[0] if broken else chain[0]
        problems.append(
            Found(Problem.WRONG_ORDER, CHAIN, f"{quoted(culprit.subject)} is out of place")
        )
    if trusted is not None and (issuer := _missing_issuer(leaf, [*chain, *trusted])):
        problems.append(Found(Problem.ISSUER_MISSING, CHAIN, quoted(issuer)))
    if leaf.common_name and not leaf.names:
        problems.append(Found(Problem.NAME_ONLY_IN_SUBJECT, CHAIN, quoted(leaf.common_name)))
    for each in chain:
        if each.key == "RSA" and each.key_bits < _LEAST_RSA_BITS:
            problems.append(Found(Problem.WEAK_KEY, CHAIN, f"{each.key_bits} bits"))
        # Nobody checks what a root says of itself.
        if each.signature in _WEAK_SIGNATURES and not each.is_self_signed:
            problems.append(Found(Problem.WEAK_SIGNATURE, CHAIN, each.signature))
    return list(dict.fromkeys(problems))


def leaf_of(chain: list[Certificate]) -> Certificate:
    """Return the certificate of the nodes: the first that is no authority's, else the first."""
    return next((each for each in chain if not each.is_authority), chain[0])


def _missing_issuer(leaf: Certificate, held: list[Certificate]) -> str:
    """Return the issuer that is nowhere on the way from the nodes' certificate to a root, or ""."""
    by_subject = {each.subject: each for each in held}
    at = leaf
    for _ in held:
        if at.is_self_signed:
            return ""
        if at.issuer not in by_subject:
            return at.issuer
        at = by_subject[at.issuer]
    return ""
