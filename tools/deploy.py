"""Tool: uploads the zip and deploys template.yml to the caller's account and Region.

Usage: python -m tools.deploy --bucket NAME [--stack NAME] [--tags "KEY=VALUE ..."] [PARAMETER=VALUE ...]
"""

import argparse
import functools
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3

from tools.aws_words import AWS_ERRORS, in_words
from tools.code_bucket import BucketError, CodeBucket
from tools.package import ROOT, build
from tools.program import Parser
from tools.regions import lacking
from tools.stacks import StackError, Stacks

TEMPLATE = ROOT / "template.yml"
# What becomes of a stack that stands when it makes its rules no more, or begins to.
SWITCHED = """\
CreateRules changes from {before} to {after}: {what}
The rule function is made anew under another name, and the results on record go with the old rules;
the first sweep under the new ones records them again. The ledger stays, so nobody is alerted anew."""
WHAT = {
    "no": "the rules of this stack go. Until a conformance pack brings its own, no cluster is judged.",
    "yes": "this stack makes the rules. Remove the conformance pack first, or its rules lose their function.",
}

NEXT = """
Alerts wait until somebody has confirmed a subscription of the alert topic (SNS has mailed a link).
Whether all of it works: make verify STACK={stack}"""


class UsageError(Exception):
    """What was given cannot be deployed; the message says what was expected."""


def deploy(  # noqa: PLR0913 - what a stack is made of, and to whom it is announced
    session: boto3.Session,
    bucket: str,
    stack: str,
    parameters: Mapping[str, str],
    *,
    tags: Mapping[str, str] | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> str:
    """Upload the zip, create or update the stack, and return its outputs as text.

    Raises StackError, with the first reasons that CloudFormation gives.
    """
    stacks = Stacks(session.client("cloudformation"))
    code_bucket = CodeBucket(session.client("s3"), bucket)
    code_bucket.require()
    with tempfile.TemporaryDirectory() as folder:
        code = build(Path(folder))
        code_bucket.put(code.name, code.read_bytes())
    _announce_switch(stacks.find(stack), parameters, announce)
    outputs = stacks.deploy(
        stack,
        TEMPLATE,
        {**parameters, "CodeBucket": bucket, "CodeKey": code.name},
        tags=tags,
        bucket=code_bucket,
        announce=announce,
    )
    return "\n".join(f"{key}: {value}" for key, value in outputs.items())


def _announce_switch(
    before: Mapping[str, Any] | None, given: Mapping[str, str], announce: Callable[[str], None]
) -> None:
    held = {
        each["ParameterKey"]: each["ParameterValue"]
        for each in (before or {}).get("Parameters", [])
    }
    old, new = held.get("CreateRules"), given.get("CreateRules")
    if old and new in WHAT and new != old:
        announce(SWITCHED.format(before=old, after=new, what=WHAT[new]))


def pairs(texts: Iterable[str], form: str) -> dict[str, str]:
    """Return KEY=VALUE texts as a mapping; raise UsageError for one that is none, or that is twice."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is not {form}")
        if key in found:
            raise UsageError(f"{key} is given twice")
        found[key] = value
    return found


def main() -> None:
    """Read the command line, deploy, and print what changes and the outputs."""
    parser = Parser(prog="deploy", description="Upload the zip and deploy template.yml.")
    parser.add_argument("--bucket", required=True, help="S3 bucket for the zip, in the same Region")
    parser.add_argument("--stack", default="emr-in-transit-encryption")
    parser.add_argument("--tags", default="", help='the stack\'s tags: "team=sec stage=prod"')
    parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
    try:
        given = parser.parse_args()
        print(_deploy_as_asked(given))
        print(NEXT.format(stack=given.stack))
    except (BucketError, StackError, UsageError) as error:
        sys.exit(f"Cannot deploy: {error}")
    except AWS_ERRORS as error:
        sys.exit(f"Cannot deploy: {in_words(error)}")


def _deploy_as_asked(given: argparse.Namespace) -> str:
    if not given.bucket:
        raise UsageError("name the S3 bucket for the zip: make deploy CODE_BUCKET=my-bucket")
    parameters = pairs(given.parameters, "PARAMETER=VALUE")
    tags = pairs(given.tags.split(), "KEY=VALUE, as TAGS takes it")
    session = boto3.Session()
    if session.region_name and (problem := lacking(session.region_name)):
        raise UsageError(f"the rule has nothing to do there: {problem}")
    say = functools.partial(print, flush=True)
    return deploy(session, given.bucket, given.stack, parameters, tags=tags, announce=say)


if __name__ == "__main__":
    main()
