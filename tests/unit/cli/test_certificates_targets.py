"""certificates: what it takes, how it is told, and the fixes that can be pasted."""

import base64
import io
import json
import shutil
import subprocess
import zipfile

import boto3
import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from moto import mock_aws

from emr_in_transit.judgement.bundle import CHAIN, KEY, MOST_BYTES, TRUSTED
from emr_in_transit.judgement.bundle_problems import PROBLEMS, Problem
from emr_in_transit_cli import account, certificates
from tests.support.bundles import (
    OPENSSL,
    files,
    good,
    intermediate,
    issue,
    key_as,
    leaf,
    root,
    without_line_ends,
    zipped,
)
from tests.support.command import run, write

BUCKET = "amzn-s3-demo-bucket"
ADDRESS = f"s3://{BUCKET}/certificates.zip"
CLASS = "com.example.Provider"


def reasons(target, *options):
    """Return the exit status and what the command found, by reason and member."""
    done = run("certificates", "--format", "json", "--domain", "us-east-1", *options, target)
    assert done.err == ""
    return done.status, [(each["reason"], each["subject"]) for each in json.loads(done.out)["findings"]]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A folder with the files of a good bundle."""
    for name, content in files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_good_one_for_people(tmp_path):
    """What it holds, and nothing against it."""
    path = write(tmp_path, zipped(files(leaf(owner="RSA 2048"))), "bundle.zip")
    done = run("certificates", "--domain", "us-east-1", path)
    until = leaf(owner="RSA 2048").certificate.not_valid_after_utc.date()
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{path}: COMPLIANT",
        f"  CN=*.ec2.internal: names *.ec2.internal; RSA 2048; until {until}",
    ]


def test_a_bad_one_for_people(tmp_path):
    """Each finding with its member, and how to make it right, on one line to be pasted."""
    held = files(key=key_as(PrivateFormat.PKCS8, b"x"))
    path = write(tmp_path, zipped(held), "bundle.zip")
    done = run("certificates", path)
    assert (done.status, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0] == f"{path}: NON_COMPLIANT"
    assert lines[2:] == [
        "  Names are not compared: give --domain, such as --domain us-east-1.",
        "",
        "VIOLATION BUNDLE_INVALID",
        "  privateKey.pem has a passphrase (PBES2), which EMR does not know.",
        "  Fix: Remove the passphrase: openssl pkey -in privateKey.pem -out pem && mv pem privateKey.pem",
    ]


def test_as_json(tmp_path):
    """The certificates with their dates, and each finding as check has it."""
    path = write(tmp_path, zipped(files(leaf(names=("example.com",)))), "bundle.zip")
    report = json.loads(run("certificates", "-f", "json", "--domain", "eu-west-1", path).out)
    [certificate] = report.pop("certificates")
    [finding] = report.pop("findings")
    assert report == {
        "version": 1,
        "target": str(path),
        "compliance": "COMPLIANT",
        "domain": "eu-west-1.compute.internal",
        "members": [KEY, CHAIN, TRUSTED],
    }
    assert certificate["names"] == ["example.com"]
    assert certificate["notAfter"].endswith("Z")
    assert set(certificate) == {
        *("subject", "issuer", "names", "notBefore", "notAfter", "key", "signature"),
    }
    assert finding["reason"] == "CERTIFICATE_NAME_MISMATCH"
    assert "*.eu-west-1.compute.internal" in finding["remedy"]


def test_the_warning_before_the_end_is_the_rules(tmp_path):
    """Its parameter counts, as everywhere."""
    path = write(tmp_path, good(), "bundle.zip")
    assert reasons(path) == (0, [])
    assert reasons(path, "-p", "certificateExpiryDays=400") == (
        0,
        [("CERTIFICATES_EXPIRING", CHAIN)],
    )


def test_a_folder_is_judged_as_the_zip_that_it_would_make(folder):
    """Its other files, and folders in it, change nothing."""
    (folder / "certificates.zip").write_bytes(b"old")
    (folder / "backup").mkdir()
    odd = folder / b"caf\xe9.txt".decode("utf-8", "surrogateescape")
    odd.write_bytes(b"x")
    assert reasons(folder) == (0, [])
    odd.unlink()
    (folder / KEY).rename(folder / "PrivateKey.pem")
    (folder / CHAIN).write_bytes(b"x" * 2**21)
    done = run("certificates", "-f", "json", folder)
    details = [each["detail"] for each in json.loads(done.out)["findings"]]
    assert done.status == 1
    assert details == [
        'privateKey.pem is missing at the top level; there is "PrivateKey.pem", "certificateChain.pem", "certificates.zip", "trustedCertificates.pem".',
        "certificateChain.pem unpacks to 1,048,577 bytes, which no certificates have.",
    ]


def jar(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("META-INF/MANIFEST.MF", *names):
            archive.writestr(name, "x")
    return stream.getvalue()


JARS = [
    ("with its class", jar("com/example/Provider.class"), 0, []),
    ("with an inner class alone", jar("com/example/Provider$1.class"), 1, "The jar has no class com.example.Provider."),
    ("with the class in another folder", jar("classes/com/example/Provider.class"), 1, "The jar has no class com.example.Provider."),
    ("text", b"text", 1, "It is no zip but something else."),
    ("nothing", b"", 1, "It is empty."),
    ("broken", jar("com/example/Provider.class")[:-4], 1, "It is no zip but something else."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "status", "detail"), [row[1:] for row in JARS], ids=[row[0] for row in JARS])  # fmt: skip
def test_jars(tmp_path, content, status, detail):
    """Of a Custom provider: it has the class, or it does not."""
    path = write(tmp_path, content, "provider.jar")
    done = run("certificates", "-f", "json", "--provider-class", CLASS, path)
    found = [each["detail"] for each in json.loads(done.out)["findings"]]
    assert (done.status, found) == (status, [detail] if detail else [])


def test_a_jar_of_any_usual_size(tmp_path, monkeypatch):
    """The limit of a bundle is not that of a jar; beyond that of a jar nothing is told."""
    path = write(tmp_path, jar("com/example/Provider.class", *map(str, range(20_000))), "p.jar")
    assert path.stat().st_size > MOST_BYTES
    assert reasons(path, "--provider-class", CLASS) == (0, [])
    monkeypatch.setattr(certificates, "MOST_JAR_BYTES", 2**20)
    done = run("certificates", "--provider-class", CLASS, path)
    assert (done.status, done.out) == (3, "")
    assert done.err == f"emr-in-transit: could not tell: {path} is larger than 1 MB\n"


def test_wrong_use(tmp_path):
    """One line; a jar needs the name of its class, an address its bucket and key."""
    for target, status, problem in (
        (write(tmp_path, b"x", "provider.jar"), 2, "name its class with --provider-class"),
        ("s3://bucket", 2, "is no address like s3://BUCKET/KEY"),
        ("arn:aws:s3:::bucket", 2, "is no address like s3://BUCKET/KEY"),
        (tmp_path / "none.zip", 3, "could not tell: "),
        ("a\0b", 3, "could not tell: a path with a NUL in it cannot be read"),
    ):
        done = run("certificates", target)
        assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
        assert problem in done.err
    for domain in ("", "us-east-1a", "internal"):
        done = run("certificates", "--domain", domain, tmp_path)
        assert (done.status, done.out) == (2, "")
        assert (
            done.err
            == f"emr-in-transit: --domain {domain} is neither a Region nor a domain\n".replace(
                "  ", " "
            )
        )


def test_what_is_too_large_could_not_be_told(tmp_path):
    """As the rule does not read it either."""
    path = write(tmp_path, bytes(MOST_BYTES + 1), "bundle.zip")
    assert reasons(path) == (3, [("BUNDLE_NOT_READ", "")])
    many = {**files(), **{f"{number}.txt": b"1" for number in range(5)}}
    path = write(tmp_path, zipped(many, comment=b"x" * 100), "bundle.zip")
    assert reasons(path) == (3, [("BUNDLE_NOT_READ", "")])


def test_a_key_that_is_damaged_in_the_zip(tmp_path):
    """Only whoever unpacks it can tell."""
    content = bytearray(good(method=zipfile.ZIP_STORED))
    content[100] ^= 1
    path = write(tmp_path, bytes(content), "bundle.zip")
    assert reasons(path) == (1, [("BUNDLE_INVALID", KEY)])


@pytest.fixture
def s3(monkeypatch):
    """An account with one bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.mark.parametrize("address", [ADDRESS, f"arn:aws:s3:::{BUCKET}/certificates.zip"])
