"""The tool that makes virtual environments, on its own as make runs it: before anything is there."""

import ast
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "environment.py"
# On no index, and pinned to a digest that nothing has: it cannot be installed.
PINNED = f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n"


# Lines that a Python runs before the tool: it gives itself out as another, or stands elsewhere.
AS_3_10 = "sys.version_info = (3, 10, 12)"
WITHOUT_VENV = "sys.modules['ensurepip'] = None"  # as Debian has it without python3-venv
AS_NOBODY = "runpy.run_path(tool); os.geteuid() or os.setuid(65534)"  # root may write anywhere
WITH_CTRL_C = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # which CI may ignore
# Where the wheels of these tests lie is in place of an index.
NO_INDEX = {"PIP_NO_INDEX": "1"}


def put_together(folder):
    (folder / "tools" / "locks").mkdir(parents=True)
    shutil.copy(TOOL, folder / "tools")
    (folder / "tools" / "locks" / "demo.txt").write_text("")
    return folder


@pytest.fixture
def clone(tmp_path):
    """A clone that holds the tool and a lock file without packages."""
    return put_together(tmp_path)


def start(clone, before=None, **environment):
    """Start the tool for the demo's environment, after the lines that its Python runs before."""
    tool = str(clone / "tools" / TOOL.name)
    program = (
        f"import os, runpy, signal, sys; tool = {tool!r}; {before}; "
        "sys.argv[1:] = ['demo']; runpy.run_path(tool, run_name='__main__')"
    )
    settings = {
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(clone),
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.Popen(
        [sys.executable, *(["-c", program] if before else [tool, "demo"])],
        env=os.environ | settings | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def ensure(clone, version=None, before=None, **environment):
    """Run the tool for the demo's environment, in a Python that gives itself out as a version."""
    before = f"sys.version_info = {version}" if version else before
    return finish(start(clone, before, **environment))


def lock(clone, *releases):
    """Write a lock file of releases, each (name, version, what it requires), and make their wheels."""
    lines = []
    for name, version, *requirements in releases:
        wheel = clone / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        needs = "".join(f"Requires-Dist: {each}\n" for each in requirements)
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr(f"{name}.py", "")
            file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\n"
                          f"Version: {version}\nProvides-Extra: more\n{needs}")  # fmt: skip
            file.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            file.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name}=={version} --hash=sha256:{digest}\n")
    (clone / "tools" / "locks" / "demo.txt").write_text("".join(lines))


def installed(clone):
    """Return the releases in the clone's environment, but for what came with Python."""
    pip = [str(clone / ".venv/bin/python"), "-m", "pip", "list", "--format=freeze"]
    told = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    return {each for each in told.split() if not each.startswith(("pip==", "setuptools=="))}


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


def too_new_for_3_6(source):
    """Find what Python 3.6 cannot read, and the generics and unions that it would evaluate."""
    tree = ast.parse(source, feature_version=(3, 6))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield from (each.name for each in node.names if each.name == "annotations")
        hint = getattr(node, "annotation", None) or getattr(node, "returns", None)
        for part in ast.walk(hint) if isinstance(hint, ast.AST) else ():
            if isinstance(part, ast.Subscript | ast.BinOp):
                yield ast.unparse(part)
        generic = ast.unparse(node.value) if isinstance(node, ast.Subscript) else ""
        if generic in {"dict", "frozenset", "list", "set", "tuple", "type"}:
            yield ast.unparse(node)


def test_an_old_python_can_read_the_tool_at_all():
    """Python 3.6 gets as far as the line above, past syntax and annotations."""
    assert list(too_new_for_3_6(TOOL.read_text())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x: list[str]): pass", {"list[str]"}),
        ("def f(*x: int | None): pass", {"int | None"}),
        ("def f() -> Iterator[int]: pass", {"Iterator[int]"}),
        ("Names = dict[str, int]", {"dict[str, int]"}),
        ("x: tuple[int] = ()", {"tuple[int]"}),
        ("from __future__ import annotations", {"annotations"}),
    ],
)
def test_what_is_too_new_is_found(source, found):
    """What Python evaluates when it meets a definition is looked at, wherever it stands."""
    assert set(too_new_for_3_6(source)) == found


def test_syntax_that_is_too_new_is_found():
    """An assignment within an expression came with Python 3.8."""
    with pytest.raises(SyntaxError):
        list(too_new_for_3_6("(x := 1)"))


