"""Bundles of certificates as people make them, good and bad, and what is to be said of each.

All are made when they are asked for, with fresh keys: nothing here expires with the years.
"""

import base64
import io
import shutil
import struct
import subprocess
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)

from emr_in_transit.judgement.bundle import CHAIN, KEY, TRUSTED
from emr_in_transit.judgement.reasons import Reason

NOW = datetime.now(UTC).replace(microsecond=0)
LOOKED_AT = NOW + timedelta(hours=1)  # openssl makes certificates from its own now on
DOMAIN = "ec2.internal"
WILDCARD = f"*.{DOMAIN}"
DAY = timedelta(days=1)
OPENSSL = shutil.which("openssl")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, as PKCS #8 without a passphrase."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def key_of(owner: str) -> Key:
    """Make a key once for each name; "RSA 1024" is one of RSA."""
    if owner.startswith("RSA"):
        return rsa.generate_private_key(65537, int(owner.split()[1]))
    return ec.generate_private_key(ec.SECP256R1())


@cache
def issue(  # noqa: PLR0913 (what can be wrong with a certificate)
    subject: str,
    issuer: "Issued | None" = None,
    *,
    names: tuple[str, ...] = (),
    owner: str = "",
    from_day: int = -1,
    to_day: int = 365,
    authority: bool | None = False,  # None: without the extension that tells
    signer: str = "",
) -> Issued:
    """Make a certificate, signed by itself unless an issuer is given; ``signer`` forges that."""
    key = key_of(owner or subject)
    common_name = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else []
    own = x509.Name(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer.certificate.subject if issuer else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + from_day * DAY)
        .not_valid_after(NOW + to_day * DAY)
    )
    if authority is not None:
        constraints = x509.BasicConstraints(ca=authority, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    signing = key_of(signer) if signer else (issuer.key if issuer else key)
    return Issued(builder.sign(signing, hashes.SHA256()), key)


def root() -> Issued:
    return issue("Example Root", authority=True, to_day=3650)


def intermediate(**more: Any) -> Issued:
    return issue("Example Intermediate", root(), authority=True, **more)


def leaf(issuer: Issued | None = None, **more: Any) -> Issued:
    """Make the nodes' certificate, as it should be unless told otherwise."""
    return issue(**{"subject": WILDCARD, "issuer": issuer or root(), "names": (WILDCARD,)} | more)


def files(own: Issued | None = None, **changes: bytes | None) -> dict[str, bytes]:
    """Return the members of a bundle; key, chain and trusted replace one, None leaves it out."""
    own = own or leaf()
    held = {KEY: own.key_pem, CHAIN: own.pem, TRUSTED: root().pem}
    for short, name in (("key", KEY), ("chain", CHAIN), ("trusted", TRUSTED)):
        if short in changes:
            changed = changes[short]
            held.pop(name) if changed is None else held.update({name: changed})
    return held


class _Stream(io.RawIOBase):
    """Takes what is written, as a pipe does: nobody can go back and write sizes."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


def zipped(
    members: dict[str, bytes] | Iterable[tuple[str, bytes]],
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    *,
    streamed: bool = False,
    wide: bool = False,
) -> bytes:
    """Return a zip as Python makes it; ``wide`` has sizes of 64 bits in its local headers."""
    stream: Any = _Stream() if streamed else io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            with archive.open(_info(name, method), "w", force_zip64=wide) as member:
                member.write(content)
        archive.comment = comment
    return bytes(stream.written if streamed else stream.getvalue())


def _info(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.filename = name  # as it is, with its backslashes
    info.compress_type = method
    return info


def good(**options: Any) -> bytes:
    return zipped(files(), **options)


def with_records_of_64_bits(content: bytes) -> bytes:
    """Return a zip without comment with its end as a zip of more than 4 GB has it."""
    *_, count, size, start, _ = struct.unpack("<4s4H2IH", content[-22:])
    at = len(content) - 22
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return content[:at] + record + locator + end


def edited(content: bytes, name: str, **values: Any) -> bytes:
    """Return a zip whose directory says something else of a member; ``local`` edits its header too."""
    directory = {"flags": ("<H", 8), "method": ("<H", 10), "crc": ("<I", 16), "size": ("<I", 24), "start": ("<I", 42)}  # fmt: skip
    directory["compressed"] = ("<I", 20)
    header = {"flags": ("<H", 6), "method": ("<H", 8), "crc": ("<I", 14), "size": ("<I", 22)}
    changed = bytearray(content)
    central = content.rindex(name.encode()) - 46
    local = content.index(name.encode()) - 30
    both = values.pop("local", False)
    for key, value in values.items():
        form, offset = directory[key]
        struct.pack_into(form, changed, central + offset, value)
        if both:
            form, offset = header[key]
            struct.pack_into(form, changed, local + offset, value)
    return bytes(changed)


def renamed(content: bytes, **names: str) -> bytes:
    """Return a zip whose directory alone calls members otherwise, by their short names."""
    start = struct.unpack("<I", content[-6:-2])[0]
    directory, at, size = b"", start, 0
    while content.startswith(b"PK\1\2", at):
        name_length, extra, comment = struct.unpack_from("<3H", content, at + 28)
        name = content[at + 46 :][:name_length].decode()
        other = names.get({KEY: "key", CHAIN: "chain", TRUSTED: "trusted"}[name], name).encode()
        header = bytearray(content[at : at + 46])
        struct.pack_into("<H", header, 28, len(other))
        directory += bytes(header) + other + content[at + 46 + name_length :][: extra + comment]
        at += 46 + name_length + extra + comment
    end = bytearray(content[at:])
    size = len(directory)
    struct.pack_into("<I", end, 12, size)
    return content[:start] + directory + bytes(end)


def moved(content: bytes, first: str, second: str) -> bytes:
    """Return a zip whose directory has the places of two members exchanged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        places = {each.filename: each.header_offset for each in archive.infolist()}
    changed = edited(content, first, start=places[second])
    return edited(changed, second, start=places[first])


def claiming_5_gb() -> bytes:
    """Return a zip whose directory says, in 64 bits, that a member unpacks to 5 GB."""
    content = good()
    start = struct.unpack("<I", content[-6:-2])[0]
    at = content.index(CHAIN.encode(), start) - 46
    extra = struct.pack("<2HQ", 1, 8, 5 * 2**30)
    header = bytearray(content[at : at + 46])
    struct.pack_into("<I", header, 24, 0xFFFFFFFF)
    struct.pack_into("<H", header, 30, len(extra))
    behind = at + 46 + len(CHAIN)
    end = bytearray(content[-22:])
    struct.pack_into("<I", end, 12, len(content) - 22 - start + len(extra))
    name = content[at + 46 : behind]
    return content[:at] + bytes(header) + name + extra + content[behind:-22] + bytes(end)


def tarball() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files().items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def by_openssl(*arguments: str, stdin: bytes) -> bytes:
    """Return what openssl makes of its input."""
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *arguments], input=stdin, check=True, capture_output=True)
    return done.stdout


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(leaf().certificate.subject)
    return builder.sign(leaf().key, hashes.SHA256()).public_bytes(Encoding.PEM)


