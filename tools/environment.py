"""Tool: makes the virtual environment that a make target needs, from a hash-pinned lock file.

It runs on the bare interpreter, before anything is installed, so it uses the standard library only.
"""

import hashlib
import subprocess
import sys
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
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and _runs(folder):
        return
    print(f"Setting up {folder.name} from {lock.name} (once, half a minute or so) ...", flush=True)
    if not _runs(folder) or not _same_python(folder):
        _run(
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            "python -m venv failed. On Debian and Ubuntu it needs the package python3-venv.",
        )
    _run(
        # Without compiled files: most of what is installed is never imported.
        [str(_python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-compile", "--require-hashes", "--requirement", str(lock)],
        "pip could not install the packages. Is the package index reachable?",
    )  # fmt: skip
    stamp.write_text(wanted)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _runs(folder: Path) -> bool:
    if not _python(folder).exists():
        return False
    return subprocess.run([str(_python(folder)), "-c", ""], check=False).returncode == 0


def _same_python(folder: Path) -> bool:
    command = [str(_python(folder)), "-c", "import sys; print(sys.version, end='')"]
    return (
        subprocess.run(command, check=False, capture_output=True, text=True).stdout == sys.version
    )


def _run(command: list[str], advice: str) -> None:
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        reason = "\n".join(done.stdout.strip().splitlines()[-8:])
        raise SetupError(f"{reason}\n{advice}")


if __name__ == "__main__":
    try:
        for each in sys.argv[1:]:
            ensure(each)
    except SetupError as problem:
        sys.exit(f"Cannot set up the environment: {problem}")
