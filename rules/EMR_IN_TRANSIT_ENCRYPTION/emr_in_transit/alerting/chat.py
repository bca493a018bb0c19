"""Pure: a message as Amazon Q in chat applications shows it, in Slack and Microsoft Teams.

Amazon Q shows only what it knows; anything else has to be a custom notification ("Custom
notifications using Amazon Q Developer in chat applications", Administrator Guide, Event schema).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from emr_in_transit.judgement.wording import clip

# That page gives no lengths. Slack takes 150 characters of a heading and 3,000 of a text (Block
# Kit, header and section); with these, what Amazon Q puts around them fits too.
TITLE_LIMIT, DESCRIPTION_LIMIT, LINE_LIMIT, STEP_LIMIT, VALUE_LIMIT = 140, 2_800, 500, 500, 250
MOST_STEPS, MOST_KEYWORDS, MOST_RESOURCES, MOST_CONTEXT = 5, 10, 10, 20
# What names people, groups and links in one of the two, as characters that look like it.
_HARMLESS = str.maketrans("<>@[]`*|", "\u2039\u203a\uff20()'\u2217\u2502")


class Notice(NamedTuple):
    """What is to be shown; names in it may hold anything."""

    notice_id: str
    thread: str  # what belongs together has the same one
    event_type: str
    title: str
    lines: Sequence[str]
    next_steps: Sequence[str]
    keywords: Sequence[str]
    resources: Sequence[str]
    context: Mapping[str, str]


def chat_document(notice: Notice) -> dict[str, Any]:
    """Return the custom notification; no text of it is empty, and no name mentions anybody."""
    title = _plain(notice.title, TITLE_LIMIT)
    resources = [_plain(each, VALUE_LIMIT) for each in notice.resources[:MOST_RESOURCES]]
    context = {
        _plain(name, VALUE_LIMIT): _plain(value, VALUE_LIMIT)
        for name, value in list(notice.context.items())[:MOST_CONTEXT]
    }
    return {
        "version": "1.0",
        "source": "custom",
        "id": notice.notice_id,
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": _description(notice.lines) or title,
            "nextSteps": [_plain(each, STEP_LIMIT) for each in notice.next_steps[:MOST_STEPS]],
            "keywords": list(notice.keywords[:MOST_KEYWORDS]),
        },
        "metadata": {
            "threadId": notice.thread,
            "summary": title,
            "eventType": notice.event_type,
            "relatedResources": [each for each in resources if each],
            "additionalContext": context,
        },
    }


def _description(lines: Sequence[str]) -> str:
    """Return as many of the lines as fit, and how many do not."""
    plain = [_plain(line, LINE_LIMIT) for line in lines]
    kept = len(plain)
    while len(text := _joined(plain, kept)) > DESCRIPTION_LIMIT:
        kept -= 1
    return text


def _joined(lines: Sequence[str], kept: int) -> str:
    left_out = len(lines) - kept
    return "\n".join([*lines[:kept], *([f"and {left_out} lines more"] if left_out else [])])


def _plain(text: str, limit: int) -> str:
    """Return a text as one line that a chat shows as it is."""
    return clip(text.translate(_HARMLESS), limit)
