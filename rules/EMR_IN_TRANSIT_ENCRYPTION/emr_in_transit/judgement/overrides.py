"""Pure: properties in ``Configurations`` that switch encryption in transit off, or weaken it."""

import re
from collections.abc import Iterator, Mapping

from emr_in_transit.judgement.applications import installed
from emr_in_transit.judgement.facts import ClusterFacts, PropertySetting
from emr_in_transit.judgement.override_row import Override
from emr_in_transit.judgement.override_table import OVERRIDES
from emr_in_transit.judgement.parameter_values import OverrideScope
from emr_in_transit.judgement.parameters import RuleParameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import Release, reached
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import quoted

ROWS = {row.key: row for row in OVERRIDES}
_SHOWN = 3  # as many values or endpoints are named, the rest are counted
_BETWEEN_MEMBERS = re.compile(r"[,;\s]+")


def select_properties(configurations: object, scope: str = "") -> tuple[PropertySetting, ...]:
    """Answer the properties of the override table in ``Configurations``, at every depth.

    Everything else is left behind: properties can hold passwords. Total and without recursion,
    whatever the document holds; where a property is set twice, each setting is answered.
    """
    return tuple(
        PropertySetting(classification, name, value, scope)
        for classification, name, value in _properties(configurations)
        if f"{classification}/{name}" in ROWS
    )


def override_findings(
    facts: ClusterFacts, kerberos: bool, release: Release | None, parameters: RuleParameters
) -> list[Finding]:
    """Answer one finding for each property that undoes encryption and that nobody has excused."""
    found: dict[str, list[PropertySetting]] = {}
    for setting in weak_settings(facts, kerberos, release, parameters):
        if _key(setting) not in parameters.accepted_overrides:
            found.setdefault(_key(setting), []).append(setting)
    return [
        Finding(Reason.ENCRYPTION_OVERRIDDEN, _detail(ROWS[key], settings), subject=key)
        for key, settings in sorted(found.items())
    ]


def weak_settings(
    facts: ClusterFacts, kerberos: bool, release: Release | None, parameters: RuleParameters
) -> list[PropertySetting]:
    """Answer the settings that undo encryption on this cluster, excused or not.

    A weak value counts wherever it stands: EMR does not say which of two equal properties wins.
    Without a release that can be compared the newest one is taken: it knows every property.
    """
    applications = installed(facts.applications)
    return [
        setting
        for setting in facts.settings
        if (not setting.scope or parameters.override_scope is OverrideScope.INSTANCES)
        and (row := ROWS.get(_key(setting)))
        and row.where.application in applications
        and _does_something(row, kerberos, release)
        and _is_weak(row, setting.value)
    ]


def _does_something(row: Override, kerberos: bool, release: Release | None) -> bool:
    if row.where.needs_kerberos and not kerberos:
        return False
    ends = row.where.before
    if release is None:
        return ends is None
    return reached(release, row.where.starts) and (ends is None or release < ends)


def _is_weak(row: Override, value: str) -> bool:
    # A list is as weak as its weakest member: the two sides may agree on any of them.
    members = _BETWEEN_MEMBERS.split(value.strip().lower())
    return any(member in row.values.weak for member in members)


def _detail(row: Override, settings: list[PropertySetting]) -> str:
    places = dict.fromkeys(
        quoted(setting.value.strip()) + (f" in {quoted(setting.scope)}" if setting.scope else "")
        for setting in settings
    )
    return (
        f"{row.key} is {_counted(list(places))} (secure: {row.values.secure[0]}); "
        f"it exposes {_counted(list(row.exposes))}."
    )


def _counted(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _key(setting: PropertySetting) -> str:
    return f"{setting.classification}/{setting.property}"


def _properties(configurations: object) -> Iterator[tuple[str, str, str]]:
    pending = [configurations]
    while pending:
        value = pending.pop()
        if isinstance(value, list | tuple):
            pending.extend(reversed(value))
        elif isinstance(value, Mapping):
            yield from _own_properties(value.get("Classification"), value.get("Properties"))
            pending.append(value.get("Configurations"))


def _own_properties(classification: object, properties: object) -> Iterator[tuple[str, str, str]]:
    if not isinstance(classification, str) or not isinstance(properties, Mapping):
        return
    for name, value in properties.items():
        if isinstance(value, str | bool):  # EMR has texts only; people write true and false too
            yield classification, str(name).strip(), str(value)
