"""What GitHub runs and asks: the commands of this repository, by pinned actions, with few rights."""

import re

import pytest
import yaml

from tools.environment import NEWEST, OLDEST
from tools.package import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]


def load(path):
    return yaml.safe_load(path.read_text())


def steps(path):
    """Return all steps of a workflow."""
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_may_only_read(path):
    """A tag can be moved to other code; the version stands beside, for whoever renews it."""
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [
        each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)
    ] == []
    assert load(path)["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in load(path)["jobs"].values())
    for step in steps(path):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"] == {"persist-credentials": False}
        # What somebody else can choose, such as the name of a tag, is no part of a script.
        assert "${{" not in step.get("run", "")


def test_every_supported_python_runs_what_ci_runs():
    """The oldest and the newest among them, as tools/environment.py has them."""
    (job,) = load(GITHUB / "workflows" / "ci.yml")["jobs"].values()
    supported = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    assert job["strategy"]["matrix"]["python"] == supported
    assert job["steps"][-1] == {"run": ".ci/run"}


def test_a_tag_builds_the_release_of_that_tag():
    """After the tests; what it has built is kept to be looked at."""
    path = GITHUB / "workflows" / "release.yml"
    # YAML 1.1 reads the key "on" as true.
    assert load(path)[True] == {"push": {"tags": ["v*"]}}
    runs = [step["run"] for step in steps(path) if "run" in step]
    assert runs == [".ci/run", 'make release TAG="$TAG"']
    (kept,) = [
        step["with"]["path"] for step in steps(path) if "upload-artifact" in step.get("uses", "")
    ]
    assert kept == "dist/*/"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_the_version_and_says_what_not_to_paste(path):
    """By fields that GitHub knows, each with an id of its own."""
    form = load(path)
    assert {"name", "description", "body"} <= form.keys()
    fields = [each for each in form["body"] if each["type"] != "markdown"]
    ids = [each["id"] for each in fields]
    assert len(ids) == len(set(ids))
    assert all({"type", "id", "attributes"} <= each.keys() for each in fields)
    assert {each["type"] for each in fields} <= {"input", "textarea"}
    (version,) = [each for each in fields if each["id"] == "version"]
    assert version["validations"] == {"required": True}
    assert "Remove passwords" in form["body"][0]["attributes"]["value"]


def test_who_operates_is_asked_for_the_report_of_verify():
    """It finds by itself most of what can be wrong."""
    (form,) = [load(path) for path in FORMS if path.stem == "it-does-not-work"]
    (report,) = [each for each in form["body"] if each.get("id") == "report"]
    asked = re.findall(r"make (\w+)", report["attributes"]["description"])
    assert asked == ["verify", "preflight"]
    makefile = (ROOT / "Makefile").read_text()
    assert [each for each in asked if f"\n{each}:" not in makefile] == []
    assert report["validations"] == {"required": True}
