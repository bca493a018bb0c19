"""Tool: builds all that a release has: code, template, wheel, sdist, components and checksums.

Usage: python -m tools.release [--tag v0.2.0]   (or: make release)
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lock import METADATA, REQUIREMENTS, pinned
from tools.package import EPOCH, NAME, ROOT, RULE, build
from tools.program import Parser

sys.path.insert(0, str(RULE))

from emr_in_transit import __version__

PYTHON = ROOT / ".venv-release" / "bin" / "python"
# The time that all files get, as in the zip: that of a clock would make every build different.
CLOCK = {"SOURCE_DATE_EPOCH": str(int(datetime(*EPOCH, tzinfo=UTC).timestamp()))}
# The lock file that has the versions by which all of it is tested.
TESTED = "dev"
# What the Lambda zip has within it, beside what the wheel requires.
IN_THE_ZIP = "rdklib"
CODE_KEY = "  CodeKey:\n    Type: String\n"


class ReleaseError(Exception):
    """The release cannot be built; the message says why."""


def release(folder: Path) -> list[Path]:
    """Write all files of a release into a folder that is not there yet, and return them.

    The zip has the same bytes on every Python, the others when built again by the same one.
    Raises ReleaseError, or OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True)
    code = build(folder)
    (folder / f"{NAME}-{__version__}.yml").write_text(template_for(code.name))
    _run("hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder.resolve()))
    (folder / f"{NAME}-{__version__}.cdx.json").write_text(components())
    files = sorted(folder.iterdir())
    sums = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return [*files, folder / "SHA256SUMS"]


def template_for(code_key: str) -> str:
    """Return template.yml with the zip of the same release as the default of CodeKey."""
    before, found, after = (ROOT / "template.yml").read_text().partition(CODE_KEY)
    if not found:
        raise ReleaseError("template.yml has no parameter CodeKey of type String.")
    return f"{before}{found}    Default: {code_key}\n{after}"


def components() -> str:
    """Return the CycloneDX document of what wheel and zip need, in the versions that are tested."""
    needs = needed_by_the_release()
    blocks = {name: _block(name) for name in sorted(needs)}
    told = _run(
        *("cyclonedx_py", "requirements", "--output-reproducible"),
        *("--pyproject", str(ROOT / "pyproject.toml"), "-"),
        given="".join(blocks.values()),
    )
    document: dict[str, Any] = json.loads(told)
    root = document["metadata"]["component"]
    root["version"] = __version__
    refs = {canonicalize_name(each["name"]): each["bom-ref"] for each in document["components"]}
    graph = {refs[name]: sorted(refs[each] for each in needs[name]) for name in needs}
    graph[root["bom-ref"]] = sorted(refs[each] for each in direct())
    document["dependencies"] = [
        {"ref": ref, "dependsOn": graph[ref]} if graph[ref] else {"ref": ref}
        for ref in sorted(graph)
    ]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def direct() -> list[str]:
    """Return the names of what the wheel requires, and of what the zip holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [canonicalize_name(Requirement(each).name) for each in project["dependencies"]] + [
        IN_THE_ZIP
    ]


def needed_by_the_release() -> Mapping[str, list[str]]:
    """Return each package that the release needs, with the names of those that it needs itself."""
    recorded = json.loads(METADATA.read_text())
    pins = {canonicalize_name(each.name): each for each in pinned(TESTED)}
    found: dict[str, list[str]] = {}
    waiting = direct()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        requires = [Requirement(each) for each in recorded[f"{name}{pins[name].specifier}"]]
        names = {canonicalize_name(each.name) for each in requires}
        found[name] = sorted(names & pins.keys())  # what no Python that we test takes is not pinned
        waiting += found[name]
    return found


def _block(name: str) -> str:
    """Return the lines of a package in the lock file: its version and its hashes."""
    text = (REQUIREMENTS / f"{TESTED}.txt").read_text()
    found = re.search(rf"^{re.escape(name)}==.*\n(?: +--hash.*\n)*", text, re.MULTILINE)
    if found is None:
        raise ReleaseError(f"tools/locks/{TESTED}.txt does not have {name}.")
    return found[0]


def require_tag(tag: str) -> None:
    """Raise ReleaseError unless the tag is that of a version which the changelog describes."""
    if tag != f"v{__version__}":
        raise ReleaseError(f"The tag is {tag}, but the version is {__version__}.")
    heading = rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$"
    if not re.search(heading, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE):
        raise ReleaseError(f"CHANGELOG.md has no section of {__version__} with a date.")


def _run(module: str, *arguments: str, given: str = "") -> str:
    """Run a module in the environment of releases, and return what it prints."""
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | CLOCK,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{module} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def main() -> None:
    """Build the release into dist/VERSION, in the place of what is there, and list its files."""
    parser = Parser(prog="release", description="Build all that a release has.")
    parser.add_argument("--tag", default="", help="refuse unless the version is that of this tag")
    given = parser.parse_args()
    folder = ROOT / "dist" / __version__
    try:
        if given.tag:
            require_tag(given.tag)
        if folder.exists():
            shutil.rmtree(folder)
        files = release(folder)
    except ReleaseError as error:
        sys.exit(f"Cannot build the release: {error}")
    except OSError as error:
        sys.exit(f"Cannot build the release: {error.strerror}: {error.filename}")
    for path in files:
        print(f"{path} ({path.stat().st_size / 1024:.0f} KiB)")


if __name__ == "__main__":
    main()
