"""make release: the files of a release, each what it says it is, the same when built again."""

import hashlib
import json
import re
import subprocess
import tarfile
import zipfile

import pytest
from cfnlint.decode import cfn_yaml

from emr_in_transit import __version__
from tests.support.command import run as run_command
from tests.test_contributing import tracked
from tests.test_template import TEMPLATE
from tools import release
from tools.package import NAME, ROOT, contents
from tools.release import PYTHON, ReleaseError, needed_by_the_release, require_tag, template_for

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A release, its files by the way their names end."""
    files = release.release(tmp_path_factory.mktemp("release") / "first")
    return {next(each for each in ENDS if path.name.endswith(each)): path for path in files}


ENDS = (".whl", ".tar.gz", ".zip", ".yml", ".cdx.json", "SHA256SUMS")


def test_a_release_has_each_of_its_files_once(built):
    """Nothing else lies beside them, which an upload of the folder would take along."""
    (folder,) = {path.parent for path in built.values()}
    assert built.keys() == set(ENDS)
    assert sorted(folder.iterdir()) == sorted(built.values())
    named = [path.name for end, path in built.items() if end not in {".zip", "SHA256SUMS"}]
    assert all(f"-{__version__}" in name for name in named)


def test_built_again_each_has_the_same_bytes(built, tmp_path):
    """Hours later, too: no file holds the time at which it was made."""
    again = release.release(tmp_path / "again")
    assert {each.name: each.read_bytes() for each in again} == {
        path.name: path.read_bytes() for path in built.values()
    }


def test_the_sums_are_those_of_the_files(built):
    """As sha256sum -c takes them; all but their own."""
    lines = built["SHA256SUMS"].read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    others = [path for end, path in built.items() if end != "SHA256SUMS"]
    assert sums == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in others}


def test_the_template_names_the_zip_beside_it_and_is_the_same_otherwise(built):
    """So the key need not be given, and cannot be that of another version."""
    template = cfn_yaml.load(str(built[".yml"]))
    assert template["Parameters"]["CodeKey"].pop("Default") == built[".zip"].name
    assert template == TEMPLATE


def test_a_template_without_the_parameter_is_not_passed_on(monkeypatch):
    monkeypatch.setattr(release, "CODE_KEY", "  NoSuch:\n")
    with pytest.raises(ReleaseError, match="no parameter CodeKey"):
        template_for("code.zip")


def test_the_zip_is_what_make_package_builds(built):
    with zipfile.ZipFile(built[".zip"]) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents()


def test_the_sdist_holds_what_git_tracks_of_its_folders(built):
    """No file of this machine's, and what the wheel is built from."""
    with tarfile.open(built[".tar.gz"]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    made = {"PKG-INFO", ".gitignore", "LICENSE", "pyproject.toml"}
    wanted = {each for each in tracked() if each.startswith(("rules/", "cli/"))}
    assert wanted | {"README.md", "CHANGELOG.md"} == held - made


@pytest.fixture(scope="module")
def components(built):
    return json.loads(built[".cdx.json"].read_text())


def test_the_list_of_components_is_valid(built):
    """By the validator of CycloneDX itself, after what we add."""
    done = subprocess.run(
        [PYTHON, "-c", VALIDATE],
        input=built[".cdx.json"].read_text(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"


def test_it_lists_what_is_needed_in_the_tested_versions_and_nothing_of_the_tests(components):
    """What the wheel requires, what that requires, and rdklib, which is within the zip."""
    listed = {each["name"]: each["version"] for each in components["components"]}
    assert {"boto3", "click", "cryptography", "rdklib", "rich", "urllib3"} <= listed.keys()
    assert not {"moto", "pytest", "ruff", "hatchling"} & listed.keys()
    pins = dict(
        re.findall(
            r"^([\w.-]+)==([\w.]+)", (ROOT / "tools/locks/dev.txt").read_text(), re.MULTILINE
        )
    )
    assert listed.items() <= pins.items()
    hashes = [each["externalReferences"][0]["hashes"] for each in components["components"]]
    assert all(hashes)


def test_it_says_of_what_it_is_and_who_needs_what(components):
    root = components["metadata"]["component"]
    assert (root["name"], root["version"]) == (NAME, __version__)
    refs = {each["bom-ref"]: each["name"] for each in components["components"]}
    needs = {each["ref"]: each.get("dependsOn", []) for each in components["dependencies"]}
    assert {refs[each] for each in needs[root["bom-ref"]]} >= {"boto3", "rdklib", "rich"}
    named = {refs[ref]: sorted(refs[each] for each in needs[ref]) for ref in refs}
    assert named == needed_by_the_release()


def test_nothing_of_this_machine_is_in_it(built):
    """Paths would differ between two who build the same, and are nobody's business."""
    for end, path in built.items():
        if end != ".zip":
            assert str(ROOT).encode() not in path.read_bytes()


def test_the_command_says_the_version_of_its_wheel(built):
    assert run_command("--version").out.split()[-1] in built[".whl"].name


TAGS = [
    ("v9.9.9", "The tag is v9.9.9, but the version is "),
    ("0.2.0", "The tag is 0.2.0, but the version is "),
]


@pytest.mark.parametrize(("tag", "problem"), TAGS)
def test_a_tag_of_another_version_is_refused(tag, problem):
    with pytest.raises(ReleaseError, match=problem):
        require_tag(tag)


def test_a_version_without_a_dated_section_is_refused(monkeypatch):
    """Nobody could read what it changes."""
    monkeypatch.setattr(release, "__version__", "9.9.9")
    with pytest.raises(ReleaseError, match=r"CHANGELOG\.md has no section of 9\.9\.9 with a date"):
        require_tag("v9.9.9")


def test_a_version_with_one_is_not(monkeypatch):
    monkeypatch.setattr(release, "__version__", "0.1.0")
    require_tag("v0.1.0")


def test_what_fails_is_said_in_a_line(monkeypatch, tmp_path):
    """With the words of the program that failed."""
    monkeypatch.setattr(release, "NAME", "no/such")
    with pytest.raises(OSError, match="no/such"):
        release.release(tmp_path / "release")
    with pytest.raises(ReleaseError, match=r"hatchling failed: .*nosuch"):
        release._run("hatchling", "build", "-t", "nosuch")
