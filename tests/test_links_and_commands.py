"""Every link of every document leads somewhere, and every command that it shows is one."""

import re
import shutil
import subprocess

import click
import pytest

from emr_in_transit_cli.main import command as emr_in_transit
from tests.support import aws_cli
from tests.support.documents import (
    DOCUMENTS,
    PROGRAM,
    ROOT,
    anchors,
    blocks,
    commands,
    lines,
    links,
    name_of,
)
from tools.environment import ENVIRONMENTS

ALL = commands()
MAKEFILE = (ROOT / "Makefile").read_text()
# What the shell itself does, and programs that are none of ours, in the blocks of documents.
SHELL = {
    "cd",
    "done",
    "do",
    "export",
    "for",
    "git",
    "openssl",
    "pipx",
    "printf",
    "rdk",
    "sha256sum",
    "sleep",
    "until",
    "while",
    "zip",
    "}",
}
BY_ITSELF = "docs/walkthrough.md"  # is run, word for word


def by(program):
    """Return the commands of one program."""
    return [each for each in ALL if each.words[0].rpartition("/")[2] == program]


def broken(path, target):
    """Return whether a link leads nowhere; what is on the web is not asked for."""
    if re.match(r"(https|mailto):", target):
        return False
    file, _, anchor = target.partition("#")
    found = (path.parent / file).resolve() if file else path
    if not found.exists() or not found.is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in anchors(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path):
    """To a file of this repository, and to a heading in it, by GitHub's rules for anchors."""
    assert [target for target in links(path) if broken(path, target)] == []


@pytest.mark.parametrize(
    "target", ["nosuch.md", "alerts.md#nosuch", "#nosuch", "../../outside.md", "http://a.example"]
)
def test_a_link_that_leads_nowhere_is_found(target):
    assert broken(ROOT / "docs" / "limits.md", target)


def test_anchors_are_those_of_github(tmp_path):
    """Punctuation goes, blanks are dashes, underscores stay, and what is said twice is numbered."""
    page = tmp_path / "page.md"
    page.write_text("# A `make x`: Why?\n## NO_SUCH\n## Again\n### Again\n```\n# none\n```\n")
    assert anchors(page) == ["a-make-x-why", "no_such", "again", "again-1"]


def test_every_page_is_to_be_found_from_the_readme():
    """By links alone."""
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        targets = {(page.parent / each.partition("#")[0]).resolve() for each in links(page)}
        waiting += [each for each in targets if each.suffix == ".md" and each not in seen]
    assert {name_of(each) for each in DOCUMENTS if each.parent.name in {"docs", "rdk-config"}} <= {
        name_of(each) for each in seen
    }


def test_the_aws_cli_takes_every_command():
    """By its own tables: the command, its options, and those that it requires."""
    found = by("aws")
    assert len({each.document for each in found}) > 5
    assert aws_cli.problems((each.words, each.is_whole) for each in found) == []


WRONG = [
    ("aws emr lunch-cluster --name x", "no such command"),
    ("aws sns subscribe --topic-arn a --protocol sqs --endpoint a", "no option --endpoint"),
    ("aws sqs purge-queue --region x", "lacks --queue-url"),
]


def test_what_the_aws_cli_would_refuse_is_found():
    """One problem for each line, in their order."""
    found = aws_cli.problems((tuple(line.split()), True) for line, _ in WRONG)
    assert [each.partition(": ")[0] for each in found] == [problem for _, problem in WRONG]


def refused_by_make(words):
    """Return the targets and variables of a make command that the Makefile does not know."""
    given = [word for word in words[1:] if not word.startswith("-")]
    named = {word.partition("=")[0] for word in given if "=" in word}
    targets = [word for word in given if "=" not in word and word != "…"]
    recipes = "".join(recipe(each) for each in targets).replace("$(RDK)", recipe("RDK"))
    unknown = {each for each in targets if not recipe(each)}
    environments = {f"environment-{each}" for each in ENVIRONMENTS}
    return (unknown - environments) | {
        each for each in named - {"PYTHON"} if f"$({each})" not in recipes.replace("$(or $(", "$(")
    }


def recipe(name):
    """Return the lines below a target of the Makefile, or the text of one of its variables."""
    found = re.search(
        rf"^{re.escape(name)}(?::| =)((?:.*\\\n)*.*\n(?:\t.*\n)*)", MAKEFILE, re.MULTILINE
    )
    return found[1] if found else ""


def test_make_knows_every_target_and_variable():
    """A variable that its target does not use would be passed over in silence."""
    found = by("make")
    assert found
    assert [str(each) for each in found if refused_by_make(each.words)] == []


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("make demmo", {"demmo"}),
        ("make demo CODE_BUCKET=x", {"CODE_BUCKET"}),
        ("make rdk-deploy ROLE=x STACK=y", {"STACK"}),
        ("make environment-nosuch", {"environment-nosuch"}),
    ],
)
def test_what_make_does_not_know_is_found(line, unknown):
    assert refused_by_make(line.split()) == unknown


def refused_by_our_command(words, *, is_whole):
    """Return what emr-in-transit says against its words, without running anything."""
    if len(words) == 1 or words[1] in {"VERB", "--version"}:
        return ""
    verb = emr_in_transit.commands.get(words[1])
    if verb is None:
        return f"no verb {words[1]}"
    context = click.Context(verb)
    try:
        given, _, _ = verb.make_parser(context).parse_args(
            [each for each in words[2:] if each != "…"]
        )
        for parameter in verb.params:
            if is_whole or (isinstance(parameter, click.Option) and parameter.name in given):
                parameter.process_value(context, given.get(parameter.name))
    except click.UsageError as error:
        return error.format_message()
    return ""


def test_our_command_takes_every_line():
    """Verbs, options and their values, by the same parser."""
    found = by("emr-in-transit")
    assert {each.document for each in found} >= {"README.md", "docs/command.md"}
    refused = {
        str(each): refused_by_our_command(each.words, is_whole=each.is_whole) for each in found
    }
    assert {each: why for each, why in refused.items() if why} == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("emr-in-transit chekc a", "no verb chekc"),
        ("emr-in-transit check --formt json a", "No such option"),
        ("emr-in-transit check --format jsn a", "'jsn' is not one of"),
        ("emr-in-transit explain", "Missing argument 'FILE|ID'"),
    ],
)
def test_what_our_command_refuses_is_found(line, why):
    assert why in refused_by_our_command(line.split(), is_whole=True)


def test_every_tool_that_is_called_is_there():
    """python -m tools.X"""
    modules = {each.words[2] for each in ALL if each.words[1:2] == ("-m",)}
    assert modules
    files = {each: ROOT.joinpath(*each.split(".")) for each in modules}
    assert [
        each
        for each, path in files.items()
        if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists())
    ] == []


BLOCKS = [
    (name_of(path), block) for path in DOCUMENTS for block in blocks(path, ("sh", "shell", "bash"))
]


@pytest.mark.parametrize(("document", "block"), BLOCKS)
def test_a_block_is_one_that_the_shell_takes(document, block):
    """And each of its lines begins with something that is known here."""
    bash = [shutil.which("bash"), "-n"]
    done = subprocess.run(bash, input=block, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    if document == BY_ITSELF:
        return
    functions = {
        found for _, each in BLOCKS for found in re.findall(r"^(\w+)\(\) \{", each, re.MULTILINE)
    }
    for line in lines(block):
        first = line.split()[0]
        assert (
            PROGRAM.match(line.strip())
            or first in SHELL | functions
            or re.match(r"[A-Za-z_]+=|\w+\(\)$", first)
        ), line
