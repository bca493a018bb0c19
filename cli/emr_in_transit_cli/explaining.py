"""Explains one cluster in full: every endpoint, what protects it or why not, and each finding."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.judgement.applications import installed
from emr_in_transit.judgement.coverage import endpoint_states
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.override_table import Effect
from emr_in_transit.judgement.overrides import weaknesses
from emr_in_transit.judgement.releases import is_assumed, parse_release, release_or_newest
from emr_in_transit.judgement.wording import annotation, one_line
from emr_in_transit_cli import files
from emr_in_transit_cli.dialects.recognising import Context, read_text
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.formats import finding_object
from emr_in_transit_cli.judging import Situation, facts_of, judge
from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.subjects import Directory, Subject, What, has_ended
from emr_in_transit_cli.worlds import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from emr_in_transit.judgement.facts import ClusterFacts
    from emr_in_transit.judgement.parameters import RuleParameters
    from emr_in_transit.judgement.verdict import Verdict

CLUSTER_ID = re.compile(r"j-[A-Z0-9]+", re.ASCII)
SCHEMA_VERSION = 1
_STATES = {"protected": "green", "weakened": "yellow", "in clear text": "red"}


class Explained(NamedTuple):
    """What is said of one cluster; without facts, why it could not be told."""

    address: str
    outcome: Outcome
    summary: str
    remarks: tuple[str, ...] = ()
    took_given: bool = True
    facts: ClusterFacts | None = None
    verdict: Verdict | None = None


def explain_file(
    path: str, given: Sequence[Subject], context: Context, parameters: RuleParameters
) -> list[Explained]:
    """Explain each cluster in a file; raise UsageError where there is none, InputError."""
    source = files.Source(path)
    found = read_text(files.read(source), context)
    clusters = [
        (each.subjects, subject)
        for _, each in found
        for subject in each.subjects
        if subject.what is What.CLUSTER
    ]
    others = [subject for _, each in found for subject in each.subjects]
    if not clusters:
        kinds = ", ".join(dict.fromkeys(each.dialect for _, each in found))
        raise UsageError(f"{source.shown} holds no cluster, but: {kinds}")
    return [
        _explain(subject, Situation(Directory(own, given, others), parameters, context.now))
        for own, subject in clusters
    ]


def _explain(subject: Subject, situation: Situation) -> Explained:
    outcome, summary, judged = judge(subject, situation)
    address = one_line(subject.address)
    said = Explained(address, outcome, summary, judged.remarks, situation.directory.took_given)
    if outcome is Outcome.COULD_NOT_TELL:
        return said
    world = World()
    cluster = subject.read(world)
    if has_ended(cluster.document):
        return said
    # Any possible world will do: they agree on the verdict.
    return said._replace(facts=facts_of(cluster, situation, world), verdict=judged.verdict)


def explain_facts(facts: ClusterFacts, parameters: RuleParameters, now: datetime) -> Explained:
    """Explain a cluster of a live account."""
    verdict = judge_cluster(facts, parameters, now)
    outcome = Outcome(verdict.compliance.value)
    return Explained(facts.cluster_id, outcome, annotation(verdict), facts=facts, verdict=verdict)


def as_object(explained: Explained, parameters: RuleParameters) -> dict[str, Any]:
    """Return the explanation as JSON has it."""
    report: dict[str, Any] = {
        "version": SCHEMA_VERSION,
        "address": explained.address,
        "compliance": explained.outcome.value,
        "summary": explained.summary,
        "remarks": list(explained.remarks),
    }
    facts, verdict = explained.facts, explained.verdict
    if facts is None or verdict is None:
        return report
    release = parse_release(facts.release_label)
    applications = installed(facts.applications, release_or_newest(facts.release_label))
    return report | {
        "cluster": one_line(f"{facts.name} ({facts.cluster_id})"),
        "release": one_line(facts.release_label or f"AMI {facts.ami_version}"),
        "releaseIsAssumed": release is None or is_assumed(release),
        "applications": [one_line(name) for name in applications],
        "protection": verdict.protection,
        "findings": [finding_object(finding) for finding in verdict.findings],
        "endpoints": _endpoints(facts, parameters),
    }


def _endpoints(facts: ClusterFacts, parameters: RuleParameters) -> list[dict[str, Any]]:
    """Return the state of each endpoint; what properties do to it counts, excused or not."""
    undone: dict[str, tuple[str, str]] = {}
    # What puts an endpoint into clear text says more than what only weakens it.
    found = sorted(weaknesses(facts, parameters), key=lambda each: each.effect is Effect.CLEAR_TEXT)
    for each in found:
        state = "in clear text" if each.effect is Effect.CLEAR_TEXT else "weakened"
        for label in each.row.exposes:
            undone[label] = (state, f"{each.row.key} is {one_line(each.setting.value)}")
    endpoints = []
    for endpoint in endpoint_states(facts):
        state, why = "protected" if endpoint.protected else "in clear text", endpoint.why
        if endpoint.protected and endpoint.label in undone:
            state, why = undone[endpoint.label]
        endpoints.append(endpoint._asdict() | {"state": state, "why": why})
    return endpoints


def text_of(report: dict[str, Any], width: int) -> Iterator[tuple[str, str]]:
    """Return the lines of an explanation, none wider than that, each with its style."""
    good = report["compliance"] in {"COMPLIANT", "NOT_APPLICABLE"}
    title = f"{report.get('cluster', report['address'])}: {report['compliance']}"
    yield from _wrapped(title, width, "", "bold green" if good else "bold red")
    if "cluster" not in report:
        yield from _wrapped(report["summary"], width)
        return
    yield from _wrapped(f"{report['release']}: {', '.join(report['applications'])}", width)
    for remark in report["remarks"]:
        yield from _wrapped(f"Note: {remark}.", width)
    if report["protection"]:
        yield from _wrapped(report["protection"], width)
    for finding in report["findings"]:
        yield "", ""
        yield f"{finding['severity']} {finding['reason']}", "bold"
        yield from _wrapped(finding["detail"], width)
        yield from _wrapped(f"Fix: {finding['remedy']}", width)
    assumed = ", as in the newest release of AWS's matrix" if report["releaseIsAssumed"] else ""
    yield "", ""
    yield f"Endpoints{assumed}", "bold"
    for endpoint in report["endpoints"]:
        where = f"{endpoint['label']}, {_ports(endpoint['ports'])}: {endpoint['why']}"
        issues = [f"Known issue: {issue}" for issue in endpoint["issues"]]
        head = f"  {endpoint['state']:13}  "
        for text in (where, *issues):
            yield from _wrapped(text, width, head, _STATES[endpoint["state"]])
            head = " " * len(head)


def _wrapped(text: str, width: int, head: str = "  ", style: str = "") -> Iterator[tuple[str, str]]:
    lines = textwrap.wrap(text, width - len(head), break_on_hyphens=False) or [""]
    for index, line in enumerate(lines):
        yield (head if index == 0 else " " * len(head)) + line, style


def _ports(text: str) -> str:
    if not text[0].isdigit():
        return f"{text} port"
    return f"ports {text}" if "," in text else f"port {text}"
