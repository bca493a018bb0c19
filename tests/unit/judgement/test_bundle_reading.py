"""Each bundle that people could make is read in few calls, without its key, and judged."""

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import botocore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyasn1.type import univ
from pyasn1_modules import rfc5280

from emr_in_transit.judgement.bundle import (
    TRUSTED,
    Bundle,
    BundleContext,
    Unread,
    decode_bundle,
    encode_bundle,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_certificates import _key, read_certificates
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.bundle_reading import read_bundle
from emr_in_transit.judgement.bundle_zip import MOST_READS
from tests.support.bundles import (
    BAD,
    DOMAIN,
    GOOD,
    LIES,
    LOOKED_AT,
    OPENSSL,
    Case,
    files,
    good,
    intermediate,
    issue,
    key_bytes,
    leaf,
    zipped,
)

CONTEXT = BundleContext(LOOKED_AT, 30, domain=DOMAIN)
# What these do not need is a look at more than end, directory and the two members.
PLAIN_READS = 4
MORE_READS = {
    "a short comment": 8,
    "the longest comment": 8,
    "a comment with an end record in it": 8,
    "streamed, with a short comment": 6,
    "end records of 64 bits": 6,
}


class Object:
    """An object in S3 that fails whoever asks for a byte of its key, or too often."""

    def __init__(self, content: bytes):
        self.content = content
        self.key = key_bytes(content)
        self.reads: list[range] = []

    def read(self, start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(self.content)
        assert not set(range(start, end)) & set(self.key), "it asks for the private key"
        self.reads.append(range(start, end))
        assert len(self.reads) <= MOST_READS
        return self.content[start:end]


def read(content: bytes) -> tuple[Bundle | Unread, Object]:
    held = Object(content)
    return read_bundle(len(content), held.read), held


@cache
def made(case: Case) -> bytes:
    return case.make()


def parameter(case: Case):
    missing = case.needs_openssl and OPENSSL is None
    marks = [pytest.mark.skip(reason="openssl is not on this machine")] if missing else []
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [parameter(each) for each in (*GOOD, *BAD)])
def test_what_is_said_of_it(case: Case):
    """By reason and in words; what only the key in hand shows is not said."""
    bundle, _ = read(made(case))
    findings = judge_bundle(bundle, CONTEXT)

    assert tuple(each.reason for each in findings) == case.rule, findings
    assert case.says.lower() in " ".join(each.detail for each in findings).lower()


@pytest.mark.parametrize("case", [parameter(each) for each in (*GOOD, *BAD)])
def test_facts_are_kept_as_json(case: Case):
    """What the ledger remembers is judged as what was read."""
    bundle, _ = read(made(case))
    assert isinstance(bundle, Bundle)
    assert decode_bundle(json.loads(json.dumps(encode_bundle(bundle)))) == bundle


@pytest.mark.parametrize("case", [parameter(each) for each in GOOD])
def test_reads_are_few(case: Case):
    """Four for what usual tools make, and no byte twice."""
    _, held = read(made(case))

    assert held.key
    assert len(held.reads) <= MORE_READS.get(case.name, PLAIN_READS)
    assert case.name in MORE_READS or held.content.endswith(bytes(2))


def test_there_are_enough_of_them():
    """At least forty, all of other names."""
    names = [each.name for each in (*GOOD, *BAD)]
    assert len(set(names)) == len(names)
    assert len(GOOD) >= 20
    assert len(BAD) >= 40


@pytest.mark.parametrize("make", [make for _, make in LIES], ids=[name for name, _ in LIES])
def test_directory_that_lies_is_not_followed(make):
    """No member is read: only ends, the directory, and the fixed parts of local headers."""
    bundle, held = read(make())
    assert isinstance(bundle, Bundle)
    assert [each.problem for each in bundle.problems] == [Problem.DIRECTORY_LIES]
    assert bundle.certificates == ()
    start = held.content.find(b"PK\1\2")
    for each in held.reads:
        assert each.start >= start > 0 or len(each) == 30, each


def test_a_zip_that_is_cut_off_in_its_key():
    """Of the key its last 22 bytes are asked for, as of any object, and nothing else."""
    content = good()[:150]
    reads: list[tuple[int, int]] = []

    def read_all(start: int, end: int) -> bytes:
        reads.append((start, end))
        return content[start:end]

    bundle = read_bundle(len(content), read_all)
    assert isinstance(bundle, Bundle)
    assert [each.problem for each in bundle.problems] == [Problem.TRUNCATED]
    assert reads == [(128, 150), (0, 30)]
    assert key_bytes(content).start >= 30


def test_comment_behind_many_entries():
    """Nobody can find the directory in eight reads; that is said, and nothing else."""
    many = {**files(), **{f"{number}.txt": b"1" for number in range(5)}}
    assert read(zipped(many, comment=b"x" * 100))[0] is Unread.TOO_MANY_READS
    assert read(zipped(files(), streamed=True, comment=b"x" * 100))[0] is Unread.TOO_MANY_READS


def test_what_reading_raises_passes():
    """Whoever reads from S3 finds there what S3 said."""

    def refuse(*_: int) -> bytes:
        raise PermissionError

    with pytest.raises(PermissionError):
        read_bundle(1000, refuse)


def test_less_than_was_asked_for():
    """An object that is shorter than its size is cut off."""
    bundle = read_bundle(1000, lambda *_: b"x")
    assert isinstance(bundle, Bundle)
    assert [each.problem for each in bundle.problems] == [Problem.TRUNCATED]


def test_facts_of_a_certificate():
    """As openssl shows them."""
    own = leaf(intermediate(), owner="RSA 2048", names=("example.com", "*.ec2.internal"))
    bundle, _ = read(zipped(files(own, chain=own.pem + intermediate().pem)))
    assert isinstance(bundle, Bundle)
    first, second = bundle.certificates
    assert first.subject == "CN=*.ec2.internal"
    assert first.issuer == second.subject == "CN=Example Intermediate"
    assert first.names == ("*.ec2.internal", "example.com")
    assert first.not_after == own.certificate.not_valid_after_utc.timestamp()
    assert first.not_before == own.certificate.not_valid_before_utc.timestamp()
    assert (first.key, first.key_bits, second.key, second.key_bits) == ("RSA", 2048, "EC", 256)
    assert (first.is_authority, second.is_authority) == (False, True)
    assert first.signature == "ecdsa-with-SHA256"
    assert bundle.members == ("privateKey.pem", "certificateChain.pem", "trustedCertificates.pem")


def test_facts_are_bounded():
    """A chain of all that there is does not fill the ledger: what ends first is kept."""
    others = [issue(f"{day}", to_day=100 + day, owner="one") for day in range(30, 0, -1)]
    text = leaf().pem + b"".join(each.pem for each in others)
    bundle, _ = read(zipped(files(chain=text)))
    assert isinstance(bundle, Bundle)
    assert len(bundle.certificates) == 20
    assert bundle.certificates[0].common_name == "*.ec2.internal"
    assert [each.common_name for each in bundle.certificates[1:]] == [f"{n}" for n in range(1, 20)]
    assert len(json.dumps(encode_bundle(bundle))) < 20_000


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"members": [], "problems": [{"problem": "unheard of"}], "certificates": []},
        {"members": [], "problems": [], "certificates": [{"subject": "x"}]},
    ],
)
def test_other_facts_are_refused(document):
    """Such as those of a later version: they count as none."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode_bundle(document)


def test_good_is_good():
    """The one that others are made from has nothing wrong with it."""
    bundle, _ = read(good())
    assert judge_bundle(bundle, CONTEXT) == ()


def test_issuers_in_a_circle():
    """Two authorities that name each other end the search, which says nothing against them."""
    first = issue("First", intermediate(), authority=True)
    second = issue("Second", first, authority=True)
    first = issue("First", second, authority=True)
    text = leaf(first).pem + first.pem + second.pem
    bundle, _ = read(zipped(files(chain=text, trusted=None)))
    assert judge_bundle(bundle, CONTEXT) == ()


def test_a_file_of_many_beginnings_takes_no_time():
    """Each search for an end goes through the whole text, so there are few of them."""
    text = b"".join(b"-----BEGIN %d-----\n" % number for number in range(40_000))
    bundle, _ = read(zipped(files(chain=text)))
    assert isinstance(bundle, Bundle)
    assert {each.problem for each in bundle.problems} == {
        *(Problem.NO_CERTIFICATE, Problem.REFUSED),
    }


def test_dates_of_two_digits():
    """From 50 on they are of the last century (RFC 5280, 4.1.2.5.1)."""
    old = leaf().certificate.public_bytes(Encoding.DER)
    year = f"{leaf().certificate.not_valid_before_utc:%y}".encode()
    at = old.index(b"\x17\x0d" + year) + 2
    changed = old[:at] + b"55" + old[at + 2 :]
    text = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(changed)
    bundle, _ = read(zipped(files(chain=text + b"-----END CERTIFICATE-----\n")))
    assert isinstance(bundle, Bundle)
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=bundle.certificates[0].not_before)
    assert moment.year == 1955


def test_public_authorities_are_read_as_cryptography_reads_them():
    """All that botocore trusts: real certificates, of twenty years and many makers."""
    content = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    found, problems = read_certificates(TRUSTED, content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of serial numbers as they were made then
        expected = x509.load_pem_x509_certificates(content)
    assert len(found) > 100
    assert problems == []
    for ours, theirs in zip(found, expected, strict=True):
        names = theirs.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert ours.common_name == "".join(str(each.value) for each in names)
        assert ours.is_self_signed is (theirs.subject == theirs.issuer)
        assert ours.not_before == theirs.not_valid_before_utc.timestamp()
        assert ours.not_after == theirs.not_valid_after_utc.timestamp()
        assert ours.key_bits == theirs.public_key().key_size
        assert (ours.signature in WEAK) is isinstance(theirs.signature_hash_algorithm, hashes.SHA1)


WEAK = {"sha1WithRSAEncryption", "ecdsa-with-SHA1"}


def test_one_damaged_certificate_leaves_the_others_alone():
    """Which of them is that of the nodes, nobody can tell: only that it is damaged is said."""
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    bundle, _ = read(zipped(files(chain=broken + intermediate().pem)))
    [finding] = judge_bundle(bundle, CONTEXT)
    assert finding.detail == "certificateChain.pem cannot be read: certificate 1 of 2 is damaged."


def test_a_key_of_another_kind_has_its_kind_and_no_size():
    """Such as Ed25519, by its object identifier (RFC 8410)."""
    info = rfc5280.SubjectPublicKeyInfo()
    info["algorithm"]["algorithm"] = "1.3.101.112"
    info["subjectPublicKey"] = univ.BitString.fromOctetString(bytes(32))
    assert _key(info) == ("1.3.101.112", 0)


@pytest.mark.parametrize(
    ("form", "size"), [(PublicFormat.UncompressedPoint, 521), (PublicFormat.CompressedPoint, 384)]
)
def test_sizes_of_curves(form, size):
    """As their names say, whichever way a point is written."""
    curve = ec.SECP521R1() if size == 521 else ec.SECP384R1()
    public = ec.generate_private_key(curve).public_key()
    point = public.public_bytes(Encoding.X962, form)
    info = rfc5280.SubjectPublicKeyInfo()
    info["algorithm"]["algorithm"] = "1.2.840.10045.2.1"
    info["subjectPublicKey"] = univ.BitString.fromOctetString(point)
    assert _key(info) == ("EC", size)
