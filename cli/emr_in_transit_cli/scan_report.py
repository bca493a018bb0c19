"""The report of ``scan``: one document, from which the table and the CSV are made."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from emr_in_transit import __version__
from emr_in_transit.alerting.alert import CLUSTER_TYPE
from emr_in_transit.judgement.parameters import PARAMETERS
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.formats import SAID, STYLES, cell, finding_object
from emr_in_transit_cli.judging import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from emr_in_transit_cli.scanning import AccountScan, Judged, RegionScan, Scan

SCHEMA_VERSION = "1.0"
KIND = "scan"
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
    if document["summary"][Outcome.COULD_NOT_TELL] or any(_refusals(document)):
        return 3
    return 1 if document["summary"][Outcome.NON_COMPLIANT] else 0


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


def as_json(document: Document) -> str:
    """Return the report as scan.schema.json has it."""
    return json.dumps(document, indent=2) + "\n"


_ABOUT = (
    *("account", "region", "resourceId", "resourceName", "state", "release"),
    *("securityConfiguration", "complianceType"),
)
_FINDING = ("severity", "reason", "subject", "detail", "remedy")


def as_csv(document: Document) -> str:
    """Return one row for each finding, and for each cluster, Region and account without one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow((*_ABOUT, *_FINDING))
    for cluster in document["clusters"]:
        about = [cluster[name] for name in _ABOUT]
        for finding in cluster["findings"]:
            writer.writerow(map(cell, (*about, *(finding[name] for name in _FINDING))))
        if not cluster["findings"]:
            writer.writerow(map(cell, (*about, "", "", "", cluster["annotation"], "")))
    for where, problem in _refusals(document):
        account, _, region = where.partition("/")
        about = [account, region, "", "", "", "", "", Outcome.COULD_NOT_TELL]
        writer.writerow(map(cell, (*about, "", "", "", problem, "")))
    return text.getvalue()


def print_table(document: Document, console: Console) -> None:
    """Print the report for people: a table on a terminal, a line for each verdict elsewhere."""
    from rich.text import Text  # noqa: PLC0415 (rich takes its time to load)

    for place, clusters in groupby(document["clusters"], _place):
        found = sorted(clusters, key=lambda each: _ORDER.index(each["complianceType"]))
        if console.is_terminal:
            console.print(Text(place, style="bold"))
            console.print(_wide(found))
            continue
        for each in found:
            name = f"{each['resourceId']} {each['resourceName']}".rstrip()
            line = f"{each['complianceType']} {place} {name}: {each['annotation']}"
            console.print(line, soft_wrap=True, markup=False, highlight=False)
    for line in _closing(document):
        console.print(line, soft_wrap=not console.is_terminal, markup=False, highlight=False)


def _wide(clusters: list[Document]) -> Any:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(ratio=5, overflow="fold")
    for each in clusters:
        outcome = Outcome(each["complianceType"])
        name = f"{each['resourceName']}\n{each['resourceId']}".lstrip()
        table.add_row(Text(outcome, style=STYLES[outcome]), Text(name), Text(each["annotation"]))
    return table


def _closing(document: Document) -> Iterator[str]:
    """Return what the verdicts do not say: what was not read, what is empty, what has changed."""
    for where, problem in _refusals(document):
        yield f"{Outcome.COULD_NOT_TELL} {where}: {problem}"
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
    if "comparison" in document:
        yield from _compared(document["comparison"])
    yield from _ending(document)


def _ending(document: Document) -> Iterator[str]:
    if document["summary"][Outcome.NON_COMPLIANT]:
        yield "All about one, and its fix: emr-in-transit explain CLUSTER --region REGION"
    yield _total(document)


def _total(document: Document) -> str:
    summary = document["summary"]
    said = [f"{summary[each]} {SAID[each]}" for each in Outcome if summary[each]]
    number = len({each["region"] for each in document["regions"]})
    where = f"in {number} Regions" if number != 1 else "in 1 Region"
    accounts = len(document["accounts"])
    where += f" of {accounts} accounts" if accounts != 1 else ""
    if refused := len(list(_refusals(document))):
        places = "accounts or Regions" if refused != 1 else "account or Region"
        where += f"; {refused} {places} could not be read"
    where += "; interrupted" if document["interrupted"] else ""
    return f"{', '.join(said) or 'no cluster'} {where}"


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
