"""The zip: what it holds, that it is the same every time, and that it works by itself."""

import re
import subprocess
import sys
import zipfile

import pytest

from tools.package import build, contents


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"))


def test_two_builds_are_byte_identical(package, tmp_path):
    """Whoever builds it gets the same bytes under the same name."""
    again = build(tmp_path)
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()


def test_another_content_has_another_name(package, tmp_path, monkeypatch):
    """A new build never hides behind an old key in S3."""
    changed = contents() | {"sweep.py": b"changed"}
    monkeypatch.setattr("tools.package.contents", lambda: changed)
    assert build(tmp_path).name != package.name


def test_it_holds_the_rule_and_its_libraries_and_nothing_else(package):
    """No tests, no caches, no boto3, no parameters.json; every module, and the licences."""
    names = zipfile.ZipFile(package).namelist()
    assert {
        "EMR_IN_TRANSIT_ENCRYPTION.py",
        "emr_in_transit/judgement/judge.py",
        "emr_in_transit/judgement/overrides.csv",
        "emr_in_transit/aws/emr.py",
    } <= set(names)
    assert {"LICENSE", "rdklib/LICENSE", "rdklib/NOTICE", "rdklib/evaluator.py"} <= set(names)
    tops = {name.split("/")[0] for name in names if "/" in name}
    assert tops == {"emr_in_transit", "rdklib", "pyasn1", "pyasn1_modules"}
    assert {"pyasn1/LICENSE.rst", "pyasn1_modules/LICENSE.txt"} <= set(names)
    kinds = (".py", ".csv", "py.typed", "LICENSE", "LICENSE.rst", "LICENSE.txt", "NOTICE")
    assert [name for name in names if not name.endswith(kinds)] == []
    assert names == sorted(names)


def test_nothing_is_compressed(package):
    """Compressed bytes would differ between versions of zlib."""
    compressions = {entry.compress_type for entry in zipfile.ZipFile(package).infolist()}
    assert compressions == {zipfile.ZIP_STORED}


def test_the_handler_imports_from_the_zip_in_a_clean_interpreter(package):
    """With boto3 and what the zip carries, as in Lambda; the sources are not on the path."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import EMR_IN_TRANSIT_ENCRYPTION as door, emr_in_transit.sweep as sweep, rdklib\n"
        "assert callable(door.lambda_handler)\n"
        "assert all(sys.argv[1] in module.__file__ for module in (door, sweep, rdklib))\n"
    )
    command = [sys.executable, "-c", program, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=package.parent)
    assert (done.returncode, done.stderr) == (0, "")


def test_certificates_are_read_by_what_is_in_the_zip(package):
    """pyasn1 needs no more of its schemas than the zip has; nothing else is installed there."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import emr_in_transit.judgement.bundle_reading, pyasn1, pyasn1_modules\n"
        "own = ('emr_in_transit', 'pyasn1')\n"
        "loaded = [each for each in sys.modules.values() if each.__name__.startswith(own)]\n"
        "assert all(sys.argv[1] in module.__file__ for module in loaded), loaded\n"
    )
    command = [sys.executable, "-I", "-S", "-c", program, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_holds_every_file_that_the_code_opens(package):
    """A table that a module names is in the zip beside it, and no table is there for nothing."""
    names = zipfile.ZipFile(package).namelist()
    opened = {
        f"{name.rpartition('/')[0]}/{table}"
        for name, content in contents().items()
        for table in re.findall(r'read_table\("([^"]+)"\)', content.decode())
    }
    assert len(opened) == 3
    assert {name for name in names if name.endswith(".csv")} == opened
