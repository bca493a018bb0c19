"""Pure: what a judgement answers with."""

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

    @property
    def severity(self) -> Severity:
        """Whether this finding violates or only warns."""
        return Severity.WARNING if self.only_warns else REASONS[self.reason].severity

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REASONS[self.reason].remedy


class Verdict(NamedTuple):
    """Compliance, and every finding that applies, most important first."""

    compliance: Compliance
    findings: tuple[Finding, ...] = ()
    protection: str = ""  # what protects a COMPLIANT subject, or exempts it, in a sentence

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The findings that make the subject NON_COMPLIANT."""
        return tuple(f for f in self.findings if f.severity is Severity.VIOLATION)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that are only mentioned."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)


def verdict_of(findings: list[Finding], protection: str) -> Verdict:
    """Answer the verdict that these findings amount to: one violation is enough to fail."""
    ordered = tuple(sorted(findings, key=_rank))
    if any(finding.severity is Severity.VIOLATION for finding in ordered):
        return Verdict(Compliance.NON_COMPLIANT, ordered)
    return Verdict(Compliance.COMPLIANT, ordered, protection)


def _rank(finding: Finding) -> tuple[bool, bool, int, str]:
    # A warning never leads where something violates. Among the warnings, what the owner of the
    # rule has decided to live with comes last: it must not hide a date that draws near.
    return (
        finding.severity is Severity.WARNING,
        finding.only_warns,
        _PRECEDENCE[finding.reason],
        finding.subject,
    )
