"""CONTRIBUTING.md: its map is the tree, and the top level stays small enough to be read."""

import re
import shutil
import subprocess

from tools.package import ROOT, RULE

LAYOUT = (ROOT / "CONTRIBUTING.md").read_text().partition("## Layout")[2].partition("\n## ")[0]
OF_THE_RULE, _, OF_THE_COMMAND = LAYOUT.partition("\n### The command\n")
COMMAND = ROOT / "cli" / "emr_in_transit_cli"
# As a newcomer meets it; files that only tools read among them.
MOST_AT_THE_TOP = 18


def tracked():
    """Return all files that git tracks."""
    listed = subprocess.run(
        [shutil.which("git") or "git", "ls-files"], cwd=ROOT, check=True, capture_output=True
    )
    return listed.stdout.decode().splitlines()


def mapped(text):
    """Return the paths that a table names, in its first column."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    found = []
    for cell in rows:
        names = re.findall(r"`([^`]+)`", cell)
        folder = names[0].rpartition("/")[0] if not names[0].endswith("/") else ""
        found += [names[0], *(f"{folder}/{each}".lstrip("/") for each in names[1:])]
    return found


def test_the_map_names_each_part_of_what_lambda_runs_and_nothing_else():
    """A module at the top of the package, or a folder of it, that is missing would be lost."""
    package = RULE / "emr_in_transit"
    parts = {path.name for path in RULE.glob("*.py")}
    parts |= {f"emr_in_transit/{path.name}" for path in package.glob("*.py")}
    parts |= {f"emr_in_transit/{path.name}/" for path in package.iterdir() if path.is_dir()}
    ignored = {"emr_in_transit/__init__.py", "emr_in_transit/__pycache__/"}
    assert set(mapped(OF_THE_RULE)) == parts - ignored


def test_the_map_names_each_part_of_the_command_once():
    """Whoever looks for a verb or a dialect finds its folder or module there."""
    parts = {path.name for path in COMMAND.glob("*.py")} - {"__init__.py"}
    parts |= {f"{path.parent.name}/" for path in COMMAND.glob("*/__init__.py")}
    assert sorted(mapped(OF_THE_COMMAND)) == sorted(parts)


def test_every_path_that_is_named_is_there():
    """In the text beside the table too."""
    named = re.findall(r"`([\w./-]+/[\w./-]*)`", LAYOUT)
    below = [ROOT, RULE, RULE / "emr_in_transit", COMMAND, ROOT / "tests"]
    assert named
    assert [each for each in named if not any((top / each).exists() for top in below)] == []


def test_the_top_level_is_short():
    """Each entry there is one more thing that a newcomer has to pass by."""
    tops = {path.split("/")[0] for path in tracked()}
    assert len(tops) <= MOST_AT_THE_TOP, sorted(tops)