def test_objects_in_s3(s3, address):
    """By the address that stands in the security configuration."""
    s3.put_object(Bucket=BUCKET, Key="certificates.zip", Body=good())
    assert reasons(address) == (0, [])
    s3.put_object(Bucket=BUCKET, Key="certificates.zip", Body=zipped(files(key=None)))
    assert reasons(address) == (1, [("BUNDLE_INVALID", KEY)])
    s3.put_object(Bucket=BUCKET, Key="certificates.zip", Body=b"")
    assert reasons(address) == (1, [("BUNDLE_INVALID", "")])
    s3.put_object(Bucket=BUCKET, Key="certificates.zip", Body=bytes(MOST_BYTES + 1))
    assert reasons(address) == (3, [("BUNDLE_NOT_READ", "")])


@pytest.mark.usefixtures("s3")
def test_objects_that_are_not_there():
    """Nor their bucket: EMR would not find them either."""
    assert reasons(ADDRESS) == (1, [("BUNDLE_MISSING", "")])
    assert reasons("s3://amzn-s3-demo-none/x.zip") == (1, [("BUNDLE_MISSING", "")])


@pytest.mark.parametrize(
    ("code", "status", "found"),
    [
        ("InvalidObjectState", 1, "BUNDLE_MISSING"),
        ("AccessDenied", 3, "BUNDLE_NOT_READ"),
        ("SlowDown", 3, ""),
        ("ExpiredToken", 3, ""),
    ],
)
def test_objects_that_s3_does_not_give(monkeypatch, code, status, found):
    """Archived or denied is a finding; anything else could not be told."""
    client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(client)
    stubber.add_client_error("get_object", code, "No.")

    class Session:
        def client(self, _: str):
            return client

    monkeypatch.setattr(account, "session", lambda *_: Session())
    with stubber:
        done = run("certificates", "-f", "json", ADDRESS)
    assert done.status == status
    if found:
        assert [each["reason"] for each in json.loads(done.out)["findings"]] == [found]
    else:
        assert done.err == f"emr-in-transit: could not tell: GetObject: {code}: No.\n"


