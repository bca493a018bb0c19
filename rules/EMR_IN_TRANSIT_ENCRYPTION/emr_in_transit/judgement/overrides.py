"""Pure: properties in ``Configurations`` that switch encryption in transit off, or weaken it."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from emr_in_transit.judgement.applications import ANY, Condition, installed
from emr_in_transit.judgement.coverage import conditions, endpoint_states
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting
from emr_in_transit.judgement.override_table import (
    SPARK_DEFAULTS,
    Effect,
    Kind,
    Override,
    Requirement,
    is_known,
    is_weak,
    read_value,
    rows_of,
    shown_secure,
)
from emr_in_transit.judgement.parameters import Coverage, OverrideScope, RuleParameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import Release, reached, release_or_newest
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import quoted

_SHOWN = 3  # as many values or endpoints are named, the rest are counted
# The one file whose sections are classifications within a classification.
_SECTIONED = "hue-ini"
_MOST_SECTIONS = 2
# An address can hold a password: what stands before the host is left behind.
_CREDENTIALS = re.compile(r"(://)[^/]*@")
# EMR Management Guide, emr-configure-apps-running-cluster.
_FIRST_WITH_RECONFIGURATION = Release(5, 21, 0)


class Weakness(NamedTuple):
    """A setting that undoes or weakens encryption on a cluster, and the row that says so."""

    setting: PropertySetting
    row: Override
    effect: Effect


class _Situation(NamedTuple):
    """What decides whether a row applies to a cluster."""

    release: Release
    applications: frozenset[str]
    conditions: frozenset[Condition]
    settings: tuple[PropertySetting, ...]


def select_properties(configurations: object, scope: str = "") -> tuple[PropertySetting, ...]:
    """Return the properties in ``Configurations`` that the judgement knows, at every depth.

    Everything else is left behind: properties can hold passwords. Total and without recursion,
    whatever the document holds; where a property is set twice, each setting is returned.
    """
    return tuple(
        PropertySetting(classification, name, value, scope)
        for classification, name, value in _properties(configurations)
        if is_known(classification, name)
    )


def override_findings(facts: ClusterFacts, parameters: RuleParameters) -> list[Finding]:
    """Return one finding for each property that weakens encryption and that nobody has excused."""
    found: dict[tuple[str, Effect], list[Weakness]] = {}
    for weakness in weaknesses(facts, parameters):
        if not _is_accepted(weakness.row.key, parameters):
            found.setdefault((weakness.row.key, weakness.effect), []).append(weakness)
    labels = {state.label for state in endpoint_states(facts)} if found else set()
    return [_finding(facts, each, labels, parameters) for _, each in sorted(found.items())]


def weaknesses(facts: ClusterFacts, parameters: RuleParameters) -> list[Weakness]:
    """Return the settings that undo or weaken encryption on this cluster, excused or not.

    A weak value counts wherever it stands: EMR does not say which of two equal properties wins. A
    release that is not recognised is judged as the newest one: it knows every property.
    """
    release = release_or_newest(facts.release_label)
    situation = _Situation(
        release,
        frozenset(installed(facts.applications, release)),
        conditions(facts),
        tuple(
            setting
            for setting in facts.settings
            if not setting.scope or parameters.override_scope is OverrideScope.INSTANCES
        ),
    )
    return [
        Weakness(setting, row, effect)
        for setting in situation.settings
        for row in rows_of(setting.classification, setting.property)
        if _applies(row, situation)
        and is_weak(row.values, setting.value)
        and (effect := _effect(row, setting, situation))
    ]


def _applies(row: Override, situation: _Situation) -> bool:
    applies_to = row.applies_to
    return (
        (not applies_to.needs_kerberos or Condition.KERBEROS in situation.conditions)
        and (
            ANY in applies_to.applications
            or not situation.applications.isdisjoint(applies_to.applications)
        )
        and reached(situation.release, applies_to.starts)
        and (applies_to.before is None or situation.release < applies_to.before)
    )


def _effect(row: Override, setting: PropertySetting, situation: _Situation) -> Effect | None:
    """Return what a weak value does, None where another property makes it irrelevant."""

    def any_holds(groups: tuple[tuple[Requirement, ...], ...]) -> bool:
        return any(all(_holds(each, row, setting, situation) for each in group) for group in groups)

    if any_holds(row.unless):
        return None
    return Effect.WEAKER if any_holds(row.weaker_if) else row.effect


def _holds(
    requirement: Requirement, row: Override, setting: PropertySetting, situation: _Situation
) -> bool:
    if requirement.condition:
        return requirement.condition in situation.conditions
    if requirement.since and situation.release < requirement.since:
        return False
    stated = [
        each
        for each in situation.settings
        if each.scope in {"", setting.scope} and _is_beside(each, requirement.name, row)
    ]
    return bool(stated) and all(_reads(each) == (requirement.value,) for each in stated)


def _is_beside(setting: PropertySetting, name: str, row: Override) -> bool:
    """Return whether a setting is that property where the reader of the row finds it."""
    if row.classification == SPARK_DEFAULTS and row.name.startswith("spark.hadoop."):
        return setting.property in {name, f"spark.hadoop.{name}"}
    return (setting.classification, setting.property) == (row.classification, name)


def _reads(setting: PropertySetting) -> tuple[str, ...]:
    rows = rows_of(setting.classification, setting.property)
    return read_value(rows[0].values.kind if rows else Kind.WORD, setting.value)


def _is_accepted(key: str, parameters: RuleParameters) -> bool:
    # The names of the table have no other character that fnmatch knows than the asterisk.
    return any(fnmatchcase(key, accepted) for accepted in parameters.accepted_overrides)


def _finding(
    facts: ClusterFacts, found: list[Weakness], labels: set[str], parameters: RuleParameters
) -> Finding:
    row, effect = found[0].row, found[0].effect
    weaker = effect is Effect.WEAKER
    exposed = [label for label in row.exposes if label in labels] or list(row.exposes)
    secure = shown_secure(row.values.kind, row.values.shown)
    detail = (
        f"{row.key} is {_counted(_places(found))} (secure: {secure}); "
        f"it {'weakens' if weaker else 'exposes'} {_counted(exposed)}"
        + (f" ({row.note})." if row.note else ".")
    )
    return Finding(
        Reason.ENCRYPTION_WEAKENED if weaker else Reason.ENCRYPTION_OVERRIDDEN,
        detail,
        subject=row.key,
        only_warns=weaker and parameters.coverage is Coverage.CONFIGURED,
        fix=_remedy(facts, found, secure),
    )


def _places(found: list[Weakness]) -> list[str]:
    places = (
        quoted(each.setting.value.strip())
        + (f" in {quoted(each.setting.scope)}" if each.setting.scope else "")
        for each in found
    )
    return list(dict.fromkeys(places))


def _remedy(facts: ClusterFacts, found: list[Weakness], secure: str) -> str:
    """Return where to write what instead, by where it was found."""
    key = found[0].row.key
    values = list(dict.fromkeys(quoted(each.setting.value.strip()) for each in found))
    steps = []
    if any(not each.setting.scope for each in found):
        steps.append("in the Configurations of RunJobFlow; running clusters must be replaced")
    scopes = [quoted(each.setting.scope) for each in found if each.setting.scope]
    if scopes:
        kind, call = (
            ("instance fleet", "ModifyInstanceFleet")
            if facts.has_fleets
            else ("instance group", "ModifyInstanceGroups")
        )
        where = f"in the configurations of {kind} {_counted(list(dict.fromkeys(scopes)))}"
        can_change = release_or_newest(facts.release_label) >= _FIRST_WITH_RECONFIGURATION
        steps.append(where + (f", by {call} on a running cluster" if can_change else ""))
    return (
        f"{key} is {_counted(values)}; remove it, or set it to {secure}, {' and '.join(steps)}. "
        "If it has to stay, name it in acceptedOverrides."
    )


def _counted(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _properties(configurations: object) -> Iterator[tuple[str, str, str]]:
    pending: list[tuple[object, str]] = [(configurations, "")]
    while pending:
        value, above = pending.pop()
        if isinstance(value, list | tuple):
            pending.extend((each, above) for each in reversed(value))
        elif isinstance(value, Mapping):
            classification = value.get("Classification")
            if not isinstance(classification, str):
                classification = ""
            section = _section(classification, above)
            for name in dict.fromkeys((classification, section)):
                yield from _own_properties(name, value.get("Properties"))
            pending.append((value.get("Configurations"), section))


def _section(classification: str, above: str) -> str:
    """Return the path of a section of hue.ini, such as "hue-ini/beeswax/ssl"; "" for another file."""
    if classification == _SECTIONED:
        return _SECTIONED
    if above and above.count("/") < _MOST_SECTIONS:
        return f"{above}/{classification}"
    return ""


def _own_properties(classification: str, properties: object) -> Iterator[tuple[str, str, str]]:
    if not classification or not isinstance(properties, Mapping):
        return
    for name, value in properties.items():
        # EMR has texts only; people write true and 0 too, and Python's True is a number.
        if isinstance(value, str | int):
            yield classification, str(name).strip(), _CREDENTIALS.sub(r"\1", str(value))
