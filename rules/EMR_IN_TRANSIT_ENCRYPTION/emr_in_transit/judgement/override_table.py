"""Pure: the properties that switch encryption in transit off, or weaken it.

They stand in overrides.csv. Only what somebody wrote undoes anything: what EMR sets by itself is
never guessed. A user's value replaces EMR's, and is taken as its reader takes it.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from emr_in_transit.judgement.applications import Condition
from emr_in_transit.judgement.releases import Release, since
from emr_in_transit.judgement.tables import names, read_table, release_or_none
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


EMPTY = "(empty)"  # how the table writes an empty text
ANY_NAME = "*"  # what stands for a bucket, or a catalog, in the name of a property
# What buckets and catalogs are called; the asterisk is for acceptedOverrides. A name that holds
# anything else is nobody's, and never comes into a message.
_ANY_NAME = re.compile(r"[\w.*-]{1,255}", re.ASCII)
SPARK_DEFAULTS = "spark-defaults"
SPARK = "Spark"
# Spark passes these on to Hadoop and Hive in its own processes (SparkHadoopUtil).
_SPARK_PREFIXES = {"spark.hadoop.": "", "spark.hive.": "hive."}
# What a row rests on: AWS's own name for the switch; its word that EMR sets it, where the name is the
# software's matter; the software's code or documents.
BASES = ("AWS names the switch", "AWS sets it", "software")
# Version 0.1.0 judged these; a deployed rule may still name them in acceptedOverrides. Each only
# repeats a default, or has no secure value that one could write.
FORMER_KEYS = (
    "hdfs-site/dfs.encrypt.data.transfer.algorithm",
    "spark-defaults/spark.network.crypto.saslFallback",
    "spark-defaults/spark.network.sasl.serverAlwaysEncrypt",
)


class Effect(StrEnum):
    """What a weak value does."""

    CLEAR_TEXT = "clear text"
    WEAKER = "weaker"  # encrypted, but poorly; or a wish that the other side refuses


class ViaSpark(StrEnum):
    """What the property does as spark.hadoop.* or spark.hive.*."""

    SAME = "same"
    WEAKER = "weaker"
    NONE = "none"


class Requirement(NamedTuple):
    """A property that has this value, from this release on; or a condition of the cluster."""

    name: str
    value: str
    since: Release | None = None
    condition: Condition | None = None


class AppliesTo(NamedTuple):
    """The clusters on which a property does something."""

    applications: tuple[str, ...]  # any of them
    starts: tuple[Release, ...]
    before: Release | None = None  # where it ends; None: it still does something
    needs_kerberos: bool = False


class Values(NamedTuple):
    """How values are read; ``shown`` is a secure one as people write it."""

    kind: Kind
    secure: frozenset[str]
    weak: frozenset[str]
    others_are_weak: bool
    shown: str


class Override(NamedTuple):
    """One property, from one release on, and what a weak value of it does."""

    classification: str
    name: str
    applies_to: AppliesTo
    read_by: str  # daemon, client or both
    values: Values
    effect: Effect
    via_spark: ViaSpark
    unless: tuple[tuple[Requirement, ...], ...]  # any of these groups, all that is in it
    weaker_if: tuple[tuple[Requirement, ...], ...]
    exposes: tuple[str, ...]  # labels of endpoints
    note: str
    basis: str  # one of BASES
    source: str

    @property
    def key(self) -> str:
        """How acceptedOverrides and findings name it."""
        return f"{self.classification}/{self.name}"


def is_weak(values: Values, text: str) -> bool:
    """Return whether a value is weak; a list is as weak as its weakest item."""
    items = read_value(values.kind, text)
    if not items:
        return values.others_are_weak
    return any(
        item in values.weak or (values.others_are_weak and item not in values.secure)
        for item in items
    )


def _requirements(cell: str) -> tuple[tuple[Requirement, ...], ...]:
    """Return the groups of a cell such as "a=true and b=true or local-disk encryption"."""
    groups = (group.split(" and ") for group in cell.split(" or ")) if cell else ()
    return tuple(tuple(_requirement(each) for each in group) for group in groups)


def _requirement(text: str) -> Requirement:
    setting, _, release = text.partition(" from ")
    name, equals, value = setting.partition("=")
    if not equals:
        return Requirement("", "", condition=Condition(name))
    return Requirement(name, value, release_or_none(release))


def _override(row: dict[str, str]) -> Override:
    kind = Kind(row["kind"])
    secure, weak = names(row["secure"]), names(row["weak"])
    return Override(
        row["classification"],
        row["property"],
        AppliesTo(
            names(row["applications"]),
            since(row["from"]),
            release_or_none(row["before"]),
            row["needs"] == Condition.KERBEROS,
        ),
        row["read_by"],
        Values(
            kind,
            _as_read(kind, secure),
            _as_read(kind, weak),
            row["otherwise"] == "weak",
            secure[0],
        ),
        Effect(row["effect"]),
        ViaSpark(row["via_spark"]),
        _requirements(row["unless"]),
        _requirements(row["weaker_if"]),
        names(row["exposes"]),
        row["note"],
        row["basis"],
        row["source"],
    )


def _as_read(kind: Kind, values: Iterable[str]) -> frozenset[str]:
    """Return values as their reader sees them; the table writes a scheme without an address."""
    if kind in {Kind.ADDRESS, Kind.S3A_ADDRESS}:
        return frozenset(values)
    texts = ("" if value == EMPTY else value for value in values)
    return frozenset(chain.from_iterable(read_value(kind, text) or ("",) for text in texts))


OVERRIDES = tuple(_override(row) for row in read_table("overrides.csv"))
KEYS = tuple(dict.fromkeys(row.key for row in OVERRIDES))
_BY_NAME: dict[tuple[str, str], list[Override]] = {}
_BY_PROPERTY: dict[str, list[Override]] = {}
for _row in OVERRIDES:
    _BY_NAME.setdefault((_row.classification, _row.name), []).append(_row)
    if _row.via_spark is not ViaSpark.NONE:
        _BY_PROPERTY.setdefault(_row.name, []).append(_row)


class _Pattern(NamedTuple):
    """The rows of a name with an asterisk, which any of its names begin and end with."""

    classification: str
    head: str
    tail: str
    rows: list[Override]

    def match(self, name: str) -> str:
        """Return what the asterisk stands for in this name, "" where the name is another one."""
        if not name.startswith(self.head) or not name.endswith(self.tail):
            return ""
        middle = name[len(self.head) : len(name) - len(self.tail)]
        return middle if _ANY_NAME.fullmatch(middle) else ""


_PATTERNS = [
    _Pattern(classification, head, tail, rows)
    for (classification, name), rows in _BY_NAME.items()
    for head, asterisk, tail in [name.partition(ANY_NAME)]
    if asterisk
]
# What a row's exception looks at has to be known as well, though it weakens nothing itself.
_REQUIRED = {
    (row.classification, each.name)
    for row in OVERRIDES
    for each in chain.from_iterable((*row.unless, *row.weaker_if))
}
KNOWN_NAMES = tuple(sorted({*KEYS, *("/".join(each) for each in _REQUIRED)}))


def is_known(classification: str, name: str) -> bool:
    """Return whether a property has to be kept for the judgement."""
    return (classification, name) in _REQUIRED or bool(rows_of(classification, name))


def rows_of(classification: str, name: str) -> tuple[Override, ...]:
    """Return the rows of a property, one for each span of releases, under the name it has here.

    A row with an asterisk is made to one for that bucket; what Spark passes on, to one for Spark.
    """
    if rows := _BY_NAME.get((classification, name)):
        return tuple(rows)
    if classification == SPARK_DEFAULTS:
        for prefix, replacement in _SPARK_PREFIXES.items():
            if name.startswith(prefix):
                return _passed_on(name, replacement + name.removeprefix(prefix))
    for pattern in _PATTERNS:
        if pattern.classification == classification and (middle := pattern.match(name)):
            return tuple(_filled_in(row, middle) for row in pattern.rows)
    return ()


def _passed_on(name: str, inner: str) -> tuple[Override, ...]:
    """Return the rows of a property that Spark passes on, as it acts in Spark's own processes."""
    rows = _BY_PROPERTY.get(inner, [])
    if not rows:
        matches = (
            [_filled_in(row, middle) for row in pattern.rows]
            for pattern in _PATTERNS
            if pattern.rows[0].via_spark is not ViaSpark.NONE and (middle := pattern.match(inner))
        )
        rows = next(matches, [])
    # One file is enough: a property that several files have means the same to Spark.
    return tuple(
        row._replace(
            classification=SPARK_DEFAULTS,
            name=name,
            applies_to=row.applies_to._replace(applications=(SPARK,)),
            effect=Effect.WEAKER if row.via_spark is ViaSpark.WEAKER else row.effect,
        )
        for row in rows
        if row.classification == rows[0].classification
    )


def _filled_in(row: Override, name: str) -> Override:
    return row._replace(
        name=row.name.replace(ANY_NAME, name),
        unless=tuple(
            tuple(each._replace(name=each.name.replace(ANY_NAME, name)) for each in group)
            for group in row.unless
        ),
    )
