"""Messages in a chat: what Amazon Q shows of them, whatever somebody has called a cluster."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emr_in_transit.alerting.alert import Kind
from emr_in_transit.alerting.chat import (
    DESCRIPTION_LIMIT,
    LINE_LIMIT,
    MOST_CONTEXT,
    MOST_KEYWORDS,
    MOST_RESOURCES,
    MOST_STEPS,
    STEP_LIMIT,
    TITLE_LIMIT,
    VALUE_LIMIT,
    Notice,
    chat_document,
)
from emr_in_transit.alerting.messages import HOW_TO, NEXT_STEPS, chat, email, message, subject
from emr_in_transit.judgement.reasons import REASONS, Reason
from emr_in_transit.judgement.verdict import Finding, verdict_of
from tests.support.builders import (
    ACCOUNT,
    BARE,
    EXEMPTED,
    EXPIRING,
    FUNCTION_ARN,
    GOOD,
    REGION,
    alert,
    crowded,
    exempt,
    expiring,
    judged,
    many,
    origin,
)
from tests.unit.alerting.test_messages import NAMES, alerts_on

# What Slack and Teams take as a mention, a link, a quotation or a piece of code.
MARKUP = set("<>@[]`*|")
FOR_CHAT = origin()._replace(for_chat=True)
NOTICE = Notice("id", "thread", "violation", "title", ["line"], ["step"], ["word"], ["j-1"], {})


def texts_of(found):
    """Return every text of a document, at whatever depth."""
    if isinstance(found, dict):
        return [each for value in found.values() for each in texts_of(value)]
    if isinstance(found, list):
        return [each for value in found for each in texts_of(value)]
    return [found]


def holds_its_limits(document):
    content, about = document["content"], document["metadata"]
    assert 0 < len(content["title"]) <= TITLE_LIMIT
    assert 0 < len(content["description"]) <= DESCRIPTION_LIMIT
    assert all(len(each) <= LINE_LIMIT for each in content["description"].split("\n"))
    assert 0 < len(content["nextSteps"]) <= MOST_STEPS
    assert all(0 < len(each) <= STEP_LIMIT for each in content["nextSteps"])
    assert 0 < len(content["keywords"]) <= MOST_KEYWORDS
    assert len(about["relatedResources"]) <= MOST_RESOURCES
    context = about["additionalContext"]
    assert len(context) <= MOST_CONTEXT
    assert all(0 < len(each) <= VALUE_LIMIT for each in [*context, *context.values()])
    for text in texts_of(document):
        assert text.replace("\n", "").isprintable()
        assert text
        assert text.encode("utf-8"), "no half of a surrogate pair"
        assert not MARKUP & set(text)
    assert all("\n" not in each for each in texts_of(document | {"content": content["title"]}))


@given(NAMES)
@example("<!channel> <https://evil.example|the fix> @here [fix](https://evil.example) `x` *y*")
def test_no_name_breaks_a_limit_or_mentions_anybody(name):
    """Names are data: neither a line more, nor a link, nor the whole channel woken."""
    for told in alerts_on(name):
        holds_its_limits(chat(told))


@pytest.mark.parametrize(
    "told",
    [
        [crowded(600)],
        many(250),
        many(250, exempt()),
        many(250, GOOD),
        [expiring(*(f"j-{n:04}" for n in range(3_000)))],
        [expiring(f"j-{n}", name=f"managed-{n}") for n in range(12)],
    ],
    ids=["findings", "violations", "exempt", "resolved", "users", "configurations"],
)
def test_what_is_long_is_cut_and_says_so(told):
    """The email and the document for machines have all of it."""
    document = chat(alert(*told))
    holds_its_limits(document)
    if len(told) > 12 or len(told[0].verdict.findings) > 12:
        assert document["content"]["description"].endswith("lines more")


def test_lines_are_left_out_only_where_they_do_not_fit():
    """Just up to the limit all are there, and then the rest is counted."""
    line = "x" * 99
    fit = (DESCRIPTION_LIMIT + 1) // 100
    whole = chat_document(NOTICE._replace(lines=[line] * fit))["content"]["description"]
    assert whole.split("\n") == [line] * fit
    cut = chat_document(NOTICE._replace(lines=[line] * (fit + 5)))["content"]["description"]
    shown = cut.split("\n")
    assert shown == [line] * (len(shown) - 1) + [f"and {fit + 6 - len(shown)} lines more"]
    assert len(cut) <= DESCRIPTION_LIMIT < len(cut) + 100


def test_a_violation_is_shown_with_all_that_a_person_needs():
    """What is wrong, what to do, where to look, and whose it is."""
    told = judged(verdict_of([Finding(BARE, "None is attached.")], ""), tags=(("owner", "ana"),))
    document = chat(alert(told))
    content = document["content"]
    assert content["title"] == subject(alert(told))
    for fact in ("None is attached.", "Tag owner: ana", "j-1", REGION, ACCOUNT, FUNCTION_ARN):
        assert fact in content["description"]
    assert content["nextSteps"][:3] == [REASONS[BARE].remedy, NEXT_STEPS[Kind.VIOLATION], HOW_TO]
    assert content["nextSteps"][3].endswith("#/clusterDetails/j-1")
    assert content["keywords"] == ["violation", BARE.value]
    assert document["metadata"]["relatedResources"] == ["j-1"]
    assert document["metadata"]["eventType"] == "violation"


def test_an_exemption_and_certificates_are_shown_as_what_they_are():
    """By which tag, until when, and what it says; which reason draws near."""
    told = chat(alert(EXEMPTED))["content"]
    assert 'Exempt by tag "exempt" until 2026-06-30.' in told["description"]
    assert "The tag says: 2026-06-30 test" in told["description"]
    soon = chat(alert(EXPIRING))["content"]
    assert soon["keywords"] == ["expiring", Reason.CERTIFICATES_EXPIRING.value]
    assert NEXT_STEPS[Kind.EXPIRING] in soon["nextSteps"]


def test_what_belongs_together_is_one_thread_and_each_message_has_an_id_of_its_own():
    """The end of a violation stands under it; parts of a digest stand together."""
    told = [
        *(alert(judged()), alert(judged(GOOD)), alert(EXEMPTED)),
        *(alert(*many(12), part=n, parts=2) for n in (1, 2)),
    ]
    documents = [chat(each) for each in told]
    assert {each["metadata"]["threadId"] for each in documents} == {"alert-1"}
    assert len({each["id"] for each in documents}) == len(documents)


def test_what_complies_again_needs_no_fix():
    """There is nothing to follow but the way to the cluster."""
    steps = chat(alert(judged(GOOD)))["content"]["nextSteps"]
    assert steps[0] == NEXT_STEPS[Kind.RESOLVED]
    assert HOW_TO not in steps
    assert len(steps) == 2


def test_only_the_default_text_is_for_the_chat():
    """Emails, queues and functions get what they get without it."""
    plain, shown = (json.loads(message(alert(origin=o)).body) for o in (origin(), FOR_CHAT))
    assert set(plain) == {"default", "email"}
    assert set(shown) == {"default", "email", "sqs", "lambda"}
    assert shown["email"] == plain["email"] == email(alert())
    assert shown["sqs"] == shown["lambda"] == plain["default"]
    assert json.loads(shown["default"]) == chat(alert())


def test_a_chat_changes_neither_subject_nor_attributes():
    """Filter policies choose by the same."""
    plain, shown = message(alert()), message(alert(origin=FOR_CHAT))
    assert (plain.subject, plain.attributes) == (shown.subject, shown.attributes)


@given(st.text(st.characters(exclude_categories=()), max_size=3_000))
def test_any_line_is_taken(text):
    """Also one that is empty, or nothing but marks."""
    found = chat_document(NOTICE._replace(lines=[text], next_steps=["x"], context={"key": "value"}))
    holds_its_limits(found)
