"""Judges a bundle of certificates: a zip, a folder with the files, an object in S3, or a jar."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.judgement.bundle import (
    CHAIN,
    KEY,
    MOST_BYTES,
    TRUSTED,
    Bundle,
    BundleContext,
    Found,
    Unread,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.bundle_reading import find_members, read_bundle
from emr_in_transit.judgement.bundle_zip import MOST_UNPACKED, Zip, ZipError
from emr_in_transit.judgement.reasons import Reason, Severity
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.errors import CannotTellError, UsageError
from emr_in_transit_cli.formats import finding_object
from emr_in_transit_cli.keys import pair_problems
from emr_in_transit_cli.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emr_in_transit.judgement.bundle import Certificate
    from emr_in_transit.judgement.verdict import Finding

SCHEMA_VERSION = 1
MOST_JAR_BYTES = 2**28
_S3 = re.compile(r"(?:s3://|arn:[a-z0-9-]+:s3:::)([A-Za-z0-9._-]+)/(.+)", re.DOTALL)


class Examined(NamedTuple):
    """What is said of a bundle."""

    target: str
    outcome: Outcome
    domain: str  # "" where names were not compared
    bundle: Bundle | Unread
    findings: tuple[Finding, ...]


class S3Settings(NamedTuple):
    """With whose rights S3 is asked, and where."""

    profile: str | None
    region: str | None


def examine(
    target: str, provider_class: str | None, context: BundleContext, settings: S3Settings
) -> Examined:
    """Judge what is at a path or an address in S3; raise CannotTellError, UsageError."""
    if provider_class is None and target.lower().endswith(".jar"):
        raise UsageError(f"{target} is a jar: name its class with --provider-class")
    most = MOST_BYTES if provider_class is None else MOST_JAR_BYTES
    content = _fetch(target, most, settings)
    if provider_class is not None and content is Unread.TOO_LARGE:
        raise CannotTellError(f"{target} is larger than {most // 2**20} MB")
    if isinstance(content, Unread):
        bundle: Bundle | Unread = content
    elif provider_class is not None:
        bundle = _read_jar(content, provider_class)
    else:
        bundle = _read_pem(content)
    findings = judge_bundle(bundle, context)
    return Examined(target, _outcome(findings), context.domain, bundle, findings)


def _outcome(findings: tuple[Finding, ...]) -> Outcome:
    if any(each.reason is Reason.BUNDLE_NOT_READ for each in findings):
        return Outcome.COULD_NOT_TELL
    if any(each.severity is Severity.VIOLATION for each in findings):
        return Outcome.NON_COMPLIANT
    return Outcome.COMPLIANT


def _fetch(target: str, most: int, settings: S3Settings) -> bytes | Unread:
    if address := _S3.fullmatch(target):
        from emr_in_transit_cli.account import read_object  # noqa: PLC0415

        return read_object(address[1], address[2], most, *settings)
    if target.startswith(("s3:", "arn:")):
        raise UsageError(f"{target} is no address like s3://BUCKET/KEY")
    try:
        path = Path(target)
        if path.is_dir():
            return _zipped(path)
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CannotTellError(f"{target} cannot be read ({error.strerror})") from error
    except ValueError as error:  # a NUL in its name
        raise CannotTellError("a path with a NUL in it cannot be read") from error
    return Unread.TOO_LARGE if len(content) > most else content


def _zipped(folder: Path) -> bytes:
    """Return the zip that the files of a folder would make; of other files the names alone."""
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        for path in sorted(each for each in folder.iterdir() if each.is_file()):
            content = b""
            if path.name in {KEY, CHAIN, TRUSTED}:
                with path.open("rb") as file:
                    # One byte more than is taken: what is too large stays so.
                    content = file.read(MOST_UNPACKED + 1)
            name = path.name.encode("utf-8", "replace").decode()  # it can hold what UTF-8 cannot
            archive.writestr(zipfile.ZipInfo(name), content)
    return text.getvalue()


def _read_jar(content: bytes, provider_class: str) -> Bundle:
    """Return whether a jar is one, and has the class of CertificateProviderClass."""
    if not content:
        return Bundle(problems=(Found(Problem.EMPTY),))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as jar:
            names = jar.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error):
        return Bundle(problems=(Found(Problem.NOT_A_ZIP, what="something else"),))
    if f"{provider_class.replace('.', '/')}.class" in names:
        return Bundle()
    return Bundle(problems=(Found(Problem.CLASS_MISSING, what=provider_class),))


def _read_pem(content: bytes) -> Bundle | Unread:
    """Return the facts as the rule has them, and what the key in hand adds."""
    bundle = read_bundle(len(content), lambda start, end: content[start:end])
    if isinstance(bundle, Unread) or any(not each.member for each in bundle.problems):
        return bundle
    held: dict[str, bytes] = {}
    problems: list[Found] = []
    for name in (KEY, CHAIN, TRUSTED):
        try:
            held |= _member(content, name)
        except ZipError as error:
            if name == KEY:  # what is wrong with the others, the rule has found
                problems.append(Found(error.problem, KEY, error.what))
    unread = {each.member for each in bundle.problems if each.problem in _NOT_READ}
    texts = {name: held[name] for name in (CHAIN, TRUSTED) if name in held and name not in unread}
    return bundle._replace(
        problems=(*bundle.problems, *problems, *pair_problems(held.get(KEY), texts))
    )


_NOT_READ = {
    *(Problem.DER, Problem.REQUEST, Problem.PKCS7, Problem.NO_CERTIFICATE),
    *(Problem.CERTIFICATE_UNREADABLE, Problem.REFUSED),
}


def _member(content: bytes, name: str) -> dict[str, bytes]:
    """Return a member under its name, or nothing if it cannot be read; raise ZipError."""
    archive = Zip(len(content), lambda start, end: content[start:end])
    entry = find_members(archive.entries)[0].get(name)
    return {} if entry is None else {name: archive.content(entry)}


def as_object(examined: Examined) -> dict[str, Any]:
    """Return the report as JSON has it."""
    bundle = examined.bundle
    found = bundle if isinstance(bundle, Bundle) else Bundle()
    return {
        "version": SCHEMA_VERSION,
        "target": one_line(examined.target),
        "compliance": examined.outcome.value,
        "domain": examined.domain,
        "members": list(found.members),
        "certificates": [_certificate_object(each) for each in found.certificates],
        "findings": [finding_object(each) for each in examined.findings],
    }


def _certificate_object(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "notBefore": _moment(certificate.not_before),
        "notAfter": _moment(certificate.not_after),
        "key": f"{certificate.key} {certificate.key_bits or ''}".strip(),
        "signature": certificate.signature,
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the lines of a report for people, each with its style."""
    good = report["compliance"] == Outcome.COMPLIANT.value
    yield f"{report['target']}: {report['compliance']}", "bold green" if good else "bold red"
    for each in report["certificates"]:
        names = ", ".join(each["names"][:4]) or "none"
        until = each["notAfter"][:10]
        yield f"  {each['subject']}: names {names}; {each['key']}; until {until}", ""
    if report["certificates"] and not report["domain"]:
        yield "  Names are not compared: give --domain, such as --domain us-east-1.", ""
    for finding in report["findings"]:
        yield "", ""
        yield f"{finding['severity']} {finding['reason']}", "bold"
        yield f"  {finding['detail']}", ""
        yield f"  Fix: {finding['remedy']}", ""
