"""Tool: makes the copy of the rule's folder that rdk works on.

rdk runs in the folder above the rule's, zips whatever the rule's folder holds and writes its own
files there, so each command gets a fresh copy with the code and parameters.json alone.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
SOURCE = ROOT / "rules" / RULE
TESTS = ROOT / "rdk-config"
sys.path.insert(0, str(SOURCE))

from emr_in_transit.judgement.parameters import ParameterError, parse_parameters  # noqa: E402 - found there
from tools.package import rule_files  # noqa: E402

# What parameters.json says of the rule itself; all else that is given is a rule parameter.
FREQUENCIES = ("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")
EVENTS = ("AWS::EMR::SecurityConfiguration", "")
# Of template.yml alone: rdk's zip has nothing that reads certificates.
BUNDLE_OPTIONS = {"CertificateBundles", "CertificateBuckets", "CertificateKeyArn"}


class StageError(Exception):
    """What is asked for cannot be staged; the message says why."""


def stage(folder: Path, given: Mapping[str, str], *, tests: bool = False) -> Path:
    """Copy the rule into an empty folder, with these parameters; return the folder for rdk."""
    document = configured(json.loads((SOURCE / "parameters.json").read_text()), given)
    if any(folder.rglob("*.tfstate")):
        raise StageError(f"{folder} holds the state of Terraform; move that folder away first")
    shutil.rmtree(folder, ignore_errors=True)
    for path in rule_files():
        copy = folder / RULE / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    if tests:
        for path in TESTS.glob("*_test.py"):
            shutil.copyfile(path, folder / RULE / path.name)
    (folder / RULE / "parameters.json").write_text(json.dumps(document, indent=2) + "\n")
    return folder


def configured(document: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters.json with what is given: rule parameters, SourcePeriodic, SourceEvents.

    Raises StageError for what the rule would refuse in each of its runs.
    """
    for name in sorted(BUNDLE_OPTIONS & given.keys()):
        raise StageError(f"{name} is for template.yml: rdk's zip cannot read certificates")
    rule = dict(document["Parameters"])
    for name, allowed in (("SourcePeriodic", FREQUENCIES), ("SourceEvents", EVENTS)):
        if name in given and given[name] not in allowed:
            choices = ", ".join(value or "nothing" for value in allowed)
            raise StageError(f"{name} takes {choices}, not {given[name]!r}")
        rule[name] = given.get(name, rule[name])
    if not rule["SourceEvents"]:
        del rule["SourceEvents"]
    more = {key: value for key, value in given.items() if not key.startswith("Source")}
    optional = json.loads(rule["OptionalParameters"]) | more
    try:
        parse_parameters(optional)
    except ParameterError as error:
        raise StageError(str(error)) from error
    rule["OptionalParameters"] = json.dumps(optional)
    return document | {"Parameters": rule}


def merge_optional(folder: Path) -> None:
    """Make the optional parameters required ones, which amounts to the same in a deployed rule.

    `rdk export` of rdk 1.0.0 fails on optional parameters that have values.
    """
    path = folder / RULE / "parameters.json"
    document = json.loads(path.read_text())
    rule = document["Parameters"]
    rule["InputParameters"] = rule.pop("OptionalParameters")
    path.write_text(json.dumps(document, indent=2) + "\n")
