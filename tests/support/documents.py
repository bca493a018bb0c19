"""The documents as their readers meet them: links, anchors and commands."""

import re
import shlex
from functools import cache
from itertools import pairwise, takewhile
from typing import NamedTuple

from markdown_it import MarkdownIt

from tools.package import ROOT

FOLDERS = (
    ROOT,
    ROOT / "docs",
    ROOT / "rdk-config",
    ROOT / "tools" / "simulator",
    ROOT / ".github",
    ROOT / ".github" / "ISSUE_TEMPLATE",
)
DOCUMENTS = tuple(sorted(path for folder in FOLDERS for path in folder.glob("*.md")))
# What a reader is to type stands in blocks of these languages, or between backticks.
TYPED = ("sh", "shell", "bash", "yaml")
SHOWN = ("console", "text")  # the output stands below what is typed
PROGRAM = re.compile(
    r"(?:^|(?<=[\s(]))(?=(?:aws|make|emr-in-transit|(?:\S*/)?python3? -m tools[\w.]*)(?:\s|$))",
    re.MULTILINE,
)
COMMENT = re.compile(r"(?:^|(?<=\s))#[ !].*$", re.MULTILINE)


class Command(NamedTuple):
    """One command of a document, as the shell would split it."""

    document: str
    words: tuple[str, ...]
    is_whole: bool  # in a block, where nothing may be missing; a text may leave options out

    def __str__(self):
        return f"{self.document}: {' '.join(self.words)}"


@cache
def tokens_of(path):
    """Return the tokens of a document, those within lines too."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text()):
        found += [token, *(token.children or ())]
    return tuple(found)


def name_of(path):
    """Return how a document is called from the top of the repository."""
    return path.relative_to(ROOT).as_posix()


def links(path):
    """Return where the links and pictures of a document lead."""
    targets = [each.attrGet("href") or each.attrGet("src") for each in tokens_of(path)]
    return [str(each) for each in targets if each]


def anchors(path):
    """Return the anchors that GitHub gives to the headings of a document."""
    found = []
    tokens = tokens_of(path)
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            text = "".join(each.content for each in inline.children)
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            repeated = sum(
                re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each) is not None for each in found
            )
            found.append(f"{anchor}-{repeated}" if repeated else anchor)
    return found


def blocks(path, languages=TYPED):
    """Return the blocks of a document that are in one of the languages."""
    fences = [each for each in tokens_of(path) if each.type == "fence"]
    return [each.content for each in fences if each.info.strip() in languages]


def spans(path):
    """Return what stands between backticks in a document."""
    return [each.content for each in tokens_of(path) if each.type == "code_inline"]


def lines(block, prompt=""):
    """Return the lines of a block, those that go on put together, without comments.

    With a prompt, only those that begin with it, as in a block that shows the output too.
    """
    text = COMMENT.sub("", block.replace("\\\n", " "))
    typed = [line for line in text.splitlines() if line.strip() and line.startswith(prompt)]
    return [line.removeprefix("$ ").rstrip() for line in typed]


def commands():
    """Return every command of our own programs and of the AWS CLI in all documents."""
    found = []
    for path in DOCUMENTS:
        texts = [(line, True) for block in blocks(path) for line in lines(block)]
        # What a reader sees somebody type, where the output stands below.
        shown = [line for block in blocks(path, SHOWN) for line in lines(block, prompt="$ ")]
        texts += [(line, True) for line in shown]
        # A changelog names what is no more.
        texts += [(span, False) for span in spans(path) if path.name != "CHANGELOG.md"]
        for text, is_whole in texts:
            starts = [
                match.start() for match in PROGRAM.finditer(text) if is_whole or not match.start()
            ]
            found += [Command(name_of(path), words(text[start:]), is_whole) for start in starts]
    return found


def words(text):
    """Return the words of a command up to where the shell would end it."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return tuple(takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))
