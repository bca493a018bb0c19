"""Tool: whether a deployed stack works, in the account where it is; read-only unless told otherwise.

Usage: python -m tools.account_check.verify --stack NAME [--create] [--hybrid] [--clean-up]
           [--launch --service-role R --instance-profile P --subnet S [--release emr-7.12.0] [--yes]]
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from tools.account_check import (
    clean_up,
    command,
    create,
    delivery,
    deployed,
    functions,
    hybrid,
    launch,
    policies,
    recording,
    rights,
    trial,
    watching,
)
from tools.account_check.command import UsageError
from tools.account_check.report import Report
from tools.account_check.results import (
    Finding,
    Result,
    exit_status,
    from_error,
    guarded,
    no,
    run,
    unsure,
)
from tools.account_check.trial import Answering, BusyError, Pace, Trial
from tools.aws_words import AWS_ERRORS, in_words
from tools.program import interrupted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    import boto3

    from tools.account_check.aws import Aws, Call
    from tools.account_check.deployed import Stack

CHECKS = (
    *recording.CHECKS,
    *functions.CHECKS,
    rights.grants,
    policies.resource_policies,
    *delivery.CHECKS,
    *watching.CHECKS,
)
FETCHING = (deployed.STACK, deployed.RESOURCES)
LAUNCH_OPTIONS = ("service_role", "instance_profile", "subnet")


class Mode(NamedTuple):
    """A trial that is asked for: what it says beforehand, its calls, and what it does."""

    name: str
    plan: str
    calls: tuple[Call, ...]
    go: Callable[[Trial, Answering], Iterator[Finding]]


def main(
    arguments: Sequence[str] | None = None,
    *,
    pace: Pace | None = None,
    session: boto3.Session | None = None,
) -> int:
    """Make the checks, and the trials; return 0, 1 or 3, or 2 for wrong use, 130 if interrupted."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        _require_sense(given)
        stack_name = command.stack_name(given.stack)
        aws = command.open_account(given.region, _calls(), session)
        command.require_writable(given.report)
        report = Report("verify", with_account=given.with_account)
        modes = [name for name in ("create", "hybrid", "launch") if getattr(given, name)]
        report.about(region=aws.region, stack=stack_name, modes=", ".join(modes) or "read-only")
        status = _work(given, aws, stack_name, report, pace or Pace())
        report.write(given.report)
    except (UsageError, BusyError) as problem:
        parser.error(str(problem))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("verify", "Look whether a deployed stack works; read-only by itself.")
    parser.add_argument(
        "--create", action="store_true", help="go the whole way with a bad security configuration"
    )
    parser.add_argument("--launch", action="store_true", help="launch a small cluster, and end it")
    parser.add_argument(
        "--hybrid",
        action="store_true",
        help="ask AWS Config what it takes from a rule with both triggers",
    )
    parser.add_argument(
        "--clean-up", action="store_true", help="remove what a trial has left that crashed"
    )
    parser.add_argument("--service-role", default="", help="EMR's role for the cluster")
    parser.add_argument("--instance-profile", default="", help="the instance profile of its nodes")
    parser.add_argument("--subnet", default="", help="the subnet of its nodes")
    parser.add_argument("--release", default="emr-7.12.0", help="its release")
    parser.add_argument("--yes", action="store_true", help="launch it without asking")
    return parser


def _require_sense(given: argparse.Namespace) -> None:
    """Raise UsageError for options that do not fit together."""
    missing = [name for name in LAUNCH_OPTIONS if not getattr(given, name)]
    if given.launch and missing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UsageError(f"--launch needs {options}: it makes none of them")
    if not given.launch and len(missing) < len(LAUNCH_OPTIONS):
        raise UsageError("a role, an instance profile and a subnet are for --launch")
    if given.clean_up and (given.create or given.launch or given.hybrid):
        raise UsageError("--clean-up stands alone: every trial cleans up after itself")


def _calls() -> list[Call]:
    checks = [call for each in CHECKS for call in each.calls]
    return [*checks, *FETCHING, *create.CALLS, *launch.CALLS, *hybrid.CALLS, *clean_up.CALLS]


def _work(given: argparse.Namespace, aws: Aws, stack_name: str, report: Report, pace: Pace) -> int:
    if given.clean_up:
        return _remove_all(aws, report, pace)
    modes = _modes(given, aws)
    for each in modes:
        report.say(each.plan + "\n")
    if given.launch and not given.yes:
        _ask()
    stack = _look(aws, stack_name, report)
    if not modes or stack is None:
        return report.status
    if report.status == 1:
        text = "something is wrong already, so nothing was made"
        report.extend(Result(each.name, unsure(text, "mend that first")) for each in modes)
        return report.status
    return _try(modes, Trial(aws, stack, pace), report)


