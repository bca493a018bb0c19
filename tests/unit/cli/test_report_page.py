"""report: its pages are one file, need nothing beside it, and break by no name."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.judgement.reasons import REASONS
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.reporting.evidence import evidence_of
from emr_in_transit_cli.reporting.log_lines import Input, Lines, Period, parse
from emr_in_transit_cli.reporting.pages import KINDS, evidence_page, report_page
from emr_in_transit_cli.reporting.status import (
    Gap,
    GapKind,
    Place,
    Reading,
    Recorded,
    findings_of,
    status_of,
)
from tests.support.pages import Page

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
HOME, REGION = "111122223333", "eu-west-1"
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
PERIOD = Period(NOW, NOW + timedelta(days=3))


def recorded(resource_id="j-1", annotation="NO_SECURITY_CONFIGURATION: None.", **members):
    """Make a verdict, a violation unless told otherwise."""
    compliance = members.pop("compliance", Outcome.NON_COMPLIANT)
    made = {
        "account": HOME,
        "region": REGION,
        "rule": RULE,
        "resource_type": CLUSTER_TYPE,
        "resource_id": resource_id,
        "name": "",
        "compliance": compliance,
        "findings": findings_of(annotation, compliance),
        "summary": annotation,
        "recorded": NOW,
    }
    return Recorded(**made | members)


def status(*results, gaps=(), places=(), empty=(), expected=(), source="aggregator all"):
    reading = Reading("aggregator", source, NOW, results, gaps, frozenset(places), frozenset(empty))
    return status_of([reading], expected)


def full_status(text="x"):
    """Make a status with everything in it; ``text`` stands wherever a text can be anything."""
    gaps = tuple(Gap(each, HOME, REGION, text, NOW) for each in list(GapKind)[:4])
    return status(
        recorded(annotation=text, name=text, rule=text),
        recorded(text or "j-2", "IN_TRANSIT_ENCRYPTION_OFF: It is off."),
        recorded("legacy", resource_type=SECURITY_CONFIGURATION_TYPE, recorded=None),
        recorded("j-3", compliance=Outcome.COMPLIANT, annotation=text),
        gaps=(*gaps, Gap(GapKind.COULD_NOT_TELL, "", "", text)),
        places=[Place(HOME, REGION), Place("222233334444", REGION)],
        empty=[Place("444455556666", REGION)],
        expected=[Place("333344445555", "")],
        source=text,
    )


def line(hours, message="verdict", **members):
    """Make a line of a function's log, so many hours after the period began."""
    made = {
        "timestamp": (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "message": message,
        "account": HOME,
        "region": REGION,
        "rule": RULE,
    }
    if message == "verdict":
        made |= {
            "verdict_version": 1,
            "resource_type": CLUSTER_TYPE,
            "resource_id": "j-1",
            "compliance": "COMPLIANT",
            "reasons": [],
            "annotation": "PEM.",
            "facts_hash": "ab" * 32,
        }
    return json.dumps(made | members)


def full_evidence(text="x"):
    """Make evidence with everything in it; ``text`` stands wherever a text can be anything."""
    created = "2026-05-05T12:00:00+00:00"
    about = {"resource_name": text, "release": text, "launched_by": text, "annotation": text}
    configured = {"security_configuration": text, "security_configuration_created": created}
    exempt = {"tag": text, "text": text, "until": "2026-06-30"}
    bad = {"compliance": "NON_COMPLIANT", "reasons": [text, "X"]}
    exempted = {"compliance": "NOT_APPLICABLE", "reasons": ["X"], "resource_id": "j-2"}
    ended = {"compliance": "NOT_APPLICABLE", "annotation": "", "facts_hash": ""}
    lines = [
        line(1, **about, **configured, **bad, cluster_created=created),
        line(2, **about, **configured),
        line(3, **about, **configured),
        line(1, exemption=exempt, **about, **exempted),
        line(2, exemption={"tag": text, "text": "", "until": None}, **exempted),
        line(50, **ended),
        line(1, "sweep finished", live=2, could_not_tell=1, deferred=3),
        line(1, "could not tell", subject=text, why=text),
        line(2, "could not tell", subject=text, why=text),
        line(2, rule=text, resource_id="j-4"),
    ]
    found, _ = parse("\n".join(lines))
    inputs = (Input(text, "cd" * 32, len(found), (text,)),)
    expected = [Place("333344445555", "")]
    return evidence_of(Lines(tuple(found), inputs), PERIOD, timedelta(hours=1), expected)


PAGES = {
    "report": lambda text="x": report_page(full_status(text)),
    "evidence": lambda text="x": evidence_page(full_evidence(text)),
    "report of nothing": lambda _="": report_page(status()),
    "evidence of nothing": lambda _="": evidence_page(
        evidence_of(Lines((), ()), PERIOD, timedelta(hours=3))
    ),
}
every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_a_page_is_one_file(name):
    """No script, no image, no address: what it refers to is in it, and a browser holds it to that."""
    text = PAGES[name]()
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not {"src", "srcset", "action"} & {each for _, attrs in page.tags for each in attrs}
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(page.attributes("href")) <= {f"#{each}" for each in ids}
    assert not re.search(r"https?:|//\w|url\(|@import", text)
    [policy] = [each for each in page.all("meta") if "http-equiv" in each]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert not any(attribute.startswith("on") for _, attrs in page.tags for attribute in attrs)


@every_page
def test_a_page_can_be_heard_and_walked_through(name):
    """Language, title, landmarks, a way past the contents, headings in order, named tables."""
    page = Page(PAGES[name]())
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(each)) for each in ("title", "header", "nav", "main", "footer")] == [1] * 5
    first = next(attrs for tag, attrs in page.tags if tag == "a")
    assert first == {"class": "skip", "href": "#main"}
    levels = [int(level[1]) for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), page.headings
    assert {each["aria-labelledby"] for each in page.all("section")} <= {*page.attributes("id")}
    assert all("scope" in each for each in page.all("th"))
    # What scrolls sideways can be reached by keyboard, and says what it is.
    scrolling = [each for each in page.all("div") if each.get("class") == "scroll"]
    assert len(scrolling) == len(page.all("table"))
    assert all(each["tabindex"] == "0" and each["aria-label"] for each in scrolling)
    assert all(each["role"] == "region" for each in scrolling)
    contents = [each for each in page.attributes("href") if each != "#main"]
    assert contents == [f"#{each['aria-labelledby']}" for each in page.all("section")]