def signed_with_sha1() -> bytes:
    """Return a certificate as cryptography no longer makes it."""
    with tempfile.TemporaryDirectory() as folder:
        issuer = Path(folder) / "issuer.pem"
        issuer.write_bytes(root().pem + root().key_pem)
        # It signs anew what is signed by itself.
        own = issue(WILDCARD, names=(WILDCARD,), owner="RSA 2048")
        arguments = (
            "x509",
            "-sha1",
            "-days",
            "365",
            "-set_serial",
            "1",
            "-CA",
            str(issuer),
            "-CAkey",
            str(issuer),
        )
        return by_openssl(*arguments, stdin=own.pem)


def key_as(form: PrivateFormat, passphrase: bytes = b"", own: Issued | None = None) -> bytes:
    encryption: Any = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return (own or leaf()).key.private_bytes(Encoding.PEM, form, encryption)


def with_bag_attributes(pem: bytes) -> bytes:
    head = b"Bag Attributes\n    localKeyID: 01 00 00 00 \nsubject=CN = *.ec2.internal\n\n"
    return head + pem + b"Bag Attributes: <No Attributes>\n"


def damaged(pem: bytes) -> bytes:
    lines = pem.splitlines(keepends=True)
    return b"".join([lines[0], b"MIIBAAAA" + lines[1][8:], *lines[2:]])


