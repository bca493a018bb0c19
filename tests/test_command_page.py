"""docs/command.md: every example is run, and prints what the page shows."""

import re
import shlex

import pytest
import yaml

from tests.support.command import run
from tools.package import ROOT

PAGE = (ROOT / "docs" / "command.md").read_text()
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
SNIPPETS = re.findall(r"(?<!-->\n)```yaml\n(.*?)```", PAGE, re.DOTALL)
CUT = "..."  # what the page leaves out


def steps(example):
    """Return each command of an example, with the lines that it shows."""
    for part in re.split(r"^\$ ", example, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def matches(shown, printed):
    """Return whether lines are as shown; where the page cuts, there may be any."""
    pattern = "".join("(?:.*\n)*" if line == CUT else re.escape(line) + "\n" for line in shown)
    return re.fullmatch(pattern, printed) is not None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(folder, example):
    """Line by line, with the exit status where it is asked for."""
    status = None
    for command, shown in steps(example):
        if command == "echo $?":
            assert shown == [str(status)]
            continue
        words, _, target = command.partition(" > ")
        program, *arguments = shlex.split(words)
        assert program == "emr-in-transit"
        done = run(*arguments)
        status = done.status
        if target:
            (folder / target).write_text(done.out)
            assert (done.err, shown) == ("", [])
        else:
            assert matches(shown, done.out + done.err), done.out + done.err


def test_there_is_an_example_of_each_verb():
    """A verb without one would not be found."""
    commands = [command for example in EXAMPLES for command, _ in steps(example)]
    shown = {command.split()[1] for command in commands}
    listed = re.findall(r"^  (\w+) {2,}", run("--help").out.partition("Commands:")[2].partition("Exit")[0], re.MULTILINE)  # fmt: skip
    assert listed
    assert {*listed} <= shown


def test_every_exit_status_is_on_the_page():
    """As the help has them."""
    status = r"^ +(\d+) {2,}"
    listed = re.findall(status, run("--help").out.partition("Exit status:")[2], re.MULTILINE)
    assert listed == re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)


def test_snippets_are_yaml_and_call_what_is_there():
    """Each option that they use is one of check."""
    usage = run("check", "--help").out
    options = set()
    for snippet in SNIPPETS:
        assert isinstance(yaml.safe_load(snippet), dict)
        options |= set(re.findall(r"emr-in-transit check.*?(--[\w-]+)", snippet))
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    options |= set(re.findall(r"--[\w-]+", hook["entry"]))
    assert options == {"--format", "--skip-unknown"}
    assert all(option in usage for option in options)
    assert f"id: {hook['id']}" in PAGE