@every_page
def test_a_page_has_its_own_colours_in_the_dark_and_on_paper(name):
    """And gives the browser's own parts the same."""
    text = PAGES[name]()
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    assert {"name": "color-scheme", "content": "light dark"} in Page(text).all("meta")


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(share * p for share, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_colour_of_a_text_stands_out():
    """Against the page and the cards, in each of the two schemes: 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    style = PAGES["report"]().partition("<style>")[2].partition("</style>")[0]
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", each))
        for each in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    both = [each for each in schemes if "card" in each and len(each) == 9]
    assert len(both) == 2
    for scheme in both:
        for text in ("text", "soft", "bad", "good", "unsure", "link"):
            for ground in ("page", "card"):
                pair = sorted((luminance(scheme[text]), luminance(scheme[ground])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (text, ground, scheme[text])


def test_what_is_not_known_stands_first():
    """Before any verdict; then who has no result, then the figures."""
    page = Page(PAGES["report"]())
    assert [text for level, text in page.headings if level == "h2"] == [
        "What is not known",
        "Without any result",
        "Totals",
        "Violating clusters",
        "Violating security configurations",
        "How to read this",
    ]
    headings = [text for _, text in Page(PAGES["evidence"]()).headings]
    assert headings[:3] == [
        "Evidence of encryption in transit of Amazon EMR clusters",
        "What is not known",
        "Sweeps",
    ]


def test_a_violation_has_its_reason_its_time_and_its_remedy():
    """From the one table of reasons, whatever the source."""
    for reason, about in REASONS.items():
        text = Page(report_page(status(recorded(annotation=f"{reason}: So.")))).text
        assert f"{reason} So. What to do: {about.remedy} Last recorded 2026-05-06 12:00 UTC" in text
        assert f"{reason}{about.meaning}" in text, "on two lines of a cell"
    text = Page(report_page(status(recorded(annotation="Other words", recorded=None)))).text
    said = "emr-in-transit explain j-1 --region eu-west-1 tells, in its account."
    assert f"Other words What to do: {said}" in text
    assert f"Nobody tells when it was recorded, by {RULE}" in text
    legacy = recorded("legacy", "Other words", resource_type=SECURITY_CONFIGURATION_TYPE)
    assert (
        "Other words What to do: look at it in its account"
        in Page(report_page(status(legacy))).text
    )


def test_every_kind_of_gap_has_words():
    """No code of ours stands on the page."""
    text = Page(PAGES["report"]()).text
    assert KINDS.keys() == set(GapKind)
    assert all(words in text for words in KINDS.values())


def test_the_sentences_where_nothing_is_missing():
    """They are said only then."""
    whole = status(recorded(compliance=Outcome.COMPLIANT, annotation=""))
    text = Page(report_page(whole)).text
    assert "Every source is up to date, and every rule that judges clusters has a result of" in text
    assert "Every account and Region that the sources know of has a result" in text
    assert "Silence" not in text


def test_a_verdict_by_several_rules_counts_once_by_the_worst():
    """A stricter trial rule on the same cluster is no second cluster."""
    both = status(
        recorded(compliance=Outcome.COMPLIANT, annotation=""),
        recorded(rule="EMR_IN_TRANSIT_ENCRYPTION_CONFIGS"),
    )
    assert both.totals()[1:] == (1, 0, 0)
    assert len(both.violating) == 1


ANYTHING = st.text(
    st.characters(codec=None) | st.sampled_from("<>&\"'{}%#/\\-!\u202e\u2028\x00\ud800"),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(text=ANYTHING)
@pytest.mark.parametrize("name", ["report", "evidence"])
def test_whatever_a_name_is_it_is_shown_and_does_nothing(name, text):
    """The page has the same elements as with a harmless name, and shows the name in one line."""
    marked = f"x{text}x"
    page, plain = Page(PAGES[name](marked)), Page(PAGES[name]("xx"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert page.attributes("id") == plain.attributes("id")
    assert page.attributes("class") == plain.attributes("class")
    assert one_line(marked) in page.text
    assert all(each.isprintable() or each.isspace() for each in "".join(page.texts))
