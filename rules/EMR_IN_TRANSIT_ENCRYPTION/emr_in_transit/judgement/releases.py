"""Pure: releases of EMR: how their labels are read, and which release has what.

A line is what shares its first number. ``emr-spark-N.N.N`` is a family of its own (EMR Release
Guide, emr-spark800-release).
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

_NUMBER = r"([0-9]{1,4})"
_LABEL = re.compile(rf"emr-(spark-)?{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?(?:[-.][\w.-]*)?", re.ASCII)


class Release(NamedTuple):
    """A release number; a tuple, so that 5.10.0 comes after 5.9.0."""

    major: int
    minor: int
    patch: int
    family: str = "emr"

    def __str__(self) -> str:
        """Write it as AWS does, without the prefix where it is the usual one."""
        number = f"{self.major}.{self.minor}.{self.patch}"
        return number if self.family == "emr" else f"{self.family}-{number}"


# EMR Management Guide, emr-encryption-enable: what the first releases know.
FIRST_WITH_SECURITY_CONFIGURATIONS = Release(4, 8, 0)
FIRST_WITH_EMR_CERTIFICATES = Release(7, 11, 0)
# EMR Release Guide, emr-release-app-versions: what was newest when the tables were written.
NEWEST = Release(7, 14, 0)
NEWEST_SPARK = Release(8, 1, 0, "emr-spark")
_FIRST_SPARK_LINE = 8
# Each line of releases that AWS's matrix has begins with all that is there for "every release".
_ALL = (FIRST_WITH_SECURITY_CONFIGURATIONS, Release(5, 0, 0), Release(6, 0, 0), Release(7, 0, 0))
KNOWN_LINES = tuple(start.major for start in _ALL)


def parse_release(label: str) -> Release | None:
    """Return the release of a label such as "emr-7.10.0", None where the label is of no line.

    A preview of the other family is called emr-spark-8.0-preview, without a third number.
    """
    match = _LABEL.fullmatch(label)
    if not match:
        return None
    spark, *numbers = match.groups("")
    if spark:
        release = _release([number or "0" for number in numbers], "emr-spark")
        return release if release.major >= _FIRST_SPARK_LINE else None
    return _release(numbers) if numbers[2] else None


def release_or_newest(label: str) -> Release:
    """Return the release of a label; one that is not recognised is judged as the newest."""
    return parse_release(label) or NEWEST


def is_assumed(release: Release) -> bool:
    """Return whether AWS's matrix does not have this line, so that its newest one stands in."""
    return release.family != "emr" or release.major > NEWEST.major


@cache
def since(text: str) -> tuple[Release, ...]:
    """Return where each line of releases begins to have something: "5.3.0 6.0.0 7.0.0".

    It is AWS's "emr-5.3.0+, emr-6.0.0+, emr-7.0.0+"; a line that is not named never has it. "all"
    is every release that knows security configurations.
    """
    if text == "all":
        return _ALL
    return tuple(_release(release.split(".")) for release in text.split())


def reached(release: Release, starts: tuple[Release, ...]) -> bool:
    """Return whether a release has what begins there; a line newer than all is assumed to."""
    own_line = [start for start in starts if start.major == release.major]
    if own_line:
        return release >= own_line[0]
    return bool(starts) and release > max(starts)


def _release(numbers: Sequence[str], family: str = "emr") -> Release:
    major, minor, patch = map(int, numbers)
    return Release(major, minor, patch, family)
