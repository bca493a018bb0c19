"""Simulator: the findings of Security Hub: imported, updated and asked for.

Source: Security Hub API reference, BatchImportFindings, BatchUpdateFindings and GetFindings.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import Finding
from moto.utilities.utils import get_partition

from tools.simulator.securityhub.format import problem_of
from tools.simulator.securityhub.workflow import imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.securityhub.models import SecurityHubBackend
    from moto.securityhub.responses import SecurityHubResponse

Answer = dict[str, Any]

MOST = 100  # of a batch, and of a page
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "PREFIX": str.startswith,
}
# The members that a query can filter by here, and where each stands in a finding.
_FILTERS = {
    "AwsAccountId": ("AwsAccountId",),
    "ComplianceStatus": ("Compliance", "Status"),
    "GeneratorId": ("GeneratorId",),
    "Id": ("Id",),
    "ProductArn": ("ProductArn",),
    "RecordState": ("RecordState",),
    "SeverityLabel": ("Severity", "Label"),
    "WorkflowStatus": ("Workflow", "Status"),
}


def _import(hub: SecurityHubBackend, given: dict[str, Any]) -> Answer:
    findings = given["Findings"]
    if not 0 < len(findings) <= MOST:
        raise _invalid(f"Findings must have 1 to {MOST} members.")
    account, region = hub.account_id, hub.region_name
    own = f"arn:{get_partition(region)}:securityhub:{region}:{account}:product/{account}/default"
    failed = []
    for finding in findings:
        if finding.get("ProductArn") != own or finding.get("AwsAccountId") != account:
            message = f"Account {account} may not import findings of {finding.get('ProductArn')}."
            raise SecurityHubClientError("AccessDeniedException", message)
        problem = problem_of(finding)
        if problem:
            message = f"Finding does not adhere to Amazon Finding Format. {problem}"
            failed.append(
                {"Id": finding["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": message}
            )
        else:
            _keep(hub, finding)
    succeeded = len(findings) - len(failed)
    return {"FailedCount": len(failed), "SuccessCount": succeeded, "FailedFindings": failed}


def _keep(hub: SecurityHubBackend, finding: dict[str, Any]) -> None:
    known = _find(hub, finding)
    kept = imported(finding, known.data if known else None)
    if known:
        known.data = kept
    else:
        hub.findings.append(Finding(finding["Id"], kept))


def _update(hub: SecurityHubBackend, given: dict[str, Any]) -> Answer:
    identifiers = given["FindingIdentifiers"]
    if not 0 < len(identifiers) <= MOST:
        raise _invalid(f"FindingIdentifiers must have 1 to {MOST} members.")
    changes = {name: given[name] for name in ("Workflow", "Note") if name in given}
    if given.keys() - changes.keys() != {"FindingIdentifiers"}:
        raise NotImplementedError(f"BatchUpdateFindings of {sorted(given)}")
    missing = []
    for identifier in identifiers:
        known = _find(hub, identifier)
        if known:
            known.data |= changes
        else:
            missing.append(
                {
                    "FindingIdentifier": identifier,
                    "ErrorCode": "FindingNotFound",
                    "ErrorMessage": "Finding Not Found",
                }
            )
    done = [each for each in identifiers if _find(hub, each)]
    return {"ProcessedFindings": done, "UnprocessedFindings": missing}


def _find(hub: SecurityHubBackend, given: dict[str, Any]) -> Finding | None:
    for finding in hub.findings:
        if (finding.id, finding.data["ProductArn"]) == (given["Id"], given["ProductArn"]):
            return finding
    return None


def _get(hub: SecurityHubBackend, given: dict[str, Any]) -> Answer:
    most = given.get("MaxResults", MOST)
    if not 0 < most <= MOST:
        raise _invalid(f"MaxResults must be between 1 and {MOST}.")
    wanted = [each.data for each in hub.findings if _matches(each.data, given.get("Filters", {}))]
    token = given.get("NextToken")
    start = int(base64.b64decode(token)) if token else 0
    end = start + most
    more = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(wanted) else {}
    return {"Findings": wanted[start:end], **more}


def _matches(finding: dict[str, Any], filters: dict[str, Any]) -> bool:
    return all(
        any(_fits(finding, name, one["Comparison"], one["Value"]) for one in either)
        for name, either in filters.items()
    )


def _fits(finding: dict[str, Any], name: str, comparison: str, value: str) -> bool:
    if name not in _FILTERS or comparison not in _COMPARISONS:
        raise NotImplementedError(f"GetFindings by {name} {comparison}")
    found: Any = finding
    for member in _FILTERS[name]:
        found = found.get(member, {})
    return isinstance(found, str) and _COMPARISONS[comparison](found, value)


def _invalid(message: str) -> SecurityHubClientError:
    return SecurityHubClientError("InvalidInputException", message)


def _operation(
    work: Callable[[SecurityHubBackend, dict[str, Any]], Answer],
) -> Callable[[SecurityHubResponse], str]:
    def answer(response: SecurityHubResponse) -> str:
        hub = response.securityhub_backend
        if not hub.enabled:
            message = f"Account {hub.account_id} is not subscribed to AWS Security Hub"
            raise SecurityHubClientError("InvalidAccessException", message)
        return json.dumps(work(hub, json.loads(response.body or "{}")))

    return answer


OPERATIONS = {
    "batch_import_findings": _operation(_import),
    "batch_update_findings": _operation(_update),
    "get_findings": _operation(_get),
}
