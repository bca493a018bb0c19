"""docs/certificates.md: its recipe makes a good bundle, its costs are those of the reader."""

import io
import json
import re
import shutil
import struct
import subprocess
import zipfile

import pytest

from emr_in_transit.judgement.bundle import CHAIN, TRUSTED, Bundle, Unread
from emr_in_transit.judgement.bundle_problems import Problem
from emr_in_transit.judgement.bundle_reading import read_bundle
from emr_in_transit.judgement.bundle_zip import MOST_READS
from tests.support.bundles import files, good, leaf, root, with_records_of_64_bits, zipped
from tests.support.command import run
from tools.package import ROOT

PAGE = (ROOT / "docs" / "certificates.md").read_text()
RECIPE = re.findall(r"<!-- make -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
COSTS = dict(re.findall(r"^\| ([^|]+) \| (\d+|not read) \|$", PAGE, re.MULTILINE))


@pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("zip")),
    reason="openssl or zip is not on this machine",
)
def test_the_recipe_makes_a_good_bundle(tmp_path):
    """As it is pasted; the next sentence of the page says so."""
    [recipe] = RECIPE
    done = subprocess.run(["sh", "-ec", recipe], cwd=tmp_path, check=False, capture_output=True)  # noqa: S607
    assert done.returncode == 0, done.stderr
    options = ("--domain", "us-east-1", "--format", "json")
    done = run("certificates", *options, tmp_path / "certificates.zip")
    assert (done.status, json.loads(done.out)["findings"]) == (0, [])
    made = (tmp_path / "certificates.zip").read_bytes()
    assert calls(made) == COSTS["as usual tools make it"]
    assert "`emr-in-transit certificates --domain us-east-1 certificates.zip` finds nothing" in PAGE


def with_odd_local_fields() -> bytes:
    """Return a zip with extra fields in its local headers that the directory does not have."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files().items():
            info = zipfile.ZipInfo(name)
            info.extra = struct.pack("<2H3s", 0x9999, 3, b"abc")
            archive.writestr(info, content)
            info.extra = b""
    return stream.getvalue()


MANY = {**files(), "README.txt": b"mine"}
BUNDLES = {
    "as usual tools make it": good(),
    "without `trustedCertificates.pem`": zipped(files(chain=leaf().pem + root().pem, trusted=None)),
    "with extra fields that no usual tool writes": with_odd_local_fields(),
    "with records of 64 bits": with_records_of_64_bits(good()),
    "with a comment: the directory is found from the front": good(comment=b"x" * 500),
    "with a comment and more than three entries, or none of the sizes in its headers": zipped(
        MANY, comment=b"x" * 500
    ),
}


def calls(content: bytes) -> str:
    """Return how often a bundle is read."""
    found: list[tuple[int, int]] = []

    def read(start: int, end: int) -> bytes:
        found.append((start, end))
        return content[start:end]

    bundle = read_bundle(len(content), read)
    if bundle is Unread.TOO_MANY_READS:
        return "not read"
    assert isinstance(bundle, Bundle)
    assert not bundle.problems
    return str(len(found))


def test_costs_are_those_of_the_reader():
    """Row by row, each measured."""
    assert {name: calls(content) for name, content in BUNDLES.items()} == COSTS
    assert calls(good(streamed=True, comment=b"x" * 500)) == "not read"
    assert f"It is never more than {MOST_READS}." in PAGE


def test_the_last_rows_are_the_commands():
    """What the rule can find comes before, as in the table of problems."""
    keys = list(Problem)[list(Problem).index(Problem.KEY_DER) :]
    assert len(keys) == 7
    assert "the last seven rows are the command's alone" in PAGE


def test_it_names_what_the_zip_holds():
    """Under the names that the code knows."""
    assert {"privateKey.pem", CHAIN, TRUSTED} <= set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))  # fmt: skip
