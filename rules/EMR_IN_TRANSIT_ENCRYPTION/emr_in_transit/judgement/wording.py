"""Pure: puts verdicts into words that fit where AWS shows them."""

from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict

# PutEvaluations refuses a longer Annotation (AWS Config API model).
ANNOTATION_LIMIT = 256
_ELLIPSIS = "..."
_UTF_16 = "utf-16-le"  # two bytes for each unit


def clip(text: str, limit: int) -> str:
    """Return the text as one printable line of at most ``limit`` UTF-16 units.

    AWS counts as Java does, where an emoji is two units. Line breaks, control and direction
    marks and halves of surrogate pairs become spaces: a name never breaks a line.
    """
    line = one_line(text)
    units = line.encode(_UTF_16)
    if len(units) <= 2 * limit:
        return line
    kept = units[: 2 * (limit - len(_ELLIPSIS))].decode(_UTF_16, "ignore")  # no half of an emoji
    return kept.rstrip() + _ELLIPSIS


def one_line(text: str) -> str:
    """Return the text with everything unprintable turned to spaces, and spaces folded."""
    if not text.isprintable():  # nearly every text is, and a sweep writes thousands
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def quoted(name: str) -> str:
    """Return a name from AWS as it stands in a sentence."""
    return f'"{clip(name, 80)}"'


def annotation(verdict: Verdict) -> str:
    """Return the annotation of an evaluation: one line of at most 256 characters."""
    findings = [finding for finding in verdict.findings if not finding.unavoidable]
    if verdict.compliance is Compliance.NON_COMPLIANT:
        more = len(findings) - 1
        tail = f" (+{more} more)" if more else ""
        return clip(_sentence(findings[0]), ANNOTATION_LIMIT - len(tail)) + tail
    mentioned = [verdict.protection, *(_sentence(finding) for finding in findings[:1])]
    return clip(" ".join(filter(None, mentioned)), ANNOTATION_LIMIT)


def _sentence(finding: Finding) -> str:
    return f"{finding.reason}: {finding.detail}"
