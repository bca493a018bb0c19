"""Judges what only whoever has the private key in hand can: the key, and who signed what.

The findings of ``judgement`` come from pyasn1 and names alone; here stand cryptography's.
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from emr_in_transit.judgement.bundle import CHAIN, KEY, TRUSTED, Found
from emr_in_transit.judgement.bundle_problems import BYTE_ORDER_MARK, Problem
from emr_in_transit.judgement.wording import quoted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,20}PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_TRADITIONAL = {b"RSA PRIVATE KEY": "PKCS #1", b"EC PRIVATE KEY": "SEC 1"}
_FAILURES = (ValueError, TypeError, UnsupportedAlgorithm)
# What the parts of a certificate raise when they are asked for.
_REFUSALS = (
    *_FAILURES,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def pair_problems(key: bytes | None, texts: dict[str, bytes]) -> list[Found]:
    """Return what is wrong with a private key, with who signed what, and between the two.

    ``texts`` are the files in which the rule has found nothing that a strict reader refuses.
    """
    read: dict[str, list[x509.Certificate]] = {CHAIN: [], TRUSTED: []}
    problems = []
    for name, text in texts.items():
        try:
            read[name] = _certificates(text)
        except _REFUSALS as error:
            problems.append(Found(Problem.REFUSED, name, " ".join(str(error).split())))
    if key is not None:
        problems += _key_problems(key, read[CHAIN])
    return problems + _signature_problems(read[CHAIN], read[TRUSTED])


def _certificates(text: bytes) -> list[x509.Certificate]:
    """Return certificates of which each part that is looked at can be read; raise _REFUSALS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a later release will refuse
        found = x509.load_pem_x509_certificates(text)
        for each in found:
            _ = (each.version, each.subject, each.issuer, each.extensions, each.public_key())
    return found


def _key_problems(content: bytes, chain: list[x509.Certificate]) -> list[Found]:
    problems = []
    if content.startswith(BYTE_ORDER_MARK):
        problems.append(Found(Problem.BYTE_ORDER_MARK, KEY))
    block = _BLOCK.search(content)
    if block is None:
        return [*problems, _without_a_block(content)]
    label, text = block[1], block[0]
    if label == b"ENCRYPTED PRIVATE KEY":
        return [*problems, Found(Problem.KEY_ENCRYPTED, KEY, _scheme(text))]
    if b",ENCRYPTED" in text:  # Proc-Type: 4,ENCRYPTED (RFC 1421, 4.6.1.1)
        return [*problems, Found(Problem.KEY_ENCRYPTED, KEY, "OpenSSL's own scheme")]
    if label != b"PRIVATE KEY":
        what = _TRADITIONAL.get(label, label.decode("ascii").lower())
        problems.append(Found(Problem.KEY_NOT_PKCS8, KEY, what))
    try:
        public = load_pem_private_key(text + b"\n", None).public_key()
    except _FAILURES:
        return [*problems, Found(Problem.KEY_UNREADABLE, KEY, "its PRIVATE KEY is damaged")]
    if chain and _public_bytes(public) != _public_bytes((leaf := _leaf(chain)).public_key()):
        problems.append(Found(Problem.KEY_OF_ANOTHER, KEY, _subject(leaf)))
    return problems


def _without_a_block(key: bytes) -> Found:
    if key.startswith((b"\x30\x81", b"\x30\x82", b"\x30\x2e")):  # Ed25519 has 46 bytes
        return Found(Problem.KEY_DER, KEY)
    return Found(Problem.KEY_UNREADABLE, KEY, "it has no block BEGIN PRIVATE KEY")


# pkcs5 PBES2 (RFC 8018, A.4), as its object identifier stands in DER. All others are older.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")


def _scheme(text: bytes) -> str:
    """Return how a key in PKCS #8 is encrypted: its algorithm stands at its beginning."""
    body = b"".join(text.split(b"-----")[2].split())
    try:
        return "PBES2" if _PBES2 in base64.b64decode(body[:64]) else "PBES1"
    except binascii.Error:
        return "unknown scheme"


def _signature_problems(
    chain: list[x509.Certificate], trusted: list[x509.Certificate]
) -> list[Found]:
    """Return the certificates that none of those with their issuer's name has signed."""
    problems = []
    for each in chain:
        issuers = [other for other in [*chain, *trusted] if other.subject == each.issuer]
        if issuers and not any(_signed(each, issuer) for issuer in issuers):
            problems.append(Found(Problem.ISSUER_DID_NOT_SIGN, CHAIN, _subject(each)))
    return problems


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether it is not known to be forged: SHA-1, for one, cryptography does not check."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except _FAILURES:
        return True
    return True


def _leaf(chain: list[x509.Certificate]) -> x509.Certificate:
    """Return the certificate of the nodes, as ``leaf_of`` in bundle_certificates does."""
    return next((each for each in chain if not _is_authority(each)), chain[0])


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _public_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _subject(certificate: x509.Certificate) -> str:
    return quoted(certificate.subject.rfc4514_string())
