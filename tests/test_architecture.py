"""Which layer of the Lambda code may import what, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

RULE = Path(__file__).parents[1] / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"
FILES = sorted(RULE.rglob("*.py"))
DOORS = {"EMR_IN_TRANSIT_ENCRYPTION", "launch_check"}
# A module between doors and adapters is one job of the rule, and says which.
JOBS = ("Sweep: ", "Change: ", "Alerting: ", "Assembly: ")
ROLES = ("Pure: ", "AWS adapter: ", "Lambda entry point: ", *JOBS)
# What a pure module may import: nothing here reaches out of the process, or differs between runs.
HARMLESS = {
    *("__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses"),
    *("datetime", "difflib", "enum", "fnmatch", "functools", "hashlib", "heapq", "html"),
    *("itertools", "json", "math", "operator", "re", "string", "textwrap", "types", "typing"),
}
UNSURE_CALLS = {"now", "today", "utcnow"}  # of datetime and date: a clock is an argument
FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
MOST_FILE_LINES = 180
MOST_FUNCTION_LINES = 30


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def role_of(tree: ast.Module) -> str:
    return next((role for role in ROLES if (ast.get_docstring(tree) or "").startswith(role)), "")


def imports_of(tree: ast.Module) -> Iterator[str]:
    """Find the top-level name of every import, wherever in the module it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else (node.module or "").split(".")[0]


def impurities_of(tree: ast.Module) -> list[str]:
    """Find what a pure module must not do: import what reaches out, read a clock, do I/O."""
    own = {path.stem for path in RULE.glob("*.py") if role_of(tree_of(path)) == "Pure: "}
    found = [
        f"imports {name}" for name in imports_of(tree) if name not in {*HARMLESS, *own, "judgement"}
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in UNSURE_CALLS:
                found.append(f"calls {node.func.attr}()")
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_CALLS:
            found.append(f"uses {node.id}")
    return found


def long_functions_of(tree: ast.Module) -> list[str]:
    return [
        f"{node.name} has {lines} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]


every_file = pytest.mark.parametrize("path", FILES, ids=[str(f.relative_to(RULE)) for f in FILES])


def test_there_are_files():
    """The tests below look at the Lambda code, and there is some of each layer."""
    assert {tree_role for path in FILES if (tree_role := role_of(tree_of(path)))} >= {
        "Pure: ",
        "AWS adapter: ",
        "Lambda entry point: ",
    }


@every_file
def test_docstring_opens_with_its_role(path: Path):
    """Every module says first what it is, and its folder agrees."""
    role = role_of(tree_of(path))

    assert role, f"the docstring begins with none of {ROLES}"
    assert (path.parent.name == "judgement") <= (role == "Pure: ")
    assert (path.parent.name == "adapters") == (role == "AWS adapter: ")
    assert (path.stem in DOORS) == (role == "Lambda entry point: ")
    assert role not in JOBS or path.parent == RULE


@every_file
def test_pure_modules_are_pure(path: Path):
    """A pure module imports nothing that reaches out, reads no clock and does no I/O."""
    tree = tree_of(path)
    pure = role_of(tree) == "Pure: "

    assert not pure or impurities_of(tree) == []


@every_file
def test_layers(path: Path):
    """Nobody imports a door; only the door of AWS Config imports rdklib; boto stays outside."""
    tree, imported = tree_of(path), set(imports_of(tree_of(path)))

    assert not imported & (DOORS - {path.stem})
    assert "rdklib" not in imported or path.stem == "EMR_IN_TRANSIT_ENCRYPTION"
    assert "." not in imported, "imports are absolute, as in the zip"
    if role_of(tree) not in {"AWS adapter: ", "Lambda entry point: ", "Assembly: "}:
        assert not imported & {"boto3", "botocore"}
    if role_of(tree) == "AWS adapter: ":
        local = {file.stem for file in RULE.glob("*.py")}
        assert not imported & local, "an adapter knows the judgement, nothing above itself"


@every_file
def test_sizes(path: Path):
    """Files stay under 180 lines and functions under 30."""
    lines = path.read_text(encoding="utf-8").count("\n")

    assert lines <= MOST_FILE_LINES
    assert long_functions_of(tree_of(path)) == []


BREACHES = [
    ("an AWS library", "import boto3", "imports boto3"),
    ("an AWS library within a function", "def f():\n    import botocore.config", "imports botocore"),
    ("part of the operating system", "from os import path", "imports os"),
    ("under another name", "import logging as math", "imports logging"),
    ("a clock", "import time", "imports time"),
    ("chance", "from random import choice", "imports random"),
    ("an adapter", "from adapters.emr import EmrReader", "imports adapters"),
    ("the present", "from datetime import datetime\nx = datetime.now(UTC)", "calls now()"),
    ("today", "import datetime\nx = datetime.date.today()", "calls today()"),
    ("a file", "text = open('x').read()", "uses open"),
    ("a printed line under another name", "say = print", "uses print"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "impurity"), [r[1:] for r in BREACHES], ids=[r[0] for r in BREACHES]
)
def test_impurity_is_found(source: str, impurity: str):
    """What makes a module impure is found, wherever it stands."""
    assert impurities_of(ast.parse(source)) == [impurity]


def test_long_function_is_found():
    """A function of 31 lines is one line too long."""
    body = "\n".join(["    x = 1"] * 30)

    assert long_functions_of(ast.parse(f"class C:\n  def f():\n{body}")) == ["f has 31 lines"]
    assert long_functions_of(ast.parse("def f():\n" + "\n".join(["    x = 1"] * 29))) == []