def without_line_ends(*pems: bytes) -> bytes:
    return b"".join(each.strip() for each in pems)


def with_finders_entries() -> bytes:
    own = files()
    more = {f"__MACOSX/._{name}": b"\0\5\x16\7" + bytes(50) for name in own}
    return zipped({**own, **more}, streamed=True)


def with_gap(content: bytes, size: int) -> bytes:
    """Return a zip with bytes before its directory that belong to no entry."""
    start = struct.unpack("<I", content[-6:-2])[0]
    end = bytearray(content[-22:])
    struct.pack_into("<I", end, 16, start + size)
    return content[:start] + bytes(size) + content[start:-22] + bytes(end)


class Case(NamedTuple):
    """A bundle, and what is to be said of it."""

    name: str
    make: Callable[[], bytes]
    rule: tuple[Reason, ...] = ()  # what the rule says, and the command too
    says: str = ""  # a part of what it says
    key: tuple[Reason, ...] = ()  # what the command says besides, with the key in hand
    needs_openssl: bool = False  # to be made


_INVALID, _DOUBTFUL = (Reason.BUNDLE_INVALID,), (Reason.BUNDLE_DOUBTFUL,)
_MISMATCH = (Reason.CERTIFICATE_NAME_MISMATCH,)
_SELF = (Reason.CERTIFICATE_SELF_SIGNED,)


def _z(**options: Any) -> Callable[[], bytes]:
    return lambda: good(**options)


def _f(make: Callable[[], dict[str, bytes]], **options: Any) -> Callable[[], bytes]:
    return lambda: zipped(make(), **options)


def _chain(*issued: Callable[[], Issued]) -> Callable[[], bytes]:
    """Return a bundle with these in its chain, the key that of the first."""

    def make() -> bytes:
        made = [each() for each in issued]
        return zipped(files(made[0], chain=b"".join(each.pem for each in made)))

    return make


GOOD = [
    Case("elliptic curves, root in the trusted file", _z()),
    Case("RSA", _chain(lambda: leaf(owner="RSA 2048"))),
    Case("a chain of three", _chain(lambda: leaf(intermediate()), intermediate, root)),
    Case("a chain of two, the root trusted", _chain(lambda: leaf(intermediate()), intermediate)),
    Case("no trusted file", _f(lambda: files(chain=leaf().pem + root().pem, trusted=None))),
    Case("CRLF", _f(lambda: {k: v.replace(b"\n", b"\r\n") for k, v in files().items()})),
    Case("text before", _f(lambda: files(chain=b"Made by hand - for us\n" + leaf().pem))),
    Case("bag attributes", _f(lambda: files(key=with_bag_attributes(leaf().key_pem), chain=with_bag_attributes(leaf().pem)))),
    Case("no line end at the end", _f(lambda: files(chain=leaf().pem.rstrip()))),
    Case("a short comment", _z(comment=b"made on Monday")),
    Case("the longest comment", _z(comment=b"x" * 65535)),
    Case("a comment with an end record in it", _z(comment=b"PK\5\6" + bytes(30))),
    Case("stored", _z(method=zipfile.ZIP_STORED)),
    Case("streamed", _z(streamed=True)),
    Case("streamed, with a short comment", _z(streamed=True, comment=b"made on Monday")),
    Case("local headers of 64 bits", _z(wide=True)),
    Case("streamed, of 64 bits", _z(streamed=True, wide=True)),
    Case("end records of 64 bits", lambda: with_records_of_64_bits(good())),
    Case("Finder's entries", with_finders_entries),
    Case("other files too", _f(lambda: {**files(), "README.txt": b"mine", "old/": b"", "old/x": b"1"})),
    Case("the key in the middle", _f(lambda: {name: files()[name] for name in (CHAIN, KEY, TRUSTED)})),
    Case("the key at the end", _f(lambda: {name: files()[name] for name in (TRUSTED, CHAIN, KEY)})),
    Case("wildcard among others", _chain(lambda: leaf(names=("example.com", WILDCARD, "*.a.example.com")))),
    Case("another common name", _chain(lambda: leaf(subject="tls", names=(WILDCARD,)))),
    Case("no subject", _chain(lambda: leaf(subject="", names=(WILDCARD,), owner="nobody"))),
    Case("another flag in the directory", lambda: edited(good(), CHAIN, flags=0x800)),
    Case("no extensions but the name", _chain(lambda: leaf(authority=None))),
    Case("wildcard in capitals", _chain(lambda: leaf(names=(WILDCARD.upper(),)))),
]  # fmt: skip

