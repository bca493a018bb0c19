"""Tool: runs rdk, and knows in which Regions."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import yaml

REGION_SETS = Path(__file__).resolve().parent.parent / "rdk-config" / "regions.yaml"


class RdkError(Exception):
    """A command of rdk failed, or did not do what it says that it did."""


def run_rdk(folder: Path, *arguments: str) -> str:
    """Run rdk in the folder above the rule's; return what it prints, which people see as well."""
    print("$ rdk " + shlex.join(arguments), flush=True)
    scratch = folder / "scratch"  # rdk's zips have the same name in every folder
    scratch.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("rdk")
    with subprocess.Popen(
        [str(program), *arguments],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(scratch.resolve()), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    shutil.rmtree(scratch)
    if process.returncode:
        raise RdkError(f"rdk ended with exit code {process.returncode}")
    return "".join(lines)


def regions_of(region_set: str) -> list[str]:
    """Return the Regions of a set, or without one the caller's Region."""
    if not region_set:
        name = boto3.Session().region_name
        if not name:
            raise RdkError("there is no Region: set AWS_DEFAULT_REGION, or name a REGION_SET")
        return [name]
    sets = yaml.safe_load(REGION_SETS.read_text())
    if region_set not in sets:
        raise RdkError(f"{REGION_SETS.name} has no set {region_set}, but {', '.join(sets)}")
    return [str(name) for name in sets[region_set]]
