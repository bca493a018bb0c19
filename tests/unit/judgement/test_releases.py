"""Which release labels can be compared, and how."""

import pytest

from emr_in_transit.judgement.releases import (
    FIRST_WITH_EMR_CERTIFICATES,
    FIRST_WITH_SECURITY_CONFIGURATIONS,
    NEWEST,
    NEWEST_SPARK,
    Release,
    is_assumed,
    parse_release,
    reached,
    release_or_newest,
    since,
)

LABELS = [
    ("a release label", "emr-7.10.0", Release(7, 10, 0)),
    ("an old release label", "emr-4.8.5", Release(4, 8, 5)),
    ("a label that follows the latest patch", "emr-7.10.0-latest", Release(7, 10, 0)),
    ("a label with a fourth number", "emr-5.36.2.1", Release(5, 36, 2)),
    ("a beta label", "emr-6.0.0-beta2", Release(6, 0, 0)),
    ("leading zeros", "emr-07.010.00", Release(7, 10, 0)),
    ("no label", "", None),
    ("no prefix", "7.10.0", None),
    ("the other family", "emr-spark-8.0.0", Release(8, 0, 0, "emr-spark")),
    ("the newest of the other family", "emr-spark-8.1.0", NEWEST_SPARK),
    ("a preview of two numbers", "emr-spark-8.0-preview", Release(8, 0, 0, "emr-spark")),
    ("a suffix in the other family", "emr-spark-8.0.0-latest", Release(8, 0, 0, "emr-spark")),
    ("a line to come in the other family", "emr-spark-9.2.1", Release(9, 2, 1, "emr-spark")),
    ("a line that the other family never had", "emr-spark-7.0.0", None),
    ("the other family without a number", "emr-spark-next", None),
    ("another prefix", "emr-serverless-7.0.0", None),
    ("capital letters", "EMR-7.10.0", None),
    ("two numbers", "emr-7.10", None),
    ("letters among the numbers", "emr-7.x.0", None),
    ("other alphabets' digits", "emr-\u0667.\u0661\u0660.\u0660", None),
    ("other letters in the suffix", "emr-7.10.0-b\u00e9ta", None),
    ("a line break at the end", "emr-7.10.0\n", None),
    ("blanks around", " emr-7.10.0 ", None),
    ("a sign", "emr-+7.10.0", None),
    ("something glued to the number", "emr-7.10.0latest", None),
    ("a number that no release has", "emr-99999.0.0", None),
    ("a number of 5,000 digits", f"emr-7.{'1' * 5_000}.0", None),
]


@pytest.mark.parametrize(("label", "release"), [r[1:] for r in LABELS], ids=[r[0] for r in LABELS])
def test_release_label(label: str, release: Release | None):
    """A label of the form emr-X.Y.Z is a release; any other cannot be compared."""
    assert parse_release(label) == release


def test_releases_compare_by_number():
    """Releases compare number by number, so 5.10.0 is later than 5.9.0."""
    labels = ["emr-4.7.2", "emr-4.8.0", "emr-5.9.0", "emr-5.10.0", "emr-7.2.0", "emr-7.10.0"]
    releases = [parse_release(label) for label in labels]

    assert None not in releases
    assert releases == sorted(releases, key=lambda release: release or ())


def test_release_is_written_as_aws_does():
    """A release is written as AWS writes it, without the usual prefix, but with the other one."""
    assert str(parse_release("emr-7.10.0-latest")) == "7.10.0"
    assert str(parse_release("emr-spark-8.0-preview")) == "emr-spark-8.0.0"


ASSUMED = [
    ("the newest release", "emr-7.14.0", False),
    ("a release to come in a known line", "emr-7.99.0", False),
    ("a line to come", "emr-8.0.0", True),
    ("the other family, which AWS's matrix does not have", "emr-spark-8.0.0", True),
    ("an old line", "emr-5.36.2", False),
]


@pytest.mark.parametrize(
    ("label", "assumed"), [row[1:] for row in ASSUMED], ids=[row[0] for row in ASSUMED]
)
def test_assumed(label: str, assumed: bool):
    """What AWS's matrix does not have is assumed to be like its newest line."""
    release = parse_release(label)

    assert release is not None
    assert is_assumed(release) is assumed


def test_a_label_of_no_line_is_judged_as_the_newest_release():
    """And a label of a known line as what it is."""
    assert release_or_newest("emr-next") == NEWEST == Release(7, 14, 0)
    assert release_or_newest("emr-7.1.0") == Release(7, 1, 0)


def test_first_releases_are_those_of_the_guide():
    """The Management Guide names 4.8.0 for security configurations, 7.11.0 for EMR's own CA."""
    assert str(FIRST_WITH_SECURITY_CONFIGURATIONS) == "4.8.0"
    assert str(FIRST_WITH_EMR_CERTIFICATES) == "7.11.0"


STARTS = "5.3.0 6.0.0 7.3.0"
REACHED = [
    ("before the first line", "emr-4.9.6", STARTS, False),
    ("before the start of its line", "emr-5.2.9", STARTS, False),
    ("at the start of its line", "emr-5.3.0", STARTS, True),
    ("later in its line", "emr-5.10.0", STARTS, True),
    ("at the start of the next line", "emr-6.0.0", STARTS, True),
    ("before the start of the last line", "emr-7.2.9", STARTS, False),
    ("a line newer than all of them", "emr-8.0.0", STARTS, True),
    ("a line that is not named, between others", "emr-6.5.0", "5.3.0 7.3.0", False),
    ("a line after the only one", "emr-6.5.0", "5.3.0", True),
    ("what begins nowhere", "emr-7.3.0", "", False),
    ("the other family, after all lines", "emr-spark-8.0.0", STARTS, True),
    ("all releases that know security configurations", "emr-4.8.0", "all", True),
    ("and none before", "emr-4.7.4", "all", False),
]


@pytest.mark.parametrize(
    ("label", "starts", "expected"), [r[1:] for r in REACHED], ids=[r[0] for r in REACHED]
)
def test_reached(label: str, starts: str, expected: bool):
    """A release has what begins in its own line of releases, or in an older last one."""
    release = parse_release(label)

    assert release is not None
    assert reached(release, since(starts)) is expected