def test_without_an_answer(monkeypatch):
    """An outage is no verdict."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    done = run("certificates", "--region", "us-east-1", ADDRESS)
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("emr-in-transit: could not tell: GetObject: EndpointConnectionError")


FIXES = [
    (Problem.DER, CHAIN, lambda: leaf().certificate.public_bytes(Encoding.DER)),
    (Problem.PKCS7, CHAIN, lambda: pkcs7.serialize_certificates([leaf().certificate], Encoding.PEM)),
    (Problem.BYTE_ORDER_MARK, CHAIN, lambda: b"\xef\xbb\xbf" + leaf().pem),
    (Problem.NO_LINE_END, CHAIN, lambda: without_line_ends(leaf().pem, root().pem)),
    (Problem.NO_LINE_END, CHAIN, lambda: leaf().pem.replace(b"\n", b"")),
    (Problem.KEY_AMONG_CERTIFICATES, CHAIN, lambda: leaf().key_pem + leaf().pem + root().pem),
    (Problem.KEY_ENCRYPTED, KEY, lambda: key_as(PrivateFormat.PKCS8, b"x")),
    (Problem.KEY_ENCRYPTED, KEY, lambda: key_as(PrivateFormat.TraditionalOpenSSL, b"x")),
    (Problem.KEY_NOT_PKCS8, KEY, lambda: key_as(PrivateFormat.TraditionalOpenSSL)),
    (Problem.KEY_DER, KEY, lambda: leaf().key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
]  # fmt: skip


@pytest.mark.skipif(
    OPENSSL is None or not shutil.which("perl"), reason="openssl or perl is not on this machine"
)
@pytest.mark.parametrize(("problem", "member", "make"), FIXES)
def test_the_fix_makes_it_right(folder, problem, member, make):
    """Pasted as it is printed, with the passphrase where openssl asks for it."""
    (folder / member).write_bytes(make())
    status, found = reasons(folder)
    assert found == [(PROBLEMS[problem].reason.value, member)]
    report = json.loads(run("certificates", "-f", "json", folder).out)
    [remedy] = [each["remedy"] for each in report["findings"]]
    command = remedy.partition(": ")[2]
    if problem is Problem.KEY_ENCRYPTED:
        command = command.replace("openssl pkey", "openssl pkey -passin pass:x")
    done = subprocess.run(["sh", "-c", command], cwd=folder, check=False, capture_output=True)  # noqa: S607
    assert (done.returncode, done.stderr) == (0, b"")
    assert (status, reasons(folder)) == (int("INVALID" in PROBLEMS[problem].reason), (0, []))


def test_certificates_that_only_a_strict_reader_refuses(tmp_path):
    """The command says so: a version that there is not, here."""
    der = leaf().certificate.public_bytes(Encoding.DER)
    version = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"), 1)
    assert version != der
    text = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(version) + b"-----END CERTIFICATE-----\n"  # fmt: skip
    path = write(tmp_path, zipped(files(chain=text)), "bundle.zip")
    assert reasons(path) == (0, [("BUNDLE_DOUBTFUL", CHAIN)])


def test_an_issuer_of_the_same_name_that_did_not_sign(tmp_path):
    """Beside one that did, it changes nothing."""
    twin = issue("Example Root", authority=True, to_day=3650, owner="twin")
    held = files(leaf(intermediate()), chain=leaf(intermediate()).pem + intermediate().pem)
    path = write(tmp_path, zipped({**held, TRUSTED: twin.pem}), "bundle.zip")
    assert reasons(path) == (0, [("BUNDLE_DOUBTFUL", CHAIN)])
    path = write(tmp_path, zipped({**held, TRUSTED: twin.pem + root().pem}), "bundle.zip")
    assert reasons(path) == (0, [])
