"""Which part of the Lambda code may import what, read from the source itself."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

RULE = Path(__file__).parents[1] / "rules" / "EMR_IN_TRANSIT_ENCRYPTION"
PACKAGE = "emr_in_transit"
FILES = sorted(RULE.rglob("*.py"))
ENTRY_POINTS = {"EMR_IN_TRANSIT_ENCRYPTION", "launch_check"}
# A module between the entry points and AWS is one job of the rule, and says which.
JOBS = ("Sweep: ", "Change: ", "Launch: ", "Alerting: ", "Deployment: ")
ROLES = ("Package: ", "Pure: ", "AWS adapter: ", "Lambda entry point: ", *JOBS)
# What a pure module may import: nothing here reaches out of the process, or differs between runs.
HARMLESS = {
    *("__future__", "abc", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses"),
    *("datetime", "difflib", "enum", "fnmatch", "functools", "hashlib", "heapq", "html"),
    *("itertools", "json", "math", "operator", "re", "string", "struct", "textwrap", "types"),
    *("typing", "zlib"),
}
UNSURE_CALLS = {"now", "today", "utcnow"}  # of datetime and date: a clock is an argument
FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
# The tables are part of the code: one module reads them from beside itself, and nothing else.
TABLES = f"{PACKAGE}.judgement.tables"
READS_TABLES = {"csv", "pkgutil"}
# What reads certificates, which takes a library, and what reads bundles by it: both are imported
# only where the option is on.
READS_CERTIFICATES = f"{PACKAGE}.judgement.bundle_certificates"
ONLY_WITH_BUNDLES = {READS_CERTIFICATES, f"{PACKAGE}.judgement.bundle_reading"}
ASN1 = {"pyasn1", "pyasn1_modules"}
MOST_FUNCTION_LINES = 30


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def role_of(tree: ast.Module) -> str:
    return next((role for role in ROLES if (ast.get_docstring(tree) or "").startswith(role)), "")


def module_of(path: Path) -> str:
    """Return a file's name as a module: emr_in_transit.aws.emr."""
    parts = path.relative_to(RULE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Find every import, wherever in the module it stands; our own modules by their whole names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (_known_part(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." if node.level else node.module or ""
            yield from (_known_part(f"{module}.{alias.name}", module) for alias in node.names)


def _known_part(*names: str) -> str:
    for name in names:
        if name in MODULES:
            return name
    return names[-1] if names[-1].startswith(".") else names[-1].split(".")[0]


def impurities_of(tree: ast.Module) -> list[str]:
    """Find what a pure module must not do: import what reaches out, read a clock, do I/O."""
    found = [
        f"imports {name}"
        for name in dict.fromkeys(imports_of(tree))
        if name not in HARMLESS and not is_pure(name)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in UNSURE_CALLS:
                found.append(f"calls {node.func.attr}()")
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_CALLS:
            found.append(f"uses {node.id}")
    return found


def is_pure(module: str) -> bool:
    return module in MODULES and role_of(tree_of(MODULES[module])) == "Pure: "


def long_functions_of(tree: ast.Module) -> list[str]:
    return [
        f"{node.name} has {lines} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]


every_module = pytest.mark.parametrize("module", MODULES)


def test_there_are_modules():
    """The tests below look at the Lambda code, and there is some of each kind."""
    assert {role_of(tree_of(path)) for path in FILES} == set(ROLES)


@every_module
def test_docstring_opens_with_its_role(module: str):
    """Every module says first what it is, and its folder agrees."""
    role, parts = role_of(tree_of(MODULES[module])), module.split(".")

    assert role, f"the docstring begins with none of {ROLES}"
    assert (module in ENTRY_POINTS) == (role == "Lambda entry point: ")
    assert (MODULES[module].name == "__init__.py") == (role == "Package: ")
    if len(parts) == 3:
        allowed = {"judgement": {"Pure: "}, "aws": {"AWS adapter: "}}
        assert role in allowed.get(parts[1], {"Pure: ", "Alerting: "})


@every_module
def test_pure_modules_are_pure(module: str):
    """A pure module imports nothing that reaches out, reads no clock and does no I/O."""
    tree = tree_of(MODULES[module])
    needed = {TABLES: READS_TABLES, READS_CERTIFICATES: ASN1}.get(module, set())
    allowed = {f"imports {name}" for name in needed}

    assert role_of(tree) != "Pure: " or set(impurities_of(tree)) <= allowed


@every_module
def test_walls(module: str):
    """Nobody imports an entry point; only that of AWS Config imports rdklib; boto stays in aws."""
    tree = tree_of(MODULES[module])
    imported = set(imports_of(tree))

    assert not imported & ENTRY_POINTS
    assert "rdklib" not in imported or module == "EMR_IN_TRANSIT_ENCRYPTION"
    assert not any(name.startswith(".") for name in imported), "imports are absolute"
    if not module.startswith(f"{PACKAGE}.aws"):
        assert not imported & {"boto3", "botocore"}
    ours = {name for name in imported if name.startswith(PACKAGE)}
    if module.startswith(f"{PACKAGE}.judgement"):
        assert all(name.startswith(f"{PACKAGE}.judgement") for name in ours)
    if module.startswith(f"{PACKAGE}.aws"):
        assert all(name.startswith(f"{PACKAGE}.aws") or is_pure(name) for name in ours)


@every_module
def test_certificates_are_read_only_where_somebody_asks(module: str):
    """What needs pyasn1 stands within functions of those who need it, never at their top."""
    tops = [
        node
        for node in tree_of(MODULES[module]).body
        if not (_is_for_types(node) or isinstance(node, ast.FunctionDef | ast.ClassDef))
    ]
    ours = {name for node in tops for name in imports_of(node)}

    assert module in ONLY_WITH_BUNDLES or not ours & (ONLY_WITH_BUNDLES | ASN1)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_no_module_imports_itself_in_a_circle():
    """Each module can be read with what it imports read before."""
    graph = {
        module: {each for each in imports_of(tree_of(path)) if each in MODULES and each != module}
        for module, path in MODULES.items()
    }

    assert len(tuple(TopologicalSorter(graph).static_order())) == len(MODULES)


@every_module
def test_functions_are_short(module: str):
    """A function of more than 30 lines is more than one."""
    assert long_functions_of(tree_of(MODULES[module])) == []


def test_docstrings_say_what_is_returned_in_the_words_of_everybody():
    """Return the ...: no reader has to learn another word for it first."""
    root = RULE.parents[1]
    files = [path for top in ("rules", "cli", "tools") for path in (root / top).rglob("*.py")]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    odd = [
        f"{path.relative_to(root)}: {text.splitlines()[0]}"
        for path in files
        for node in ast.walk(tree_of(path))
        if isinstance(node, documented) and (text := ast.get_docstring(node))
        if text.startswith("Answer")
    ]
    assert len(files) > 100
    assert odd == []


BREACHES = [
    ("an AWS library", "import boto3", "imports boto3"),
    ("an AWS library within a function", "def f():\n    import botocore.config", "imports botocore"),
    ("part of the operating system", "from os import path", "imports os"),
    ("under another name", "import logging as math", "imports logging"),
    ("a clock", "import time", "imports time"),
    ("chance", "from random import choice", "imports random"),
    (
        "an adapter",
        "from emr_in_transit.aws.emr import EmrReader",
        "imports emr_in_transit.aws.emr",
    ),
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
