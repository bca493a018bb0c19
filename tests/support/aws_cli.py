"""The AWS CLI's own tables of commands and options, as .venv-awscli has it."""

import json
import subprocess
from collections.abc import Iterable

from tools.package import ROOT

CLI = ROOT / ".venv-awscli" / "bin"
# It runs there, where neither this package nor its tests are to be found.
PROGRAM = """
import json, sys
from awscli.clidriver import create_clidriver

driver = create_clidriver()

def options(words):
    command, table = None, driver._get_command_table()
    for word in words:
        if word not in table:
            return None
        command = table[word]
        table = getattr(command, "subcommand_table", None) or (
            command._get_command_table() if hasattr(command, "_get_command_table") else {}
        )
        if not table:
            break
    return {name: bool(each.required) for name, each in command.arg_table.items()}

found = {" ".join(words): options(words) for words in json.load(sys.stdin)}
json.dump({"all": sorted(driver._get_argument_table()), "commands": found}, sys.stdout)
"""


def command_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return what stands before the options: aws emr wait cluster-terminated."""
    named = next((at for at, word in enumerate(words) if word[:1] in "-…"), len(words))
    return words[1:named]


def problems(lines: Iterable[tuple[tuple[str, ...], bool]]) -> list[str]:
    """Return what the AWS CLI would refuse: a command, an option, a required one that is missing.

    Each line has its words, and whether it is whole: in a text, options may be left out.
    """
    lines = list(lines)
    asked = json.dumps([command_of(words) for words, _ in lines])
    done = subprocess.run(
        [CLI / "python", "-c", PROGRAM], input=asked, capture_output=True, text=True, check=True
    )
    tables = json.loads(done.stdout)
    found = []
    for words, is_whole in lines:
        known = tables["commands"][" ".join(command_of(words))]
        shown = " ".join(words)
        if known is None:
            found.append(f"no such command: {shown}")
            continue
        given = {word[2:] for word in words if word.startswith("--")}
        found += [f"no option --{each}: {shown}" for each in given - {*known, *tables["all"]}]
        stated = {each.removeprefix("no-") for each in given}
        lacking = {name for name, is_required in known.items() if is_required} - stated
        found += [f"lacks --{each}: {shown}" for each in (lacking if is_whole else ())]
    return found
