"""check: whatever is in a file, it is read or refused in one line that names the file."""

import json
import os
import stat
import sys

import pytest

from emr_in_transit_cli import files
from emr_in_transit_cli.dialects import documents
from tests.support.command import report, run, verdicts, write

REQUEST = {"Name": "n", "ReleaseLabel": "emr-7.3.0", "Instances": {}}
TEXT = json.dumps(REQUEST)
# How deep json reads differs from Python to Python (some thousands in 3.13): deeper than in any.
DEEP = 200_000
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
READ = [
    ("UTF-8", TEXT.encode()),
    ("UTF-8 with a mark", b"\xef\xbb\xbf" + TEXT.encode()),
    ("UTF-16 of PowerShell", b"\xff\xfe" + TEXT.encode("utf-16-le")),
    ("UTF-16, the other way", b"\xfe\xff" + TEXT.encode("utf-16-be")),
    ("several documents", (TEXT + "\n" + TEXT.replace('"n"', '"m"')).encode()),
    ("YAML that begins like JSON", b"{Name: n, ReleaseLabel: emr-7.3.0, Instances: {}}"),
    ("a comment in YAML", b"# x\nName: n\nReleaseLabel: emr-7.3.0\nInstances: {}"),
    ("YAML with tabs", b"Name: n\nReleaseLabel: emr-7.3.0\nInstances:\n\tInstanceCount: 1\n"),
    (
        "YAML with many lists",
        ("Name: n\nReleaseLabel: emr-7.3.0\nInstances: {}\nSteps: [" + "[], " * 200 + "]").encode(),
    ),
    ("a lone surrogate", json.dumps(REQUEST | {"LogUri": "\ud800"}).encode()),
]


@pytest.fixture(autouse=True)
def _as_the_command_recurses():
    """Put Python's own limit back: what else has run in this process may have raised it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("content", [row[1] for row in READ], ids=[row[0] for row in READ])
def test_what_is_read(tmp_path, content):
    """Encodings with a mark, and YAML in each of its forms."""
    assert verdicts(write(tmp_path, content))["n"] == "NON_COMPLIANT"


REFUSED = [
    ("empty", b"", "is empty"),
    ("blank", b" \n ", "is empty"),
    ("not UTF-8", b'{"a": "\xff"}', "is not UTF-8 text (byte 7)"),
    ("half a UTF-16 character", b"\xff\xfe\x00", "is not UTF-16 text"),
    ("NUL", b'{"a": "\0"}', "is not text: it holds NUL characters"),
    ("comments", b'{\n "Name": "x", // why\n "Instances": {}}', "is not JSON"),
    ("truncated JSON", TEXT[:-5].encode(), "is not JSON: "),
    ("truncated YAML", b"Name: [x", "is not YAML: "),
    ("an array", b"[1, 2]", "a list of something else"),
    ("a number", b"17", "holds only a number or a flag"),
    ("a huge number", b'{"a": ' + b"1" * 5000 + b"}", "a number of more digits than"),
    ("nested deep in arrays", b"[" * DEEP + b"]" * DEEP, "is nested too deeply"),
    ("nested deep in objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "is nested too deeply"),
    ("nested deep in YAML", b"- " * 5000 + b"x", "is nested too deeply"),
    ("nested deep in YAML's flow", b"a: " + b"[" * DEEP + b"]" * DEEP, "is nested too deeply"),
    ("nested deeper than anything", b"[" * 200 + b"]" * 200, "is nested too deeply"),
    ("nested deep by indentation", b"\n".join(b" " * n + b"a:" for n in range(200)) + b" 1", "is nested too deeply"),
    ("nested deeper than Python recurses", b"\n".join(b" " * n + b"a:" for n in range(1200)) + b" 1", "is nested too deeply"),
    ("neither JSON nor YAML", b"{a: 1", "is not JSON: "),
    ("neither JSON nor YAML, with comments", b'{"a": 1, // x\n', "(comments are no JSON)"),
    ("anchors that explode", BOMB.encode(), "has anchors that would make it explode"),
    ("an anchor in itself", b"a: &a [*a]", "has an anchor that holds itself"),
    ("an alias of nothing", b"a: *b", "is not YAML: found undefined alias"),
    ("a key twice", b'{"Name": 1, "Name": 2}', 'has "Name" twice in one object'),
    ("a key twice in YAML", b"Name: 1\nName: 2", 'has the key "Name" twice in one object, in line 2'),
    ("a key that is no text", b"? [a]\n: b", "has a key that is no text, in line 1"),
    ("a Python object", b"!!python/object/apply:os.system [x]", "is not YAML: "),
    ("a number that is none", b"a: !!int x", "is not YAML: "),
    ("only comments", b"# x\n", "holds no document"),
    ("a character that YAML has not", b"a: \x01", "is not YAML: "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_refused(tmp_path, content, problem):
    """One line with the file's name and what is wrong; nothing was judged, so 2."""
    path = write(tmp_path, content)
    done = run("check", path)
    assert (done.status, done.err) == (2, "")
    line, _ = done.out.splitlines()
    assert line.startswith(f"COULD_NOT_TELL {path}: It ")
    assert problem in line


