"""certificates: a bundle is judged as the rule judges it, and its key too; openssl agrees."""

import io
import json
import re
import subprocess
import tempfile
import zipfile
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from emr_in_transit.judgement.bundle import (
    CHAIN,
    KEY,
    TRUSTED,
    Bundle,
    BundleContext,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.bundle_reading import read_bundle
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit_cli.certificates import S3Settings, examine
from emr_in_transit_cli.formats import finding_object
from tests.support.bundles import (
    BAD,
    DOMAIN,
    GOOD,
    LIES,
    LOOKED_AT,
    OPENSSL,
    Case,
    root,
)
from tests.support.command import run, write

NODE = f"ip-10-0-0-1.{DOMAIN}"
NEEDS_OPENSSL = pytest.mark.skipif(OPENSSL is None, reason="openssl is not on this machine")


def parameter(case: Case):
    return pytest.param(case, id=case.name, marks=[NEEDS_OPENSSL] if case.needs_openssl else [])


every_case = pytest.mark.parametrize("case", [parameter(each) for each in (*GOOD, *BAD)])


@cache
def made(case: Case) -> bytes:
    return case.make()


def judged(path, *options):
    """Return the exit status and the report of the command."""
    done = run("certificates", "--format", "json", "--domain", "us-east-1", *options, path)
    assert done.err == ""
    return done.status, json.loads(done.out)


def by_the_rule(content: bytes) -> list[dict[str, str]]:
    bundle = read_bundle(len(content), lambda start, end: content[start:end])
    findings = judge_bundle(bundle, BundleContext(LOOKED_AT, 30, domain=DOMAIN))
    return [finding_object(each) for each in findings]


@every_case
def test_it_agrees_with_the_rule(tmp_path, case):
    """Word for word; what it says besides, only the key in hand shows."""
    status, report = judged(write(tmp_path, made(case), "bundle.zip"))
    ours, theirs = report["findings"], by_the_rule(made(case))
    besides = [each for each in ours if each not in theirs]

    assert [each for each in ours if each in theirs] == theirs
    assert tuple(Reason(each["reason"]) for each in besides) == case.key
    violates = any(each["severity"] == Severity.VIOLATION for each in ours)
    assert (status, report["compliance"]) == (
        (1, "NON_COMPLIANT") if violates else (0, "COMPLIANT")
    )


@pytest.mark.parametrize("make", [make for _, make in LIES], ids=[name for name, _ in LIES])
def test_it_agrees_about_directories_that_lie(tmp_path, make):
    """With the key in hand there is nothing more to say."""
    status, report = judged(write(tmp_path, make(), "bundle.zip"))
    assert (status, report["findings"]) == (1, by_the_rule(make()))


@cache
def openssl(*arguments: str, **files: bytes) -> subprocess.CompletedProcess[str]:
    """Run the program on files of these contents, which are called key, chain, trusted or root."""
    assert OPENSSL is not None
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        command = [OPENSSL, *arguments]
        return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def count(chain: bytes) -> int:
    """Return how many certificates it finds in PEM; it would take DER too."""
    if b"-----BEGIN " not in chain:
        return 0
    found = openssl("storeutl", "-noout", "-certs", "chain", chain=chain)
    return len(re.findall(r"^\d+: Certificate$", found.stdout, re.MULTILINE))


def reads(key: bytes) -> bool:
    arguments = ("pkey", "-inform", "PEM", "-in", "key", "-passin", "pass:", "-noout")
    return not openssl(*arguments, key=key).returncode


def belongs(key: bytes, chain: bytes) -> bool:
    own = openssl("pkey", "-in", "key", "-pubout", key=key).stdout
    return own == openssl("x509", "-in", "chain", "-noout", "-pubkey", chain=chain).stdout


def is_for_node(chain: bytes) -> bool:
    found = openssl("x509", "-in", "chain", "-noout", "-checkhost", NODE, chain=chain)
    return "does match certificate" in found.stdout


def trusts(chain: bytes) -> bool:
    """Return whether it trusts the first certificate, where it trusts the tests' root."""
    arguments = ("verify", "-CAfile", "root", "-untrusted", "chain", "chain")
    return not openssl(*arguments, root=root().pem, chain=chain).returncode


def unpacked(content: bytes) -> dict[str, bytes]:
    """Return the members as far as Python's own zipfile reads them."""
    found = {}
    for name in (KEY, CHAIN, TRUSTED):
        with suppress(*NOT_UNPACKED), zipfile.ZipFile(io.BytesIO(content)) as archive:
            found[name] = archive.read(name)
    return found


# What Python's zipfile raises of a zip that it does not take, or for a name that is not there.
NOT_UNPACKED = (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error)
NO_CERTIFICATE = {
    *(Problem.DER, Problem.REQUEST, Problem.PKCS7, Problem.NO_CERTIFICATE),
    *(Problem.CERTIFICATE_UNREADABLE, Problem.MEMBER_EMPTY),
}
# Of these readers think differently: that is what the warning says.
DOUBTED = {
    *(Problem.BYTE_ORDER_MARK, Problem.NO_LINE_END, Problem.WRONG_ORDER, Problem.REFUSED),
}
NO_KEY = {
    *(Problem.KEY_DER, Problem.KEY_ENCRYPTED, Problem.KEY_UNREADABLE, Problem.MEMBER_EMPTY),
}
DISTRUSTED = {Reason.CERTIFICATES_EXPIRED, Reason.CERTIFICATE_SELF_SIGNED}
UNPACKED_ELSEWHERE = {"two of one name", "two keys", "a member of 2 MB of zeros"}


@NEEDS_OPENSSL
@every_case
def test_openssl_agrees(tmp_path, case):
    """On what it can read, on the key, on the name of a node, and on whom to trust."""
    context = BundleContext(LOOKED_AT, 30, domain=DOMAIN)
    target = str(write(tmp_path, made(case), "bundle.zip"))
    examined = examine(target, None, context, S3Settings(None, None))
    assert isinstance(examined.bundle, Bundle)
    problems = {(each.member, each.problem) for each in examined.bundle.problems}
    held = {} if case.name in UNPACKED_ELSEWHERE else unpacked(made(case))

    def has(member: str, *some: Problem) -> bool:
        return any((member, each) in problems for each in some)

    for member in held.keys() - {KEY}:
        if not has(member, *DOUBTED):
            blocks = held[member].count(b"-----BEGIN CERTIFICATE-----")
            whole = count(held[member]) == blocks > 0
            assert whole is not has(member, *NO_CERTIFICATE), member
    if KEY in held and not has(KEY, *DOUBTED):
        assert reads(held[KEY]) is not has(KEY, *NO_KEY)
    if CHAIN not in held or has(CHAIN, *DOUBTED, *NO_CERTIFICATE):
        return
    if KEY in held and not has(KEY, *NO_KEY, *DOUBTED):
        assert belongs(held[KEY], held[CHAIN]) is not has(KEY, Problem.KEY_OF_ANOTHER)
    reasons = {each.reason for each in examined.findings}
    assert is_for_node(held[CHAIN]) is (Reason.CERTIFICATE_NAME_MISMATCH not in reasons)
    is_trusted = not (
        reasons & DISTRUSTED
        or has(CHAIN, Problem.ISSUER_DID_NOT_SIGN)
        or any("not valid yet" in each.detail for each in examined.findings)
        or any('"CN=Example Intermediate" is' in each.detail for each in examined.findings)
    )
    assert trusts(held[CHAIN]) is is_trusted
