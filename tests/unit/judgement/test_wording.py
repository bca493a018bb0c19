"""How verdicts are put into words that fit where AWS shows them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Finding, Verdict, verdict_of
from emr_in_transit.judgement.wording import ANNOTATION_LIMIT, annotation, clip, one_line, quoted

any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def units(text: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


LINES = [
    ("a plain text stays", "nightly-etl_7", "nightly-etl_7"),
    (
        "letters of any alphabet stay",
        "caf\u00e9 \u6771\u4eac \u05e9",
        "caf\u00e9 \u6771\u4eac \u05e9",
    ),
    ("an emoji stays", "etl \U0001f680", "etl \U0001f680"),
    ("line breaks become spaces", "a\r\nb\u2028c\x85d", "a b c d"),
    ("tabs and no-break spaces become spaces", "a\t\u00a0b", "a b"),
    ("control characters become spaces", "a\x00b\x1b[31mc\x7f", "a b [31mc"),
    ("marks that turn the writing round become spaces", "a\u202eb\u2066c", "a b c"),
    ("halves of surrogate pairs become spaces", "a\ud800b\udfffc", "a b c"),
    ("spaces are folded and trimmed", "  a   b  ", "a b"),
    ("nothing but unprintable is nothing", "\n\u200b\ufeff", ""),
]


@pytest.mark.parametrize(("text", "line"), [r[1:] for r in LINES], ids=[r[0] for r in LINES])
def test_one_line(text: str, line: str):
    """A text becomes one line of printable characters."""
    assert one_line(text) == line


CLIPPED = [
    ("a text that fits", "abcdef", 6, "abcdef"),
    ("a text that is too long", "abcdefg", 6, "abc..."),
    ("no blank before the dots", "ab cdefg", 6, "ab..."),
    (
        "an emoji counts twice",
        "\U0001f680\U0001f680\U0001f680",
        6,
        "\U0001f680\U0001f680\U0001f680",
    ),
    ("an emoji is never halved", "\U0001f680\U0001f680\U0001f680\U0001f680", 6, "\U0001f680..."),
    ("an emoji that fits to the unit", "a\U0001f680bcdefg", 6, "a\U0001f680..."),
    ("folding comes before measuring", "a     b     c", 6, "a b c"),
]


@pytest.mark.parametrize(
    ("text", "limit", "expected"), [row[1:] for row in CLIPPED], ids=[row[0] for row in CLIPPED]
)
def test_clip(text: str, limit: int, expected: str):
    """A text is cut to so many UTF-16 units, which is how AWS counts."""
    assert clip(text, limit) == expected


@settings(deadline=None)
@given(any_text, st.integers(3, 300))
@example("\U0001f680" * 200, 255)
def test_clip_keeps_its_limit(text: str, limit: int):
    """Whatever the text, what is left fits, is printable, and is the beginning of the line."""
    clipped = clip(text, limit)

    assert units(clipped) <= limit
    assert clipped.isprintable()
    assert clipped == one_line(text) or one_line(text).startswith(clipped.removesuffix("..."))


def test_quoted():
    """A name is quoted, and cut where it is too long for a sentence."""
    assert quoted("nightly\netl") == '"nightly etl"'
    assert quoted("n" * 200) == '"' + "n" * 77 + '..."'


OFF = Finding(Reason.IN_TRANSIT_ENCRYPTION_OFF, "It is off.")
OLD = Finding(Reason.RELEASE_WITHOUT_SUPPORT, "Release 4.7.2 is too old.")
SOON = Finding(Reason.CERTIFICATES_EXPIRING, "They expire soon.")
ODD = Finding(Reason.RELEASE_NOT_RECOGNISED, "It is odd.", only_warns=True)
POOR = Finding(Reason.ENCRYPTION_WEAKENED, "It is poor.", only_warns=True)
OPEN = Finding(Reason.TRAFFIC_NOT_COVERED, "It is open.", only_warns=True)
LOST = Finding(Reason.TRAFFIC_NOT_COVERED, "It is lost.", unavoidable=True)
ANNOTATIONS = [
    ("a violation", verdict_of([OFF], "X."), "IN_TRANSIT_ENCRYPTION_OFF: It is off."),
    (
        "the most important violation leads, the others are counted",
        verdict_of([SOON, OFF, OLD], "X."),
        "RELEASE_WITHOUT_SUPPORT: Release 4.7.2 is too old. (+2 more)",
    ),
    ("compliance says what protects", verdict_of([], "PEM certificates."), "PEM certificates."),
    (
        "compliance mentions the first warning, a date before what the owner lives with",
        verdict_of([ODD, SOON], "PEM certificates."),
        "PEM certificates. CERTIFICATES_EXPIRING: They expire soon.",
    ),
    (
        "what nearly every cluster has does not hide what few have",
        verdict_of([OPEN, LOST, POOR], "PEM certificates."),
        "PEM certificates. ENCRYPTION_WEAKENED: It is poor.",
    ),
    (
        "what nobody can change is not mentioned",
        verdict_of([LOST], "PEM certificates."),
        "PEM certificates.",
    ),
    (
        "and not counted",
        verdict_of([LOST, POOR, OFF], ""),
        "IN_TRANSIT_ENCRYPTION_OFF: It is off. (+1 more)",
    ),
    ("nothing to say", Verdict(Compliance.NOT_APPLICABLE), ""),
]


@pytest.mark.parametrize(
    ("verdict", "text"), [row[1:] for row in ANNOTATIONS], ids=[row[0] for row in ANNOTATIONS]
)
def test_annotation(verdict: Verdict, text: str):
    """An annotation leads with the reason, or with what protects."""
    assert annotation(verdict) == text


def test_long_annotation_is_used_to_the_last_unit():
    """An annotation is cut at 256 units, and the count of the other findings is kept."""
    long = Finding(Reason.RELEASE_WITHOUT_SUPPORT, "x" * 500)

    text = annotation(verdict_of([long, OFF], ""))

    assert units(text) == ANNOTATION_LIMIT
    assert text.endswith("x... (+1 more)")


findings = st.lists(st.builds(Finding, st.sampled_from(Reason), any_text), max_size=20)


@settings(deadline=None, max_examples=300)
@given(findings, any_text)
@example([Finding(Reason.IN_TRANSIT_ENCRYPTION_OFF, "\U0001f680" * 500)] * 12, "")
@example([], "\U0001f680" * 500)
def test_annotation_is_what_aws_takes(found: list[Finding], protection: str):
    """Whatever was found: at most 256 units, one line, UTF-8, and the reason first."""
    verdict = verdict_of(found, protection)
    text = annotation(verdict)

    assert units(text) <= 256
    assert text.isprintable()
    assert text.encode() or not text
    if verdict.compliance is Compliance.NON_COMPLIANT:
        assert text.startswith(f"{verdict.findings[0].reason}:")
        told = [each for each in found if not each.unavoidable]
        assert ("more)" in text[-12:]) or len(told) == 1