def test_a_python_without_venv_is_told_what_to_install(clone):
    """One line names the package that Debian and Ubuntu keep it in."""
    done = ensure(clone, before=WITHOUT_VENV)
    assert done.returncode == 1
    assert done.stderr == (
        "Cannot set up the environment: This Python lacks venv. "
        "Debian and Ubuntu have it in python3-venv.\n"
    )


def test_a_folder_that_may_not_be_written_is_named():
    """One line names what may not be written."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        clone = put_together(Path(name))
        clone.chmod(0o555)
        try:
            done = ensure(clone, before=AS_NOBODY)
        finally:
            clone.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr == (
        f"Cannot set up the environment: [Errno 13] Permission denied: '{clone / '.venv'}'\n"
    )


def test_an_environment_is_made_once_and_again_after_a_change(clone):
    """The second time nothing is done; an index that cannot be reached is told, and tried again."""
    lock, stamp = clone / "tools" / "locks" / "demo.txt", clone / ".venv" / "installed-demo"
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


def test_an_environment_that_was_broken_off_is_made_anew(clone):
    """venv without its pip, or Ctrl-C while pip works: the next run starts from nothing."""
    lock(clone, ("app", "1.0", "lib[more]"), ("lib", "1.0", "extra; extra == 'more'"),
         ("extra", "1.0"))  # fmt: skip
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    made = ensure(clone, **NO_INDEX)
    assert (made.returncode, made.stderr) == (0, "")
    assert installed(clone) == {"app==1.0", "lib==1.0", "extra==1.0"}

    (clone / "tools" / "locks" / "demo.txt").write_text(PINNED)
    with socket.create_server(("127.0.0.1", 0)) as index:
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        process = start(clone, WITH_CTRL_C, PIP_INDEX_URL=address)
        asked, _ = index.accept()  # and never answered
        with asked:
            os.killpg(process.pid, signal.SIGINT)
            broken_off = finish(process)
    assert broken_off.returncode == 130
    assert broken_off.stderr == "Interrupted; the next run sets the environment up anew.\n"

    lock(clone, ("app", "1.0"))
    made = ensure(clone, **NO_INDEX)
    assert (made.returncode, made.stderr) == (0, "")
    assert installed(clone) == {"app==1.0"}


def test_an_environment_holds_what_it_needs(clone):
    """What an older lock file left makes way; a lock file that is not complete is refused."""
    lock(clone, ("old", "1.0", "lib<2"), ("lib", "1.0"))
    assert ensure(clone, **NO_INDEX).returncode == 0

    lock(clone, ("lib", "2.0"))
    done = ensure(clone, **NO_INDEX)
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(clone) == {"lib==2.0"}

    lock(clone, ("lib", "2.0"), ("app", "1.0", "forgotten>=3"))
    done = ensure(clone, **NO_INDEX)
    assert done.returncode == 1
    assert done.stderr == (
        "Cannot set up the environment: app 1.0 requires forgotten, which is not installed.\n"
        "pip check finds that demo.txt is not complete.\n"
    )


def test_targets_at_once_make_one_environment_and_a_moved_clone_another(clone, tmp_path_factory):
    """The second waits for the first; the scripts of an environment name the place it was made in."""
    lock(clone, ("app", "1.0"))
    done = [finish(each) for each in [start(clone, **NO_INDEX) for _ in range(3)]]
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 3
    assert sum("Setting up .venv" in each.stdout for each in done) == 1

    moved = clone.rename(tmp_path_factory.mktemp("elsewhere") / "clone")
    assert "Setting up .venv" in ensure(moved, **NO_INDEX).stdout
    assert str(moved) in (moved / ".venv" / "bin" / "activate").read_text()


@pytest.mark.parametrize(
    ("arguments", "covers"),
    [([], True), (["ARGS="], True), (["ARGS=tests/test_template.py"], False),
     (["ARGS=-k alert -x"], False)],
)  # fmt: skip
def test_only_the_whole_suite_has_to_cover_the_code(arguments, covers):
    """A part of the suite succeeds by its tests; all of it covers what ships as well."""
    # Not what the make that runs these tests was given.
    given = ("MAKE", "ARGS")
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(given)}
    make = ["make", "--dry-run", "--directory", str(ROOT), "test", *arguments]
    told = subprocess.run(make, env=environment, capture_output=True, text=True, check=True).stdout
    (line,) = [each for each in told.splitlines() if "pytest" in each]
    assert ("--cov=rules --cov=cli --cov-fail-under=100" in line) == covers
    assert all(each.removeprefix("ARGS=") in line for each in arguments)
