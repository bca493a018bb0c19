"""The tool that makes virtual environments, on its own as make runs it: before anything is there."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent / "tools" / "environment.py"
# On no index, and pinned to a digest that nothing has: it cannot be installed.
PINNED = f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def clone(tmp_path):
    """A clone that holds the tool and a lock file without packages."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(TOOL, tmp_path / "tools")
    (tmp_path / "requirements" / "demo.txt").write_text("")
    return tmp_path


def ensure(clone, version=None):
    """Run the tool for the demo's environment, in a Python that gives itself out as a version."""
    tool = str(clone / "tools" / TOOL.name)
    pretend = f"import runpy, sys; sys.version_info = {version}; sys.argv[1:] = ['demo']; "
    program = f"{pretend} runpy.run_path({tool!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, *(["-c", program] if version else [tool, "demo"])],
        env=os.environ | {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(("version", "text"), [((3, 10, 12), "3.10.12"), ((3, 15, 0), "3.15.0")])
def test_another_python_is_refused_before_anything_is_made(clone, version, text):
    """One line says which Python is needed, which one this is, and how to name another."""
    done = ensure(clone, version)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "Cannot set up the environment: Python 3.11 to 3.14 is needed, this is "
        f"{text}. Name another: make PYTHON=python3.13\n"
    )
    assert not (clone / ".venv").exists()


def test_an_old_python_can_read_the_tool_at_all():
    """Its syntax is that of Python 3.7, so that the line above comes instead of a SyntaxError."""
    ast.parse(TOOL.read_text(), feature_version=(3, 7))


def test_an_environment_is_made_once_and_again_after_a_change(clone):
    """The second time nothing is done; an index that cannot be reached is told, and tried again."""
    lock, stamp = clone / "requirements" / "demo.txt", clone / ".venv" / "installed-demo"
    first, second = ensure(clone), ensure(clone)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Setting up .venv from demo.txt (once, ")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    before = stamp.read_text()
    lock.write_text(PINNED)
    for _ in range(2):
        failed = ensure(clone)
        assert failed.returncode == 1
        assert failed.stderr.startswith("Cannot set up the environment: ")
        assert "Traceback" not in failed.stderr
        reason, advice = failed.stderr.rstrip("\n").rsplit("\n", 1)
        assert "no-such-package-of-ours" in reason
        assert advice == "pip could not install the packages. Is the package index reachable?"
        assert stamp.read_text() == before