def test_beside_what_can_be_read(tmp_path):
    """Then something was judged, and the status is 3."""
    good = write(tmp_path, REQUEST, "good.json")
    assert run("check", good, write(tmp_path, "[", "bad.json")).status == 3
    assert run("check", good, tmp_path / "none.json").status == 3


def test_large_files(tmp_path, monkeypatch):
    """A file of 100 MB is not read to its end, nor YAML of half of that."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    done = run("check", path)
    assert (done.status, "is larger than 64 MB" in done.out) == (2, True)
    monkeypatch.setattr(documents, "MOST_YAML_BYTES", 10)
    done = run("check", write(tmp_path, "Name: 12345678", "large.yaml"))
    assert "is larger than the 0 MB that YAML may have" in done.out
    # Nor is it searched for lines.
    assert documents.line_of(TEXT, (0, "Name")) == 1


def test_lines_of_what_is_no_yaml():
    """The first line stands for what cannot be found."""
    assert documents.line_of("{", (0, "a")) == 1
    assert documents.line_of("a:\n  b: 1", (0, "a", "b")) == 2
    assert documents.line_of("a: 1", (0, "b")) == 1
    assert documents.line_of("a: 1", (3, "b")) == 1
    assert documents.line_of("- 1\n- 2", (0, 1)) == 2
    assert documents.line_of("- 1", (0, 4, "x")) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_without_permission(tmp_path):
    """A file, or a folder, that may not be read."""
    path = write(tmp_path, REQUEST)
    path.chmod(0)
    assert "cannot be read (Permission denied)" in run("check", path).out
    path.chmod(stat.S_IRUSR)


def test_folders_and_files_that_cannot_be_opened(tmp_path, monkeypatch):
    """Each is named, and what can be read is judged all the same."""
    inner = tmp_path / "inner"
    inner.mkdir()
    good, bad = write(tmp_path, REQUEST, "a.json"), write(tmp_path, REQUEST, "b.json")
    listed, opened = os.scandir, type(bad).open

    def scandir(folder):
        if str(folder) == str(inner):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    def open_(path, *arguments, **options):
        if path == bad:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(type(bad), "open", open_)
    done = run("check", tmp_path)
    assert done.status == 3
    assert f"COULD_NOT_TELL {inner}: It cannot be listed (Permission denied)." in done.out
    assert f"COULD_NOT_TELL {bad}: It cannot be read (Permission denied)." in done.out
    assert f"NON_COMPLIANT {good}: n: " in done.out


def test_a_name_that_no_file_can_have():
    """It is refused like any other that is not there."""
    done = run("check", "a\0b")
    assert (done.status, "Traceback" in done.err) == (2, False)


def test_folders(tmp_path):
    """What is none of ours changes nothing; -v lists it; what begins as ours and is broken counts."""
    write(tmp_path, REQUEST, "a.json")
    write(tmp_path, {"name": "package"}, "package.json")
    write(tmp_path, "{{ helm }}: [", "chart.yaml")
    write(tmp_path, REQUEST, "not-looked-at.txt")
    hidden = tmp_path / ".git"
    hidden.mkdir()
    write(hidden, REQUEST, "b.json")
    done = run("check", tmp_path)
    assert done.status == 1
    assert "2 files of no form that this command knows; -v lists them" in done.out
    verbose = run("check", "-v", tmp_path).out
    assert f"  {tmp_path / 'package.json'} is an object with name" in verbose
    assert f"  {tmp_path / 'a.json'}: RunJobFlow request, 1 judged" in verbose
    write(tmp_path, "AWSTemplateFormatVersion: [", "broken.yaml")
    assert run("check", tmp_path).status == 3


def test_a_folder_without_anything_of_ours(tmp_path):
    """Nothing was judged, and it is said."""
    write(tmp_path, {"name": "package"}, "package.json")
    done = run("check", tmp_path)
    assert done.status == 2
    assert done.err == "emr-in-transit: no file there is of a form that it knows\n"


def test_ten_thousand_files(tmp_path):
    """They are gone through; only those of ours are opened."""
    for index in range(10_000):
        (tmp_path / f"{index}.txt").touch()
    write(tmp_path, REQUEST)
    assert verdicts(tmp_path) == {"n": "NON_COMPLIANT"}


def test_standard_input():
    """It is called so."""
    assert run("check", "-", stdin=TEXT.encode()).out.startswith("NON_COMPLIANT standard input: n")
    done = run("check", "-", stdin=b"[")
    assert done.out.startswith("COULD_NOT_TELL standard input: It is not JSON")
    done = run("check", "-", "-c", "-")
    assert done.err == "emr-in-transit: only one document can come from standard input\n"


WRONG = [
    (("check",), "Missing argument 'FILE...'."),
    (("check", "x", "-p", "coverage"), "--parameter 'coverage' is not NAME=VALUE"),
    (("check", "x", "-p", "coverage=most"), "rule parameters: coverage takes configured or complete"),
    (("check", "x", "-f", "xml"), "'xml' is not one of"),
    (("check", "x", "-c", "none.json"), "--configuration none.json cannot be read"),
    (("chek",), "No such command 'chek'."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "problem"), WRONG)
def test_wrong_use(arguments, problem):
    """One line, and 2."""
    done = run(*arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("emr-in-transit: ")
    assert problem in done.err


def test_names_that_a_terminal_lacks(tmp_path):
    """Names are one printable line."""
    path = write(tmp_path, REQUEST | {"Name": "a\nb\x1b[31m\u202ec"})
    [verdict] = report(path)["verdicts"]
    assert verdict["address"] == "a b [31m c"


def test_only_files_of_these_names_are_opened_in_folders():
    """The list of them is the one that the help names."""
    shown = run("check", "--help").out
    assert all(f"*{suffix}" in shown for suffix in files.SUFFIXES)


def test_files_that_may_be_of_any_form(tmp_path):
    """As pre-commit names them: with --skip-unknown they are taken like those of a folder."""
    other = write(tmp_path, {"name": "package"}, "package.json")
    done = run("check", "--skip-unknown", other)
    assert (done.status, done.err) == (0, "")
    assert "1 file of no form that this command knows; -v lists them" in done.out
    assert run("check", "--skip-unknown", other, write(tmp_path, REQUEST)).status == 1
    assert run("check", "-s", write(tmp_path, "AWS::EMR::Cluster: [", "t.yaml")).status == 2
