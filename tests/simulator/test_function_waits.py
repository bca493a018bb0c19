"""A function's waits can be shortened, so that tests of back-off need not take its time."""

import pytest

from tests.simulator.throwaway import call, make_function
from tools.simulator.client import Simulator, SimulatorError

SLEEPER = """
    import time
    def handler(seconds, context):
        began, left, ticks = time.time(), context.get_remaining_time_in_millis(), time.monotonic()
        time.sleep(seconds)
        used = left - context.get_remaining_time_in_millis()
        return [time.time() - began, used / 1000, time.monotonic() - ticks]
"""
PATIENT = """
    import boto3, time
    from botocore.config import Config
    from botocore.exceptions import ClientError
    def handler(calls, context):
        retries = {"mode": "adaptive", "total_max_attempts": 5}
        sts = boto3.client("sts", config=Config(retries=retries))
        began = time.time()
        for _ in range(calls):
            try:
                sts.get_caller_identity()
            except ClientError:
                pass
        return time.time() - began
"""


def test_a_sleep_is_shortened_and_the_function_s_dates_and_deadline_are_real(aws: Simulator):
    aws.set_functions(time_scale=0.01)
    make_function(aws, SLEEPER)
    (real, used, waited), _ = call(aws, 8)
    assert 0.08 <= real < 2
    assert used == pytest.approx(real, abs=0.1)
    assert waited >= 8, "what measures a wait goes as fast as the wait"


def test_back_off_and_rate_limiter_are_shortened_and_every_attempt_is_made(aws: Simulator):
    aws.add_fault("sts", "GetCallerIdentity", code="Throttling")
    aws.set_functions(time_scale=0.01)
    make_function(aws, PATIENT, Timeout=60)
    took, _ = call(aws, 4)  # the limiter lets through one call in two seconds at least
    assert took < 5
    assert len(aws.journal("sts", "GetCallerIdentity")) == 4 * 5


def test_a_warm_process_takes_on_a_new_scale_and_a_reset_brings_real_time_back(aws: Simulator):
    make_function(aws, SLEEPER)
    call(aws, 0)
    aws.set_functions(time_scale=0.01)
    assert call(aws, 8)[0][0] < 2
    aws.reset()
    make_function(aws, SLEEPER)
    real, _, waited = call(aws, 0.2)[0]
    assert real >= 0.2
    assert waited == pytest.approx(real, abs=0.1)


def test_a_scale_without_sense_is_refused(aws: Simulator):
    with pytest.raises(SimulatorError, match="time_scale is above 0"):
        aws.set_functions(time_scale=0)


def test_timeouts_are_shortened_by_a_scale_of_their_own(aws: Simulator):
    aws.set_functions(time_scale=0.01, timeout_scale=0.01)  # 60 seconds to read, of botocore's own
    aws.add_fault("sts", "GetCallerIdentity", delay=1, code="ServiceUnavailable", times=2)
    make_function(aws, PATIENT, Timeout=60)
    took, failed = call(aws, 1)
    assert not failed, took
    assert 1.2 <= took < 10
    [fault] = aws.faults()
    assert fault["hits"] == 2, "two attempts timed out, the third was answered"
    # It has been answered while the first two were still under way.
    assert None in [each["error"] for each in aws.journal("sts", "GetCallerIdentity")]
    with pytest.raises(SimulatorError, match="timeout_scale is above 0"):
        aws.set_functions(timeout_scale=0)


def test_a_scaled_timeout_ends_sooner_and_looks_as_long_as_it_is(aws: Simulator):
    aws.set_functions(deadline_scale=0.1)
    make_function(aws, SLEEPER, Timeout=10)
    (real, used, _), _ = call(aws, 0.3)
    assert used == pytest.approx(real * 10, abs=0.5)
    answer, error = call(aws, 5)
    assert error == "Unhandled"
    assert "timed out after 10.00 seconds" in answer["errorMessage"]
