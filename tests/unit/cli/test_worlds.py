"""What is unknown stands for any value: every combination is tried, and no other."""

import pytest

from emr_in_transit_cli.worlds import TooManyWorldsError, Unknown, World, explore, join_texts

A, B = Unknown("a", "the first"), Unknown("b", "the second")


def test_every_combination_is_tried_once():
    """Two questions with two and three answers make six worlds."""
    read = [(found) for _, found in explore(lambda w: (w.choose(A, "xy"), w.choose(B, "123")))]

    assert read == [(x, y) for x in "xy" for y in "123"]


def test_the_same_unknown_has_one_value():
    """Equal expressions are equal, wherever they stand."""
    read = {found for _, found in explore(lambda w: (w.choose(A, "xy"), w.choose(A, "xy")))}

    assert read == {("x", "x"), ("y", "y")}


def test_the_same_unknown_with_other_options_is_another_question():
    """What a text and a flag share is the name alone."""
    read = {found for _, found in explore(lambda w: (w.choose(A, "xy"), w.choose(A, "123")))}

    assert len(read) == 6


def test_what_is_not_asked_for_is_not_tried():
    """A question behind an answer counts only for that answer."""

    def read(world: World) -> str:
        first: str = world.choose(A, "xy")
        return first + (world.choose(B, "12") if first == "x" else "")

    assert [found for _, found in explore(read)] == ["x1", "x2", "y"]


def test_too_many_worlds_end():
    """It is not tried for ever."""
    with pytest.raises(TooManyWorldsError):
        list(explore(lambda w: w.choose(A, "xyz"), most=2))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["s3://", "b", "/k"], "s3://b/k"),
        ([True, 1], "true1"),
        ([A], A),
        (["s3://", A, "/k"], Unknown("s3://a/k", "the first", ("s3://", "/k"))),
        ([A, B], Unknown("ab", "the first and the second", ("", "", ""))),
    ],
)
def test_texts_with_unknown_parts(parts, expected):
    """What is known of a text stays known."""
    assert join_texts(parts) == expected


def test_what_a_partly_known_text_could_be():
    """Unknown parts are filled with a word."""
    joined = join_texts(["s3://", A, "/k"])

    assert (joined.text, joined.begins_known, A.begins_known) == ("s3://unknown/k", True, False)
