"""Simulator: Security Hub, which takes findings and keeps what people made of them.

Sources: Security Hub API reference, BatchImportFindings, BatchUpdateFindings and GetFindings; user
guide, findings-workflow-status and finding-update-batchimportfindings.
"""

import functools
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import jmespath
from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import Finding, SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse
from moto.utilities.paginator import paginate
from moto.utilities.utils import get_partition

MOST = 100  # of a batch, and of a page
MOST_BYTES = 240 * 1024
# What botocore's model says in words alone (AwsSecurityFinding). Its members, types and patterns it
# checks itself, for every caller.
_LIMITS = {  # of texts in UTF-16 units, and of lists and maps
    "Id": (1, 512),
    "GeneratorId": (1, 512),
    "Title": (1, 256),
    "Description": (1, 1024),
    "SourceUrl": (1, MOST_BYTES),
    "Remediation.Recommendation.Text": (1, 512),
    "Remediation.Recommendation.Url": (1, MOST_BYTES),
    "FindingProviderFields.Severity.Original": (1, 64),
    "FindingProviderFields.[Types]": (0, 50),
    "Compliance.[RelatedRequirements]": (0, 32),
    "Compliance.RelatedRequirements[]": (1, MOST_BYTES),
    "[ProductFields]": (0, 50),
    "ProductFields && keys(ProductFields)": (1, 128),
    "ProductFields && values(ProductFields)": (1, 2048),
    "[Resources]": (1, 32),
    "Resources[].Id": (1, 512),
    "Resources[].Type": (1, 256),
    "Resources[].Region": (1, 16),
    "Resources[].Details.Other": (0, 50),
    "Resources[].Details.Other[].keys(@)[]": (1, 128),
    "Resources[].Details.Other[].values(@)[]": (1, 1024),
}
_NAMESPACES = (
    *("Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors"),
    "Sensitive Data Identifications",
)
# What a customer says of a finding, which no import changes.
_CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
# That, and what a provider gives through FindingProviderFields instead.
_NOT_FOR_PROVIDERS = (
    *_CUSTOMERS,
    *("Confidence", "Criticality", "RelatedFindings", "Severity", "Types"),
)
_FAILING = ("FAILED", "WARNING", "NOT_AVAILABLE")
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "PREFIX": str.startswith,
}
_FILTERS = frozenset({"AwsAccountId", "GeneratorId", "Id", "ProductArn", "RecordState"})


def problem_of(finding: dict[str, Any]) -> str:
    """Say what is wrong with a finding; nothing if Security Hub would take it."""
    return "; ".join(_problems(finding))


def _problems(finding: dict[str, Any]) -> Iterator[str]:
    for path, (least, most) in _LIMITS.items():
        if not all(least <= _size(each) <= most for each in _at(path, finding)):
            yield f"{path} should have {least} to {most} characters or items"
    times = ("CreatedAt", "UpdatedAt")
    yield from (
        f"{name} should be a time of RFC 3339" for name in times if not _is_time(finding[name])
    )
    kinds = _at("FindingProviderFields.Types", finding)
    if any(kind.split("/")[0] not in _NAMESPACES or kind.count("/") > 2 for kind in kinds):
        yield "Types should be namespace/category/classifier"
    yield from (f"{name} is not for providers" for name in _NOT_FOR_PROVIDERS if name in finding)
    if len(json.dumps(finding)) > MOST_BYTES:
        yield "the finding should not be larger than 240 KB"


def _at(path: str, finding: dict[str, Any]) -> list[Any]:
    """Return what a finding has at a path: one thing, several or none."""
    found = jmespath.search(path, finding)
    return [each for each in (found if isinstance(found, list) else [found]) if each is not None]


def _size(value: Any) -> int:
    """Return how long a text, list or map is; blank texts are as good as none."""
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2 if value.strip() else 0
    return len(value)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _require(hub: SecurityHubBackend, asked: int) -> None:
    """Refuse an account that has not enabled Security Hub, and a batch or page out of limits."""
    if not hub.enabled:
        message = f"Account {hub.account_id} is not subscribed to AWS Security Hub"
        raise SecurityHubClientError("InvalidAccessException", message)
    if not 0 < asked <= MOST:
        message = f"A batch or page must have 1 to {MOST} members."
        raise SecurityHubClientError("InvalidInputException", message)


