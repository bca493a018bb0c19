"""The pacer: a share of EMR's limits, no more, and hardly less."""

import boto3
import pytest

from emr_in_transit.aws.emr import LIMITS, MARGIN, Pacer


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 1000.0

    def sleep(self, seconds):
        self.now += seconds


def seconds_for(calls, share, operation="DescribeCluster"):
    time = Time()
    pacer = Pacer(share, lambda: time.now, time.sleep)
    for _ in range(calls):
        pacer.wait(operation)
    return time.now - 1000


@pytest.mark.parametrize(
    ("rule", "calls", "share", "seconds"),
    [
        ("the burst is free but for the margin", 10, 1.0, 0.5),
        ("after the burst, one call a second", 40, 1.0, 30.5),
        ("a share takes its part of the burst and of the refill", 40, 0.5, 71),
        ("a raised quota speeds up the refill alone", 40, 10.0, 3.05),
        ("the smallest share still gets on", 3, 0.1, 20),
    ],
)
def test_calls_take_as_long_as_their_share_of_the_limit_asks(rule, calls, share, seconds):
    """Waiting is neither shorter nor longer than the bucket asks for."""
    assert seconds_for(calls, share) == pytest.approx(seconds), rule


@pytest.mark.parametrize("operation", LIMITS)
def test_no_window_of_time_sees_more_calls_than_emr_takes(operation):
    """Held against EMR's own bucket, call by call, nothing is throttled."""
    time, limit = Time(), LIMITS[operation]
    pacer = Pacer(1.0, lambda: time.now, time.sleep)
    tokens, filled = limit.burst, time.now
    for _ in range(100):
        pacer.wait(operation)
        tokens = min(limit.burst, tokens + (time.now - filled) * limit.per_second)
        filled = time.now
        assert tokens >= 1 - 1e-9
        tokens -= 1


@pytest.mark.parametrize("operation", LIMITS)
def test_calls_that_come_early_are_not_throttled_either(operation):
    """The burst was slow on its way to EMR, and whatever follows is not."""
    time, limit = Time(), LIMITS[operation]
    pacer = Pacer(1.0, lambda: time.now, time.sleep)
    slow = 0.9 * MARGIN / limit.per_second
    tokens, last = limit.burst, 1000 + slow
    for number in range(100):
        pacer.wait(operation)
        arrived = max(last, time.now + (slow if number < limit.burst - 1 else 0))
        tokens = min(limit.burst, tokens + (arrived - last) * limit.per_second)
        assert tokens >= 1 - 1e-9
        tokens, last = tokens - 1, arrived


def test_time_that_passes_otherwise_counts():
    """A sweep that works between its calls does not wait as well."""
    time = Time()
    pacer = Pacer(1.0, lambda: time.now, time.sleep)
    for _ in range(30):
        pacer.wait("DescribeCluster")
        time.now += 1
    assert time.now == 1030


def test_an_idle_bucket_is_never_fuller_than_full():
    """After an hour of rest the burst is the documented one."""
    time = Time()
    pacer = Pacer(1.0, lambda: time.now, time.sleep)
    time.now += 3600
    for _ in range(11):
        pacer.wait("DescribeCluster")
    assert time.now == pytest.approx(1000 + 3600 + 1 + MARGIN)


def test_other_operations_are_counted_and_not_delayed():
    """EMR's general limit is far away."""
    assert seconds_for(1000, 0.1, "DescribeStep") == 0


def test_how_long_calls_would_wait_is_known_before_they_are_made():
    """A sweep decides by it what to ask for next; asking costs nothing."""
    time = Time()
    pacer = Pacer(1.0, lambda: time.now, time.sleep)
    assert pacer.seconds_for("DescribeCluster", 9) == 0
    assert pacer.seconds_for("DescribeCluster", 30) == pytest.approx(20.5)
    for _ in range(10):
        pacer.wait("DescribeCluster")
    assert pacer.seconds_for("DescribeCluster") == pytest.approx(1)
    assert pacer.seconds_for("ListClusters") == 0
    before = time.now
    pacer.wait("DescribeCluster")
    assert time.now - before == pytest.approx(1)


def test_every_attempt_of_an_attached_client_is_paced():
    """What botocore sends counts, by operation."""
    client = boto3.client("emr", region_name="eu-west-1")
    pacer = Pacer(1.0)
    pacer.attach(client)
    client.meta.events.emit("before-send.emr.ListClusters", request=None)
    client.meta.events.emit("before-send.emr.DescribeCluster", request=None)
    assert pacer.calls == {"ListClusters": 1, "DescribeCluster": 1}
    pacer.detach(client)
    client.meta.events.emit("before-send.emr.ListClusters", request=None)
    assert pacer.calls == {"ListClusters": 1, "DescribeCluster": 1}
