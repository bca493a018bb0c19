"""Pure: how the text of each kind of rule parameter is read; ValueError where it is not one."""

import json
import re
from difflib import get_close_matches
from enum import StrEnum

from emr_in_transit.judgement.override_table import FORMER_KEYS, KEYS, rows_of

MOST_EXPIRY_DAYS = 3650
_WHOLE_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
# What AWS takes as the key of a tag; one that begins with "aws:" cannot be set by users.
_TAG_KEY = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)


class UnknownOverrideError(ValueError):
    """A property that no row of the override table has."""


class Coverage(StrEnum):
    """How much has to be encrypted."""

    CONFIGURED = "configured"  # what the security configuration asks for
    COMPLETE = "complete"  # every endpoint that some setting can protect


class OverrideScope(StrEnum):
    """Whose ``Configurations`` are looked at."""

    CLUSTER = "cluster"
    INSTANCES = "instances"  # those of the instance groups and fleets too


def read_days(text: str) -> int:
    """Return a number of days."""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > MOST_EXPIRY_DAYS:
        raise ValueError
    return int(text)


def read_list(text: str) -> tuple[str, ...]:
    """Return the items between the commas."""
    items = tuple(item.strip() for item in text.split(","))
    if not all(items):
        raise ValueError
    return items


def read_tag_key(text: str) -> str:
    """Return the key of a tag that users can set."""
    if not _TAG_KEY.fullmatch(text):
        raise ValueError
    return text


def read_overrides(text: str) -> tuple[str, ...]:
    """Return a list of keys that the override table has; for another one, name the nearest.

    An asterisk may stand for a bucket's name, as it does in the table.
    """
    items = read_list(text)
    for item in items:
        classification, _, name = item.rpartition("/")
        if not rows_of(classification, name) and item not in FORMER_KEYS:
            nearest = get_close_matches(item, KEYS, n=3, cutoff=0.4) or KEYS[:3]
            raise UnknownOverrideError(
                f"{shown(item)} is not known, near it are {', '.join(nearest)}"
            )
    return items


def shown(value: object) -> str:
    """Return a value as it stands in a message: in ASCII, and short."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
