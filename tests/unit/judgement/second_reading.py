"""A second reading of the override table, for the tests to compare with the first one.

Slow and plain: it goes through all rows of the file for every property, knows nothing of the
code, and reads values letter by letter where the code has a pattern.
"""

import csv
from pathlib import Path
from typing import NamedTuple

from emr_in_transit import judgement

FILE = Path(judgement.__file__).with_name("overrides.csv")
ROWS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))


class Reading(NamedTuple):
    """A cluster: its release as three numbers, what is installed, and what conditions it meets."""

    release: tuple[int, ...]
    applications: tuple[str, ...]
    met: set[str]
    stated: list[tuple[str, str, str]]

    def findings(self):
        """Return reason and name of each property that the table calls weak."""
        found = set()
        for place, name, value in self.stated:
            for row in ROWS:
                effect = self.effect(row, place, name, value)
                if effect:
                    reason = "WEAKENED" if effect == "weaker" else "OVERRIDDEN"
                    found.add((f"ENCRYPTION_{reason}", f"{place}/{name}"))
        return found

    def effect(self, row, place, name, value):
        """Return what a value does by this row, "" for nothing."""
        via_spark = False
        bucket = wildcard(row["property"], name) if row["classification"] == place else None
        if bucket is None:
            via_spark = row["via_spark"] != "none"
            inner = passed_on(place, name) if via_spark else ""
            bucket = wildcard(row["property"], inner) if inner else None
        if bucket is None or not self.has(row, via_spark) or not weak(row, value):
            return ""
        if self.holds(row["unless"], row, bucket, via_spark):
            return ""
        if via_spark and row["via_spark"] == "weaker":
            return "weaker"
        return "weaker" if self.holds(row["weaker_if"], row, bucket, via_spark) else row["effect"]

    def has(self, row, via_spark):
        """Return whether a row counts on this cluster."""
        wanted = ["Spark"] if via_spark else row["applications"].split("; ")
        if "any" not in wanted and not [each for each in wanted if each in self.applications]:
            return False
        if row["needs"] and row["needs"] not in self.met:
            return False
        ended = row["before"] and self.release >= numbers(row["before"])
        return has_begun(row["from"], self.release) and not ended

    def holds(self, cell, row, bucket, via_spark):
        """Return whether one of the groups of an exception holds as a whole."""
        return any(
            all(self.meets(each, row, bucket, via_spark) for each in group.split(" and "))
            for group in cell.split(" or ")
            if group
        )

    def meets(self, text, row, bucket, via_spark):
        """Return whether one part of an exception holds."""
        if "=" not in text:
            return text in self.met
        setting, _, first = text.partition(" from ")
        name, value = setting.split("=")
        name = name.replace("*", bucket)
        values = [
            each
            for each in self.stated
            if (via_spark and each[1] in {name, f"spark.hadoop.{name}"})
            or (not via_spark and each[:2] == (row["classification"], name))
        ]
        if first and self.release < numbers(first):
            return False
        return bool(values) and all(seen_by_its_row(*each) == value for each in values)


def statements(configurations, above=()):
    """List what is set, with the path of sections within hue-ini."""
    for each in configurations:
        place = each["Classification"]
        path = (*above, place) if above or place == "hue-ini" else ()
        for name, value in each.get("Properties", {}).items():
            yield place, name, value
            if len(path) > 1:
                yield "/".join(path), name, value
        yield from statements(each.get("Configurations", []), path)


def passed_on(place, name):
    """Return the property that Spark passes on under this name, "" for none."""
    if place != "spark-defaults":
        return ""
    if name.startswith("spark.hadoop."):
        return name[len("spark.hadoop.") :]
    return name[len("spark.") :] if name.startswith("spark.hive.") else ""


def wildcard(pattern, name):
    """Return what the asterisk stands for, "" without one, None where the name is another."""
    if "*" not in pattern:
        return "" if pattern == name else None
    head, tail = pattern.split("*")
    middle = name[len(head) : len(name) - len(tail)]
    return middle if name == head + middle + tail and middle else None


def numbers(text):
    return tuple(int(each) for each in text.split("."))


def has_begun(cell, release):
    """Return whether a release is in a line after its start, or in one newer than all."""
    starts = ["4.8.0", "5.0.0", "6.0.0", "7.0.0"] if cell == "all" else cell.split()
    own = [each for each in starts if numbers(each)[0] == release[0]]
    if own:
        return release >= numbers(own[0])
    return all(release > numbers(each) for each in starts)


def weak(row, value):
    kind = row["kind"]
    secure, bad = (
        [read(kind, each) for each in row[column].split("; ") if each]
        for column in ("secure", "weak")
    )
    items = split(kind, value)
    if not items:
        return row["otherwise"] == "weak"
    for item in items:
        seen = seen_as(kind, item)
        if seen in bad or (row["otherwise"] == "weak" and seen not in secure):
            return True
    return False


def read(kind, text):
    """Return a value of the table as it is seen."""
    if kind in ("address", "S3A address"):
        return text
    return seen_as(kind, "" if text == "(empty)" else text)


def split(kind, value):
    if kind not in ("list", "untrimmed list"):
        return [value]
    marks = ",\n" if kind == "list" else ","
    items = [""]
    for letter in value:
        if letter in marks:
            items.append("")
        else:
            items[-1] += letter
    if kind == "list":
        items = [each.strip() for each in items]
    while items and items[-1] == "":
        del items[-1]
    return items


def seen_as(kind, text):
    if kind == "filled":
        return "filled" if text.split() else ""
    if kind in {"address", "S3A address"}:
        return scheme_of(kind, text.strip())
    if kind in {"word", "list", "name"}:
        text = text.strip()
    return text if kind in {"name", "text"} else text.lower()


def scheme_of(kind, text):
    scheme, mark, _ = text.partition("://")
    scheme = scheme.lower() if mark and is_scheme(scheme) else "no scheme"
    if kind == "S3A address" and scheme != "https" and text.endswith("s3.amazonaws.com"):
        return "central"
    return scheme


def is_scheme(text):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return (
        text[:1].lower() in letters
        and text != ""
        and not set(text.lower()) - set(letters + "0123456789+.-")
    )


def seen_by_its_row(place, name, value):
    """Return a value as the first row of that property has it seen, as a word if there is none."""
    for row in ROWS:
        inner = passed_on(place, name)
        if (row["classification"] == place and wildcard(row["property"], name) is not None) or (
            inner and row["via_spark"] != "none" and wildcard(row["property"], inner) is not None
        ):
            return seen_as(row["kind"], value)
    return seen_as("word", value)
