"""Simulator: Security Hub, which takes findings and keeps what people made of them.

Sources: Security Hub API reference, BatchImportFindings, BatchUpdateFindings and GetFindings; user
guide, findings-workflow-status and finding-update-batchimportfindings. `format` says what a finding
must be like.
"""

from __future__ import annotations

import base64
import functools
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import Finding
from moto.securityhub.responses import SecurityHubResponse
from moto.utilities.utils import get_partition

from tools.simulator.securityhub.format import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.securityhub.models import SecurityHubBackend

Answer = dict[str, Any]

MOST = 100  # of a batch, and of a page
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "PREFIX": str.startswith,
}
_FILTERS = frozenset({"AwsAccountId", "GeneratorId", "Id", "ProductArn", "RecordState"})
# What a customer says of a finding, which no import changes.
_CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_FAILING = ("FAILED", "WARNING", "NOT_AVAILABLE")


def _import(hub: SecurityHubBackend, given: dict[str, Any]) -> Answer:
    _require_batch("Findings", given)
    account, region = hub.account_id, hub.region_name
    own = f"arn:{get_partition(region)}:securityhub:{region}:{account}:product/{account}/default"
    failed = []
    for finding in given["Findings"]:
        if finding.get("ProductArn") != own or finding.get("AwsAccountId") != account:
            message = f"Account {account} may not import findings of {finding.get('ProductArn')}."
            raise SecurityHubClientError("AccessDeniedException", message)
        if problem := problem_of(finding):
            message = f"Finding does not adhere to Amazon Finding Format. {problem}"
            failed.append(_failure({"Id": finding["Id"]}, "InvalidInput", message))
        elif known := _find(hub, finding):
            known.data = _merged(finding, known.data)
        else:
            hub.findings.append(Finding(finding["Id"], _merged(finding, {})))
    succeeded = len(given["Findings"]) - len(failed)
    return {"FailedCount": len(failed), "SuccessCount": succeeded, "FailedFindings": failed}


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


def _update(hub: SecurityHubBackend, given: dict[str, Any]) -> Answer:
    _require_batch("FindingIdentifiers", given)
    changes = {name: given[name] for name in ("Workflow", "Note") if name in given}
    if given.keys() - changes.keys() != {"FindingIdentifiers"}:
        raise NotImplementedError(f"BatchUpdateFindings of {sorted(given)}")
    done, missing = [], []
    for identifier in given["FindingIdentifiers"]:
        if known := _find(hub, identifier):
            known.data |= changes
            done.append(identifier)
        else:
            named = {"FindingIdentifier": identifier}
            missing.append(_failure(named, "FindingNotFound", "Finding Not Found"))
    return {"ProcessedFindings": done, "UnprocessedFindings": missing}


def _failure(named: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    return {**named, "ErrorCode": code, "ErrorMessage": message}


def _find(hub: SecurityHubBackend, given: dict[str, Any]) -> Finding | None:
    key = (given["Id"], given["ProductArn"])
    return next((one for one in hub.findings if (one.id, one.data["ProductArn"]) == key), None)


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
    """Return whether all filters hold; of the values of each, one is enough."""
    for name, either in filters.items():
        if name not in _FILTERS or any(one["Comparison"] not in _COMPARISONS for one in either):
            raise NotImplementedError(f"GetFindings by {name}: {either}")
        tests = [(_COMPARISONS[one["Comparison"]], one["Value"]) for one in either]
        if not any(test(finding[name], value) for test, value in tests):
            return False
    return True


def _require_batch(member: str, given: dict[str, Any]) -> None:
    if not 0 < len(given[member]) <= MOST:
        raise _invalid(f"{member} must have 1 to {MOST} members.")


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


@functools.cache
def install() -> None:
    """Put our findings in the place of moto's, which has no filters, no checks and no updates."""
    SecurityHubResponse.batch_import_findings = _operation(_import)
    SecurityHubResponse.batch_update_findings = _operation(_update)
    SecurityHubResponse.get_findings = _operation(_get)
    urls.url_paths["{0}/findings/batchupdate$"] = SecurityHubResponse.dispatch
