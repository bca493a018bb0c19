"""The report of ``scan``: a document, the table and the CSV of it, and how it is read again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emr_in_transit import __version__
from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.judgement.parameters import PARAMETERS
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.formats import (
    FINDING,
    counted,
    csv_text,
    finding_object,
    finding_rows,
    json_text,
    verdict_table,
)
from emr_in_transit_cli.outcomes import Outcome, exit_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console

    from emr_in_transit_cli.output import Content
    from emr_in_transit_cli.scanning.scan import AccountScan, Judged, RegionScan, Scan

SCHEMA_VERSION = "1.0"
KIND = "scan"
_Made = TypeVar("_Made")
Document = dict[str, Any]  # of the form of scan.schema.json

# In the order in which people want to read them.
_ORDER = (
    Outcome.NON_COMPLIANT,
    Outcome.COULD_NOT_TELL,
    Outcome.NOT_APPLICABLE,
    Outcome.COMPLIANT,
)


def as_document(scan: Scan, given: Mapping[str, Any], *, all_regions: bool) -> Document:
    """Return the report of a scan; ``given`` are the rule's parameters as texts."""
    order = {each.account: place for place, each in enumerate(scan.accounts)}
    regions = sorted(scan.regions, key=lambda each: (order[each.account], each.region))
    clusters = [_cluster(region, each) for region in regions for each in region.results()]
    counts = Counter(each["complianceType"] for each in clusters)
    texts = {each.name: given.get(each.name, each.default) for each in PARAMETERS}
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": KIND,
        "tool": f"emr-in-transit {__version__}",
        "startedAt": _moment(scan.started),
        "finishedAt": _moment(datetime.now(UTC)),
        "interrupted": scan.is_interrupted,
        "parameters": {name: str(text).strip() for name, text in texts.items() if text},
        "options": {
            "allRegions": all_regions,
            "endedDays": scan.options.ended_days,
            "exemptionMaxDays": scan.options.parameters.exemption_max_days,
            "share": scan.options.share,
        },
        "summary": {outcome.value: counts[outcome.value] for outcome in Outcome},
        "accounts": [_account(each) for each in scan.accounts],
        "regions": [_region(each) for each in regions],
        "clusters": clusters,
    }


def _account(account: AccountScan) -> Document:
    return {
        "account": account.account,
        "problem": account.problem,
        "regionsWithoutEmr": list(account.without_emr),
    }


def _region(region: RegionScan) -> Document:
    return {
        "account": region.account,
        "region": region.region,
        "complete": region.complete,
        "problem": region.problem,
        "clusters": len(region.listed),
        "emrCalls": region.pacer.calls.total(),
    }


def _cluster(region: RegionScan, judged: Judged) -> Document:
    listed, facts, verdict = judged.listed, judged.facts, judged.verdict
    document: Document = {
        "account": region.account,
        "region": region.region,
        "resourceType": CLUSTER_TYPE,
        "resourceId": listed.cluster_id,
        "resourceName": one_line(facts.name if facts else listed.name),
        "state": facts.state if facts else listed.state,
        "release": "",
        "created": None,
        "securityConfiguration": "",
        "complianceType": judged.outcome.value,
        "annotation": judged.annotation,
        "findings": [finding_object(each) for each in verdict.findings] if verdict else [],
        "judgedAt": _moment(judged.at),
    }
    if facts:
        document["release"] = one_line(facts.release_label or f"AMI {facts.ami_version}")
        document["created"] = _moment(facts.created)
        document["securityConfiguration"] = one_line(facts.security_configuration_name)
    if verdict and verdict.exemption:
        tag, text, until = verdict.exemption
        ends = until.isoformat() if until else None
        document["exemption"] = {"tag": tag, "text": one_line(text), "until": ends}
    return document


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def status_of(document: Document) -> int:
    """Return the exit status of a report that nobody has interrupted."""
    summary = document["summary"]
    is_known = not summary[Outcome.COULD_NOT_TELL] and not any(_refusals(document))
    return exit_status(is_known=is_known, violates=bool(summary[Outcome.NON_COMPLIANT]))


def _refusals(document: Document) -> Iterator[tuple[str, str]]:
    """Return the accounts and Regions that did not let themselves be read, each with the cause."""
    for each in document["accounts"]:
        if each["problem"]:
            yield each["account"], each["problem"]
    for each in document["regions"]:
        if each["problem"]:
            yield _place(each), each["problem"]


def _place(document: Document) -> str:
    return f"{document['account']}/{document['region']}"


def content(document: Document, form: str) -> Content:
    """Return the report in the form "table", "json" or "csv"."""
    texts = {"json": as_json, "csv": as_csv}
    return texts[form](document) if form in texts else partial(print_table, document)


def as_json(document: Document) -> str:
    """Return the report as scan.schema.json has it."""
    return json_text(document)


