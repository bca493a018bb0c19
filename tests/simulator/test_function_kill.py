"""A function's process can be killed at work, as Lambda kills one that takes too much."""

import time

from tests.simulator.throwaway import call, make_function
from tools.simulator.client import Simulator

SLEEPER = """
    import time
    def handler(event, context):
        print("begun", flush=True)
        time.sleep(event["seconds"])
"""


def test_a_process_at_work_is_killed_and_its_event_is_tried_again(aws: Simulator) -> None:
    make_function(aws, SLEEPER)
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload='{"seconds": 1}')
    deadline = time.monotonic() + 10
    while not aws.kill_functions("f")["ended"]:
        assert time.monotonic() < deadline, "the function never began"
    aws.settle()
    first, second = aws.invocations("f")
    assert (first["error_type"], second["ok"]) == ("Runtime.ExitError", True)
    assert first["error_message"].endswith("Runtime exited with error: signal: Killed")
    assert second["id"] == first["id"]


def test_an_idle_process_and_that_of_another_function_stay(aws: Simulator) -> None:
    make_function(aws, SLEEPER)
    call(aws, {"seconds": 0})
    assert aws.kill_functions("f") == {"ended": 0}
    call(aws, {"seconds": 0})
    assert aws.invocations("f")[1]["init_duration"] is None, "it was still warm"
