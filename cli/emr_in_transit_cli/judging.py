"""Judges subjects by the engine of the rule, in every possible world."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emr_in_transit.aws.emr import LIVE_STATES
from emr_in_transit.judgement.applications import APPLICATIONS
from emr_in_transit.judgement.cluster import MalformedDocumentError
from emr_in_transit.judgement.facts import ClusterFacts
from emr_in_transit.judgement.judge import judge_cluster, judge_security_configuration
from emr_in_transit.judgement.override_table import Effect
from emr_in_transit.judgement.overrides import override_findings, weaknesses
from emr_in_transit.judgement.parameters import OverrideScope, RuleParameters
from emr_in_transit.judgement.reasons import Severity
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict, verdict_of
from emr_in_transit.judgement.wording import annotation, one_line, quoted
from emr_in_transit_cli.errors import CannotTellError, InputError
from emr_in_transit_cli.facts import cluster_facts, configuration_facts, full_configuration
from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.possibilities import RELEASES, settings_of
from emr_in_transit_cli.subjects import (
    NOT_LAUNCHED,
    Cluster,
    Directory,
    Path,
    Subject,
    What,
    has_ended,
)
from emr_in_transit_cli.worlds import TooManyWorldsError, World, explore

if TYPE_CHECKING:
    from datetime import datetime

    from emr_in_transit_cli.files import Source

_NAMED = 3


class Result(NamedTuple):
    """What is said of one subject, or of a file that could not be read."""

    source: Source
    dialect: str
    what: str
    address: str
    path: Path
    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()


class Situation(NamedTuple):
    """What a subject is judged by."""

    directory: Directory
    parameters: RuleParameters
    now: datetime


class _EndedError(Exception):
    """The cluster has ended: the rule no longer judges it."""


class _Judged(NamedTuple):
    verdict: Verdict
    remarks: tuple[str, ...] = ()


def judge(subject: Subject, situation: Situation) -> tuple[Outcome, str, _Judged]:
    """Return what is said of a subject, in a word and a sentence, and by which findings."""
    nothing = _Judged(Verdict(Compliance.NOT_APPLICABLE))
    try:
        judged, depends = _in_all_worlds(subject, situation)
    except (CannotTellError, InputError, MalformedDocumentError) as error:
        return Outcome.COULD_NOT_TELL, _sentence(one_line(str(error))), nothing
    except _EndedError:
        return Outcome.NOT_APPLICABLE, "It has ended: the rule does not judge it any more.", nothing
    except TooManyWorldsError:
        problem = "Too much of it is unknown to try every possibility."
        return Outcome.COULD_NOT_TELL, problem, nothing
    if depends:
        return Outcome.COULD_NOT_TELL, depends, nothing
    verdict = judged.verdict
    return Outcome(verdict.compliance.value), annotation(verdict), judged


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _in_all_worlds(subject: Subject, situation: Situation) -> tuple[_Judged, str]:
    """Return the verdict that every possibility gives; else what it depends on."""
    worlds = explore(lambda world: _in_world(subject, situation, world))
    world, first = next(worlds)
    common, before = _violations(first), world.answers
    first = first._replace(remarks=(*first.remarks, *world.assumed))
    for world, judged in worlds:
        if judged.verdict.compliance is not first.verdict.compliance:
            return judged, _dependence(first, judged, before, world)
        common &= _violations(judged)
        before = world.answers
    return _with_common(first, common), ""


def _violations(judged: _Judged) -> set[tuple[str, str]]:
    return {(each.reason.value, each.subject) for each in judged.verdict.violations}


def _with_common(judged: _Judged, common: set[tuple[str, str]]) -> _Judged:
    """Keep the violations that hold in every case, where there are such."""
    kept = tuple(
        each
        for each in judged.verdict.findings
        if each.severity is not Severity.VIOLATION or (each.reason.value, each.subject) in common
    )
    return judged._replace(verdict=judged.verdict._replace(findings=kept)) if common else judged


def _dependence(
    one: _Judged, other: _Judged, before: dict[tuple[str, int], int], world: World
) -> str:
    """Return what the verdict depends on: where the world differs from the one before."""
    answers = world.answers
    different = [key for key, answer in answers.items() if before.get(key) != answer]
    names = list(dict.fromkeys(world.subjects[key] for key in different))
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")  # fmt: skip
    bad = next((each for each in (one, other) if each.verdict.violations), other)
    reason = f": {bad.verdict.violations[0].reason} is possible" if bad.verdict.violations else ""
    return one_line(f"It depends on {listed}{reason}.")


def _in_world(subject: Subject, situation: Situation, world: World) -> _Judged:
    read = subject.read(world)
    parameters, now = situation.parameters, situation.now
    if subject.what is What.SECURITY_CONFIGURATION:
        facts = configuration_facts(read, world, now)
        return _Judged(judge_security_configuration(facts, parameters, now))
    if subject.what is What.PROPERTIES:
        return _judge_properties(read, situation, world)
    if has_ended(read.document):
        raise _EndedError
    found = facts_of(read, situation, world)
    return _Judged(judge_cluster(found, parameters, now), _remarks(found, parameters, subject))


def facts_of(cluster: Cluster, situation: Situation, world: World) -> ClusterFacts:
    """Return the facts of a cluster in a world; raise for what the rule would not judge."""
    facts = cluster_facts(cluster, world, situation.directory, situation.parameters)
    if facts.state not in LIVE_STATES:
        raise CannotTellError(f"its state {quoted(facts.state)} is none that the rule knows")
    return facts


def _remarks(facts: ClusterFacts, parameters: RuleParameters, subject: Subject) -> tuple[str, ...]:
    """Return what the verdict leaves out, and its reader may not expect it to."""
    found = [subject.remark] if subject.remark and _reads_instances(parameters) else []
    if not _reads_instances(parameters):
        wider = parameters._replace(override_scope=OverrideScope.INSTANCES)
        found += [
            f"{each.row.key} is {quoted(each.setting.value.strip())} in "
            f"{quoted(each.setting.scope)}: it violates with overrideScope=instances"
            for each in weaknesses(facts, wider)
            if each.setting.scope and each.effect is Effect.CLEAR_TEXT
        ]
    return tuple(dict.fromkeys(found))


def _reads_instances(parameters: RuleParameters) -> bool:
    return parameters.override_scope is OverrideScope.INSTANCES


_ALONE = "judged as on a cluster that encrypts in transit and has every application"


def _judge_properties(
    groups: list[tuple[str, object]], situation: Situation, world: World
) -> _Judged:
    """Judge properties without their cluster: on a cluster where they would do something."""
    settings = tuple(
        setting
        for scope, configurations in groups
        for setting in settings_of(configurations, scope, world)
    )
    found: list[Finding] = []
    facts = ClusterFacts(
        cluster_id=NOT_LAUNCHED,
        name="",
        state="STARTING",
        created=situation.now,
        release_label="",
        ami_version="",
        security_configuration_name="any",
        security_configuration=full_configuration(situation.now),
        applications=APPLICATIONS,
        settings=settings,
    )
    for release in RELEASES:
        labelled = facts._replace(release_label=f"emr-{release}")
        more = override_findings(labelled, situation.parameters)
        known = {(each.reason, each.subject) for each in found}
        found += [each for each in more if (each.reason, each.subject) not in known]
    subject = Subject(What.PROPERTIES, "", (), lambda _: None)
    remarks = _remarks(
        facts._replace(release_label=f"emr-{RELEASES[0]}"), situation.parameters, subject
    )
    verdict = verdict_of(found, "No property in it puts traffic into clear text.")
    return _Judged(verdict, (_ALONE, *remarks))
