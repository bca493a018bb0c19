"""What a change leaves to the next sweep: as a text in the ledger, read back only as it was written."""

import json

import pytest

from emr_in_transit.alerting.alert import (
    MOST_SINGLE_ALERTS,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    Resource,
    held_judged,
    held_text,
)
from emr_in_transit.alerting.alerting import AlertingResult
from emr_in_transit.alerting.episode import Delivery
from emr_in_transit.aws.episodes import ConflictError, Episodes
from tests.support.builders import make_alerting, violating
from tests.support.facts import NOW

BAD = Judged(Resource(SECURITY_CONFIGURATION_TYPE, "bad", "bad", "bad"), violating())


@pytest.fixture
def crowded(inbox):
    """Alerting after more changes than are told of one by one."""
    alerting = make_alerting(inbox.arn, DetectedBy.CONFIGURATION_CHANGE)
    for _ in range(MOST_SINGLE_ALERTS + 1):
        alerting.episodes.count(SECURITY_CONFIGURATION_TYPE, NOW)
    return alerting


def test_what_is_held_comes_back_as_it_was():
    """Whatever the sweep tells is what the change has found."""
    assert held_judged(SECURITY_CONFIGURATION_TYPE, "bad", held_text(BAD)) == BAD


@pytest.mark.parametrize(
    ("resource_id", "change", "why"),
    [
        ("other", {}, "what is held is about bad"),
        ("bad", {"findings": []}, "what is held is no violation"),
    ],
)
def test_a_text_about_something_else_is_refused(resource_id, change, why):
    """Somebody has written it: it must tell nobody of another resource, or of nothing."""
    text = json.dumps(json.loads(held_text(BAD)) | change)
    with pytest.raises(ValueError, match=why):
        held_judged(SECURITY_CONFIGURATION_TYPE, resource_id, text)


def test_what_cannot_be_put_in_words_is_a_problem_at_once(crowded, inbox):
    """The sweep could not tell of it either."""
    unwritable = BAD._replace(resource=BAD.resource._replace(name=7))
    told = crowded.tell_of_change(unwritable, NOW)
    assert told.deliveries == {"bad": Delivery.NOT_SENT}
    assert told.problems["bad"].startswith("its alert cannot be written (")
    assert inbox.told == []


def test_what_another_function_has_written_meanwhile_is_left_to_it(crowded, inbox, monkeypatch):
    """A retry finds out what became of it."""

    def conflict(*_):
        raise ConflictError

    monkeypatch.setattr(Episodes, "put", conflict)
    told = crowded.tell_of_change(BAD, NOW)
    assert told == AlertingResult({"bad": Delivery.CLAIMED_ELSEWHERE}, {})
    assert inbox.told == []
