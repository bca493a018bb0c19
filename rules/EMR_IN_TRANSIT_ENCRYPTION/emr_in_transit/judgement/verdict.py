"""Pure: what a judgement answers with."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from emr_in_transit.judgement.reasons import REASONS, Reason, Severity

_PRECEDENCE = {reason: position for position, reason in enumerate(Reason)}


class Compliance(StrEnum):
    """What AWS Config records; the values are its own."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Finding(NamedTuple):
    """One reason that applies to one subject, with what was found there."""

    reason: Reason
    detail: str
    subject: str = ""  # what it is about, where one reason can apply more than once
    only_warns: bool = False  # where the reason would violate
    fix: str = ""  # what to do about what was found; "": what the reason says
    unavoidable: bool = False  # nothing can be done: for whoever looks closely, not for annotations

    @property
    def severity(self) -> Severity:
        """Whether this finding violates or only warns."""
        if self.only_warns or self.unavoidable:
            return Severity.WARNING
        return REASONS[self.reason].severity

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.fix or REASONS[self.reason].remedy


class Exemption(NamedTuple):
    """What exempts a cluster: the key of the tag, its value, and the last day, where it has one."""

    tag: str
    text: str
    until: date | None


class Verdict(NamedTuple):
    """Compliance, and every finding that applies, most important first."""

    compliance: Compliance
    findings: tuple[Finding, ...] = ()
    protection: str = ""  # what protects a COMPLIANT subject, or exempts it, in a sentence
    exemption: Exemption | None = None  # while one holds; the findings are those without it

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The findings that make the subject NON_COMPLIANT."""
        return tuple(f for f in self.findings if f.severity is Severity.VIOLATION)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are only mentioned."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)


def verdict_of(findings: list[Finding], protection: str) -> Verdict:
    """Return the verdict that these findings amount to: one violation is enough to fail."""
    ordered = tuple(sorted(findings, key=_rank))
    if any(finding.severity is Severity.VIOLATION for finding in ordered):
        return Verdict(Compliance.NON_COMPLIANT, ordered)
    return Verdict(Compliance.COMPLIANT, ordered, protection)


def _rank(finding: Finding) -> tuple[bool, bool, bool, int, bool, str]:
    # A warning never leads where something violates. Among the warnings, what the owner of the
    # rule has decided to live with comes after a date that draws near, and endpoints in clear
    # text, which nearly every cluster has, come last: they must not hide what few have.
    warns = finding.severity is Severity.WARNING
    return (
        warns,
        finding.only_warns or finding.unavoidable,
        warns and finding.reason is Reason.TRAFFIC_NOT_COVERED,
        _PRECEDENCE[finding.reason],
        finding.unavoidable,
        finding.subject,
    )
