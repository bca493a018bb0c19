"""The demo, run as make runs it: it ends well, by itself, and nothing of it stays."""

import contextlib
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.demo import EMAIL, Demo
from tools.demo_show import show_document, show_email

ROOT = Path(__file__).parent.parent
PROCESSES = Path("/proc")
# What a caller may have set for AWS, and the demo would end by if it counted.
CALLERS = {
    "AWS_PROFILE": "nosuch",
    "AWS_DEFAULT_REGION": "nowhere",
    "AWS_REGION": "nowhere",
    "AWS_ENDPOINT_URL": "http://localhost:9",
    "AWS_ENDPOINT_URL_EMR": "http://localhost:9",
    "AWS_MAX_ATTEMPTS": "many",
    "NO_PROXY": "",
    "no_proxy": "",
}
ESCAPE = "\x1b"

pytestmark = pytest.mark.skipif(not PROCESSES.is_dir(), reason="processes are found in /proc")


def start_demo(folder, **environment):
    """Start the demo; its processes can be told by the folder for temporary files that they have."""
    return subprocess.Popen(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a terminal does, to whose processes Ctrl-C goes
    )


@pytest.fixture
def demo(tmp_path):
    """The demo, started."""
    process = start_demo(tmp_path)
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


class Shown(NamedTuple):
    """What a whole demo has shown, and how it ended."""

    returncode: int
    lines: list[str]
    errors: str
    most_processes: int
    processes_left: set[int]
    files_left: list[Path]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The demo, run to its end by somebody whose AWS settings lead nowhere."""
    folder, home = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("home")
    (home / "config").write_text("no configuration ][")
    files = {"AWS_CONFIG_FILE": str(home / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(home)}
    process = start_demo(folder, **CALLERS, **files)
    most, lines = 0, []
    for line in process.stdout:
        lines.append(line)
        most = max(most, len(processes_of(folder)))
    _, errors = process.communicate(timeout=60)
    left = processes_of(folder), list(folder.iterdir())
    return Shown(process.returncode, lines, errors, most, *left)


def test_the_demo_shows_what_it_should_and_leaves_nothing_behind(shown):
    """Exit code 0 says that every verdict and every alert was as expected."""
    assert (shown.returncode, shown.errors) == (0, "")
    assert "Every verdict and every alert was as expected. Next:\n" in shown.lines
    assert shown.most_processes >= 3, (
        "the demo, the simulator and functions: or nobody could tell that they ended"
    )
    assert shown.processes_left == set()
    assert shown.files_left == []


def test_it_fits_80_columns_and_has_no_colours_in_a_pipe(shown):
    """No line is wider, an ARN or a link neither; no escape code stands in a file."""
    assert [line for line in shown.lines if len(line.rstrip("\n")) > 80] == []
    assert [line for line in shown.lines if ESCAPE in line] == []


def test_the_readme_shows_what_it_prints(shown):
    """Each line of the excerpt, in this order, whatever the times are."""
    excerpt = (ROOT / "README.md").read_text().partition("```text\n[")[2].partition("```")[0]
    lines = [without_times(line) for line in f"[{excerpt}".splitlines() if line]
    printed = iter([without_times(line.rstrip()) for line in shown.lines])
    assert len(lines) > 5
    assert [line for line in lines if line not in printed] == []


def without_times(line):
    return re.sub(r"\[? *\d+\.\d s", "", line)


def test_it_says_which_parameters_are_in_force(shown):
    """As AWS Config has them: those that the demo has set, those that it has left, and the change."""
    told = {tuple(line.split()) for line in shown.lines}
    assert {
        ("coverage", "configured", "(default)"),
        ("exemptionTagKey", "encryption-exempt"),
        ("certificateExpiryDays", "30", "(default)"),
        ("allowedCertificateProviders", "PEM,Custom,EMR", "(default)"),
        ("approvedSecurityConfigurations", "team-*"),
        ("acceptedOverrides", "none", "(default)"),
        ("overrideScope", "cluster", "(default)"),
    } <= told
    assert any("In force now: allowedCertificateProviders=PEM,EMR\n" in s for s in shown.lines)


def test_it_says_what_to_run_next_and_that_is_there(shown):
    """Each command is a target of make, and a file that one names is in the repository."""
    lines = [line for line in shown.lines if line.startswith(("  make ", "  emr-in-transit "))]
    commands = [shlex.split(line) for line in lines]
    targets = [command[1] for command in commands if command[0] == "make"]
    assert targets == ["simulator", "deploy"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    files = [word for command in commands for word in command if ".json" in word]
    assert files
    assert all((ROOT / file).is_file() for file in files)


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_gets_colours_unless_it_wants_none(environment, coloured):
    """NO_COLOR counts if it is not empty; a terminal that calls itself dumb has no colours."""
    program = (
        "from tools.demo_show import Row, show, step\n"
        "step('What happens')\n"
        "show([Row('etl', 'COMPLIANT', 'Fine.'), Row('bad', 'NON_COMPLIANT', 'BAD: It is.')])\n"
    )
    ours, theirs = pty.openpty()
    kept = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=kept | environment,
            stdout=theirs,
            check=True,
            timeout=60,
        )
        text = terminal.read(10_000).decode()
        os.close(theirs)
    assert (ESCAPE in text) is coloured
    assert "What happens" in text
    assert "NON_COMPLIANT" in text


LONG = "arn:aws:lambda:eu-west-1:123456789012:function:" + "emr-in-transit-" * 12


@pytest.mark.parametrize(
    ("show", "given"),
    [
        (show_email, {"text": f"Sent by:      {LONG}\n\n  {'word ' * 40}\n{LONG}"}),
        (show_document, {"message": '{"default": "{\\"a\\": [\\"' + LONG + '\\"]}"}'}),
    ],
)
def test_a_message_of_any_width_is_shown_whole(capsys, show, given):
    """Its lines go on in the next ones; nothing of it is left out."""
    show(given)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    text = re.sub(r"\s", "", "".join(line.removeprefix("  |") for line in lines))
    assert text.count(LONG) == str(given).count(LONG)
    assert text.count("word") == str(given).count("word")


def test_ctrl_c_ends_it_with_one_line_and_nothing_stays(demo, tmp_path):
    """The simulator was on its way when it came; shells make 130 of an end by this signal."""
    assert demo.stdout.readline()
    os.killpg(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=60)
    assert (demo.returncode, errors) == (-signal.SIGINT, "Interrupted.\n")
    assert processes_of(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_it_ends_without_a_word_when_its_reader_has_gone(demo, tmp_path):
    """As in make demo | head; shells make 141 of an end by this signal."""
    assert demo.stdout.readline()
    demo.stdout.close()
    assert demo.stderr.read() == ""
    assert demo.wait(60) == -signal.SIGPIPE
    assert processes_of(tmp_path) == set()


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
