"""Background work: it can be waited for, its failures are told, and a reset drops it."""

import threading
import time

import pytest

from tools.simulator import work


@pytest.fixture(autouse=True)
def _clean():
    work.drop()
    yield
    work.drop()
    work.settle(5)


def test_settle_waits_for_running_and_for_delayed_work():
    done = []
    work.submit(done.append, "late", delay=0.2)
    work.submit(done.append, "now")
    assert work.settle(5)
    assert done == ["now", "late"]


def test_settle_says_when_work_does_not_end_in_time():
    gate = threading.Event()
    work.submit(gate.wait, 10)
    assert not work.settle(0.1)
    gate.set()
    assert work.settle(5)


def test_work_may_submit_more_work_and_settle_waits_for_that_too():
    done = []
    work.submit(lambda: work.submit(done.append, "second", delay=0.1))
    assert work.settle(5)
    assert done == ["second"]


def test_what_work_raises_is_told_once():
    work.submit(int, "no number")
    answer = work.settle_route({"timeout": 5})
    assert answer["settled"]
    assert "ValueError: invalid literal" in answer["errors"][0]
    assert work.settle_route({"timeout": 5})["errors"] == []


def test_dropped_work_does_not_run_and_running_work_cannot_submit_more():
    gate, done = threading.Event(), []

    def first():
        gate.wait(5)
        work.submit(done.append, "from before")

    work.submit(first)
    work.submit(done.append, "queued", delay=0.1)
    time.sleep(0.05)
    work.drop()
    gate.set()
    assert work.settle(5)
    assert done == []
