"""Tool: what a deployment needs, looked at before it; it changes nothing.

Usage: python -m tools.account_check.preflight [--region R] [--bucket B] [--topic ARN] [--stack NAME]
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from tools.account_check import before, command
from tools.account_check.command import UsageError
from tools.account_check.report import Report
from tools.account_check.results import run
from tools.account_check.rights import Deployment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    import boto3

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def main(arguments: Sequence[str] | None = None, *, session: boto3.Session | None = None) -> int:
    """Make the checks; return 0, 1 or 3, or 2 for wrong use."""
    parser = command.parser(
        "preflight", "Look at an account before the stack is deployed; read-only."
    )
    parser.add_argument("--bucket", default="", help="the bucket for the code")
    parser.add_argument("--topic", default="", help="the ARN of an existing alert topic")
    given = parser.parse_args(arguments)
    try:
        plan = _plan(given)
        calls = [call for each in before.CHECKS for call in each.calls]
        aws = command.open_account(given.region, calls, session)
        command.require_writable(given.report)
        report = Report("preflight", with_account=given.with_account)
        report.about(region=aws.region, stack=plan.stack)
        report.say(f"Looking at {aws.region}, read-only.\n")
        report.extend(run(before.CHECKS, aws, plan))
        report.write(given.report)
    except UsageError as problem:
        parser.error(str(problem))
    return report.status


def _plan(given: argparse.Namespace) -> Deployment:
    """Return what is about to be deployed; raise UsageError for what cannot be."""
    if given.bucket and not _BUCKET.fullmatch(given.bucket):
        raise UsageError(f"{given.bucket!r} is no name of a bucket")
    stack, topic = command.stack_name(given.stack), command.topic_arn(given.topic)
    return Deployment(stack, given.bucket, topic)


if __name__ == "__main__":
    sys.exit(main())
