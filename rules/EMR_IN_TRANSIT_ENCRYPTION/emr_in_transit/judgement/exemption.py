"""Pure: clusters that their owners have exempted by a tag."""

import re
from datetime import UTC, date, datetime

from emr_in_transit.judgement.parameters import RuleParameters
from emr_in_transit.judgement.verdict import Compliance, Verdict
from emr_in_transit.judgement.wording import quoted

_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])", re.ASCII)


class _UnreadableDateError(Exception):
    """A value that begins like a date and is none."""


def apply_exemption(
    verdict: Verdict, value: str | None, parameters: RuleParameters, now: datetime
) -> Verdict:
    """Answer NOT_APPLICABLE while an exemption holds; the findings stay, so that one can count them.

    Where it has ended, or cannot be read, the verdict stands and its first violation says so.
    """
    if value is None or not parameters.exemption_tag_key:
        return verdict
    tag = quoted(parameters.exemption_tag_key)
    try:
        last_day = _last_day(value.strip())
    except _UnreadableDateError:
        note = f"The exemption by tag {tag} does not hold: {quoted(value)} begins with no date like 2027-01-31."
        return _with_note(verdict, note)
    if last_day is None:
        return _exempt(verdict, f"Exempt by tag {tag}, without an end.")
    if now.astimezone(UTC).date() <= last_day:
        return _exempt(verdict, f"Exempt by tag {tag} until {last_day}.")
    return _with_note(verdict, f"The exemption by tag {tag} ended on {last_day}.")


def _last_day(value: str) -> date | None:
    # What begins with a digit is meant as a date; any other text is a reason, which has no end.
    if not value[:1].isdigit():
        return None
    match = _DATE.match(value)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError as error:
        raise _UnreadableDateError from error


def _exempt(verdict: Verdict, sentence: str) -> Verdict:
    return Verdict(Compliance.NOT_APPLICABLE, verdict.findings, sentence)


def _with_note(verdict: Verdict, note: str) -> Verdict:
    if verdict.compliance is not Compliance.NON_COMPLIANT:
        return verdict
    first, *others = verdict.findings
    # First, because an annotation is cut at its end.
    return verdict._replace(findings=(first._replace(detail=f"{note} {first.detail}"), *others))