_ABOUT = (
    *("account", "region", "resourceId", "resourceName", "state", "release"),
    *("securityConfiguration", "complianceType"),
)


def as_csv(document: Document) -> str:
    """Return one row for each finding, and for each cluster, Region and account without one."""
    rows: list[tuple[str, ...]] = []
    for cluster in document["clusters"]:
        about = [cluster[name] for name in _ABOUT]
        rows += finding_rows(about, cluster["findings"], cluster["annotation"])
    for where, problem in _refusals(document):
        account, _, region = where.partition("/")
        about = [account, region, "", "", "", "", "", Outcome.COULD_NOT_TELL]
        rows += finding_rows(about, (), problem)
    return csv_text((*_ABOUT, *FINDING), rows)


def print_table(document: Document, console: Console) -> None:
    """Print the report for people: a table on a terminal, a line for each verdict elsewhere."""
    from rich.text import Text  # noqa: PLC0415 (rich takes its time to load)

    for place, clusters in groupby(document["clusters"], _place):
        found = sorted(clusters, key=lambda each: _ORDER.index(each["complianceType"]))
        if console.is_terminal:
            console.print(Text(place, style="bold"))
            console.print(verdict_table(map(_row, found)))
            continue
        for each in found:
            name = f"{each['resourceId']} {each['resourceName']}".rstrip()
            line = f"{each['complianceType']} {place} {name}: {each['annotation']}"
            console.print(line, soft_wrap=True, markup=False, highlight=False)
    for line in _closing(document):
        console.print(line, soft_wrap=not console.is_terminal, markup=False, highlight=False)


def _row(cluster: Document) -> tuple[Outcome, str, str]:
    name = f"{cluster['resourceName']}\n{cluster['resourceId']}".lstrip()
    return Outcome(cluster["complianceType"]), name, cluster["annotation"]


def _closing(document: Document) -> Iterator[str]:
    """Return what the verdicts do not say: what was not read, what is empty, what has changed."""
    for where, problem in _refusals(document):
        yield f"{Outcome.COULD_NOT_TELL} {where}: {problem}"
    yield from _places_without_clusters(document)
    if "comparison" in document:
        yield from _compared(document["comparison"])
    if document["summary"][Outcome.NON_COMPLIANT]:
        yield "All about one, and its fix: emr-in-transit explain CLUSTER --region REGION"
    yield _total(document)


def _places_without_clusters(document: Document) -> Iterator[str]:
    empty: dict[str, list[str]] = {}
    for each in document["regions"]:
        if each["complete"] and not each["clusters"]:
            empty.setdefault(each["account"], []).append(each["region"])
    for account in document["accounts"]:
        if account["account"] in empty:
            yield f"{account['account']}: no cluster in {', '.join(empty[account['account']])}"
        if account["regionsWithoutEmr"]:
            left_out = ", ".join(account["regionsWithoutEmr"])
            yield f"{account['account']}: boto3 knows no EMR in {left_out}"


def _total(document: Document) -> str:
    number = len({each["region"] for each in document["regions"]})
    where = f"in {number} Regions" if number != 1 else "in 1 Region"
    accounts = len(document["accounts"])
    where += f" of {accounts} accounts" if accounts != 1 else ""
    if refused := len(list(_refusals(document))):
        places = "accounts or Regions" if refused != 1 else "account or Region"
        where += f"; {refused} {places} could not be read"
    where += "; interrupted" if document["interrupted"] else ""
    return f"{counted(document['summary']) or 'no cluster'} {where}"


def _compared(comparison: Document) -> Iterator[str]:
    yield f"Since {comparison['since']}:"
    if comparison["parametersChanged"]:
        yield f"  judged by other parameters: {', '.join(comparison['parametersChanged'])}"
    for kind in ("new", "mended", "gone", "unknown"):
        for each in comparison[kind]:
            name = f"{each['resourceId']} {each['resourceName']}".rstrip()
            reasons = ", ".join(each["reasons"])
            yield f"  {kind} {_place(each)} {name}: {reasons} ({each['then']} then)"
    counts = [f"{len(comparison[kind])} {kind}" for kind in ("new", "mended", "gone", "unknown")]
    yield f"  {', '.join(counts)}"


def read_back(path: str, shown: str, make: Callable[[Document], _Made]) -> _Made:
    """Return what is made of a report in a file, which messages call ``shown``.

    Raises UsageError where it cannot be read, is no report of this version, or lacks what ``make``
    looks for.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{shown} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown} is not JSON") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise UsageError(f"{shown} is no report of scan --format json")
    if document.get("schemaVersion") != SCHEMA_VERSION:
        version = json.dumps(document.get("schemaVersion"))
        raise UsageError(f"{shown} is of schema {version[:60]}, not {SCHEMA_VERSION!r}")
    try:
        return make(document)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"{shown} is a damaged report ({problem})") from error
