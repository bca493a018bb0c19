"""What the command line of ``report`` asks for, where that is read, and what reading it takes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit_cli import account, policies
from emr_in_transit_cli.errors import CannotTellError, UsageError
from emr_in_transit_cli.policies import statement
from emr_in_transit_cli.reporting import config_source, log_lines
from emr_in_transit_cli.reporting.evidence import Evidence, evidence_of
from emr_in_transit_cli.reporting.log_lines import Input, Lines, Period
from emr_in_transit_cli.reporting.scan_files import read_scan
from emr_in_transit_cli.reporting.status import (
    Gap,
    GapKind,
    Place,
    Reading,
    Status,
    read_expected,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from emr_in_transit_cli.progress import ReportProgress

# What `make deploy` calls the stack.
STACK = "emr-in-transit-encryption"


class Asked(NamedTuple):
    """The options, as they were given."""

    files: tuple[str, ...] = ()
    aggregator: str | None = None
    rules: tuple[str, ...] = ()
    expect: str | None = None
    since: str | None = None  # --from
    until: str | None = None  # --to
    logs: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    stack: str | None = None
    every: int = 1  # hours
    profile: str | None = None
    regions: tuple[str, ...] = ()

    @property
    def is_of_period(self) -> bool:
        """Whether evidence is asked for."""
        return bool(self.since or self.until)

    @property
    def reads_account(self) -> bool:
        """Whether what AWS Config has of one account is asked for."""
        return not (self.is_of_period or self.aggregator or self.files)

    @property
    def reads_log_groups(self) -> bool:
        """Whether CloudWatch Logs is asked."""
        return self.is_of_period and (not self.logs or bool(self.log_groups or self.stack))

    @property
    def period_of_sweeps(self) -> timedelta:
        """How long it is from one sweep to the next."""
        return timedelta(hours=self.every)

    def check(self) -> None:
        """Raise UsageError where the options do not go together."""
        of_now = self.files or self.aggregator or self.rules
        of_period = self.logs or self.log_groups or self.stack
        problems = {
            "--from and --to need each other": bool(self.since) is not bool(self.until),
            "--logs, --log-group and --stack need --from and --to": of_period
            and not self.is_of_period,
            "FILE, --aggregator and --rule are of now: they exclude --from and --to": of_now
            and self.is_of_period,
            "--log-group and --stack exclude each other": self.log_groups and self.stack,
            "an aggregator is in one Region: give one --region": self.aggregator
            and len(self.regions) > 1,
        }
        for problem, holds in problems.items():
            if holds:
                raise UsageError(problem)

    def period(self) -> Period:
        """Return from when to when; raise UsageError."""
        start = _moment("--from", str(self.since), is_end=False)
        end = _moment("--to", str(self.until), is_end=True)
        if start >= end:
            raise UsageError(f"--from {self.since} is not before --to {self.until}")
        return Period(start, end)

    def expected(self) -> tuple[Place, ...]:
        """Return whom --expect names; raise UsageError."""
        if self.expect is None:
            return ()
        try:
            text = Path(self.expect).read_text(encoding="utf-8-sig")
        except OSError as error:
            problem = f"--expect {self.expect} cannot be read ({error.strerror})"
            raise UsageError(problem) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"--expect {self.expect} is no text in UTF-8") from error
        return read_expected(text, self.expect)


def status(asked: Asked, now: datetime, progress: ReportProgress) -> Status:
    """Return what is on record now; raise UsageError, CannotTellError.

    Where one source of several does not answer, the others stand, and that is a gap.
    """
    expected = asked.expected()
    readings = [read_scan(each) for each in asked.files]
    failed = _Failures()
    names = asked.rules or config_source.RULE_NAMES
    if asked.aggregator:
        made = account.session(asked.profile, next(iter(asked.regions), None))
        client = account.client(made, "config")
        name = f"aggregator {asked.aggregator} in {made.region_name}"
        with failed.noting(Place("", ""), name):
            readings.append(
                config_source.read_aggregator(client, asked.aggregator, names, now, progress.rules)
            )
    if asked.reads_account:
        for place, made in _places(asked):
            client = account.client(made, "config", place.region)
            with failed.noting(place, f"AWS Config of {place.account} in {place.region}"):
                readings.append(
                    config_source.read_account(client, place, names, now, progress.rules)
                )
    if not readings:
        raise failed.first
    return status_of(
        [*readings, *(each.reading(now) for each in failed.all)], expected, asked.period_of_sweeps
    )


def evidence(asked: Asked, progress: ReportProgress) -> Evidence:
    """Return what was true in a period; raise UsageError, CannotTellError."""
    period, expected = asked.period(), asked.expected()
    found = [log_lines.read_paths(asked.logs)] if asked.logs else []
    failed = _Failures()
    if asked.reads_log_groups:
        for place, made in _places(asked):
            client = account.client(made, "logs", place.region)
            with failed.noting(place, f"CloudWatch Logs in {place.region}"):
                found += [
                    log_lines.read_log_group(client, group, period, progress.lines)
                    for group in _log_groups(asked, made, place.region)
                ]
    if not found:
        raise failed.first
    lines = log_lines.joined([*found, *(each.lines() for each in failed.all)])
    return evidence_of(lines, period, asked.period_of_sweeps, expected)


def policy(asked: Asked) -> dict[str, Any]:
    """Return the least policy that reading takes. Nothing is asked of AWS for it."""
    made = account.session(asked.profile, next(iter(asked.regions), None), account.ANY_REGION)
    partition = account.partition_of(made)
    statements = []
    if asked.aggregator:
        arn = f"arn:{partition}:config:*:*:config-aggregator/*"
        statements.append(statement("ReadAggregator", config_source.AGGREGATOR_PERMISSIONS, arn))
    if asked.reads_account:
        arn = f"arn:{partition}:config:*:*:config-rule/*"
        statements.append(statement("ListRules", config_source.LIST_PERMISSIONS, "*"))
        statements.append(statement("ReadResults", config_source.RULE_PERMISSIONS, arn))
    if asked.reads_log_groups:
        # CloudFormation begins the name of what a stack makes with the stack's own.
        groups = asked.log_groups or (f"{asked.stack or STACK}-*",)
        arns = [f"arn:{partition}:logs:*:*:log-group:{each}:*" for each in groups]
        statements += [
            statement(f"ReadLog{number}" if number else "ReadLog", log_lines.PERMISSIONS, arn)
            for number, arn in enumerate(arns)
        ]
        if not asked.log_groups:
            arn = f"arn:{partition}:cloudformation:*:*:stack/{asked.stack or STACK}/*"
            statements.append(statement("FindLog", log_lines.STACK_PERMISSIONS, arn))
    return policies.policy(statements)


class _Failure(NamedTuple):
    """A source that did not answer."""

    place: Place
    source: str
    error: CannotTellError

    def reading(self, now: datetime) -> Reading:
        """Return it as a source of a report, which has nothing but a gap."""
        gap = Gap(GapKind.COULD_NOT_TELL, *self.place, str(self.error))
        return Reading("failure", self.source, now, (), (gap,))

    def lines(self) -> Lines:
        """Return it as a source of evidence, which has nothing but what is wrong with it."""
        return Lines((), (Input(self.source, "", 0, (str(self.error),)),))


class _Failures:
    """The sources that did not answer."""

    def __init__(self) -> None:
        self.all: list[_Failure] = []

    @property
    def first(self) -> CannotTellError:
        """What to say where no source has answered."""
        return self.all[0].error

    @contextmanager
    def noting(self, place: Place, source: str) -> Iterator[None]:
        """Note that a source does not answer, and go on."""
        try:
            yield
        except CannotTellError as error:
            self.all.append(_Failure(place, source, error))


def _places(asked: Asked) -> Iterator[tuple[Place, boto3.Session]]:
    """Return the account with each Region that is asked for; raise UsageError, CannotTellError."""
    made = account.session(asked.profile, next(iter(asked.regions), None))
    number = account.own_account(made)
    for region in dict.fromkeys(asked.regions or (str(made.region_name),)):
        yield Place(number, region), made


def _log_groups(asked: Asked, made: boto3.Session, region: str) -> list[str]:
    if asked.log_groups:
        return list(asked.log_groups)
    client = account.client(made, "cloudformation", region)
    return log_lines.log_groups(client, asked.stack or STACK)


def _moment(option: str, text: str, *, is_end: bool) -> datetime:
    """Return a moment in UTC; a day is meant as a whole, also as the end of a period."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return datetime.combine(day + timedelta(days=is_end), time(), UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = "a day such as 2026-07-01, or a moment such as 2026-07-01T12:00Z"
        raise UsageError(f"{option} takes {wanted}, not {text[:40]!r}") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
