"""Tool: whether a deployed stack works, in the account where it is; read-only unless told otherwise.

Usage: python -m tools.account_check.verify --stack NAME [--create] [--launch ...] [--hybrid] [--clean-up]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tools.account_check import (
    command,
    delivery,
    deployed,
    functions,
    policies,
    recording,
    rights,
    watching,
)
from tools.account_check.command import UsageError
from tools.account_check.report import Report
from tools.account_check.results import run

CHECKS = (
    *recording.CHECKS,
    *functions.CHECKS,
    rights.grants,
    policies.resource_policies,
    *delivery.CHECKS,
    *watching.CHECKS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the checks; return 0, 1 or 3, or 2 for wrong use."""
    parser = command.parser("verify", "Look whether a deployed stack works.")
    given = parser.parse_args(arguments)
    try:
        stack_name = command.stack_name(given.stack)
        calls = [call for each in CHECKS for call in each.calls] + [deployed.RESOURCES, deployed.STACK]
        aws = command.open_account(given.region, calls)
        report = Report("verify", with_account=given.with_account)
        stack = deployed.fetch(aws, stack_name)
        report.extend(run(CHECKS, aws, stack))
        report.write(given.report)
    except UsageError as problem:
        parser.error(str(problem))
    return report.status


if __name__ == "__main__":
    sys.exit(main())
