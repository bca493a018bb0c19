"""The lock files are complete: pip installs what they list and looks for nothing else."""

import importlib.metadata
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import environment, lock

NAMES = [Path(file).stem for _, file in environment.ENVIRONMENTS.values()]
RECORDED = json.loads(lock.METADATA.read_text())  # release: what it requires
# The first and the last release of each Python, for some markers tell them apart.
PYTHONS = [f"3.{minor}.{patch}" for minor in range(11, 15) for patch in (0, 99)]
PLATFORMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
]
MACHINES = [
    {
        **platform,
        "python_version": python.rsplit(".", 1)[0],
        "python_full_version": python,
        "implementation_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "os_name": "posix",
    }
    for python, platform in itertools.product(PYTHONS, PLATFORMS)
]
# What `make test` sets up, so that it is always there to be compared.
FOLDERS = (".venv", ".venv-awscli", ".venv-rdk", ".venv-release")


def applies(requirement: Requirement, machine: dict[str, str], extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**machine, "extra": extra})


def version_of(pin: Requirement) -> str:
    return str(pin.specifier).removeprefix("==")


def release_of(pin: Requirement) -> str:
    return f"{pin.name}=={version_of(pin)}"


def unmet(
    needed: Iterable[Requirement],
    pinned: Iterable[Requirement],
    recorded: dict[str, list[str]],
    machine: dict[str, str],
) -> set[str]:
    """Find what is required on a machine and no member installed there meets."""

    def required_by(pin: Requirement, extra: str = "") -> list[Requirement]:
        every = (Requirement(each) for each in recorded[release_of(pin)])
        return [each for each in every if applies(each, machine, extra)]

    members = {pin.name: pin for pin in pinned if applies(pin, machine)}
    waiting = [each for each in needed if applies(each, machine)]
    waiting += [each for pin in members.values() for each in required_by(pin)]
    missing, asked = set(), set()
    while waiting:
        requirement = waiting.pop()
        pin = members.get(canonicalize_name(requirement.name))
        if not pin or not requirement.specifier.contains(version_of(pin), prereleases=True):
            missing.add(str(requirement))
            continue
        for extra in requirement.extras - {each for name, each in asked if name == pin.name}:
            asked.add((pin.name, extra))
            waiting += required_by(pin, extra)
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_out(name):
    """On every Python and platform, each requirement is met by a member that is installed there."""
    needed, pinned = list(lock.needed(name)), list(lock.pinned(name))
    assert needed
    assert [unmet(needed, pinned, RECORDED, machine) for machine in MACHINES] == [set()] * 32


PINS = ["app==1.0", "old==1.0 ; python_version < '3.12'", "new==2.0; python_version >= '3.12'"]
LACKING = [
    ("complete", {}, [], set()),
    ("a requirement without a member", {"app==1.0": ["lib"]}, [], {"lib"}),
    ("a member in another version", {"app==1.0": ["new>=3"]}, [], {"new>=3"}),
    ("a member that is installed on an older Python only", {"app==1.0": ["old"]}, [], {"old"}),
    ("a requirement of another platform", {"app==1.0": ["w; os_name == 'nt'"]}, [], set()),
    ("an extra that nothing asks for", {"app==1.0": ["lib; extra == 'x'"]}, [], set()),
    ("an extra that the .in file asks for", {"app==1.0": ["lib; extra == 'x'"]}, ["app[x]"],
     {'lib; extra == "x"'}),
    ("an extra that an extra asks for",
     {"app==1.0": ["app[y]; extra == 'x'", "lib; extra == 'y'"]}, ["app[x]"], {'lib; extra == "y"'}),
    ("what the .in file itself names", {}, ["lib"], {"lib"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "needed", "missing"), [row[1:] for row in LACKING], ids=[row[0] for row in LACKING]
)
def test_what_is_left_out_is_found(recorded, needed, missing):
    """A requirement counts as met by name, version, marker and extra, each in its turn."""
    pins = [Requirement(each) for each in PINS]
    recorded = {release_of(pin): [] for pin in pins} | recorded
    machine = next(each for each in MACHINES if each["python_version"] == "3.14")
    assert unmet([Requirement(each) for each in needed], pins, recorded, machine) == missing


def test_the_record_is_of_the_releases_that_are_pinned():
    """tools/locks/metadata.json holds each release that is installed anywhere, and no other."""
    pinned = [pin for name in NAMES for pin in lock.pinned(name)]
    installed = {release_of(pin) for pin in pinned if any(applies(pin, m) for m in MACHINES)}
    assert RECORDED.keys() == installed


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_record_is_what_the_releases_say(folder):
    """As far as they are installed here: what is not recorded comes with extras that nobody asks for."""
    site = [str(path) for path in (environment.ROOT / folder).glob("lib/*/site-packages")]
    found = {
        f"{canonicalize_name(each.name)}=={each.version}": each.requires or []
        for each in importlib.metadata.distributions(path=site)
    }
    compared = found.keys() & RECORDED.keys()
    assert compared
    asked = lock.asked_extras(RECORDED)
    for release in compared:
        said = [each for each in found[release] if not lock.is_unasked(release, each, asked)]
        assert sorted(said) == RECORDED[release], release
