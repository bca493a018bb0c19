"""Tool: makes the virtual environment that a make target needs, from a hash-pinned lock file.

It runs on the bare interpreter, before anything is installed, so it uses the standard library only.
An old Python has to get as far as the line that refuses it: syntax and annotations are those of 3.6.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 14)
# What each name installs, and where; dev and bench hold all of demo at the same versions.
ENVIRONMENTS = {
    "demo": (".venv", "tools/locks/demo.txt"),
    "dev": (".venv", "tools/locks/dev.txt"),
    "checkov": (".venv-checkov", "tools/locks/checkov.txt"),
    "rdk": (".venv-rdk", "tools/locks/rdk.txt"),
    "bench": (".venv", "tools/locks/bench.txt"),
    "awscli": (".venv-awscli", "tools/locks/awscli.txt"),
    "authorization": (".venv-authorization", "tools/locks/authorization.txt"),
    "release": (".venv-release", "tools/locks/release.txt"),
}


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def ensure(name: str) -> None:
    """Make the environment, unless it stands already; raise SetupError when that fails."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        version = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"Python 3.11 to 3.14 is needed, this is {version}. Name another: make PYTHON=python3.13"
        )
    folder, lock = ROOT / ENVIRONMENTS[name][0], ROOT / ENVIRONMENTS[name][1]
    stamp = folder / f"installed-{name}"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if _is_intact(folder) and _text(stamp) == wanted:
        return
    with _one_at_a_time():
        if _is_intact(folder) and _text(stamp) == wanted:
            return
        print(
            f"Setting up {folder.name} from {lock.name} (once, half a minute or so) ...", flush=True
        )
        _set_up(folder, lock)
        stamp.write_text(wanted)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator:
    """Wait for another target, of make -j or in another terminal, that is setting up here."""
    held = os.open(str(ROOT), os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Waiting for another target that is setting up ...", flush=True)
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _set_up(folder: Path, lock: Path) -> None:
    """Install the lock file into what stands; into a new environment where that cannot be."""
    keeps = _is_intact(folder)
    if not keeps:
        _make(folder)
    _install(folder, lock)
    check = _pip(folder, "check")
    if check.returncode and keeps:  # something that an older lock file had left is in the way
        _make(folder)
        _install(folder, lock)
        check = _pip(folder, "check")
    if check.returncode:
        raise SetupError(f"{_end_of(check, 8)}\npip check finds that {lock.name} is not complete.")


def _make(folder: Path) -> None:
    folder.mkdir(exist_ok=True)  # says plainly when it may not be written
    specs = [importlib.util.find_spec(module) for module in ("venv", "ensurepip")]
    if not all(spec and spec.origin for spec in specs):  # a folder that was left has no origin
        raise SetupError("This Python lacks venv. Debian and Ubuntu have it in python3-venv.")
    made = _output_of(sys.executable, "-m", "venv", "--clear", str(folder))
    if made.returncode:
        raise SetupError(f"python -m venv could not make {folder}: {_end_of(made, 1)}")
    _mark(folder).write_text(_identity(folder))


def _install(folder: Path, lock: Path) -> None:
    """Install what the lock file lists; it is complete, so there is nothing to resolve.

    pip before 23.3 would take an extra for a requirement without a hash, and refuse it.
    """
    before = _packages(folder)
    _mark(folder).unlink()
    done = _pip(
        # Without compiled files: most of what is installed is never imported.
        folder, "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes",
        "--requirement", str(lock),
    )  # fmt: skip
    if not done.returncode or _packages(folder) == before:  # an index out of reach changes nothing
        _mark(folder).write_text(_identity(folder))
    if done.returncode:
        raise SetupError(
            f"{_end_of(done, 8)}\n"
            "pip could not install the packages. Is the package index reachable?"
        )


def _mark(folder: Path) -> Path:
    """Name the file that stands in an environment unless a change to it was broken off."""
    return folder / "intact"


def _identity(folder: Path) -> str:
    """Return what an environment cannot outlive: its Python, and its place, which its scripts name."""
    return f"{sys.version}\n{folder.resolve()}"


def _is_intact(folder: Path) -> bool:
    if _text(_mark(folder)) != _identity(folder):
        return False
    try:
        return _output_of(str(_python(folder)), "-c", "").returncode == 0
    except OSError:
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _packages(folder: Path) -> list:
    return sorted(folder.glob("lib/*/site-packages/*"))


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _pip(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return _output_of(str(_python(folder)), "-m", "pip", "--disable-pip-version-check", *arguments)


def _output_of(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _end_of(done: subprocess.CompletedProcess, lines: int) -> str:
    return "\n".join(done.stdout.strip().splitlines()[-lines:])


if __name__ == "__main__":
    try:
        for each in sys.argv[1:]:
            ensure(each)
    except (SetupError, OSError) as problem:
        sys.exit(f"Cannot set up the environment: {problem}")
    except KeyboardInterrupt:
        print("Interrupted; the next run sets the environment up anew.", file=sys.stderr)
        sys.exit(130)
