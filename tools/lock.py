"""Tool: renews the hash-pinned lock files from tools/locks/*.in, and notes what their members need.

The note, tools/locks/metadata.json, is what the tests hold the lock files against: environments are
installed without resolving anything, so a lock file has to be complete.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parent / "locks"
METADATA = REQUIREMENTS / "metadata.json"
# In this order: dev first, for those that share its environment or its code take their versions
# from it.
LOCKS = (
    ("dev", None),
    ("demo", "dev.txt"),
    ("bench", "dev.txt"),
    ("checkov", None),
    ("rdk", "dev.txt"),
    ("awscli", None),
    ("authorization", None),
    ("release", None),
)
PYTHONS = ("3.11.0", "3.11.99", "3.12", "3.13", "3.14")  # a release of soupsieve is for 3.11.5 on
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")


def main() -> None:
    """Compile the lock files, see that each has wheels for every Python, and note their needs."""
    for name, constraint in LOCKS:
        _compile(name, constraint)
        print(f"tools/locks/{name}.txt")
    METADATA.write_text(json.dumps(_metadata(), indent=1) + "\n")
    print("tools/locks/metadata.json")


def needed(name: str) -> Iterator[Requirement]:
    """Read what an environment is made for: its .in file, with those that it includes."""
    for line in (REQUIREMENTS / f"{name}.in").read_text().splitlines():
        if line.startswith("-r "):
            yield from needed(line.removeprefix("-r ").removesuffix(".in"))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def pinned(name: str) -> Iterator[Requirement]:
    """Read the members of a lock file, each with its version and marker."""
    for line in (REQUIREMENTS / f"{name}.txt").read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.removesuffix("\\"))


def _compile(name: str, constraint: str | None) -> None:
    """Compile a lock file, in which uv writes neither local paths nor index addresses."""
    options = ["--quiet", "--upgrade", "--universal", "--python-version", "3.11",
               "--generate-hashes", "--no-header"]  # fmt: skip
    options += ["--constraint", constraint] if constraint else []
    _uv("compile", *options, f"{name}.in", "--output-file", f"{name}.txt")


def _metadata() -> dict[str, list[str]]:
    """Ask the index what each release that a lock file pins requires."""
    found: dict[str, list[str]] = {}
    for name, _ in LOCKS:
        for python in PYTHONS:
            for platform in PLATFORMS:
                members = _installable(name, python, platform)
                found |= _requirements_of(members - found.keys(), python)
    return _without_unasked_extras(found)


def _installable(name: str, python: str, platform: str) -> set[str]:
    """Return the members, as name==version, that uv would install there; all need a wheel."""
    with tempfile.TemporaryDirectory() as target:
        told = _uv("install", "--dry-run", "--no-deps", "--require-hashes", "--only-binary=:all:",
                   "--python-version", python, "--python-platform", platform,
                   "--target", target, "--requirement", f"{name}.txt")  # fmt: skip
    return set(re.findall(r"^ \+ (\S+)$", told, re.MULTILINE))


def _requirements_of(releases: Iterable[str], python: str) -> dict[str, list[str]]:
    """Return what releases require, as their wheels' metadata has it; pip reports that, uv does not."""
    if not releases:
        return {}
    with tempfile.TemporaryDirectory() as target:
        report = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-",
             "--no-deps", "--ignore-installed", "--ignore-requires-python", "--only-binary=:all:",
             "--python-version", python, "--target", target, *releases],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found = [each["metadata"] for each in json.loads(report.stdout)["install"]]
    return {
        f"{canonicalize_name(each['name'])}=={each['version']}": each.get("requires_dist", [])
        for each in found
    }


def _without_unasked_extras(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what only extras bring that nothing asks for: nine tenths of all."""
    asked = asked_extras(found)
    kept = {
        release: [each for each in sorted(found[release]) if not is_unasked(release, each, asked)]
        for release in sorted(found)
    }
    return kept if kept == found else _without_unasked_extras(kept)  # what is gone asks no more


def asked_extras(found: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Return each extra that a release or an .in file asks for, beside the name that it belongs to."""
    asking = [Requirement(each) for requires in found.values() for each in requires]
    asking += [each for name, _ in LOCKS for each in needed(name)]
    return {
        (canonicalize_name(each.name), canonicalize_name(extra))
        for each in asking
        for extra in each.extras
    }


def is_unasked(release: str, requirement: str, asked: set[tuple[str, str]]) -> bool:
    """Return whether what a release requires comes with extras only, none of which is asked for."""
    extras = re.findall(r"""extra\s*==\s*['"]([^'"]+)['"]""", requirement)
    owner = release.partition("==")[0]
    return bool(extras) and not any((owner, canonicalize_name(each)) in asked for each in extras)


def _uv(*arguments: str) -> str:
    uv = str(Path(sys.executable).with_name("uv"))
    done = subprocess.run(
        [uv, "pip", *arguments], cwd=REQUIREMENTS, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"uv pip {' '.join(arguments)}\n{done.stderr}")
    return done.stderr


if __name__ == "__main__":
    main()