def _modes(given: argparse.Namespace, aws: Aws) -> list[Mode]:
    found = []
    if given.create:
        plan = create.PLAN.format(name=f"{trial.PREFIX}...", queue=trial.QUEUE_NAME)
        found.append(Mode("--create", plan, create.CALLS, create.create))
    if given.hybrid:
        plan = hybrid.PLAN.format(name=hybrid.NAME)
        found.append(Mode("--hybrid", plan, hybrid.CALLS, hybrid.hybrid))
    if given.launch:
        cost = launch.price(aws.limited_to(launch.CALLS))
        plan = launch.PLAN.format(instance=launch.INSTANCE, name=launch.CLUSTER_NAME, price=cost)
        asked = launch.Launch(
            given.service_role, given.instance_profile, given.subnet, given.release
        )

        def go(made: Trial, answer: Answering) -> Iterator[Finding]:
            return launch.launch(made, asked, answer)

        found.append(Mode("--launch", plan, launch.CALLS, go))
    return found


def _ask() -> None:
    """Raise UsageError unless somebody says yes."""
    try:
        said = input("Launch it? [y/N] ")
    except EOFError:
        said = ""
    if said.strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was launched; --yes launches without asking")


def _look(aws: Aws, stack_name: str, report: Report) -> Stack | None:
    """Report on the stack as it stands; return it, or None where there is none."""
    try:
        stack = deployed.fetch(aws.limited_to(FETCHING), stack_name)
    except AWS_ERRORS as error:
        report.add(Result("stack", from_error(error, FETCHING)))
        return None
    if stack is None:
        text = f"there is no stack {stack_name} in {aws.region}"
        report.add(Result("stack", no(text, "deploy it, or name it: STACK=...")))
        return None
    if not {"FunctionArn", "AlertTopicArn", "OperationsTopicArn"} <= stack.outputs.keys():
        report.extend(run((*recording.CHECKS, functions.state), aws, stack))
        text = (
            f"{stack_name} has not the outputs of template.yml, so there is nothing more to look at"
        )
        report.add(Result("stack", no(text, "deploy template.yml, or name its stack: STACK=...")))
        return None
    report.extend(run(CHECKS, aws, stack))
    return stack


def _try(modes: Sequence[Mode], made: Trial, report: Report) -> int:
    """Run the trials; whatever happens, remove what they made."""
    previous = signal.signal(signal.SIGTERM, _as_interrupt)
    stopped = False
    try:
        report.extend(guarded("trial", trial.CALLS, _run_all(modes, made, report)))
    except KeyboardInterrupt:
        stopped = True
        report.say("\nInterrupted; cleaning up. A second interrupt leaves the rest to --clean-up.")
    finally:
        _clean_up_after(made, report)
        signal.signal(signal.SIGTERM, previous)
    if stopped:
        report.add(Result("trial", unsure("it was interrupted")))
        return interrupted()
    return report.status


def _run_all(modes: Sequence[Mode], made: Trial, report: Report) -> Iterator[Finding]:
    """Take the lock and report on each trial; nothing else is to be found."""
    made = made.limited_to(trial.CALLS).begin()
    for mode in modes:
        report.say(f"\n{mode.name}: this takes minutes.")
        findings = mode.go(made.limited_to(mode.calls), report.answer)
        report.extend(guarded(mode.name, mode.calls, findings))
    yield from ()


def _as_interrupt(_number: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _clean_up_after(made: Trial, report: Report) -> None:
    """Remove what the trial made, unless another one holds the Region: what is there is its own."""
    try:
        holder = made.limited_to(trial.CALLS).holder()
    except AWS_ERRORS as error:
        report.add(Result("clean-up", no(in_words(error), 'remove the rest: ARGS="--clean-up"')))
        return
    if holder in {made.run, ""}:
        _remove_all(made.aws, report, made.pace)


def _remove_all(aws: Aws, report: Report, pace: Pace) -> int:
    report.say("\nCleaning up.")
    before, count = len(report.results), 0
    for each in clean_up.clean_up(aws, pace):
        count += 1
        if each.problem:
            text = f"{each.what} may still be there: {each.problem}"
            report.add(Result("clean-up", no(text, 'try again: ARGS="--clean-up"')))
            report.stays.append(each.what)
        else:
            report.say(f"removed {each.what}")
    if count:
        report.stays += clean_up.STAYS
    else:
        report.say("There is nothing to remove.")
    return exit_status(report.results[before:])


if __name__ == "__main__":
    sys.exit(main())
