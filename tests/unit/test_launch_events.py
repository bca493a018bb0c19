"""The events of a launch, as EventBridge delivers them, and everything that is none."""

import copy
import itertools
import json

import pytest

from emr_in_transit.launch import Launch, read_launch
from tests.support.facts import DOCUMENTS

EVENTS = {path.stem: json.loads(path.read_text()) for path in (DOCUMENTS / "events").glob("*.json")}
ID = "j-1ABCDEFGHIJKL"
LAUNCHES = {
    "state-change-starting": Launch(ID, state="STARTING"),
    "run-job-flow": Launch(ID, launched_by="arn:aws:sts::111122223333:assumed-role/Analyst/ana"),
    # What a service launches on its own account has no ARN.
    "run-job-flow-by-a-service": Launch(ID),
}
OTHERS = (
    "state-change-running",
    "state-change-terminated-with-errors",
    "run-job-flow-refused",
    "terminate-job-flows",
    "step-status-change",
    "instance-state-change",
)


def test_every_event_document_has_its_answer_here():
    """A document that nobody looks at would prove nothing."""
    assert EVENTS.keys() == {*LAUNCHES, *OTHERS}


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_is_read(name):
    """The cluster, and what else the event tells."""
    assert read_launch(EVENTS[name]) == LAUNCHES[name]


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_event_is_no_launch(name):
    """A later state, a call that failed, another call, another resource."""
    assert read_launch(EVENTS[name]) is None


PATHS = {
    "state-change-starting": [("source",), ("detail-type",), ("detail", "state")],
    "run-job-flow": [("source",), ("detail-type",), ("detail", "eventName")],
}
IDS = {
    "state-change-starting": ("detail", "clusterId"),
    "run-job-flow": ("detail", "responseElements", "jobFlowId"),
}
WRONG = [None, "", "x", 7, True, [], ["STARTING"], {}, {"state": "STARTING"}]


def changed(name, path, value):
    event = copy.deepcopy(EVENTS[name])
    *parents, last = path
    place = event
    for each in parents:
        place = place[each]
    place[last] = value
    return event


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [(name, path, value) for name, paths in PATHS.items() for path in paths for value in WRONG],
)
def test_an_event_that_differs_in_what_makes_it_a_launch_is_none(name, path, value):
    """Whatever is there instead, nothing is guessed and nothing breaks."""
    assert read_launch(changed(name, path, value)) is None


@pytest.mark.parametrize(
    ("name", "value"), list(itertools.product(IDS, [None, "", 7, [], {}, ["j-1"]]))
)
def test_an_event_without_the_id_of_a_cluster_is_no_launch(name, value):
    """There is nothing to look at."""
    assert read_launch(changed(name, IDS[name], value)) is None


@pytest.mark.parametrize("value", [None, "", 7, [], "text"])
def test_a_detail_or_an_answer_that_is_no_object_is_no_launch(value):
    """CloudTrail has null there when a call failed."""
    for name in LAUNCHES:
        assert read_launch(changed(name, ("detail",), value)) is None
    assert read_launch(changed("run-job-flow", ("detail", "responseElements"), value)) is None
    assert read_launch({}) is None


@pytest.mark.parametrize("value", [None, "", "text", 7, [], {}, {"arn": None}, {"arn": 7}])
def test_a_caller_that_cannot_be_read_is_not_known(value):
    """The launch is one all the same."""
    event = changed("run-job-flow", ("detail", "userIdentity"), value)
    assert read_launch(event) == Launch(ID)


def test_a_call_that_failed_is_none_even_with_an_answer():
    """The code of the error says so."""
    event = changed("run-job-flow", ("detail", "errorCode"), "ThrottlingException")
    assert read_launch(event) is None
