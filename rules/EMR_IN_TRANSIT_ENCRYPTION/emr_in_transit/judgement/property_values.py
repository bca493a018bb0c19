"""Pure: the value of a property, as the software that reads it takes it.

Letter case and blanks count where they count for the reader, and only there.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from emr_in_transit.judgement.wording import one_line

_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
# S3A drops the central endpoint and takes the SDK's own (HADOOP-19044).
_CENTRAL_S3 = "s3.amazonaws.com"


class Kind(StrEnum):
    """How a reader takes the text of a value."""

    WORD = "word"
    UNTRIMMED_WORD = "untrimmed word"
    TEXT = "text"
    NAME = "name"
    FILLED = "filled"
    LIST = "list"
    UNTRIMMED_LIST = "untrimmed list"
    ADDRESS = "address"
    S3A_ADDRESS = "S3A address"


MEANINGS = {
    Kind.WORD: "letter case and blanks around it do not count",
    Kind.UNTRIMMED_WORD: "letter case does not count, blanks do",
    Kind.TEXT: "to the letter",
    Kind.NAME: "to the letter, blanks around it aside",
    Kind.FILLED: "whether there is any text",
    Kind.LIST: "each item between commas or line ends, as a word",
    Kind.UNTRIMMED_LIST: "each item between commas, as an untrimmed word",
    Kind.ADDRESS: "the scheme of an address; one without a scheme is not weak",
    Kind.S3A_ADDRESS: "the same, but S3A drops what ends in s3.amazonaws.com",
}


def read_value(kind: Kind, text: str) -> tuple[str, ...]:
    """Return what the reader sees in a value: the items of a list, else one; words in lower case."""
    return _READERS[kind](text)


def _word(text: str) -> tuple[str, ...]:
    return (text.strip().lower(),)


def _untrimmed_word(text: str) -> tuple[str, ...]:
    return (text.lower(),)


def _text(text: str) -> tuple[str, ...]:
    return (text,)


def _name(text: str) -> tuple[str, ...]:
    return (text.strip(),)


def _filled(text: str) -> tuple[str, ...]:
    return ("filled" if text.strip() else "",)


def _list(text: str) -> tuple[str, ...]:
    # Hadoop's StringUtils.getTrimmedStrings.
    items = text.lower().replace("\n", ",").split(",")
    return _without_empty_end([item.strip() for item in items])


def _untrimmed_list(text: str) -> tuple[str, ...]:
    return _without_empty_end(text.lower().split(","))


def _without_empty_end(items: list[str]) -> tuple[str, ...]:
    # Java's String.split drops the empty items at the end.
    while items and not items[-1]:
        items.pop()
    return tuple(items)


def _address(text: str) -> tuple[str, ...]:
    match = _SCHEME.match(text)
    return (match[1].lower() if match else "no scheme",)


def _s3a_address(text: str) -> tuple[str, ...]:
    (scheme,) = _address(text)
    is_central = text.strip().endswith(_CENTRAL_S3) and scheme != "https"
    return ("central",) if is_central else (scheme,)


_READERS: dict[Kind, Callable[[str], tuple[str, ...]]] = {
    Kind.WORD: _word,
    Kind.UNTRIMMED_WORD: _untrimmed_word,
    Kind.TEXT: _text,
    Kind.NAME: _name,
    Kind.FILLED: _filled,
    Kind.LIST: _list,
    Kind.UNTRIMMED_LIST: _untrimmed_list,
    Kind.ADDRESS: _address,
    Kind.S3A_ADDRESS: _s3a_address,
}
_SHOWN = {Kind.ADDRESS: "an https address", Kind.S3A_ADDRESS: "an https address"}


def shown_secure(kind: Kind, secure: str) -> str:
    """Return a secure value as people are told to write it."""
    return _SHOWN.get(kind, one_line(secure))
