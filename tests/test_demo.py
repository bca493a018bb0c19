"""The demo, run as make runs it: it ends well, by itself, and nothing of it stays."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.demo import EMAIL, Demo

ROOT = Path(__file__).parent.parent
PROCESSES = Path("/proc")

pytestmark = pytest.mark.skipif(not PROCESSES.is_dir(), reason="processes are found in /proc")


@pytest.fixture
def demo(tmp_path):
    """The demo, started; its processes can be told by the folder for temporary files that it has."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def processes_of(folder: Path) -> set[int]:
    """Find the processes that were started with this folder, or in it: functions have it as theirs."""
    found = set()
    for process in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is somebody else's
            told = [(process / name).read_bytes() for name in ("cmdline", "environ")]
            if str(folder).encode() in b"\0".join(told):
                found.add(int(process.name))
    return found


def test_the_demo_shows_what_it_should_and_leaves_nothing_behind(demo, tmp_path):
    """Exit code 0 says that every verdict and every alert was as expected."""
    most = 0
    lines = []
    for line in demo.stdout:
        lines.append(line)
        most = max(most, len(processes_of(tmp_path)))
    _, errors = demo.communicate(timeout=60)

    assert (demo.returncode, errors) == (0, "")
    assert "Every verdict and every alert was as expected. Next:\n" in lines
    assert most >= 3, "the demo, the simulator and functions: or nobody could tell that they ended"
    assert processes_of(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_an_email_that_comes_while_the_demo_looks_for_one_is_seen_at_its_next_look(
    aws, monkeypatch
):
    """Here one comes behind every request to the inbox, so in the middle of a look as well."""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=EMAIL)
    coming = ["first", "second", "third"]
    call = aws.call

    def deliver():
        if coming:
            sns.publish(TopicArn=topic, Message=coming[0], Subject=coming.pop(0))

    def call_then_deliver(method, path, **arguments):
        answer = call(method, path, **arguments)
        if path == "/inbox":
            deliver()
        return answer

    monkeypatch.setattr(aws, "call", call_then_deliver)
    demo = Demo(aws)
    deliver()
    seen = [[email["subject"] for email in demo.emails()] for _ in range(4)]
    assert seen == [["first"], ["second"], ["third"], []]
