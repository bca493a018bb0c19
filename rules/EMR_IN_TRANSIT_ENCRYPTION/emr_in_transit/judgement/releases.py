"""Pure: EMR releases that can be compared."""

import re
from typing import NamedTuple

_LABEL = re.compile(r"emr-([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})(?:[-.][\w.-]*)?", re.ASCII)


class Release(NamedTuple):
    """A release number; a tuple, so that 5.10.0 comes after 5.9.0."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Write it as AWS does, without the "emr-" prefix."""
        return f"{self.major}.{self.minor}.{self.patch}"


# EMR Management Guide, emr-encryption-enable: what the first releases know.
FIRST_WITH_SECURITY_CONFIGURATIONS = Release(4, 8, 0)
FIRST_WITH_EMR_CERTIFICATES = Release(7, 11, 0)
# The last line of releases of which AWS's matrix speaks (emr-encryption-support-matrix).
NEWEST_KNOWN_MAJOR = 7


def parse_release(label: str) -> Release | None:
    """Answer the release of a label such as "emr-7.10.0" or "emr-7.10.0-latest", else None."""
    match = _LABEL.fullmatch(label)
    return Release(*(int(number) for number in match.groups())) if match else None


def since(text: str) -> tuple[Release, ...]:
    """Answer where each line of releases begins to have something: "5.3.0 6.0.0 7.0.0".

    It is AWS's "emr-5.3.0+, emr-6.0.0+, emr-7.0.0+"; a line that is not named never has it.
    """
    return tuple(Release(*map(int, release.split("."))) for release in text.split())


def reached(release: Release, starts: tuple[Release, ...]) -> bool:
    """Answer whether a release has what begins there; a line newer than all of them is assumed to."""
    own_line = [start for start in starts if start.major == release.major]
    if own_line:
        return release >= own_line[0]
    return bool(starts) and release > max(starts)
