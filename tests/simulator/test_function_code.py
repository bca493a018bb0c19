"""A function's code on disk, where functions start at the same time."""

import importlib.util
import threading
from concurrent.futures import ThreadPoolExecutor

from tools.simulator.functions import code


def test_two_functions_that_start_at_once_share_one_runtime(monkeypatch):
    """The second asks while the first is in the midst of making it; it waits, and gets the same."""
    second_is_over, look_up = threading.Event(), importlib.util.find_spec
    first_is_at_work = threading.Event()

    def find_spec(name):
        first_is_at_work.set()
        second_is_over.wait(0.3)  # it waits for us, where all is well
        return look_up(name)

    def ask_second():
        first_is_at_work.wait()
        try:
            return code.runtime_directory()
        finally:
            second_is_over.set()

    monkeypatch.setattr(code, "RUNTIME_MODULES", ("boto3",))
    monkeypatch.setattr(code.importlib.util, "find_spec", find_spec)
    forget = (code._root.cache_clear, code._make_runtime_directory.cache_clear)
    for each in forget:
        each()
    try:
        with ThreadPoolExecutor(2) as pool:
            second = pool.submit(ask_second)
            first = pool.submit(code.runtime_directory)
            assert first.result() == second.result()
        assert [path.name for path in first.result().iterdir()] == ["boto3"]
    finally:
        for each in forget:
            each()
