"""Simulator: the AWS Security Finding Format: what Security Hub refuses.

Members, types and patterns are those of botocore's model; lengths and counts stand there in words
only (AwsSecurityFinding), so they stand here again.
"""

from __future__ import annotations

import functools
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

MOST_BYTES = 240 * 1024
_LENGTHS = {
    "Id": 512,
    "GeneratorId": 512,
    "Title": 256,
    "Description": 1024,
    "Remediation.Recommendation.Text": 512,
    "FindingProviderFields.Severity.Original": 64,
    "Resources.Id": 512,
    "Resources.Type": 256,
    "Resources.Region": 16,
    "Resources.Details.Other": 1024,
    "ProductFields": 2048,
}
_COUNTS = {
    "Resources": (1, 32),
    "Compliance.RelatedRequirements": (0, 32),
    "FindingProviderFields.Types": (0, 50),
    "ProductFields": (0, 50),
    "Resources.Details.Other": (0, 50),
}
_KEY_LENGTH = 128
_NAMESPACES = (
    *("Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors"),
    "Sensitive Data Identifications",
)
# What customers own, or what a provider gives through FindingProviderFields instead.
_NOT_FOR_PROVIDERS = (
    *("Note", "UserDefinedFields", "VerificationState", "Workflow"),
    *("Confidence", "Criticality", "RelatedFindings", "Severity", "Types"),
)


@functools.cache
def shape(operation: str) -> Shape:
    """Return what an operation of Security Hub takes."""
    model = botocore.session.get_session().get_service_model("securityhub")
    return model.operation_model(operation).input_shape


def problem_of(finding: dict[str, Any]) -> str:
    """Say what is wrong with a finding; nothing if Security Hub would take it."""
    member = shape("BatchImportFindings").members["Findings"].member  # type: ignore[attr-defined]
    report = ParamValidator().validate(finding, member)
    problems = [report.generate_report()] if report.has_errors() else list(_problems(finding))
    return "; ".join(problems)


def _problems(finding: dict[str, Any]) -> Iterator[str]:
    for path, value in _walk(finding, ""):
        yield from _text_problems(path, value) if isinstance(value, str) else _count(path, value)
    times = ("CreatedAt", "UpdatedAt")
    yield from (
        f"{name} should be a time of RFC 3339" for name in times if not _time(finding[name])
    )
    kinds = finding.get("FindingProviderFields", {}).get("Types", [])
    if any(kind.split("/")[0] not in _NAMESPACES or kind.count("/") > 2 for kind in kinds):
        yield "Types should be namespace/category/classifier"
    yield from (f"{name} is not for providers" for name in _NOT_FOR_PROVIDERS if name in finding)
    if len(json.dumps(finding)) > MOST_BYTES:
        yield "the finding should not be larger than 240 KB"


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Go through all that a finding holds; the keys of a free map are no part of the path."""
    if isinstance(value, dict):
        is_free = path.endswith((".Other", "ProductFields"))
        if is_free:
            yield path, value
        for name, one in value.items():
            if is_free and not 0 < len(name) <= _KEY_LENGTH:
                yield f"{path} (key)", ""
            yield from _walk(one, path if is_free else f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        yield path, value
        for one in value:
            yield from _walk(one, path)
    else:
        yield path, value


def _count(path: str, value: Any) -> Iterator[str]:
    if path in _COUNTS and not _COUNTS[path][0] <= len(value) <= _COUNTS[path][1]:
        yield f"{path} should have {_COUNTS[path][0]} to {_COUNTS[path][1]} items"


def _text_problems(path: str, value: str) -> Iterator[str]:
    if not re.search(r"\S", value):
        yield f"{path} should match pattern .*\\S.*"
    most = _LENGTHS.get(path)
    if most and len(value.encode("utf-16-le", "surrogatepass")) // 2 > most:
        yield f"{path} should NOT be longer than {most} characters"


def _time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
