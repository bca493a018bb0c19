"""Tool: the Regions that the README claims, and those for which cfn-lint has to look at a template.

Usage: python -m tools.regions TEMPLATE...   prints a Region for each set of schemas that differs
"""

import functools
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import boto3

LIST = Path(__file__).with_name("regions.txt")
# What a deployment cannot do without, by boto3's names.
NEEDED = {"config": "AWS Config", "lambda": "AWS Lambda", "emr": "Amazon EMR"}


def claimed() -> list[str]:
    """Return the Regions of the list."""
    return [line for line in LIST.read_text().splitlines() if not line.startswith("#")]


@functools.cache
def lacking(region: str) -> str:
    """Return what a Region lacks by boto3's own data, in words; empty where it lacks nothing."""
    session = boto3.Session()
    known = {
        service: {
            each
            for partition in session.get_available_partitions()
            for each in session.get_available_regions(service, partition)
        }
        for service in (*NEEDED, "sts")
    }
    if region not in known["sts"]:
        return f"{region} is no Region that boto3 {boto3.__version__} knows"
    missing = [name for service, name in NEEDED.items() if region not in known[service]]
    return f"{region} has no {' and no '.join(missing)}" if missing else ""


def schemas_of(region: str, types: Iterable[str]) -> Mapping[str, str | None]:
    """Return which schema cfn-lint holds each type of resource against in a Region."""
    from cfnlint.schema import manager  # noqa: PLC0415 - two seconds, which nobody else has to wait

    folder = Path(manager.__file__).parents[1] / "data" / "schemas" / "providers"
    found = json.loads((folder / f"{region}.json").read_text())
    return {each: found.get(each) for each in types}


def different(templates: Iterable[Path]) -> list[str]:
    """Return a Region for each set of schemas: what passes there passes in all that share it."""
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415 - as above

    types = {
        resource["Type"]
        for template in templates
        for resource in cfn_yaml.load(str(template))["Resources"].values()
    }
    sets = {tuple(sorted(schemas_of(each, types).items())): each for each in reversed(claimed())}
    return sorted(sets.values())


if __name__ == "__main__":
    print(*different(Path(each) for each in sys.argv[1:]))
