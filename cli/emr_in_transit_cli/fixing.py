"""Writes a security configuration that complies, ready to paste."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emr_in_transit.judgement.facts import SecurityConfigurationFacts
from emr_in_transit.judgement.judge import judge_security_configuration
from emr_in_transit.judgement.security_configuration import read_body
from emr_in_transit_cli import files
from emr_in_transit_cli.dialects.recognising import Context, read_text
from emr_in_transit_cli.errors import CannotTellError, InputError, UsageError
from emr_in_transit_cli.subjects import What
from emr_in_transit_cli.worlds import World

if TYPE_CHECKING:
    from datetime import datetime

    from emr_in_transit.judgement.parameters import RuleParameters

PROVIDERS = ("EMR", "PEM", "Custom")
FORMS = ("json", "cloudformation", "terraform")
# AWS keeps this bucket name for examples, so it is nobody's.
PLACEHOLDERS = {
    "PEM": {"S3Object": "s3://amzn-s3-demo-bucket/certificates.zip"},
    "Custom": {
        "S3Object": "s3://amzn-s3-demo-bucket/provider.jar",
        "CertificateProviderClass": "com.example.CertificateProvider",
    },
    "EMR": {},
}
_IN_TRANSIT = ("EnableInTransitEncryption", "InTransitEncryptionConfiguration")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


def body_like(path: str, context: Context) -> dict[str, Any]:
    """Return the body of the one security configuration in a file; raise UsageError."""
    source = files.Source(path)
    try:
        body = _only_body(source, context)
    except (InputError, CannotTellError) as error:
        raise UsageError(f"--like {source.shown} {error}") from error
    try:
        document = json.loads(body) if isinstance(body, str) else body
        # A body with unknown parts cannot be written, so it cannot be copied either.
        copied = json.loads(json.dumps(document))
    except (TypeError, ValueError, RecursionError):
        copied = None
    if not isinstance(copied, dict):
        raise UsageError(
            f"--like {source.shown} holds a body that is no JSON object, or is not wholly known"
        )
    return copied


def _only_body(source: files.Source, context: Context) -> object:
    found = [
        subject
        for _, each in read_text(files.read(source), context)
        for subject in each.subjects
        if subject.what is What.SECURITY_CONFIGURATION
    ]
    if len(found) != 1:
        raise InputError(f"holds {len(found) or 'no'} security configurations, not one")
    return found[0].read(World()).body


def fixed(like: dict[str, Any], provider: str, given: dict[str, str]) -> dict[str, Any]:
    """Return a body that complies, with all else as it was.

    What it had for the same kind of certificates stays, where nothing else is given.
    """
    encryption = like.get("EncryptionConfiguration")
    encryption = dict(encryption) if isinstance(encryption, dict) else {}
    block = encryption.get("InTransitEncryptionConfiguration")
    old = block.get("TLSCertificateConfiguration") if isinstance(block, dict) else None
    kept: dict[str, Any] = {}
    if isinstance(old, dict) and old.get("CertificateProviderType") == provider:
        kept = {key: each for key, each in old.items() if each}
    wanted = PLACEHOLDERS[provider]
    certificates = {"CertificateProviderType": provider, **wanted, **kept, **given}
    encryption |= {
        "EnableInTransitEncryption": True,
        "EnableAtRestEncryption": encryption.get("EnableAtRestEncryption", False),
        "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": certificates},
    }
    # A switch at a wrong level does nothing, but EMR refuses the document for it.
    others = {key: each for key, each in like.items() if key not in _IN_TRANSIT}
    return {**others, "EncryptionConfiguration": encryption}


def problems(body: dict[str, Any], parameters: RuleParameters, now: datetime) -> list[str]:
    """Return why a body would not comply all the same, such as a rule that allows no EMR."""
    facts = SecurityConfigurationFacts("new", now, read_body(body))
    verdict = judge_security_configuration(facts, parameters, now)
    return [each.detail for each in verdict.violations]


def written(body: dict[str, Any], form: str, name: str) -> str:
    """Return the text to paste."""
    if form == "json":
        return json.dumps(body, indent=2) + "\n"
    if form == "cloudformation":
        return _cloudformation(body, name)
    return _terraform(body, name)


def _cloudformation(body: dict[str, Any], name: str) -> str:
    import yaml  # noqa: PLC0415

    logical = re.sub(r"\W|_", "", name.title(), flags=re.ASCII) or "SecurityConfiguration"
    resource = {
        "Type": "AWS::EMR::SecurityConfiguration",
        "Properties": {"Name": name, "SecurityConfiguration": body},
    }
    text: str = yaml.safe_dump({"Resources": {logical: resource}}, sort_keys=False, width=100)
    return text


def _terraform(body: dict[str, Any], name: str) -> str:
    label = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    label = label if _IDENTIFIER.fullmatch(label) else f"_{label}"
    return (
        f'resource "aws_emr_security_configuration" "{label}" {{\n'
        f"  name = {_hcl(name, 2)}\n"
        f"  configuration = jsonencode({_hcl(body, 2)})\n"
        "}\n"
    )


def _hcl(value: Any, indent: int) -> str:
    """Return a value as Terraform's language writes it."""
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        if not value:
            return "{}"
        lines = [f"{inner}{_key(key)} = {_hcl(each, indent + 2)}\n" for key, each in value.items()]
        return "{\n" + "".join(lines) + outer + "}"
    if isinstance(value, list):
        items = ", ".join(_hcl(each, indent) for each in value)
        return f"[{items}]"
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return text.replace("${", "$${").replace("%{", "%%{")
    return text


def _key(key: str) -> str:
    return key if _IDENTIFIER.fullmatch(key) else _hcl(key, 0)