BAD = [
    Case("nothing", lambda: b"", _INVALID, "it is empty"),
    Case("a byte", lambda: b"P", _INVALID, "it is no zip"),
    Case("no entries", _f(dict), (*_INVALID, *_INVALID), "privateKey.pem is missing at the top level; there is nothing"),
    Case("no key", _f(lambda: files(key=None)), _INVALID, "privateKey.pem is missing"),
    Case("no chain", _f(lambda: files(chain=None)), _INVALID, "certificateChain.pem is missing"),
    Case("in a folder", _f(lambda: {f"certs/{k}": v for k, v in files().items()}), (*_INVALID, *_INVALID), '"certs/certificateChain.pem"'),
    Case("by Windows in a folder", _f(lambda: {f"certs\\{k}": v for k, v in files().items()}), (*_INVALID, *_INVALID), '"certs\\certificateChain.pem"'),
    Case("other names", _f(lambda: {"key.pem": b"1", "cacert.pem": b"2"}), (*_INVALID, *_INVALID), 'there is "key.pem", "cacert.pem"'),
    Case("another letter case", _f(lambda: {k.lower(): v for k, v in files().items()}), (*_INVALID, *_INVALID), '"privatekey.pem"'),
    Case("names that begin with ./", _f(lambda: {f"./{k}": v for k, v in files().items()}), _DOUBTFUL * 3, "./certificateChain.pem"),
    Case("an empty key", _f(lambda: files(key=b"")), _INVALID, "privateKey.pem is empty"),
    Case("an empty chain", _f(lambda: files(chain=b"")), _INVALID, "certificateChain.pem is empty"),
    Case("an empty trusted file", _f(lambda: files(trusted=b"")), _INVALID, "trustedCertificates.pem is empty"),
    Case("DER", _f(lambda: files(chain=leaf().certificate.public_bytes(Encoding.DER))), _INVALID, "certificateChain.pem is DER, not PEM"),
    Case("a trusted file of DER", _f(lambda: files(trusted=root().certificate.public_bytes(Encoding.DER))), _INVALID, "trustedCertificates.pem is DER, not PEM"),
    Case("a key in the chain", _f(lambda: files(chain=leaf().pem + leaf().key_pem)), _DOUBTFUL, "certificateChain.pem holds a private key too"),
    Case("a key instead of the chain", _f(lambda: files(chain=leaf().key_pem)), (*_INVALID, *_DOUBTFUL), "holds no certificate"),
    Case("a request", _f(lambda: files(chain=request())), _INVALID, "a certificate request, not a certificate"),
    Case("PKCS #7", _f(lambda: files(chain=pkcs7.serialize_certificates([leaf().certificate], Encoding.PEM))), _INVALID, "PKCS #7"),
    Case("UTF-16", _f(lambda: files(chain=leaf().pem.decode().encode("utf-16"))), _INVALID, "holds no certificate in PEM"),
    Case("a damaged certificate", _f(lambda: files(chain=damaged(leaf().pem))), _INVALID, "certificate 1 of 1 is damaged"),
    Case("a damaged intermediate", _f(lambda: files(chain=leaf().pem + damaged(intermediate().pem))), _INVALID, "certificate 2 of 2 is damaged"),
    Case("a certificate that is cut off", _f(lambda: files(chain=leaf().pem[:200])), _INVALID, "certificate 1 of 1 is damaged"),
    Case("a block that has no end", _f(lambda: files(chain=b"-----BEGIN EC PARAMETERS-----\nBgg\n" + leaf().pem)), _DOUBTFUL, "a block of it has no end"),
    Case("a line of dashes that has no end", _f(lambda: files(chain=b"-----BEGIN \n" + leaf().pem)), _DOUBTFUL, "a block of it has no end"),
    Case("a certificate of 100 KB", _f(lambda: files(chain=_with_bytes_behind(leaf(), 100_000))), _DOUBTFUL, "and was not looked at"),
    Case("600 certificates", _f(lambda: files(trusted=root().pem * 600)), _DOUBTFUL, "it has 600 certificates"),
    Case("bytes behind a certificate", _f(lambda: files(chain=_with_bytes_behind(leaf()))), _DOUBTFUL, "bytes stand behind certificate 1"),
    Case("a byte order mark", _f(lambda: files(chain=b"\xef\xbb\xbf" + leaf().pem)), _DOUBTFUL, "byte order mark"),
    Case("joined without a line end", _f(lambda: files(leaf(intermediate()), chain=without_line_ends(leaf(intermediate()).pem, intermediate().pem))), _DOUBTFUL, "not alone on its line"),
    Case("all on one line", _f(lambda: files(chain=leaf().pem.replace(b"\n", b""))), _DOUBTFUL, "not alone on its line"),
    Case("expired", _chain(lambda: leaf(from_day=-20, to_day=-2)), (Reason.CERTIFICATES_EXPIRED,), "which expired on"),
    Case("an expired intermediate", _chain(lambda: leaf(intermediate(from_day=-20, to_day=-2)), lambda: intermediate(from_day=-20, to_day=-2)), (Reason.CERTIFICATES_EXPIRED,), "Example Intermediate"),
    Case("expiring", _chain(lambda: leaf(to_day=20)), (Reason.CERTIFICATES_EXPIRING,), "which expires on"),
    Case("not valid yet", _chain(lambda: leaf(from_day=5)), _INVALID, "not valid yet"),
    Case("an intermediate that is not valid yet", _chain(lambda: leaf(intermediate(from_day=5)), lambda: intermediate(from_day=5)), _INVALID, "Example Intermediate"),
    Case("another name", _chain(lambda: leaf(names=("example.com",))), _MISMATCH, "names example.com, not *.ec2.internal"),
    Case("another Region beside a right common name", _chain(lambda: leaf(names=("*.us-west-2.compute.internal",))), _MISMATCH, "*.us-west-2.compute.internal"),
    Case("a wildcard of too much", _chain(lambda: leaf(names=("*.internal",))), _MISMATCH, "*.internal"),
    Case("the name without its wildcard", _chain(lambda: leaf(names=(DOMAIN,))), _MISMATCH, "names ec2.internal,"),
    Case("the name in the subject alone", _chain(lambda: leaf(names=())), _DOUBTFUL, "has its name in the subject alone"),
    Case("another name in the subject alone", _chain(lambda: leaf(subject="tls", names=())), (*_MISMATCH, *_DOUBTFUL), "names tls, not"),
    Case("signed by itself", _chain(lambda: issue(WILDCARD, names=(WILDCARD,))), _SELF, "signed by itself"),
    Case("wrong order", lambda: zipped(files(leaf(intermediate()), chain=root().pem + intermediate().pem + leaf(intermediate()).pem)), _DOUBTFUL, "out of place"),
    Case("leaf, root, intermediate", lambda: zipped(files(leaf(intermediate()), chain=leaf(intermediate()).pem + root().pem + intermediate().pem)), _DOUBTFUL, "out of place"),
    Case("an issuer that is in neither file", _f(lambda: files(trusted=None)), _DOUBTFUL, '"CN=Example Root" is the issuer'),
    Case("an intermediate that is in neither file", _chain(lambda: leaf(intermediate())), _DOUBTFUL, '"CN=Example Intermediate" is the issuer'),
    Case("RSA of 1,024 bits", _chain(lambda: leaf(owner="RSA 1024")), _DOUBTFUL, "a key of 1024 bits"),
    Case("SHA-1", _f(lambda: files(leaf(owner="RSA 2048"), chain=signed_with_sha1())), _DOUBTFUL, "ecdsa-with-SHA1", needs_openssl=True),
    Case("a forged issuer", _chain(lambda: leaf(signer="somebody else")), key=_DOUBTFUL),
    Case("a key with a passphrase", _f(lambda: files(key=key_as(PrivateFormat.PKCS8, b"x"))), key=_INVALID),
    Case("a key with a passphrase of PBES1", _f(lambda: files(key=by_openssl("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", "pass:x", stdin=leaf().key_pem))), key=_INVALID, needs_openssl=True),
    Case("a key with a passphrase of OpenSSL's", _f(lambda: files(key=key_as(PrivateFormat.TraditionalOpenSSL, b"x"))), key=_INVALID),
    Case("a key with a byte order mark", _f(lambda: files(key=b"\xef\xbb\xbf" + leaf().key_pem)), key=_DOUBTFUL),
    Case("a key of another", _f(lambda: files(key=root().key_pem)), key=_INVALID),
    Case("a key of SEC 1", _f(lambda: files(key=key_as(PrivateFormat.TraditionalOpenSSL))), key=_DOUBTFUL),
    Case("a key of PKCS #1", lambda: zipped(files(leaf(owner="RSA 2048"), key=key_as(PrivateFormat.TraditionalOpenSSL, own=leaf(owner="RSA 2048")))), key=_DOUBTFUL),
    Case("a key of DER", _f(lambda: files(key=leaf().key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))), key=_INVALID),
    Case("a damaged key", _f(lambda: files(key=damaged(leaf().key_pem))), key=_INVALID),
    Case("a damaged key with a passphrase", _f(lambda: files(key=b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----\n")), key=_INVALID),
    Case("text instead of a key", _f(lambda: files(key=b"secret")), key=_INVALID),
    Case("a certificate instead of the key", _f(lambda: files(key=leaf().pem)), key=_INVALID),
    Case("a zip in a zip", _f(lambda: {"certificates.zip": good()}), (*_INVALID, *_INVALID), 'there is "certificates.zip"'),
    Case("a tarball", tarball, _INVALID, "it is no zip but a tarball"),
    Case("the key itself", lambda: leaf().key_pem, _INVALID, "it is no zip but PEM text"),
    Case("a certificate in DER", lambda: leaf().certificate.public_bytes(Encoding.DER), _INVALID, "it is no zip but DER"),
    Case("text", lambda: b"these are no certificates, but some lines of text", _INVALID, "it is no zip but something else"),
    Case("cut off in a member", lambda: good()[:700], _INVALID, "ends in its middle"),
    Case("cut off in its directory", lambda: good()[:-60], _INVALID, "ends in its middle"),
    Case("cut off in its end", lambda: good()[:-3], _INVALID, "ends in its middle"),
    Case("a member of 2 MB of zeros", _f(lambda: files(chain=bytes(2**21))), _INVALID, "unpacks to 2,097,152 bytes"),
    Case("a member of more than it says", lambda: edited(_bomb(), CHAIN, size=1000, local=True), _INVALID, "another size than the directory says"),
    Case("a size in the directory alone", lambda: edited(good(), CHAIN, size=1000), _INVALID, "another size there"),
    Case("a member of 5 GB", claiming_5_gb, _INVALID, "unpacks to 5,368,709,120 bytes"),
    Case("a checksum", lambda: edited(good(), CHAIN, crc=1, local=True), _INVALID, "its checksum is wrong"),
    Case("two of one name", lambda: _twice(CHAIN), _INVALID, "certificateChain.pem is in the zip twice"),
    Case("two keys", lambda: _twice(KEY), _INVALID, "privateKey.pem is in the zip twice"),
    Case("members with a password", lambda: edited(edited(good(), CHAIN, flags=1, local=True), KEY, flags=1, local=True), (*_INVALID, *_INVALID), "encrypted with a password"),
    Case("compressed by bzip2", _z(method=zipfile.ZIP_BZIP2), _INVALID * 3, "compressed by method 12"),
    Case("damaged compression", lambda: _spoilt(good()), _INVALID, "certificateChain.pem cannot be unpacked"),
]  # fmt: skip


def _with_bytes_behind(issued: Issued, number: int = 2) -> bytes:
    der = issued.certificate.public_bytes(Encoding.DER) + bytes(number)
    return (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    )


def _bomb() -> bytes:
    return zipped(files(chain=bytes(2**21)))


def _twice(name: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the double name
        return zipped([*files().items(), (name, files()[name])])


def _spoilt(content: bytes) -> bytes:
    """Return a zip with a member whose compressed bytes are none."""
    at = content.index(CHAIN.encode()) + len(CHAIN)
    return content[:at] + b"\xff" * 20 + content[at + 20 :]


# Directories that lie; nothing but the end record, the directory, and the fixed part of a local
# header may be read of them.
LIES: list[tuple[str, Callable[[], bytes]]] = [
    ("key and chain have changed places", lambda: moved(good(), KEY, CHAIN)),
    ("key and trusted have changed places", lambda: moved(good(), KEY, TRUSTED)),
    ("key and chain have changed names", lambda: renamed(good(), key=CHAIN, chain=KEY)),
    ("key and trusted have changed names", lambda: renamed(good(), key=TRUSTED, trusted=KEY)),
    ("they have changed names, streamed", lambda: renamed(good(streamed=True), key=CHAIN, chain=KEY)),
    ("the chain starts in the key", lambda: edited(good(), CHAIN, start=40)),
    ("the chain starts where the key does", lambda: edited(good(), CHAIN, start=0)),
    ("the key starts behind its start", lambda: edited(good(), KEY, start=20)),
    ("the chain is longer than its place", lambda: edited(good(), CHAIN, compressed=10_000)),
    ("the key is shorter than its place", lambda: edited(good(), KEY, compressed=10)),
    ("the chain is far away", lambda: edited(good(), CHAIN, start=2**31)),
    ("bytes stand before the first entry", lambda: b"#!/bin/sh\n" + good()),
    ("bytes stand before the directory", lambda: with_gap(good(), 200)),
    ("the directory stands elsewhere", lambda: good()[:-6] + struct.pack("<IH", 7, 0)),
    ("the directory has fewer entries", lambda: good()[:-12] + b"\2" + good()[-11:]),
    ("the directory is cut off", lambda: b"PK\1\3".join(good().rsplit(b"PK\1\2", 1))),
    ("records of 64 bits are missing", lambda: good()[:-12] + b"\xff\xff" + good()[-10:]),
]  # fmt: skip


def key_bytes(content: bytes) -> range:
    """Return where the packed private key really is, whatever a directory says."""
    name = content.lower().find(b"privatekey.pem")
    header = name - 30
    while header >= 0 and not content.startswith(b"PK\3\4", header):
        header -= 1  # a name with a folder
    if header < 0:
        return range(0)
    name_length, extra = struct.unpack_from("<2H", content, header + 26)
    start = header + 30 + name_length + extra
    ends = [content.find(sign, start) for sign in (b"PK\3\4", b"PK\7\x08", b"PK\1\2")]
    return range(start, min((each for each in ends if each >= 0), default=len(content)))