def _import(
    self: SecurityHubBackend, findings: list[dict[str, Any]]
) -> tuple[int, int, list[dict[str, Any]]]:
    _require(self, len(findings))
    account, region = self.account_id, self.region_name
    own = f"arn:{get_partition(region)}:securityhub:{region}:{account}:product/{account}/default"
    failed = []
    for finding in findings:
        if finding.get("ProductArn") != own or finding.get("AwsAccountId") != account:
            message = f"Account {account} may not import findings of {finding.get('ProductArn')}."
            raise SecurityHubClientError("AccessDeniedException", message)
        if problem := problem_of(finding):
            message = f"Finding does not adhere to Amazon Finding Format. {problem}"
            named = {"Id": finding["Id"]}
            failed.append(named | {"ErrorCode": "InvalidInput", "ErrorMessage": message})
        elif known := _find(self, finding):
            known.data = _merged(finding, known.data)
        else:
            self.findings.append(Finding(finding["Id"], _merged(finding, {})))
    return len(failed), len(findings) - len(failed), failed


def _merged(finding: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return a finding as Security Hub keeps it, once it has been imported over another or none.

    An update that is not later than what is there is passed over without a word.
    """
    if before and _time(finding) <= _time(before):
        return before
    provided = finding.get("FindingProviderFields", {})
    kept = {"RecordState": "ACTIVE", "Workflow": {"Status": "NEW"}, **finding}
    kept |= {name: provided[name] for name in ("Severity", "Types") if name in provided}
    kept |= {name: before[name] for name in _CUSTOMERS if name in before}
    if kept["Workflow"]["Status"] in {"NOTIFIED", "RESOLVED"} and _needs_attention(kept, before):
        kept["Workflow"] = {"Status": "NEW"}
    return before | kept


def _needs_attention(after: dict[str, Any], before: dict[str, Any]) -> bool:
    has_returned = before["RecordState"] == "ARCHIVED" and after["RecordState"] == "ACTIVE"
    was, now = (each.get("Compliance", {}).get("Status") for each in (before, after))
    return has_returned or (was == "PASSED" and now in _FAILING)


def _time(finding: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(finding["UpdatedAt"])


def _find(hub: SecurityHubBackend, given: dict[str, Any]) -> Finding | None:
    key = (given["Id"], given["ProductArn"])
    return next((one for one in hub.findings if (one.id, one.data["ProductArn"]) == key), None)


def _update(response: SecurityHubResponse) -> str:
    hub, given = response.securityhub_backend, json.loads(response.body)
    _require(hub, len(given["FindingIdentifiers"]))
    changes = {name: given[name] for name in ("Workflow", "Note") if name in given}
    if given.keys() - changes.keys() != {"FindingIdentifiers"}:
        raise NotImplementedError(f"BatchUpdateFindings of {sorted(given)}")
    done, missing = [], []
    for identifier in given["FindingIdentifiers"]:
        if known := _find(hub, identifier):
            known.data |= changes
            done.append(identifier)
        else:
            why = {"ErrorCode": "FindingNotFound", "ErrorMessage": "Finding Not Found"}
            missing.append({"FindingIdentifier": identifier} | why)
    return json.dumps({"ProcessedFindings": done, "UnprocessedFindings": missing})


@paginate(pagination_model=SecurityHubBackend.PAGINATION_MODEL)
def get_findings(
    self: SecurityHubBackend,
    filters: dict[str, Any] | None = None,
    max_results: int | None = None,
    **_more: Any,
) -> list[dict[str, Any]]:
    """Return the findings that the filters choose; moto makes pages of them."""
    _require(self, MOST if max_results is None else max_results)
    return [each.data for each in self.findings if _matches(each.data, filters or {})]


def _matches(finding: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Return whether all filters hold; of the values of each, one is enough."""
    for name, either in filters.items():
        if name not in _FILTERS or any(one["Comparison"] not in _COMPARISONS for one in either):
            raise NotImplementedError(f"GetFindings by {name}: {either}")
        tests = [(_COMPARISONS[one["Comparison"]], one["Value"]) for one in either]
        if not any(test(finding[name], value) for test, value in tests):
            return False
    return True


@functools.cache
def install() -> None:
    """Put our findings in the place of moto's, which has no filters, no checks and no updates."""
    SecurityHubBackend.batch_import_findings = _import  # type: ignore[method-assign]
    SecurityHubBackend.get_findings = get_findings  # type: ignore[method-assign,assignment]
    SecurityHubResponse.batch_update_findings = _update
    urls.url_paths["{0}/findings/batchupdate$"] = SecurityHubResponse.dispatch
