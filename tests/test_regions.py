"""The Regions that the README claims: data, what AWS has there, and that the templates hold in each."""

import re
from pathlib import Path

import boto3
import cfnlint
import pytest
from cfnlint.decode import cfn_yaml

from tools import regions

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = [ROOT / "template.yml", *sorted((ROOT / "rdk-config").glob("*.yml"))]
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def types(template):
    return {each["Type"] for each in cfn_yaml.load(str(template))["Resources"].values()}


def test_the_list_is_all_that_has_what_is_needed():
    """By boto3's own data, in the three public partitions, where cfn-lint can say what is there."""
    session = boto3.Session()
    have = {
        region
        for partition in PARTITIONS
        for region in session.get_available_regions("sts", partition)
        if not regions.lacking(region)
    }
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
    checked = {path.stem for path in folder.glob("*.json")}
    listed = regions.claimed()
    assert len(listed) == len(set(listed))
    assert set(listed) == have & checked
    assert {"cn-north-1", "us-gov-west-1"} <= set(listed)


@pytest.mark.parametrize("region", regions.claimed())
def test_a_claimed_region_has_every_type_of_the_templates(region):
    """A stack that names one that is not there would fail."""
    needed = set().union(*map(types, TEMPLATES))
    schemas = regions.schemas_of(region, needed)
    assert [each for each, schema in schemas.items() if schema is None] == []


def test_what_is_linted_stands_for_every_claimed_region():
    """make check looks at one Region of each set of schemas; all others have the same schemas."""
    linted = regions.different(TEMPLATES)
    needed = set().union(*map(types, TEMPLATES))
    covered = [regions.schemas_of(each, needed) for each in linted]
    assert all(regions.schemas_of(each, needed) in covered for each in regions.claimed())
    makefile = (ROOT / "Makefile").read_text()
    assert "cfn-lint --regions $$(.venv/bin/python -m tools.regions $(TEMPLATES))" in makefile


def test_two_sets_of_schemas_are_two_regions(monkeypatch):
    """Where AWS has a type in another form, or not at all, that Region is looked at by itself."""
    monkeypatch.setattr(
        regions, "schemas_of", lambda region, _: {"AWS::X::Y": region.startswith("cn-") or None}
    )
    assert regions.different(TEMPLATES[:1]) == ["af-south-1", "cn-north-1"]


def test_the_readme_counts_them():
    """And names the file."""
    readme = (ROOT / "README.md").read_text()
    (count,) = re.findall(r"\| Regions \| (\d+), listed in \[tools/regions\.txt\]", readme)
    assert int(count) == len(regions.claimed())


@pytest.mark.parametrize(
    ("region", "message"),
    [("mars-1", "mars-1 is no Region that boto3 "), ("eu-west-1", "")],
)
def test_what_a_region_lacks_is_said_in_words(region, message):
    assert regions.lacking(region).startswith(message)
    assert bool(regions.lacking(region)) == bool(message)
